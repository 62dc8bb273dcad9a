#include "broker/link/websocket_reason.h"

#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

#define CLOSE_CODE_SIZE 2
#define CLOSE_TEXT_MAX  123

/* What libwebsockets 4.1.6 says, by its first words. Its TLS messages ("connect SSL err 1: …") name no cause. */
static const struct {
  const char *said;
  const char *means;
} s_sentences[] = {
    {"connect S", "the TLS handshake failed; is it a TLS port?"},
    {"Peer hung up", "the server hung up during the handshake"},
    {"closed before established", "the server hung up during the handshake"},
    {"Closed before conn", "the server hung up during the handshake"},
    {"read failed", "the server hung up during the handshake"},
    {"problems parsing header", "the server does not speak HTTP"},
    {"HS: ACCEPT missing", "the server's handshake is not a WebSocket's"},
    {"HS: UPGRADE missing", "the server's handshake is not a WebSocket's"},
    {"HS: UPGRADE malformed", "the server's handshake is not a WebSocket's"},
    {"HS: Upgrade to something", "the server's handshake is not a WebSocket's"},
    {"HS: Accept hash wrong", "the server's handshake is not a WebSocket's"},
    {"HS: PROTOCOL malformed", "the server chose a subprotocol that was not offered"},
    {"HS: Cannot match protocol", "the server chose a subprotocol that was not offered"},
    {"HS: EXT", "the server chose an extension that was not offered"},
};

void websocket_reason_handshake(const websocket_url *url, const char *said, size_t said_size, unsigned http_status,
                                char *out, size_t size) {
  if (http_status != 0 && http_status != 101) {
    snprintf(out, size, "the server has no WebSocket at %.100s (HTTP status %u)", url->path, http_status);
    return;
  }
  for (size_t i = 0; said && i < sizeof s_sentences / sizeof *s_sentences; i++) {
    size_t prefix = strlen(s_sentences[i].said);
    if (said_size >= prefix && memcmp(said, s_sentences[i].said, prefix) == 0) {
      snprintf(out, size, "%s", s_sentences[i].means);
      return;
    }
  }
  snprintf(out, size, "the handshake failed: %.*s", said ? (int)said_size : 7, said ? said : "unknown");
}

void websocket_reason_closed(const unsigned char *payload, size_t payload_size, char *out, size_t size) {
  if (payload_size < CLOSE_CODE_SIZE) {
    snprintf(out, size, "closed by the server");
    return;
  }
  unsigned code = (unsigned)payload[0] << 8 | payload[1];
  char text[CLOSE_TEXT_MAX + 1];
  size_t text_size = payload_size - CLOSE_CODE_SIZE;
  if (text_size > CLOSE_TEXT_MAX) text_size = CLOSE_TEXT_MAX;
  bool is_utf8 = utf8_is_valid((const char *)payload + CLOSE_CODE_SIZE, text_size);
  for (size_t i = 0; i < text_size; i++) {
    unsigned char c = payload[CLOSE_CODE_SIZE + i];
    text[i] = c < ' ' || c == 127 || (c > 127 && !is_utf8) ? '?' : (char)c;
  }
  text[text_size] = '\0';
  snprintf(out, size, "closed by the server (%u%s%s)", code, text_size ? ": " : "", text);
}
