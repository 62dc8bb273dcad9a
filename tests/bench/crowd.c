#include "tests/bench/crowd.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <zmq.h>

#define PREFIX          "market_data/"
#define JOIN_PER_SECOND 200

static void *s_subscribe(const crowd *self) {
  void *socket = zmq_socket(self->context, ZMQ_SUB);
  cr_assert_not_null(socket);
  int unlimited = 0, patience_ms = PROCESS_PATIENCE_MS;
  zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  zmq_setsockopt(socket, ZMQ_SUBSCRIBE, PREFIX, sizeof PREFIX - 1);
  cr_assert_eq(zmq_connect(socket, self->candidate->rig.market), 0);
  return socket;
}

/* The next event's stamp. */
static uint64_t s_take(crowd *self, void *socket) {
  zmq_msg_t topic, body;
  zmq_msg_init(&topic);
  zmq_msg_init(&body);
  cr_assert_geq(zmq_msg_recv(&topic, socket, 0), 0, "no event: %s", zmq_strerror(zmq_errno()));
  cr_assert_geq(zmq_msg_recv(&body, socket, 0), 0);
  uint64_t stamp = listener_event_stamp(zmq_msg_data(&body), zmq_msg_size(&body));
  size_t bytes = zmq_msg_size(&topic) + zmq_msg_size(&body);
  if (bytes > self->event_bytes) self->event_bytes = bytes;
  zmq_msg_close(&topic);
  zmq_msg_close(&body);
  return stamp;
}

void crowd_open(crowd *self, candidate *candidate, size_t count) {
  *self = (crowd){.candidate = candidate, .context = zmq_ctx_new(), .count = count};
  self->sockets = calloc(count, sizeof *self->sockets);
  cr_assert_not_null(self->sockets);
  for (size_t i = 0; i < count; i++)
    self->sockets[i] = s_subscribe(self);
  /* Subscriptions travel: each has arrived with the first event that comes of it. */
  feeder_start(candidate->feeder, JOIN_PER_SECOND, FEEDER_FOR_EVER);
  for (size_t i = 0; i < count; i++)
    s_take(self, self->sockets[i]);
  uint64_t last = feeder_stop(candidate->feeder);
  feeder_start(candidate->feeder, FEEDER_FLAT_OUT, 1); /* one more, which nobody can have taken */
  for (size_t i = 0; i < count; i++) {
    while (s_take(self, self->sockets[i]) <= last) {
    }
  }
  listener_take_until(&candidate->listener, last + 1);
}

void crowd_close(crowd *self) {
  for (size_t i = 0; i < self->count; i++)
    zmq_close(self->sockets[i]);
  zmq_ctx_term(self->context);
  free(self->sockets);
}

static void s_take_round(crowd *self, uint64_t count, latency *ages) {
  for (uint64_t taken = 0; taken < count; taken++) {
    for (size_t i = 0; i < self->count; i++) {
      uint64_t stamp = s_take(self, self->sockets[i]);
      if (ages) latency_add(ages, feeder_now_ns() - stamp);
    }
  }
  listener_take(&self->candidate->listener, count, NULL);
}

void crowd_pace(crowd *self, uint64_t per_second, uint64_t count, latency *ages) {
  feeder_start(self->candidate->feeder, per_second, count);
  s_take_round(self, count, ages);
  latency_end_round(ages);
}

void crowd_flood(crowd *self, uint64_t count, uint64_t ahead) {
  while (count > 0) {
    uint64_t next = count < ahead ? count : ahead;
    feeder_start(self->candidate->feeder, FEEDER_FLAT_OUT, next);
    s_take_round(self, next, NULL);
    count -= next;
  }
}
