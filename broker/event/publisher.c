#include "broker/event/publisher.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/event/ring.h"
#include "broker/limits.h"
#include "proto/event_codec.h"

/* What a subscriber may send: the commands of ZMTP 3.1's handshake, and subscriptions, which are commands too and put
 * their name in front of the topic. libzmq hangs up on more. */
#define SUBSCRIBER_FRAME_MAX 1024

typedef struct stream {
  publisher *publisher;
  hbus_stream name;
  bound_socket *socket;
  sequence *sequence;
  ring *ring;          /* NULL: the journal keeps its events, or nothing does */
  uint64_t *published; /* its counter */
} stream;

struct publisher {
  stream market;
  stream private_;
  journal *journal;
  uint64_t epoch;
  counters *counters;
  publisher_subscription_fn *heard;
  void *heard_arg;
  buffer body; /* reused from event to event */
};

/* An event of the private stream that waits for the journal. */
typedef struct waiting_event {
  publisher *publisher;
  size_t topic_size;
  size_t body_size;
  char bytes[]; /* both */
} waiting_event;

/* A subscription is a message of a 1, or a 0 for its end, and the prefix; what else a peer may send is no concern of
 * ours. */
static void s_hear(const stream *stream, zmq_msg_t *message) {
  const publisher *self = stream->publisher;
  const char *data = zmq_msg_data(message);
  size_t size = zmq_msg_size(message);
  if (!self->heard || size == 0 || (data[0] != 0 && data[0] != 1)) return;
  self->heard(self->heard_arg, stream->name, data[0] == 1, (hbus_text){.data = data + 1, .size = size - 1});
}

static bool s_read_subscriptions(void *arg, void *handle, unsigned budget) {
  const stream *self = arg;
  zmq_msg_t message;
  zmq_msg_init(&message);
  bool more = true;
  while (more && budget--) {
    more = zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0;
    if (more) s_hear(self, &message);
  }
  zmq_msg_close(&message);
  return more;
}

static hbus_status s_open(stream *self, publisher *publisher, hbus_stream name, socket_group *sockets,
                          const config *config, const config_list *endpoints, uint64_t *published, hbus_error *error) {
  const socket_options options = {
      .type = ZMQ_XPUB, .high_water_mark = (int)config->endpoints.high_water_mark, .message_max = SUBSCRIBER_FRAME_MAX};
  self->publisher = publisher;
  self->name = name;
  self->published = published;
  self->sequence = sequence_new(config->bounds.topics);
  if (!self->sequence) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the topics");
  hbus_status status = socket_group_bind(sockets, &options, endpoints, &self->socket, error);
  if (!status) socket_start(self->socket, s_read_subscriptions, self);
  return status;
}

/* Without a journal private events can be had again as long as the broker lives. */
static hbus_status s_make_rings(publisher *self, const config *config, hbus_error *error) {
  bool is_kept = config->journal.sync != JOURNAL_OFF;
  if (config->events.ring_mb) self->market.ring = ring_new(config->events.ring_mb * 1048576);
  if (!is_kept) self->private_.ring = ring_new(LIMIT_PRIVATE_RING_BYTES);
  bool made = (!config->events.ring_mb || self->market.ring) && (is_kept || self->private_.ring);
  return made ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for events.ring_mb");
}

hbus_status publisher_new(publisher **out, socket_group *sockets, const config *config, journal *journal,
                          counters *counters, hbus_error *error) {
  publisher *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the publisher");
  self->journal = journal;
  self->epoch = journal_this_start(journal)->epoch;
  self->counters = counters;
  buffer_init(&self->body, HBUS_FRAME_MAX);
  hbus_status status = s_make_rings(self, config, error);
  if (!status) {
    status = s_open(&self->market, self, HBUS_STREAM_MARKET, sockets, config, &config->endpoints.market,
                    &counters->events_market, error);
  }
  if (!status) {
    status = s_open(&self->private_, self, HBUS_STREAM_PRIVATE, sockets, config, &config->endpoints.private_,
                    &counters->events_private, error);
  }
  if (status) {
    publisher_destroy(&self);
  } else {
    *out = self;
  }
  return status;
}

void publisher_destroy(publisher **self_p) {
  publisher *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  ring_destroy(&self->market.ring);
  ring_destroy(&self->private_.ring);
  sequence_destroy(&self->market.sequence);
  sequence_destroy(&self->private_.sequence);
  buffer_free(&self->body);
  free(self);
}

unsigned publisher_streams(const hbus_event *event) {
  const unsigned market = 1u << HBUS_STREAM_MARKET;
  const unsigned private_ = 1u << HBUS_STREAM_PRIVATE;
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE:
  case HBUS_KIND_TICKER_UPDATE: return market;
  case HBUS_KIND_TRADE: return event->data.trade.order_id[0] ? private_ : market;
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: return event->owner[0] || event->data.notice.order_id[0] ? private_ : market | private_;
  case HBUS_KIND_LINK:
  case HBUS_KIND_HEARTBEAT:
  case HBUS_KIND_SLOW: return market | private_;
  default: return private_;
  }
}

static void s_see(hbus_seen *seen, hbus_stream stream, const topic *topic, uint64_t epoch, uint64_t seq) {
  seen->stream = stream;
  memcpy(seen->topic, topic->text, topic->size + 1);
  seen->epoch = epoch;
  seen->seq = seq;
}

/* An XPUB socket never makes its sender wait: who is too slow loses, and sees so by the numbers. */
static void s_write(const stream *stream, const void *topic, size_t topic_size, const void *body, size_t body_size) {
  void *handle = socket_handle(stream->socket);
  zmq_send(handle, topic, topic_size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
  zmq_send(handle, body, body_size, ZMQ_DONTWAIT);
}

static void s_on_safe(void *arg, hbus_status status) {
  (void)status; /* what the journal cannot keep is told all the same (ORDERS.md, rule 19) */
  waiting_event *event = arg;
  s_write(&event->publisher->private_, event->bytes, event->topic_size, event->bytes + event->topic_size,
          event->body_size);
  free(event);
}

/* A heartbeat is worth nothing later: who missed one asks `sequences`. Its number alone is kept. */
static bool s_is_kept(const hbus_event *event) {
  return event->kind != HBUS_KIND_HEARTBEAT;
}

static void s_send_when_safe(publisher *self, const topic *topic, const hbus_event *event) {
  const journal_event record = {.topic = topic->text,
                                .epoch = event->epoch,
                                .seq = event->seq,
                                .tx_ns = event->tx_ns,
                                .kind = event->kind,
                                .body = {.data = self->body.data, .size = s_is_kept(event) ? self->body.size : 0}};
  journal_put_event(self->journal, &record);
  waiting_event *waiting = malloc(sizeof *waiting + topic->size + self->body.size);
  if (!waiting) {
    self->counters->events_unpublishable++; /* its number is missing, so it is missed, and can be asked for */
    return;
  }
  *waiting = (waiting_event){.publisher = self, .topic_size = topic->size, .body_size = self->body.size};
  memcpy(waiting->bytes, topic->text, topic->size);
  memcpy(waiting->bytes + topic->size, self->body.data, self->body.size);
  journal_when(self->journal, s_on_safe, waiting);
}

/* Packs the event into self->body, under its next number. */
static hbus_status s_number(publisher *self, stream *stream, const topic *topic, hbus_event *event,
                            numbered_topic **out) {
  hbus_status status = sequence_next(stream->sequence, topic, out);
  if (status) return status;
  event->seq = (*out)->last;
  event->tx_ns = clock_real_ns();
  if (!event->rx_ns) event->rx_ns = event->tx_ns;
  buffer_reset(&self->body);
  return event_pack(event, &self->body);
}

static void s_send(publisher *self, stream *stream, const topic *topic, hbus_event *event, hbus_seen *seen) {
  numbered_topic *numbered;
  if (s_number(self, stream, topic, event, &numbered)) {
    self->counters->events_unpublishable++;
    return;
  }
  ++*stream->published;
  if (stream == &self->private_) {
    s_send_when_safe(self, topic, event);
  } else {
    s_write(stream, topic->text, topic->size, self->body.data, self->body.size);
  }
  if (stream->ring && s_is_kept(event)) {
    const hbus_bytes body = {.data = self->body.data, .size = self->body.size};
    ring_put(stream->ring, &numbered->track, event->seq, event->tx_ns, body);
  }
  if (seen) s_see(seen, stream->name, topic, event->epoch, event->seq);
}

static void s_publish(publisher *self, unsigned streams, hbus_event *event, hbus_seen *seen) {
  topic topic;
  if (topic_of_event(event, &topic)) {
    self->counters->events_unpublishable++;
    return;
  }
  event->epoch = self->epoch;
  if (streams & 1u << HBUS_STREAM_MARKET) s_send(self, &self->market, &topic, event, seen);
  if (streams & 1u << HBUS_STREAM_PRIVATE) s_send(self, &self->private_, &topic, event, seen);
}

void publisher_publish(publisher *self, hbus_event *event, hbus_seen *seen) {
  s_publish(self, publisher_streams(event), event, seen);
}

void publisher_publish_on(publisher *self, hbus_stream stream, hbus_event *event) {
  assert(publisher_streams(event) & 1u << stream);
  s_publish(self, 1u << stream, event, NULL);
}

void publisher_on_subscription(publisher *self, publisher_subscription_fn *heard, void *arg) {
  self->heard = heard;
  self->heard_arg = arg;
}

static const stream *s_stream(const publisher *self, hbus_stream stream) {
  return stream == HBUS_STREAM_PRIVATE ? &self->private_ : &self->market;
}

sequence *publisher_topics(const publisher *self, hbus_stream stream) {
  return s_stream(self, stream)->sequence;
}

bool publisher_recall(const publisher *self, hbus_stream stream, const numbered_topic *topic, uint64_t seq,
                      hbus_bytes *body) {
  const ring *ring = s_stream(self, stream)->ring;
  return ring && ring_get(ring, &topic->track, seq, body);
}

publisher_kept publisher_keeps(const publisher *self, hbus_stream stream) {
  const ring *ring = s_stream(self, stream)->ring;
  if (!ring) return (publisher_kept){0};
  return (publisher_kept){.bytes = ring_used(ring), .oldest_ns = ring_oldest_ns(ring)};
}

hbus_status publisher_restore(publisher *self, const char *topic, uint64_t last_seq) {
  return sequence_restore(self->private_.sequence, topic, last_seq);
}

uint64_t publisher_market_last(const publisher *self, const topic *topic) {
  const numbered_topic *numbered = sequence_find(self->market.sequence, topic->text);
  return numbered ? numbered->last : 0;
}

void publisher_number(const publisher *self, const hbus_event *event, uint64_t seq, hbus_seen *out) {
  topic topic;
  if (topic_of_event(event, &topic)) return;
  s_see(out, HBUS_STREAM_PRIVATE, &topic, self->epoch, seq);
}

const char *publisher_market_addresses(const publisher *self) {
  return socket_addresses(self->market.socket);
}

const char *publisher_private_addresses(const publisher *self) {
  return socket_addresses(self->private_.socket);
}
