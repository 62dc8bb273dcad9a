/* A WebSocket URL taken apart: ws://HOST[:PORT][/PATH] or wss://… (RFC 6455, section 3).
 *
 * No user name (a secret in a URL ends in logs), no fragment (RFC 6455 forbids it).
 */
#ifndef BROKER_WEBSOCKET_URL_H
#define BROKER_WEBSOCKET_URL_H

#include <stddef.h>
#include <stdint.h>

#include "hbus/status.h"

/* libwebsockets 4.1.6 copies the host into 128 bytes before it checks the certificate against it. */
#define WEBSOCKET_HOST_MAX 127
#define WEBSOCKET_PATH_MAX 1024
#define WEBSOCKET_URL_MAX  (sizeof "wss://[]:65535" + WEBSOCKET_HOST_MAX + WEBSOCKET_PATH_MAX)

typedef struct websocket_url {
  bool tls;
  uint16_t port;
  char host[WEBSOCKET_HOST_MAX + 1]; /* a name or an address; an IPv6 address without its brackets */
  char path[WEBSOCKET_PATH_MAX + 1]; /* from the first slash, query included; "/" when the URL had none */
} websocket_url;

/* HBUS_INVALID_REQUEST with what is wrong in `error`. */
hbus_status websocket_url_parse(const char *text, websocket_url *out, hbus_error *error);
/* HOST or HOST:PORT where the port is not the scheme's own: the Host header of the handshake. Cut to `size`. */
void websocket_url_authority(const websocket_url *self, char *out, size_t size);
/* The URL as text, which parses to the same. WEBSOCKET_URL_MAX bytes are always enough; a shorter `size` cuts. */
void websocket_url_format(const websocket_url *self, char *out, size_t size);

#endif
