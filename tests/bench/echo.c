#include "tests/bench/echo.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <zmq.h>

#define FRAME_MAX 4096

/* Until its context ends. */
static void *s_answer(void *arg) {
  echo *self = arg;
  char answer[FRAME_MAX] = {0};
  for (;;) {
    zmq_msg_t from, frame;
    zmq_msg_init(&from);
    zmq_msg_init(&frame);
    bool received = zmq_msg_recv(&from, self->router, 0) >= 0 && zmq_msg_recv(&frame, self->router, 0) >= 0;
    if (received) {
      zmq_msg_send(&from, self->router, ZMQ_SNDMORE);
      zmq_send(self->router, answer, self->reply_bytes, 0);
    }
    zmq_msg_close(&from);
    zmq_msg_close(&frame);
    if (!received) break;
  }
  zmq_close(self->router);
  return NULL;
}

void echo_open(echo *self, size_t reply_bytes) {
  cr_assert_leq(reply_bytes, FRAME_MAX);
  *self = (echo){.router_context = zmq_ctx_new(), .dealer_context = zmq_ctx_new(), .reply_bytes = reply_bytes};
  self->router = zmq_socket(self->router_context, ZMQ_ROUTER);
  self->dealer = zmq_socket(self->dealer_context, ZMQ_DEALER);
  char endpoint[128];
  size_t size = sizeof endpoint;
  int none = 0;
  zmq_setsockopt(self->router, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(self->dealer, ZMQ_LINGER, &none, sizeof none);
  cr_assert_eq(zmq_bind(self->router, "tcp://127.0.0.1:*"), 0);
  zmq_getsockopt(self->router, ZMQ_LAST_ENDPOINT, endpoint, &size);
  cr_assert_eq(zmq_connect(self->dealer, endpoint), 0);
  cr_assert_eq(pthread_create(&self->thread, NULL, s_answer, self), 0);
}

void echo_close(echo *self) {
  zmq_close(self->dealer);
  zmq_ctx_term(self->dealer_context);
  zmq_ctx_shutdown(self->router_context);
  pthread_join(self->thread, NULL);
  zmq_ctx_term(self->router_context);
}

void echo_measure(echo *self, size_t count, size_t command_bytes, latency *trips) {
  char command[FRAME_MAX] = {0};
  cr_assert_leq(command_bytes, FRAME_MAX);
  for (size_t i = 0; i < count; i++) {
    zmq_msg_t answer;
    zmq_msg_init(&answer);
    uint64_t start_ns = samples_now_ns();
    zmq_send(self->dealer, command, command_bytes, 0);
    cr_assert_eq(zmq_msg_recv(&answer, self->dealer, 0), (int)self->reply_bytes);
    latency_add(trips, samples_now_ns() - start_ns);
    zmq_msg_close(&answer);
  }
  latency_end_round(trips);
}
