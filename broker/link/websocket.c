/* One client connection. The address comes from the resolver; libwebsockets connects, frames and checks; what it leaves
 * open is done here: one time limit over all, whole messages, a bounded queue, and sentences that say what went wrong.
 *
 * libwebsockets' connection, the wsi, knows its websocket by its opaque user data. It can outlive the websocket: it is
 * then an orphan without user data, told to die, and does so at its next event at the latest.
 */
#include "broker/link/websocket.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/link/connect_probe.h"
#include "broker/link/resolver.h"
#include "broker/link/send_queue.h"
#include "broker/link/websocket_context.h"
#include "broker/link/websocket_reason.h"
#include "broker/link/websocket_tls.h"
#include "broker/link/websocket_url.h"
#include "proto/utf8.h"

#define CLOSE_TIMEOUT_MS 2000 /* for the server to confirm a close of ours */
#define CLOSE_TEXT_MAX   123  /* of a close frame (RFC 6455, section 5.5.1: 125 with the code) */

typedef enum websocket_state { CONNECTING, OPEN, CLOSING, CLOSED } websocket_state;

struct websocket {
  websocket_link link; /* first, so that the context's list leads back here */
  websocket_context *context;
  websocket_callbacks callbacks;
  void *arg;
  websocket_url url;
  char authority[WEBSOCKET_HOST_MAX + sizeof "[]:65535"]; /* HOST or HOST:PORT of the url */
  struct lws_vhost *vhost;
  SSL_CTX *ssl; /* the context's; NULL without TLS */
  size_t frame_max;
  uint64_t connect_timeout_ms;
  uint64_t ping_ms;
  uint64_t hang_up_ms;
  websocket_state state;

  struct lws *wsi;      /* NULL: none */
  bool reached;         /* TCP is connected: no other address is tried */
  uint64_t heard_at_ms; /* the loop's clock: when the server last answered a ping */
  uint64_t asked_at_ms; /* when the last ping was due */
  bool ping_due;
  hbus_status close_code; /* why it ends, as far as known */
  unsigned close_status;  /* of the close frame that is to be written */
  char close_reason[HBUS_ERROR_TEXT_SIZE];

  resolver *resolving;
  connect_probe *probing;
  resolver_address addresses[RESOLVER_ADDRESSES_MAX];
  size_t address_count;
  size_t address_next;

  uv_timer_t deadline; /* of connecting, then the next ping, then of closing */
  uv_timer_t step;     /* goes on from the loop, outside of whoever called */
  unsigned open_handles;

  send_queue outgoing;
  char *message;       /* frame_max + WEBSOCKET_READABLE_BEHIND; used by messages that come in pieces */
  size_t message_size; /* so far, also of one that is skipped */
  bool skipping;       /* this message is too long */
};

/* ---- the end ---- */

__attribute__((format(printf, 3, 4))) static void s_set_reason(websocket *self, hbus_status code, const char *format,
                                                               ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(self->close_reason, sizeof self->close_reason, format, args);
  va_end(args);
  self->close_code = code;
}

/* Lets go of the connection, if there is one, and has libwebsockets end it soon. */
static void s_orphan(websocket *self) {
  if (!self->wsi) return;
  lws_set_opaque_user_data(self->wsi, NULL);
  lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
  lws_cancel_service(websocket_context_lws(self->context)); /* it looks at its timers only after an event */
  self->wsi = NULL;
}

static void s_stop(websocket *self) {
  s_orphan(self);
  websocket_context_remove(&self->link);
  resolver_cancel(&self->resolving);
  connect_probe_cancel(&self->probing);
  uv_timer_stop(&self->deadline);
  uv_timer_stop(&self->step);
  send_queue_clear(&self->outgoing);
}

/* From the loop only. */
static void s_finish(websocket *self) {
  assert(self->state != CLOSED);
  s_stop(self);
  self->state = CLOSED;
  self->callbacks.on_close(self->arg, self->close_code, self->close_reason);
}

static void s_on_finish_time(uv_timer_t *timer) {
  s_finish(timer->data);
}

/* For when the caller must not be called back. */
static void s_finish_soon(websocket *self) {
  s_stop(self);
  self->state = CLOSING;
  uv_timer_start(&self->step, s_on_finish_time, 0, 0);
}

void websocket_abandon(websocket_link *link) {
  websocket *self = (websocket *)link;
  if (self->wsi) lws_set_opaque_user_data(self->wsi, NULL);
  self->wsi = NULL; /* it dies with the context */
  if (self->state != CLOSING) s_set_reason(self, HBUS_LINK_DOWN, "the broker is stopping");
  s_finish(self);
}

/* ---- connecting ---- */

hbus_status websocket_files_check(const char *ca_file, const char *client_cert_file, const char *client_key_file,
                                  hbus_error *error) {
  websocket_tls_files files = {ca_file, client_cert_file, client_key_file};
  SSL_CTX *ssl = websocket_tls_new(&files, error);
  SSL_CTX_free(ssl);
  return ssl ? HBUS_OK : HBUS_INVALID_REQUEST;
}

static void s_on_connect_timeout(uv_timer_t *timer) {
  websocket *self = timer->data;
  s_set_reason(self, HBUS_TIMEOUT, "%s %s within %llu ms", self->authority,
               self->reached ? "did not complete the handshake" : "did not answer",
               (unsigned long long)self->connect_timeout_ms);
  s_finish(self);
}

static void s_finish_unreachable(websocket *self, const char *why) {
  s_set_reason(self, HBUS_LINK_DOWN, "cannot connect to %s: %s", self->authority, why);
  s_finish(self);
}

static void s_on_probed(void *arg, int status) {
  websocket *self = arg;
  self->probing = NULL;
  s_finish_unreachable(self, status ? uv_strerror(status) : "it did not answer at first");
}

static socklen_t s_address_size(const resolver_address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

/* 0, or the errno with which a connect would fail at once (no route, mostly to IPv6). libwebsockets 4.1.6 must not see
 * such an address: it leaks a handle of the loop then. A datagram socket finds out without sending anything. */
static int s_route_error(const resolver_address *address) {
  int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = connect(fd, &address->any, s_address_size(address)) == 0 ? 0 : errno;
  close(fd);
  return error;
}

/* Starts on an address. false: libwebsockets gave up on it at once. */
static bool s_connect_to(websocket *self, const resolver_address *address) {
  char numeric[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  if (getnameinfo(&address->any, s_address_size(address), numeric, sizeof numeric, NULL, 0, NI_NUMERICHOST) != 0)
    return false;

  struct lws_client_connect_info info = {
      .context = websocket_context_lws(self->context),
      .vhost = self->vhost,
      .address = numeric, /* libwebsockets looks it up once more, which does not block for a number */
      .port = self->url.port,
      .path = self->url.path,
      .host = self->authority, /* up to the colon also the name for SNI and for the check of the certificate */
      .alpn = "http/1.1",
      .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (self->url.tls ? LCCSCF_USE_SSL : 0),
      .ietf_version_or_minus_one = -1,
      .opaque_user_data = self,
      .pwsi = &self->wsi,
  };
  self->reached = false;
  if (self->ssl) websocket_tls_forget(self->ssl);
  bool connecting = lws_client_connect_via_info(&info) != NULL;
  if (!connecting) self->wsi = NULL;
  return connecting;
}

static void s_connect_next(uv_timer_t *timer) {
  websocket *self = timer->data;
  int route_error = 0;
  while (self->address_next < self->address_count) {
    const resolver_address *address = &self->addresses[self->address_next++];
    route_error = s_route_error(address);
    if (route_error == 0 && s_connect_to(self, address)) return;
  }
  if (route_error != 0) {
    s_finish_unreachable(self, uv_strerror(-route_error));
    return;
  }
  const resolver_address *last = &self->addresses[self->address_count - 1];
  self->probing = connect_probe_start(websocket_context_loop(self->context), &last->any, s_on_probed, self);
  if (!self->probing) s_finish_unreachable(self, "the system refuses");
}

static void s_on_resolved(void *arg, int status, const resolver_address *addresses, size_t count) {
  websocket *self = arg;
  self->resolving = NULL;
  if (status != 0) {
    if (status == UV_EAI_NONAME || status == UV_EAI_NODATA)
      s_set_reason(self, HBUS_LINK_DOWN, "no such host: %s", self->url.host);
    else
      s_set_reason(self, HBUS_LINK_DOWN, "cannot look up the host %s: %s", self->url.host, uv_strerror(status));
    s_finish(self);
    return;
  }
  memcpy(self->addresses, addresses, count * sizeof *addresses);
  self->address_count = count;
  uv_timer_start(&self->step, s_connect_next, 0, 0);
}

static websocket *s_new(websocket_context *context, const websocket_options *options) {
  websocket *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->message = calloc(1, options->frame_max + WEBSOCKET_READABLE_BEHIND);
  if (!self->message) {
    free(self);
    return NULL;
  }
  self->context = context;
  self->frame_max = options->frame_max;
  self->connect_timeout_ms = options->connect_timeout_ms;
  self->ping_ms = options->ping_ms ? options->ping_ms : WEBSOCKET_PING_MS;
  self->hang_up_ms = options->hang_up_ms ? options->hang_up_ms : WEBSOCKET_HANG_UP_MS;
  assert(self->ping_ms < self->hang_up_ms);
  send_queue_init(&self->outgoing, options->send_queue_max);
  uv_timer_init(websocket_context_loop(context), &self->deadline);
  uv_timer_init(websocket_context_loop(context), &self->step);
  self->deadline.data = self->step.data = self;
  self->open_handles = 2;
  websocket_context_add(context, &self->link);
  return self;
}

websocket *websocket_connect(websocket_context *context, const websocket_options *options,
                             const websocket_callbacks *callbacks, void *arg) {
  websocket *self = s_new(context, options);
  if (!self) return NULL;
  self->callbacks = *callbacks;
  self->arg = arg;

  hbus_error error;
  if (websocket_url_parse(options->url, &self->url, &error) != HBUS_OK) goto fail;
  websocket_url_authority(&self->url, self->authority, sizeof self->authority);
  websocket_tls_files files = {options->ca_file, options->client_cert_file, options->client_key_file};
  self->vhost = websocket_context_vhost(context, self->url.tls ? &files : NULL, &self->ssl, &error);
  if (!self->vhost) goto fail;
  self->resolving =
      resolver_start(websocket_context_loop(context), self->url.host, self->url.port, s_on_resolved, self);
  if (!self->resolving) {
    hbus_fail(&error, HBUS_NO_MEMORY, "the look-up of %s could not be started", self->url.host);
    goto fail;
  }
  uv_timer_start(&self->deadline, s_on_connect_timeout, self->connect_timeout_ms, 0);
  return self;

fail:
  s_set_reason(self, HBUS_LINK_DOWN, "%s", error.text);
  s_finish_soon(self);
  return self;
}

/* The verdict of OpenSSL on one certificate of the chain. It names the cause, which the end of the handshake does not.
 */
static void s_on_certificate(websocket *self, X509_STORE_CTX *store, bool accepted) {
  if (accepted) return;
  s_set_reason(self, HBUS_LINK_DOWN, "the certificate of %s is refused: %s", self->url.host,
               websocket_tls_refusal(X509_STORE_CTX_get_error(store)));
}

static void s_on_connect_failed(websocket *self, const char *said, size_t size) {
  unsigned http_status = lws_http_client_http_response(self->wsi);
  const char *tls = websocket_tls_failure(self->ssl);
  lws_set_opaque_user_data(self->wsi, NULL);
  self->wsi = NULL;
  if (!self->reached) {
    uv_timer_start(&self->step, s_connect_next, 0, 0);
    return;
  }
  if (self->close_reason[0] == '\0' && tls) {
    s_set_reason(self, HBUS_LINK_DOWN, "%s", tls);
  } else if (self->close_reason[0] == '\0') {
    websocket_reason_handshake(&self->url, said, size, http_status, self->close_reason, sizeof self->close_reason);
    self->close_code = HBUS_LINK_DOWN;
  }
  s_finish(self);
}

/* ---- silence ---- */

static void s_on_ping_time(uv_timer_t *timer) {
  websocket *self = timer->data;
  uint64_t now_ms = uv_now(timer->loop);
  /* When it is we who were silent (a stopped process, a sleeping machine), its answer may lie there unread. */
  if (now_ms - self->asked_at_ms >= 2 * self->ping_ms) self->heard_at_ms = now_ms;
  uint64_t silent_ms = now_ms - self->heard_at_ms;
  if (silent_ms >= self->hang_up_ms) {
    s_set_reason(self, HBUS_TIMEOUT, "no answer to a ping for %llu ms", (unsigned long long)self->hang_up_ms);
    s_finish(self);
    return;
  }
  self->asked_at_ms = now_ms;
  self->ping_due = true;
  lws_callback_on_writable(self->wsi);
  uint64_t left_ms = self->hang_up_ms - silent_ms;
  uv_timer_start(timer, s_on_ping_time, left_ms < self->ping_ms ? left_ms : self->ping_ms, 0);
}

static void s_on_established(websocket *self) {
  self->state = OPEN;
  self->heard_at_ms = self->asked_at_ms = uv_now(websocket_context_loop(self->context));
  uv_timer_start(&self->deadline, s_on_ping_time, self->ping_ms, 0);
  self->callbacks.on_open(self->arg);
}

/* ---- messages ---- */

static void s_begin_close(websocket *self, unsigned status);

/* Takes the next piece of a message. A message that comes in one piece, the common case, is not copied. */
static void s_on_receive(websocket *self, const char *piece, size_t size) {
  if (self->state != OPEN) return;
  size_t remaining = lws_remaining_packet_payload(self->wsi); /* of this frame; there may be more frames */
  bool whole = lws_is_final_fragment(self->wsi);
  size_t before = self->message_size;
  self->message_size += size;
  if (self->message_size + remaining > self->frame_max) self->skipping = true;
  if ((self->message_size + remaining) / WEBSOCKET_SKIP_FACTOR > self->frame_max) { /* it might never end */
    s_set_reason(self, HBUS_LINK_DOWN, "the server sends a message of %zu bytes or more",
                 self->message_size + remaining);
    s_begin_close(self, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    return;
  }

  const char *message = self->message;
  if (before == 0 && whole && size <= WEBSOCKET_RECEIVE_SIZE)
    message = piece; /* in a buffer of WEBSOCKET_RECEIVE_SIZE + WEBSOCKET_READABLE_BEHIND */
  else if (!self->skipping)
    memcpy(self->message + before, piece, size);
  if (!whole) return;

  size_t message_size = self->message_size;
  bool skipped = self->skipping;
  self->message_size = 0;
  self->skipping = false;
  if (skipped)
    self->callbacks.on_oversize(self->arg, message_size);
  else
    self->callbacks.on_message(self->arg, message, message_size);
}

hbus_status websocket_send(websocket *self, const char *text, size_t size) {
  if (self->state != OPEN) return HBUS_LINK_DOWN;
  hbus_status status = send_queue_push(&self->outgoing, text, size);
  if (status == HBUS_OK) lws_callback_on_writable(self->wsi);
  return status;
}

size_t websocket_pending(const websocket *self) {
  return self->outgoing.count;
}

/* One write for each time the connection can take one: libwebsockets' rule. Non-zero: end the connection. */
static int s_on_writeable(websocket *self) {
  if (self->state != OPEN) return 0;
  if (self->ping_due) {
    unsigned char buffer[LWS_PRE];
    self->ping_due = false;
    if (lws_write(self->wsi, buffer + LWS_PRE, 0, LWS_WRITE_PING) < 0) return -1;
    if (self->outgoing.count > 0) lws_callback_on_writable(self->wsi);
    return 0;
  }
  send_frame *frame = send_queue_pop(&self->outgoing);
  if (!frame) return 0;
  int written = lws_write(self->wsi, send_frame_text(frame), send_frame_size(frame), LWS_WRITE_TEXT);
  send_frame_free(frame);
  if (written < 0) return -1;
  if (self->outgoing.count > 0) lws_callback_on_writable(self->wsi);
  return 0;
}

/* ---- closing ---- */

/* Has libwebsockets write the close frame and wait for the server's. A callback that returns -1 would not do: Debian's
 * 4.1.6 is a debug build, which then closes twice, to see whether it can, and drops the frame. */
static void s_on_close_time(uv_timer_t *timer) {
  websocket *self = timer->data;
  size_t size = utf8_cut(self->close_reason, strlen(self->close_reason), CLOSE_TEXT_MAX);
  lws_close_reason(self->wsi, self->close_status, (unsigned char *)self->close_reason, size);
  lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void s_begin_close(websocket *self, unsigned status) {
  self->state = CLOSING;
  self->close_status = status;
  send_queue_clear(&self->outgoing);
  uv_timer_start(&self->deadline, s_on_finish_time, CLOSE_TIMEOUT_MS, 0);
  uv_timer_start(&self->step, s_on_close_time, 0, 0); /* not from here: it can call back at once */
}

void websocket_close(websocket *self, const char *reason) {
  if (self->state == CLOSING || self->state == CLOSED) return;
  bool open = self->state == OPEN;
  s_set_reason(self, HBUS_LINK_DOWN, "%s", reason);
  if (open)
    s_begin_close(self, LWS_CLOSE_STATUS_NORMAL);
  else
    s_finish_soon(self);
}

/* Non-zero: end the connection now, for this answers a close of ours. */
static int s_on_peer_close(websocket *self, const unsigned char *payload, size_t size) {
  if (self->state != OPEN) return -1;
  websocket_reason_closed(payload, size, self->close_reason, sizeof self->close_reason);
  self->close_code = HBUS_LINK_DOWN;
  return 0;
}

/* Why it is gone without a close frame. libwebsockets hangs up without a word on what is no WebSocket, but the server's
 * end of the connection is then still there. */
static const char *s_explain_end(struct lws *wsi) {
  SSL *ssl = lws_get_ssl(wsi);
  char byte;
  ssize_t peeked = recv(lws_get_socket_fd(wsi), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
  bool there = peeked > 0 || (peeked < 0 && errno == EAGAIN);
  if (!there || (ssl && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)) return "the server hung up";
  return lws_get_reserved_bits(wsi) ? "the server broke the WebSocket protocol: a frame with reserved bits set"
                                    : "the server broke the WebSocket protocol (RFC 6455): a frame that is not allowed";
}

/* `wsi` is still whole when libwebsockets tells of the close, and not when it tells of the end of the memory. */
static void s_on_closed(websocket *self, bool whole) {
  /* A server of TLS 1.3 judges our certificate when we are through with our part. */
  const char *tls = self->state == CONNECTING ? websocket_tls_failure(self->ssl) : NULL;
  if (self->close_reason[0] == '\0' && tls)
    s_set_reason(self, HBUS_LINK_DOWN, "%s", tls);
  else if (self->close_reason[0] == '\0')
    s_set_reason(self, HBUS_LINK_DOWN, "%s", whole ? s_explain_end(self->wsi) : "the server hung up");
  lws_set_opaque_user_data(self->wsi, NULL);
  self->wsi = NULL;
  s_finish(self);
}

static void s_on_timer_closed(uv_handle_t *handle) {
  websocket *self = handle->data;
  if (--self->open_handles > 0) return;
  free(self->message);
  free(self);
}

void websocket_destroy(websocket **self) {
  websocket *gone = *self;
  if (!gone) return;
  *self = NULL;
  s_stop(gone);
  uv_close((uv_handle_t *)&gone->deadline, s_on_timer_closed);
  uv_close((uv_handle_t *)&gone->step, s_on_timer_closed);
}

/* ---- what libwebsockets calls ---- */

/* An orphan is told to go by every answer that libwebsockets heeds. */
static int s_on_orphan(enum lws_callback_reasons reason) {
  return reason == LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH || reason == LWS_CALLBACK_CLIENT_ESTABLISHED ||
                 reason == LWS_CALLBACK_CLIENT_RECEIVE || reason == LWS_CALLBACK_CLIENT_WRITEABLE
             ? -1
             : 0;
}

int websocket_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  switch (reason) {
  case LWS_CALLBACK_WSI_CREATE:
  case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
  case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
  case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
  case LWS_CALLBACK_CLIENT_ESTABLISHED:
  case LWS_CALLBACK_CLIENT_RECEIVE:
  case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
  case LWS_CALLBACK_CLIENT_WRITEABLE:
  case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
  case LWS_CALLBACK_CLIENT_CLOSED:
  case LWS_CALLBACK_WSI_DESTROY: break;
  default: return 0; /* not about a connection of ours: `wsi` may be a dummy */
  }
  websocket *self = lws_get_opaque_user_data(wsi);
  if (!self || self->wsi != wsi) return s_on_orphan(reason);

  switch (reason) {
  case LWS_CALLBACK_WSI_CREATE: self->reached = true; break;
  case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION: s_on_certificate(self, user, size != 0); break;
  case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: s_on_connect_failed(self, in, size); break;
  case LWS_CALLBACK_CLIENT_ESTABLISHED: s_on_established(self); break;
  case LWS_CALLBACK_CLIENT_RECEIVE: s_on_receive(self, in, size); break;
  case LWS_CALLBACK_CLIENT_RECEIVE_PONG: self->heard_at_ms = uv_now(websocket_context_loop(self->context)); break;
  case LWS_CALLBACK_CLIENT_WRITEABLE: return s_on_writeable(self);
  case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: return s_on_peer_close(self, in, size);
  case LWS_CALLBACK_CLIENT_CLOSED: s_on_closed(self, true); break;
  case LWS_CALLBACK_WSI_DESTROY: s_on_closed(self, false); break;
  default: break;
  }
  return 0;
}
