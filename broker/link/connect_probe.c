#include "broker/link/connect_probe.h"

#include <stdlib.h>

struct connect_probe {
  uv_tcp_t socket;
  uv_connect_t request;
  connect_probe_done *done; /* NULL: cancelled, or done */
  void *arg;
};

static void s_on_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void s_on_connected(uv_connect_t *request, int status) {
  connect_probe *self = request->data;
  if (!self->done) return; /* cancelled, and closing already */
  connect_probe_done *done = self->done;
  self->done = NULL;
  uv_close((uv_handle_t *)&self->socket, s_on_closed);
  done(self->arg, status);
}

connect_probe *connect_probe_start(uv_loop_t *loop, const struct sockaddr *address, connect_probe_done *done,
                                   void *arg) {
  connect_probe *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->done = done;
  self->arg = arg;
  self->request.data = self;
  self->socket.data = self;
  if (uv_tcp_init(loop, &self->socket) != 0) {
    free(self);
    return NULL;
  }
  if (uv_tcp_connect(&self->request, &self->socket, address, s_on_connected) != 0) {
    uv_close((uv_handle_t *)&self->socket, s_on_closed);
    return NULL;
  }
  return self;
}

void connect_probe_cancel(connect_probe **self) {
  if (!*self) return;
  (*self)->done = NULL;
  uv_close((uv_handle_t *)&(*self)->socket, s_on_closed);
  *self = NULL;
}
