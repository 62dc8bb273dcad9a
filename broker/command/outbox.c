#include "broker/command/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/reply_codec.h"

struct outbox {
  bound_socket *socket;
  journal *journal;
  counters *counters;
  outbox_gone_fn *gone;
  void *arg;
  buffer frame; /* reused from reply to reply */
};

/* A reply that waits for the journal. */
typedef struct waiting_reply {
  outbox *outbox;
  session_route route;
  bool delimiter;
  size_t size;
  uint8_t frame[];
} waiting_reply;

outbox *outbox_new(bound_socket *socket, journal *journal, counters *counters, outbox_gone_fn *gone, void *arg) {
  outbox *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  *self = (outbox){.socket = socket, .journal = journal, .counters = counters, .gone = gone, .arg = arg};
  buffer_init(&self->frame, HBUS_FRAME_MAX);
  return self;
}

void outbox_destroy(outbox **self_p) {
  outbox *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  buffer_free(&self->frame);
  free(self);
}

/* That a peer left may be news: a monitor that told so before the session was made told nobody. */
static void s_write(outbox *self, const session_route *route, bool delimiter, const void *frame, size_t size) {
  void *handle = socket_handle(self->socket);
  bool sent = zmq_send(handle, route->bytes, route->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
  if (sent && delimiter) sent = zmq_send(handle, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
  if (sent) sent = zmq_send(handle, frame, size, ZMQ_DONTWAIT) >= 0;
  if (!sent && zmq_errno() == EHOSTUNREACH) self->gone(self->arg, route);
  ++*(sent ? &self->counters->replies : &self->counters->replies_dropped);
}

static void s_on_safe(void *arg, hbus_status status) {
  (void)status; /* the event has left too */
  waiting_reply *reply = arg;
  s_write(reply->outbox, &reply->route, reply->delimiter, reply->frame, reply->size);
  free(reply);
}

static void s_write_when_safe(outbox *self, const session_route *route, bool delimiter) {
  waiting_reply *waiting = malloc(sizeof *waiting + self->frame.size);
  if (!waiting) {
    self->counters->replies_dropped++;
    return;
  }
  *waiting = (waiting_reply){.outbox = self, .route = *route, .delimiter = delimiter, .size = self->frame.size};
  memcpy(waiting->frame, self->frame.data, self->frame.size);
  journal_when(self->journal, s_on_safe, waiting);
}

static void s_pack(outbox *self, const hbus_reply *reply) {
  buffer_reset(&self->frame);
  if (!reply_pack(reply, &self->frame)) return;
  hbus_reply small = {
      .status = HBUS_REPLY_ERROR, .code = HBUS_INTERNAL, .message = hbus_text_of("the reply is too large")};
  memcpy(small.id, reply->id, sizeof small.id);
  if (reply->status == HBUS_REPLY_OK) small.seen = reply->seen;
  buffer_reset(&self->frame);
  hbus_status status = reply_pack(&small, &self->frame);
  assert(!status);
}

void outbox_send(outbox *self, const session_route *route, bool delimiter, bool tells_private,
                 const hbus_reply *reply) {
  bool waits = tells_private || reply->seen.stream == HBUS_STREAM_PRIVATE;
  s_pack(self, reply);
  if (waits && !journal_is_settled(self->journal)) {
    s_write_when_safe(self, route, delimiter);
  } else {
    s_write(self, route, delimiter, self->frame.data, self->frame.size);
  }
}
