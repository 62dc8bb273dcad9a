#include "broker/command/departures.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS    "inproc://hbusd-departures"
#define EVENT_SIZE 6 /* of a monitor's first frame: a 16-bit event, a 32-bit descriptor */

struct departures {
  bound_socket *socket;
  departures_fn *left;
  void *arg;
};

static bool s_read_one(departures *self, void *handle) {
  uint8_t event[EVENT_SIZE];
  if (zmq_recv(handle, event, sizeof event, ZMQ_DONTWAIT) != EVENT_SIZE) return false;
  char address[256];
  zmq_recv(handle, address, sizeof address, 0); /* its second frame, which says nothing new */
  int32_t descriptor;
  memcpy(&descriptor, event + 2, sizeof descriptor);
  self->left(self->arg, descriptor);
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
  if (zmq_socket_monitor(socket_handle(router), ADDRESS, ZMQ_EVENT_DISCONNECTED)) goto out;
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
  free(*self);
  *self = NULL;
}
