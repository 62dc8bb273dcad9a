#include "tests/bench/idle_peers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#include "proto/command_codec.h"

void idle_peers_make_room(void) {
  struct rlimit limit;
  cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void *s_connect(const idle_peers *self, int type, const char *endpoint) {
  void *socket = zmq_socket(self->context, type);
  cr_assert_not_null(socket, "%s: see ulimit -n", zmq_strerror(zmq_errno()));
  int none = 0, patience_ms = PROCESS_PATIENCE_MS;
  zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  cr_assert_eq(zmq_connect(socket, endpoint), 0, "%s", endpoint);
  return socket;
}

static void s_open_peer(idle_peers *self, const rig *rig, size_t index, buffer *frame) {
  static const char silent[] = "strategy_update/nobody/";
  hbus_command hello = {.id = "hello", .kind = HBUS_HELLO};
  snprintf(hello.name, sizeof hello.name, "idle-%zu", index);
  buffer_reset(frame);
  cr_assert_eq(command_pack(&hello, frame), HBUS_OK);
  self->dealers[index] = s_connect(self, ZMQ_DEALER, rig->commands);
  self->subscribers[index] = s_connect(self, ZMQ_SUB, rig->market);
  zmq_setsockopt(self->subscribers[index], ZMQ_SUBSCRIBE, silent, strlen(silent));
  cr_assert_gt(zmq_send(self->dealers[index], frame->data, frame->size, 0), 0);
}

void idle_peers_open(idle_peers *self, const rig *rig, size_t count) {
  *self = (idle_peers){.context = zmq_ctx_new(), .count = count};
  zmq_ctx_set(self->context, ZMQ_MAX_SOCKETS, (int)(2 * count + 16));
  self->dealers = calloc(count, sizeof *self->dealers);
  self->subscribers = calloc(count, sizeof *self->subscribers);
  cr_assert(self->dealers && self->subscribers);
  buffer frame;
  buffer_init(&frame, HBUS_COMMAND_FRAME_MAX);
  for (size_t i = 0; i < count; i++)
    s_open_peer(self, rig, i, &frame);
  for (size_t i = 0; i < count; i++) {
    zmq_msg_t reply;
    zmq_msg_init(&reply);
    cr_assert_gt(zmq_msg_recv(&reply, self->dealers[i], 0), 0, "peer %zu was not answered", i);
    zmq_msg_close(&reply);
  }
  buffer_free(&frame);
}

void idle_peers_close(idle_peers *self) {
  for (size_t i = 0; i < self->count; i++) {
    zmq_close(self->dealers[i]);
    zmq_close(self->subscribers[i]);
  }
  zmq_ctx_term(self->context);
  free(self->dealers);
  free(self->subscribers);
}
