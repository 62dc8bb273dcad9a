/* The libwebsockets context on the reactor's loop: its start, its TLS settings, and its long way down. */
#include "broker/link/websocket_context.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Connections of one context, those that are still closing included. A limit of our own also keeps libwebsockets from
 * sizing its tables by the process's limit of open files, which is a billion on some systems. */
#define CONNECTIONS_MAX 64
/* libwebsockets' own limits on each step of a handshake, out of the way: websocket.c has one over all. */
#define STEP_TIMEOUT_S 7200

/* TLS with one set of trusted certificates. There are as many as there are different ca_files. */
typedef struct tls_vhost {
  struct tls_vhost *next;
  struct lws_vhost *vhost;
  SSL_CTX *ssl;
  char ca_file[]; /* "" is the system's store */
} tls_vhost;

struct websocket_context {
  uv_loop_t *loop;
  void *loops[1]; /* libwebsockets keeps a pointer to it */
  struct lws_context *lws;
  struct lws_vhost *plain;
  tls_vhost *tls;
  websocket_link *websockets;
  uv_idle_t closer;
};

/* The first protocol is what a client without a subprotocol is bound to. */
static const struct lws_protocols s_protocols[] = {
    {.name = "hbus",
     .callback = websocket_on_event,
     .rx_buffer_size = WEBSOCKET_RECEIVE_SIZE + WEBSOCKET_READABLE_BEHIND},
    {.name = NULL},
};

/* Only a PONG counts as a sign of life: ask after 5 s, hang up 10 s later. */
static const lws_retry_bo_t s_keepalive = {.secs_since_valid_ping = 5, .secs_since_valid_hangup = 15};

static struct lws_context_creation_info s_describe(websocket_context *self, uint64_t options) {
  return (struct lws_context_creation_info){
      .port = CONTEXT_PORT_NO_LISTEN,
      .options = options,
      .protocols = s_protocols,
      .foreign_loops = self->loops,
      .retry_and_idle_policy = &s_keepalive,
      .fd_limit_per_thread = CONNECTIONS_MAX,
      .pt_serv_buf_size = WEBSOCKET_RECEIVE_SIZE,
      .timeout_secs = STEP_TIMEOUT_S,
      .connect_timeout_secs = STEP_TIMEOUT_S,
      .http_proxy_address = "", /* or it would take the environment's http_proxy */
  };
}

/* Tells the two ways apart in which the start can fail, since libwebsockets tells none. */
static bool s_starts_without_libuv(void) {
  struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                           .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                           .fd_limit_per_thread = CONNECTIONS_MAX};
  struct lws_context *context = lws_create_context(&info);
  lws_context_destroy(context);
  return context != NULL;
}

websocket_context *websocket_context_new(uv_loop_t *loop, hbus_error *error) {
  websocket_context *self = calloc(1, sizeof *self);
  if (!self) {
    hbus_fail(error, HBUS_NO_MEMORY, "no memory for libwebsockets");
    return NULL;
  }
  self->loop = loop;
  self->loops[0] = loop;
  lws_set_log_level(0, NULL); /* the process's, not the context's: it has no other */

  struct lws_context_creation_info info = s_describe(self, LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                                                               LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT);
  self->lws = lws_create_context(&info);
  if (!self->lws) {
    hbus_fail(error, HBUS_INTERNAL, "%s",
              s_starts_without_libuv() ? "libwebsockets' libuv event library is missing: install libwebsockets-evlib-uv"
                                       : "libwebsockets could not be started");
    free(self);
    return NULL;
  }
  info = s_describe(self, 0);
  info.vhost_name = "plain";
  self->plain = lws_create_vhost(self->lws, &info);
  if (!self->plain) {
    hbus_fail(error, HBUS_INTERNAL, "libwebsockets could not be started");
    websocket_context_destroy(&self);
    return NULL;
  }
  return self;
}

uv_loop_t *websocket_context_loop(const websocket_context *self) {
  return self->loop;
}

struct lws_context *websocket_context_lws(const websocket_context *self) {
  return self->lws;
}

/* ---- TLS ---- */

static SSL_CTX *s_new_ssl(const char *ca_file, hbus_error *error) {
  SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
  if (!ssl || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1) {
    hbus_fail(error, HBUS_INTERNAL, "OpenSSL could not be started");
    goto fail;
  }
  if (*ca_file ? SSL_CTX_load_verify_file(ssl, ca_file) != 1 : SSL_CTX_set_default_verify_paths(ssl) != 1) {
    hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read certificates from %s",
              *ca_file ? ca_file : "the system's store");
    goto fail;
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL); /* libwebsockets sets it again, with its own callback */
  SSL_CTX_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return ssl;

fail:
  SSL_CTX_free(ssl);
  return NULL;
}

static tls_vhost *s_new_tls(websocket_context *self, const char *ca_file, hbus_error *error) {
  size_t size = strlen(ca_file) + 1;
  tls_vhost *tls = calloc(1, sizeof *tls + size);
  if (!tls) {
    hbus_fail(error, HBUS_NO_MEMORY, "no memory for TLS");
    return NULL;
  }
  memcpy(tls->ca_file, ca_file, size);
  tls->ssl = s_new_ssl(ca_file, error);
  if (!tls->ssl) goto fail;
  struct lws_context_creation_info info = s_describe(self, LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT);
  info.vhost_name = "tls";
  info.provided_client_ssl_ctx = tls->ssl;
  tls->vhost = lws_create_vhost(self->lws, &info);
  if (!tls->vhost) {
    hbus_fail(error, HBUS_INTERNAL, "libwebsockets could not set up TLS");
    goto fail;
  }
  tls->next = self->tls;
  self->tls = tls;
  return tls;

fail:
  SSL_CTX_free(tls->ssl);
  free(tls);
  return NULL;
}

struct lws_vhost *websocket_context_vhost(websocket_context *self, bool tls, const char *ca_file, hbus_error *error) {
  if (!tls) return self->plain;
  if (!ca_file) ca_file = "";
  tls_vhost *found = self->tls;
  while (found && strcmp(found->ca_file, ca_file) != 0)
    found = found->next;
  if (!found) found = s_new_tls(self, ca_file, error);
  return found ? found->vhost : NULL;
}

/* ---- the list of websockets ---- */

void websocket_context_add(websocket_context *self, websocket_link *link) {
  link->next = self->websockets;
  link->previous = &self->websockets;
  if (link->next) link->next->previous = &link->next;
  self->websockets = link;
}

void websocket_context_remove(websocket_link *link) {
  if (!link->previous) return;
  *link->previous = link->next;
  if (link->next) link->next->previous = link->previous;
  *link = (websocket_link){0};
}

/* ---- the way down ----
 *
 * On a loop that is not its own, libwebsockets 4.1.6 closes in steps: the first lws_context_destroy closes connections;
 * when the loop has closed the last of them, it closes the handles of the context itself; when those are closed too,
 * nothing happens any more, and a second lws_context_destroy frees the memory. It may not come earlier: it also unloads
 * the plugin in which the handles' close callbacks live. The handles of the context itself can be told by their `data`.
 */

typedef struct handle_search {
  const void *data;
  bool found;
} handle_search;

static void s_look_at(uv_handle_t *handle, void *arg) {
  handle_search *search = arg;
  if (handle->data == search->data) search->found = true;
}

static void s_on_closer_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void s_finish_close(uv_idle_t *closer) {
  websocket_context *self = closer->data;
  handle_search search = {.data = self->lws};
  uv_walk(self->loop, s_look_at, &search);
  if (search.found) return;

  lws_context_destroy(self->lws);
  while (self->tls) {
    tls_vhost *tls = self->tls;
    self->tls = tls->next;
    SSL_CTX_free(tls->ssl);
    free(tls);
  }
  uv_close((uv_handle_t *)closer, s_on_closer_closed);
}

static void s_begin_close(uv_idle_t *closer) {
  websocket_context *self = closer->data;
  while (self->websockets) {
    websocket_link *link = self->websockets;
    websocket_context_remove(link);
    websocket_abandon(link);
  }
  lws_context_destroy(self->lws);
  uv_idle_stop(closer); /* or the start would keep this callback */
  uv_idle_start(closer, s_finish_close);
}

void websocket_context_destroy(websocket_context **self) {
  websocket_context *context = *self;
  if (!context) return;
  *self = NULL;
  context->closer.data = context;
  uv_idle_init(context->loop, &context->closer);
  uv_idle_start(&context->closer, s_begin_close); /* not from here: this may be one of libwebsockets' callbacks */
}
