#include "broker/socket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "broker/limits.h"

#define SOCKETS_MAX 8

struct bound_socket {
  zsock_t *zsock;
  void *handle;
  char addresses[1024];
  uv_poll_t poll;
  socket_read_fn *read;
  void *arg;
  bool read_again;
};

struct socket_group {
  uv_loop_t *loop;
  uv_prepare_t prepare; /* looks at the sockets each time before the loop sleeps */
  uv_idle_t idle;       /* running: the loop must not sleep */
  bound_socket *sockets[SOCKETS_MAX];
  size_t count;
  unsigned open_handles;
};

/* The poll handle only wakes the loop; the reading is done in one place, s_on_prepare. */
static void s_on_wakeup(uv_poll_t *poll, int status, int events) {
  (void)poll;
  (void)status;
  (void)events;
}

static void s_on_idle(uv_idle_t *idle) {
  (void)idle;
}

static bool s_readable(const bound_socket *socket) {
  int events = 0;
  size_t size = sizeof events;
  int failed = zmq_getsockopt(socket->handle, ZMQ_EVENTS, &events, &size);
  return !failed && (events & ZMQ_POLLIN);
}

static bool s_must_read(const bound_socket *socket) {
  return socket->read_again || s_readable(socket);
}

static void s_on_prepare(uv_prepare_t *prepare) {
  socket_group *self = prepare->data;
  bool more = false;
  for (size_t i = 0; i < self->count; i++) {
    bound_socket *socket = self->sockets[i];
    if (socket->read && s_must_read(socket)) {
      socket->read_again = false;
      more |= socket->read(socket->arg, socket->handle, LIMIT_SOCKET_BUDGET);
    }
  }
  /* A callback may have sent on a socket that was looked at before it, which can take that socket's edge away. */
  for (size_t i = 0; i < self->count && !more; i++) {
    more = self->sockets[i]->read && s_must_read(self->sockets[i]);
  }
  if (more) {
    uv_idle_start(&self->idle, s_on_idle);
  } else {
    uv_idle_stop(&self->idle);
  }
}

socket_group *socket_group_new(uv_loop_t *loop) {
  socket_group *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->loop = loop;
  uv_prepare_init(loop, &self->prepare);
  uv_idle_init(loop, &self->idle);
  self->prepare.data = self;
  self->idle.data = self;
  self->open_handles = 2;
  uv_prepare_start(&self->prepare, s_on_prepare);
  return self;
}

void socket_group_stop_reading(socket_group *self) {
  uv_prepare_stop(&self->prepare);
  uv_idle_stop(&self->idle);
  for (size_t i = 0; i < self->count; i++)
    uv_poll_stop(&self->sockets[i]->poll);
}

static void s_free_when_closed(socket_group *self) {
  if (--self->open_handles) return;
  for (size_t i = 0; i < self->count; i++)
    free(self->sockets[i]);
  free(self);
}

static void s_on_closed(uv_handle_t *handle) {
  s_free_when_closed(handle->data);
}

void socket_group_destroy(socket_group **self_p) {
  socket_group *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  for (size_t i = 0; i < self->count; i++) {
    uv_close((uv_handle_t *)&self->sockets[i]->poll, s_on_closed);
    zsock_destroy(&self->sockets[i]->zsock);
  }
  uv_close((uv_handle_t *)&self->prepare, s_on_closed);
  uv_close((uv_handle_t *)&self->idle, s_on_closed);
}

hbus_status socket_group_adopt(socket_group *self, zsock_t *zsock, bound_socket **out) {
  assert(self->count < SOCKETS_MAX);
  bound_socket *socket = calloc(1, sizeof *socket);
  if (!socket) return HBUS_NO_MEMORY;
  socket->zsock = zsock;
  socket->handle = zsock_resolve(zsock);
  socket->poll.data = self;
  uv_poll_init(self->loop, &socket->poll, zsock_fd(zsock));
  uv_poll_start(&socket->poll, UV_READABLE, s_on_wakeup);
  self->sockets[self->count++] = socket;
  self->open_handles++;
  *out = socket;
  return HBUS_OK;
}

/* Options must be set before bind: libzmq gives them to a connection when it is made. */
static void s_set_options(zsock_t *zsock, const socket_options *options) {
  zsock_set_linger(zsock, LIMIT_LINGER_MS);
  zsock_set_sndhwm(zsock, options->high_water_mark);
  zsock_set_rcvhwm(zsock, options->high_water_mark);
  int failed = zmq_setsockopt(zsock_resolve(zsock), ZMQ_MAXMSGSIZE, &options->message_max, sizeof options->message_max);
  assert(!failed);
  if (options->mandatory) zsock_set_router_mandatory(zsock, 1);
}

static void s_add_address(bound_socket *self) {
  size_t used = strlen(self->addresses);
  char *address = zsock_last_endpoint(self->zsock);
  if (address) snprintf(self->addresses + used, sizeof self->addresses - used, "%s%s", used ? "," : "", address);
  zstr_free(&address);
}

hbus_status socket_group_bind(socket_group *self, const socket_options *options, const config_list *endpoints,
                              bound_socket **out, hbus_error *error) {
  zsock_t *zsock = zsock_new(options->type);
  if (!zsock) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for a socket");
  s_set_options(zsock, options);
  bound_socket *socket = NULL;
  if (socket_group_adopt(self, zsock, &socket)) {
    zsock_destroy(&zsock);
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for a socket");
  }
  for (unsigned i = 0; i < endpoints->count; i++) {
    if (zmq_bind(socket->handle, endpoints->items[i])) {
      return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s: %s", endpoints->items[i],
                       errno == EADDRINUSE ? "the address is in use; is another hbusd running?" : zmq_strerror(errno));
    }
    s_add_address(socket);
  }
  *out = socket;
  return HBUS_OK;
}

void socket_start(bound_socket *self, socket_read_fn *read, void *arg) {
  self->read = read;
  self->arg = arg;
}

void socket_read_again(bound_socket *self) {
  self->read_again = true;
}

void *socket_handle(const bound_socket *self) {
  return self->handle;
}

zsock_t *socket_zsock(const bound_socket *self) {
  return self->zsock;
}

const char *socket_addresses(const bound_socket *self) {
  return self->addresses;
}
