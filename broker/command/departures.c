#include "broker/command/departures.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS    "inproc://hbusd-departures"
#define EVENT_SIZE 6 /* of a monitor's first frame: a 16-bit event, a 32-bit descriptor */

struct departures {
  bound_socket *socket;
  departures_fn *left;
  void *arg;
  bool *ended; /* by descriptor */
  size_t ended_size;
};

/* Descriptors are small numbers: the system gives out the smallest that is free. */
static void s_note(departures *self, int descriptor, bool has_ended) {
  size_t at = (size_t)descriptor;
  if (at >= self->ended_size) {
    size_t size = 2 * at + 64;
    bool *ended = realloc(self->ended, size * sizeof *ended);
    if (!ended) return;
    memset(ended + self->ended_size, 0, (size - self->ended_size) * sizeof *ended);
    self->ended = ended;
    self->ended_size = size;
  }
  self->ended[at] = has_ended;
}

bool departures_has_ended(const departures *self, int descriptor) {
  return descriptor >= 0 && (size_t)descriptor < self->ended_size && self->ended[descriptor];
}

static bool s_read_one(departures *self, void *handle) {
  uint8_t frame[EVENT_SIZE];
  if (zmq_recv(handle, frame, sizeof frame, ZMQ_DONTWAIT) != EVENT_SIZE) return false;
  char address[256];
  zmq_recv(handle, address, sizeof address, 0); /* its second frame, which says nothing new */
  uint16_t event;
  int32_t descriptor;
  memcpy(&event, frame, sizeof event);
  memcpy(&descriptor, frame + sizeof event, sizeof descriptor);
  if (descriptor < 0) return true;
  bool has_ended = event == ZMQ_EVENT_DISCONNECTED;
  s_note(self, descriptor, has_ended);
  if (has_ended) self->left(self->arg, descriptor);
  return true;
}

static bool s_read(void *arg, void *handle, unsigned budget) {
  while (budget--) {
    if (!s_read_one(arg, handle)) return false;
  }
  return true;
}

void departures_read(departures *self) {
  while (s_read_one(self, socket_handle(self->socket)))
    continue;
}

hbus_status departures_new(departures **out, socket_group *sockets, bound_socket *router, departures_fn *left,
                           void *arg) {
  departures *self = calloc(1, sizeof *self);
  zsock_t *zsock = zsock_new(ZMQ_PAIR);
  hbus_status status = HBUS_NO_MEMORY;
  if (!self || !zsock) goto out;
  self->left = left;
  self->arg = arg;
  status = HBUS_INTERNAL;
  zsock_set_linger(zsock, 0);
  zsock_set_rcvhwm(zsock, 0); /* a full pipe would stop ZeroMQ's own thread; connections are what bounds it */
  if (zmq_socket_monitor(socket_handle(router), ADDRESS, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED)) goto out;
  if (zmq_connect(zsock_resolve(zsock), ADDRESS)) goto out;
  status = socket_group_adopt(sockets, zsock, &self->socket);
  if (status) goto out;
  zsock = NULL;
  socket_start(self->socket, s_read, self);
  *out = self;
  self = NULL;
out:
  zsock_destroy(&zsock);
  free(self);
  return status;
}

void departures_destroy(departures **self) {
  if (!*self) return;
  free((*self)->ended);
  free(*self);
  *self = NULL;
}
