/* Why a WebSocket failed or ended, as sentences for people, from what libwebsockets and the server say. */
#ifndef BROKER_WEBSOCKET_REASON_H
#define BROKER_WEBSOCKET_REASON_H

#include <stddef.h>

#include "broker/link/websocket_url.h"

/* The handshake failed: libwebsockets said `said` (not NUL-terminated; may be NULL) and the server answered with
 * `http_status` (0: it did not). */
void websocket_reason_handshake(const websocket_url *url, const char *said, size_t said_size, unsigned http_status,
                                char *out, size_t size);
/* The server sent a close frame with this payload (RFC 6455, section 5.5.1). */
void websocket_reason_closed(const unsigned char *payload, size_t payload_size, char *out, size_t size);

#endif
