/* RFC 6455 as libwebsockets 4.1.6 and websocket.c have it: every message that is allowed arrives, and what is not
 * allowed ends in a way that is written down here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/websocket_stage.h"

/* ---- fragments ---- */

/* Sends one fragment, and before it a ping, as RFC 6455, section 5.4, allows. */
static void s_send_piece(stage *at, bool first, bool last, const char *piece, size_t size) {
  if (!first) server_send_frame(at->server, true, OPCODE_PING, "in between", 10);
  server_send_frame(at->server, last, first ? OPCODE_TEXT : OPCODE_CONTINUATION, piece, size);
}

static void s_expect_text(stage *at, unsigned messages, const char *text, size_t size) {
  RUN_UNTIL(at->messages == messages || at->closed);
  cr_assert_eq(at->closed, 0, "%s", at->close_reason);
  cr_assert_eq(at->last_size, size);
  cr_assert_eq(memcmp(at->last, text, size), 0);
}

Test(websocket_conformance, puts_two_and_three_fragments_together_at_every_split) {
  static const char text[] = "{\"type\":\"ticker\",\"data\":{\"symbol\":\"\xe2\x82\xac-USD\"}}";
  const size_t size = sizeof text - 1;
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  unsigned messages = 0;
  for (size_t first = 0; first <= size; first++) {
    s_send_piece(at, true, false, text, first);
    s_send_piece(at, false, true, text + first, size - first);
    s_expect_text(at, ++messages, text, size);
    for (size_t second = first; second <= size; second++) {
      s_send_piece(at, true, false, text, first);
      s_send_piece(at, false, false, text + first, second - first);
      s_send_piece(at, false, true, text + second, size - second);
      s_expect_text(at, ++messages, text, size);
    }
  }
  cr_assert_eq(at->behind, 0);
  stage_destroy(at);
}

Test(websocket_conformance, puts_fragments_of_one_byte_together) {
  static const char text[] = "{\"type\":\"ticker\"}";
  const size_t size = sizeof text - 1;
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  for (unsigned round = 1; round <= 3; round++) {
    for (size_t i = 0; i < size; i++)
      s_send_piece(at, i == 0, i + 1 == size, text + i, 1);
    s_expect_text(at, round, text, size);
  }
  stage_destroy(at);
}

Test(websocket_conformance, takes_a_stream_cut_anywhere_by_tcp) {
  /* a ping, a short message, one with a length of two bytes, an empty one: as bytes, which come in two parts */
  char stream[512] = "\x89\x02hi\x81\x03one\x81\x7e\x00\x80";
  size_t size = 4 + 5 + 4;
  memset(stream + size, 'x', 128);
  size += 128;
  memcpy(stream + size, "\x81\x00", 2);
  size += 2;
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  for (size_t cut = 1; cut < size; cut++) {
    unsigned before = at->messages;
    server_send_raw(at->server, stream, cut);
    for (unsigned i = 0; i < 4; i++)
      uv_run(&at->loop, UV_RUN_NOWAIT); /* so that they are read apart */
    server_send_raw(at->server, stream + cut, size - cut);
    RUN_UNTIL(at->messages == before + 3 || at->closed);
    cr_assert_eq(at->closed, 0, "cut at %zu: %s", cut, at->close_reason);
    cr_assert_eq(at->last_size, 0);
  }
  stage_destroy(at);
}

/* ---- pings ---- */

static void s_keep_pong(server *self, void *arg, int opcode, const char *payload, size_t size) {
  (void)self;
  stage *at = arg;
  if (opcode != OPCODE_PONG) return;
  at->echoes++;
  at->last_size = size;
  memcpy(at->last, payload, size);
}

Test(websocket_conformance, answers_a_ping_with_its_payload) {
  char payload[125];
  for (size_t i = 0; i < sizeof payload; i++)
    payload[i] = (char)(i * 7);
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_frame = s_keep_pong});
  for (unsigned size = 0; size <= sizeof payload; size++) {
    server_send_frame(at->server, true, OPCODE_PING, payload, size);
    RUN_UNTIL(at->echoes == size + 1 || at->closed);
    cr_assert_eq(at->closed, 0, "%u: %s", size, at->close_reason);
    cr_assert_eq(at->last_size, size);
    cr_assert_eq(memcmp(at->last, payload, size), 0);
  }
  server_send_frame(at->server, true, OPCODE_PONG, "unasked", 7); /* section 5.5.3: allowed, and says nothing */
  server_send_frame(at->server, true, OPCODE_TEXT, "after", 5);
  RUN_UNTIL(at->messages == 1 || at->closed);
  cr_assert_eq(at->closed, 0, "%s", at->close_reason);
  stage_destroy(at);
}

/* ---- what is no WebSocket ---- */

#define VIOLATION "the server broke the WebSocket protocol"

static const struct {
  const char *name;
  const char *bytes;
  size_t size;
  const char *reason; /* how the reason begins */
} s_violations[] = {
#define BYTES(text) text, sizeof text - 1
    {"reserved bit 1", BYTES("\xc1\x01x"), VIOLATION ": a frame with reserved bits set"},
    {"reserved bit 2", BYTES("\xa1\x01x"), VIOLATION ": a frame with reserved bits set"},
    {"reserved bit 3", BYTES("\x91\x01x"), VIOLATION ": a frame with reserved bits set"},
    {"opcode 3", BYTES("\x83\x01x"), VIOLATION},
    {"opcode 4", BYTES("\x84\x01x"), VIOLATION},
    {"opcode 5", BYTES("\x85\x01x"), VIOLATION},
    {"opcode 6", BYTES("\x86\x01x"), VIOLATION},
    {"opcode 7", BYTES("\x87\x01x"), VIOLATION},
    {"opcode 11", BYTES("\x8b\x01x"), VIOLATION},
    {"opcode 12", BYTES("\x8c\x01x"), VIOLATION},
    {"opcode 13", BYTES("\x8d\x01x"), VIOLATION},
    {"opcode 14", BYTES("\x8e\x01x"), VIOLATION},
    {"opcode 15", BYTES("\x8f\x01x"), VIOLATION},
    {"a ping in fragments", BYTES("\x09\x01x"), VIOLATION},
    {"a pong in fragments", BYTES("\x0a\x01x"), VIOLATION},
    {"a close in fragments", BYTES("\x08\x02\x03\xe8"), VIOLATION},
    {"a long ping", BYTES("\x89\x7e\x00\x7e"), VIOLATION},
    {"a longer ping", BYTES("\x89\x7f\0\0\0\0\0\1\0\0"), VIOLATION},
    {"a long close", BYTES("\x88\x7e\x00\x7e"), VIOLATION},
    {"a continuation of nothing", BYTES("\x80\x01x"), VIOLATION},
    {"a second message inside of the first", BYTES("\x01\x01x\x81\x01y"), VIOLATION},
    {"a continuation after the end", BYTES("\x01\x01x\x80\x01y\x80\x01z"), VIOLATION},
    {"a length of 2^63", BYTES("\x81\x7f\x80\0\0\0\0\0\0\0xxxx"), VIOLATION},
};

Test(websocket_conformance, hangs_up_on_what_is_not_allowed_and_says_so) {
  for (size_t i = 0; i < sizeof s_violations / sizeof *s_violations; i++) {
    stage *at = stage_new();
    stage_connect_good(at, NULL);
    server_send_frame(at->server, true, OPCODE_TEXT, "before", 6);
    server_send_raw(at->server, s_violations[i].bytes, s_violations[i].size);
    RUN_UNTIL(at->closed);
    cr_expect_eq(at->close_code, HBUS_LINK_DOWN);
    cr_expect_eq(strncmp(at->close_reason, s_violations[i].reason, strlen(s_violations[i].reason)), 0, "%s: %s",
                 s_violations[i].name, at->close_reason);
    cr_expect_geq(at->messages, 1, "%s: what came before is lost", s_violations[i].name);
    stage_destroy(at);
  }
}

/* A client's frames are masked, a server's are not (section 5.1). libwebsockets takes them all the same, but does not
 * begin the mask anew with each frame: the first is right, a later one is right or garbled, which the decoder refuses.
 */
Test(websocket_conformance, takes_masked_frames_and_loses_none) {
  stage *at = stage_new();
  stage_connect_good(at, NULL);
  server_send_raw(at->server,
                  "\x81\x85\x01\x02\x03\x04"
                  "igohn",
                  11);
  s_expect_text(at, 1, "hello", 5);
  server_send_raw(at->server,
                  "\x81\x85\x01\x02\x03\x04"
                  "igohn",
                  11);
  RUN_UNTIL(at->messages == 2 || at->closed);
  cr_assert_eq(at->last_size, 5);
  server_send_frame(at->server, true, OPCODE_TEXT, "plain", 5);
  s_expect_text(at, 3, "plain", 5);
  stage_destroy(at);
}

/* ---- size ---- */

static void s_keep_close(server *self, void *arg, int opcode, const char *payload, size_t size) {
  (void)self;
  stage *at = arg;
  if (opcode != OPCODE_CLOSE) return;
  at->echoes++;
  at->last_size = size;
  memcpy(at->last, payload, size);
}

static unsigned s_closed_with(const stage *at) {
  return at->last_size < 2 ? 0 : (unsigned)(unsigned char)at->last[0] << 8 | (unsigned char)at->last[1];
}

Test(websocket_conformance, gives_up_on_a_message_that_need_never_end) {
  static char piece[FRAME_MAX];
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_frame = s_keep_close});
  server_send_raw(at->server, "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10); /* 2^63 - 1 */
  server_send_raw(at->server, piece, sizeof piece);
  RUN_UNTIL(at->closed);
  cr_assert_str_eq(at->close_reason, "the server sends a message of 9223372036854775807 bytes or more");
  stage_destroy(at);
}

Test(websocket_conformance, gives_up_on_fragments_without_end) {
  static char piece[FRAME_MAX];
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_frame = s_keep_close});
  server_send_frame(at->server, false, OPCODE_TEXT, piece, sizeof piece);
  for (unsigned sent = 1; sent <= WEBSOCKET_SKIP_FACTOR + 1 && !at->closed; sent++) {
    server_send_frame(at->server, false, OPCODE_CONTINUATION, piece, sizeof piece);
    uv_run(&at->loop, UV_RUN_NOWAIT);
  }
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->echoes, 1);
  cr_assert_eq(s_closed_with(at), 1009);
  cr_assert_not_null(strstr(at->close_reason, "the server sends a message of 17"), "%s", at->close_reason);
  cr_assert_eq(at->oversized, 0);
  stage_destroy(at);
}

Test(websocket_conformance, hangs_up_on_a_frame_that_never_ends) {
  stage *at = stage_new();
  at->ping_ms = 50;
  at->hang_up_ms = 200;
  stage_connect_good(at, NULL);
  server_send_raw(at->server, "\x81\x05hel", 5); /* and what it answers to pings goes into the frame */
  server_stop_reading(at->server);
  RUN_UNTIL(at->closed);
  cr_assert_eq(at->close_code, HBUS_TIMEOUT);
  cr_assert_eq(at->messages, 0);
  stage_destroy(at);
}

/* ---- the close handshake ---- */

/* The server closes with this payload: what are we told, and what is it answered? */
static void s_expect_close(const char *payload, size_t size, unsigned answer, const char *reason) {
  stage *at = stage_new();
  stage_connect_good(at, &(server_callbacks){.on_frame = s_keep_close});
  server_send_frame(at->server, true, OPCODE_TEXT, "before", 6);
  server_send_frame(at->server, true, OPCODE_CLOSE, payload, size);
  RUN_UNTIL(at->closed && at->echoes);
  cr_expect_eq(at->messages, 1, "what came before is lost");
  cr_expect_eq(at->close_code, HBUS_LINK_DOWN);
  cr_expect_str_eq(at->close_reason, reason);
  cr_expect_eq(s_closed_with(at), answer, "%s: answered with %u", reason, s_closed_with(at));
  stage_destroy(at);
}

Test(websocket_conformance, answers_each_close_code_that_it_knows) {
  static const unsigned codes[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    char payload[6] = {(char)(codes[i] >> 8), (char)codes[i], 'd', 'o', 'n', 'e'}, reason[64];
    snprintf(reason, sizeof reason, "closed by the server (%u)", codes[i]);
    s_expect_close(payload, 2, codes[i], reason);
    snprintf(reason, sizeof reason, "closed by the server (%u: done)", codes[i]);
    s_expect_close(payload, 6, codes[i], reason);
  }
  s_expect_close("", 0, 0, "closed by the server");
}

/* libwebsockets makes 1002 (protocol error) of a code that must not be sent, and of 1012 to 1014, which were registered
 * after RFC 6455, before anybody sees it. */
Test(websocket_conformance, answers_an_invalid_close_code_with_a_protocol_error) {
  static const unsigned codes[] = {0, 1, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    char payload[2] = {(char)(codes[i] >> 8), (char)codes[i]};
    s_expect_close(payload, 2, 1002, "closed by the server (1002)");
  }
}

Test(websocket_conformance, survives_close_frames_that_are_malformed) {
  s_expect_close("\x03", 1, 0, "closed by the server");
  s_expect_close("\x03\xe8"
                 "a\xff\xc3",
                 5, 1000, "closed by the server (1000: a?\?)");
  s_expect_close("\x03\xe8"
                 "\xe2\x82\xac",
                 5, 1000, "closed by the server (1000: \xe2\x82\xac)");
}
