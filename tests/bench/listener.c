#include "tests/bench/listener.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zmq.h>

#include "tests/bench/book_frames.h"
#include "tests/integration/process.h"

#define JOIN_PER_SECOND 1000

/* Cheaper than to unpack it all: `ts` and its number stand as these bytes in every event's body. */
uint64_t listener_event_stamp(const uint8_t *body, size_t size) {
  static const uint8_t key[] = {0xa2, 't', 's', 0xcf};
  const uint8_t *found = memmem(body, size, key, sizeof key);
  cr_assert(found && found + sizeof key + 8 <= body + size, "an event without a time");
  uint64_t stamp = 0;
  for (size_t i = 0; i < 8; i++)
    stamp = stamp << 8 | found[sizeof key + i];
  return stamp;
}

uint64_t listener_frame_stamp(const uint8_t *body, size_t size) {
  cr_assert_geq(size, BOOK_FRAMES_STAMP_TAIL);
  return book_frames_stamp(body + size - BOOK_FRAMES_STAMP_TAIL);
}

void listener_open(listener *self, const char *endpoint, const char *prefix, listener_stamp_fn *stamp) {
  *self = (listener){.context = zmq_ctx_new(), .stamp = stamp};
  self->socket = zmq_socket(self->context, ZMQ_SUB);
  int unlimited = 0, patience_ms = PROCESS_PATIENCE_MS;
  zmq_setsockopt(self->socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
  zmq_setsockopt(self->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(self->socket, ZMQ_SUBSCRIBE, prefix, strlen(prefix));
  cr_assert_eq(zmq_connect(self->socket, endpoint), 0, "%s", endpoint);
}

void listener_close(listener *self) {
  zmq_close(self->socket);
  zmq_ctx_term(self->context);
}

/* The body of the next message; the caller closes it. */
static void s_receive(listener *self, zmq_msg_t *body) {
  zmq_msg_t topic;
  zmq_msg_init(&topic);
  zmq_msg_init(body);
  cr_assert_geq(zmq_msg_recv(&topic, self->socket, 0), 0, "no event: %s", zmq_strerror(zmq_errno()));
  cr_assert_geq(zmq_msg_recv(body, self->socket, 0), 0);
  zmq_msg_close(&topic);
}

static uint64_t s_receive_stamp(listener *self) {
  zmq_msg_t body;
  s_receive(self, &body);
  uint64_t stamp = self->stamp(zmq_msg_data(&body), zmq_msg_size(&body));
  zmq_msg_close(&body);
  return stamp;
}

void listener_join(listener *self, feeder *feeder) {
  feeder_start(feeder, JOIN_PER_SECOND, FEEDER_FOR_EVER);
  uint64_t stamp = s_receive_stamp(self), last = feeder_stop(feeder);
  if (stamp < last) listener_take_until(self, last);
}

void listener_take_until(listener *self, uint64_t last) {
  while (s_receive_stamp(self) < last) {
  }
}

void listener_take(listener *self, uint64_t count, latency *ages) {
  for (uint64_t i = 0; i < count; i++) {
    zmq_msg_t body;
    s_receive(self, &body);
    uint64_t now_ns = feeder_now_ns();
    if (ages) latency_add(ages, now_ns - self->stamp(zmq_msg_data(&body), zmq_msg_size(&body)));
    zmq_msg_close(&body);
  }
  if (ages) latency_end_round(ages);
}

static void *s_take_all(void *arg) {
  listener *self = arg;
  while (s_receive_stamp(self) < atomic_load(&self->until)) {
  }
  return NULL;
}

void listener_begin_thread(listener *self) {
  atomic_store(&self->until, UINT64_MAX);
  cr_assert_eq(pthread_create(&self->thread, NULL, s_take_all, self), 0);
}

/* One more frame, so that there is one that the thread has not taken before it is told. */
void listener_end_thread(listener *self, feeder *feeder) {
  atomic_store(&self->until, feeder_stop(feeder) + 1);
  feeder_start(feeder, FEEDER_FLAT_OUT, 1);
  pthread_join(self->thread, NULL);
}
