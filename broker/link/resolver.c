#include "broker/link/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolver {
  uv_getaddrinfo_t request;
  resolver_done *done; /* NULL: cancelled */
  void *arg;
};

static size_t s_copy(const struct addrinfo *list, resolver_address *out) {
  size_t count = 0;
  for (const struct addrinfo *item = list; item && count < RESOLVER_ADDRESSES_MAX; item = item->ai_next) {
    if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
    if (item->ai_addrlen > sizeof *out) continue;
    memset(&out[count], 0, sizeof out[count]);
    memcpy(&out[count++], item->ai_addr, item->ai_addrlen);
  }
  return count;
}

static void s_on_done(uv_getaddrinfo_t *request, int status, struct addrinfo *list) {
  resolver *self = request->data;
  if (self->done) {
    resolver_address addresses[RESOLVER_ADDRESSES_MAX];
    size_t count = s_copy(list, addresses);
    if (status == 0 && count == 0) status = UV_EAI_NODATA;
    self->done(self->arg, status, addresses, count);
  }
  uv_freeaddrinfo(list);
  free(self);
}

resolver *resolver_start(uv_loop_t *loop, const char *host, uint16_t port, resolver_done *done, void *arg) {
  resolver *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->done = done;
  self->arg = arg;
  self->request.data = self;
  char service[sizeof "65535"];
  snprintf(service, sizeof service, "%u", (unsigned)port);
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  if (uv_getaddrinfo(loop, &self->request, s_on_done, host, service, &hints) != 0) {
    free(self);
    return NULL;
  }
  return self;
}

void resolver_cancel(resolver **self) {
  if (!*self) return;
  (*self)->done = NULL;
  uv_cancel((uv_req_t *)&(*self)->request); /* fails once a thread is at it; s_on_done comes in either case */
  *self = NULL;
}
