/* The libwebsockets context on the reactor's loop: its start, its TLS settings, and its long way down. */
#include "broker/link/websocket_context.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Connections of one context, those that are still closing included. A limit of our own also keeps libwebsockets from
 * sizing its tables by the process's limit of open files, which is a billion on some systems. */
#define CONNECTIONS_MAX 64
/* libwebsockets' own limits on each step of a handshake, out of the way: websocket.c has one over all. */
#define STEP_TIMEOUT_S 7200
#define NAME_MAX_SIZE  (3 * (PATH_MAX + 1))

/* TLS with one set of files. There are as many as there are different sets. */
typedef struct tls_vhost {
  struct tls_vhost *next;
  struct lws_vhost *vhost;
  SSL_CTX *ssl;
  char name[]; /* of the files: s_name_files */
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

/* libwebsockets' own pings count in whole seconds and do not tell a hang-up of theirs from one of the server's: off.
 * websocket.c has its own. */
static const lws_retry_bo_t s_no_keepalive = {.secs_since_valid_ping = 0, .secs_since_valid_hangup = 0};

static struct lws_context_creation_info s_describe(websocket_context *self, uint64_t options) {
  return (struct lws_context_creation_info){
      .port = CONTEXT_PORT_NO_LISTEN,
      .options = options,
      .protocols = s_protocols,
      .foreign_loops = self->loops,
      .fd_limit_per_thread = CONNECTIONS_MAX,
      .retry_and_idle_policy = &s_no_keepalive,
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

/* No path holds a line feed. */
static int s_name_files(const websocket_tls_files *files, char *out, size_t size) {
  return snprintf(out, size, "%s\n%s\n%s", files->ca ? files->ca : "", files->client_cert ? files->client_cert : "",
                  files->client_key ? files->client_key : "");
}

static bool s_is_named(const tls_vhost *tls, const websocket_tls_files *files) {
  char name[NAME_MAX_SIZE];
  s_name_files(files, name, sizeof name);
  return strcmp(tls->name, name) == 0;
}

static tls_vhost *s_new_tls(websocket_context *self, const websocket_tls_files *files, hbus_error *error) {
  tls_vhost *tls = calloc(1, sizeof *tls + NAME_MAX_SIZE);
  if (!tls) {
    hbus_fail(error, HBUS_NO_MEMORY, "no memory for TLS");
    return NULL;
  }
  if (s_name_files(files, tls->name, NAME_MAX_SIZE) >= NAME_MAX_SIZE) {
    hbus_fail(error, HBUS_INVALID_REQUEST, "the paths of the TLS files are too long");
    goto fail;
  }
  tls->ssl = websocket_tls_new(files, error);
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

struct lws_vhost *websocket_context_vhost(websocket_context *self, const websocket_tls_files *files, SSL_CTX **out_ssl,
                                          hbus_error *error) {
  *out_ssl = NULL;
  if (!files) return self->plain;
  tls_vhost *found = self->tls;
  while (found && !s_is_named(found, files))
    found = found->next;
  if (!found) found = s_new_tls(self, files, error);
  if (!found) return NULL;
  *out_ssl = found->ssl;
  return found->vhost;
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
