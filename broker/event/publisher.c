#include "broker/event/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/event/sequence.h"
#include "proto/event_codec.h"

/* What a subscriber may send: the commands of ZMTP 3.1's handshake, and subscriptions, which are commands too and put
 * their name in front of the topic. libzmq hangs up on more. */
#define SUBSCRIBER_FRAME_MAX 1024

typedef struct stream {
  hbus_stream name;
  bound_socket *socket;
  sequence *sequence;
  uint64_t *published; /* its counter */
} stream;

struct publisher {
  stream market;
  stream private_;
  journal *journal;
  uint64_t epoch;
  counters *counters;
  buffer body; /* reused from event to event */
};

/* An event of the private stream that waits for the journal. */
typedef struct waiting_event {
  publisher *publisher;
  size_t topic_size;
  size_t body_size;
  char bytes[]; /* both */
} waiting_event;

/* Subscriptions arrive as messages. Nothing is done with them yet, but they must not pile up. */
static bool s_read_subscriptions(void *arg, void *handle, unsigned budget) {
  (void)arg;
  zmq_msg_t message;
  zmq_msg_init(&message);
  bool more = true;
  while (more && budget--)
    more = zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0;
  zmq_msg_close(&message);
  return more;
}

static hbus_status s_open(stream *self, hbus_stream name, socket_group *sockets, const config *config,
                          const config_list *endpoints, uint64_t *published, hbus_error *error) {
  const socket_options options = {
      .type = ZMQ_XPUB, .high_water_mark = (int)config->endpoints.high_water_mark, .message_max = SUBSCRIBER_FRAME_MAX};
  self->name = name;
  self->published = published;
  self->sequence = sequence_new(config->bounds.topics);
  if (!self->sequence) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the topics");
  hbus_status status = socket_group_bind(sockets, &options, endpoints, &self->socket, error);
  if (!status) socket_start(self->socket, s_read_subscriptions, self);
  return status;
}

hbus_status publisher_new(publisher **out, socket_group *sockets, const config *config, journal *journal,
                          counters *counters, hbus_error *error) {
  publisher *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the publisher");
  self->journal = journal;
  self->epoch = journal_this_start(journal)->epoch;
  self->counters = counters;
  buffer_init(&self->body, HBUS_FRAME_MAX);
  hbus_status status = s_open(&self->market, HBUS_STREAM_MARKET, sockets, config, &config->endpoints.market,
                              &counters->events_market, error);
  if (!status) {
    status = s_open(&self->private_, HBUS_STREAM_PRIVATE, sockets, config, &config->endpoints.private_,
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
  case HBUS_KIND_LINK: return market | private_;
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

static void s_send_when_safe(publisher *self, const topic *topic, const hbus_event *event) {
  const journal_event record = {.topic = topic->text,
                                .epoch = event->epoch,
                                .seq = event->seq,
                                .tx_ns = event->tx_ns,
                                .kind = event->kind,
                                .body = {.data = self->body.data, .size = self->body.size}};
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

static void s_send(publisher *self, stream *stream, const topic *topic, hbus_event *event, hbus_seen *seen) {
  hbus_status status = sequence_next(stream->sequence, topic, &event->seq);
  if (!status) {
    event->tx_ns = clock_real_ns();
    if (!event->rx_ns) event->rx_ns = event->tx_ns;
    buffer_reset(&self->body);
    status = event_pack(event, &self->body);
  }
  if (status) {
    self->counters->events_unpublishable++;
    return;
  }
  ++*stream->published;
  if (stream == &self->private_) {
    s_send_when_safe(self, topic, event);
  } else {
    s_write(stream, topic->text, topic->size, self->body.data, self->body.size);
  }
  if (seen) s_see(seen, stream->name, topic, event->epoch, event->seq);
}

void publisher_publish(publisher *self, hbus_event *event, hbus_seen *seen) {
  topic topic;
  if (topic_of_event(event, &topic)) {
    self->counters->events_unpublishable++;
    return;
  }
  event->epoch = self->epoch;
  unsigned streams = publisher_streams(event);
  if (streams & 1u << HBUS_STREAM_MARKET) s_send(self, &self->market, &topic, event, seen);
  if (streams & 1u << HBUS_STREAM_PRIVATE) s_send(self, &self->private_, &topic, event, seen);
}

hbus_status publisher_restore(publisher *self, const char *topic, uint64_t last_seq) {
  return sequence_restore(self->private_.sequence, topic, last_seq);
}

uint64_t publisher_market_last(const publisher *self, const topic *topic) {
  return sequence_last(self->market.sequence, topic->text);
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
