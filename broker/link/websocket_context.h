/* What websocket.c needs of its context, and the context of it. */
#ifndef BROKER_WEBSOCKET_CONTEXT_H
#define BROKER_WEBSOCKET_CONTEXT_H

#include <libwebsockets.h>

#include "broker/link/websocket.h"
#include "broker/link/websocket_tls.h"

/* A message that arrives in one piece of at most this size is handed on where libwebsockets put it. */
#define WEBSOCKET_RECEIVE_SIZE    65536
#define WEBSOCKET_READABLE_BEHIND 64 /* bytes behind a message that its reader may touch */

uv_loop_t *websocket_context_loop(const websocket_context *self);
struct lws_context *websocket_context_lws(const websocket_context *self);

/* The libwebsockets vhost for connections without TLS (`files` NULL), or with it and these files, which are read once
 * and kept. *out_ssl is its TLS context, or NULL. NULL with the reason in `error`. */
struct lws_vhost *websocket_context_vhost(websocket_context *self, const websocket_tls_files *files, SSL_CTX **out_ssl,
                                          hbus_error *error);

/* Every websocket is on the context's list for as long as it has a connection, or works on one. */
typedef struct websocket_link {
  struct websocket_link *next;
  struct websocket_link **previous; /* the pointer that points here; NULL: on no list */
} websocket_link;

void websocket_context_add(websocket_context *self, websocket_link *link);
void websocket_context_remove(websocket_link *link);

/* websocket.c: what libwebsockets calls. */
int websocket_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size);
/* websocket.c: the context goes away under this websocket. */
void websocket_abandon(websocket_link *link);

#endif
