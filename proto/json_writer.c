/* json_writer.h: runs of plain bytes are appended whole, only what JSON forbids is rewritten. */
#include "proto/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static void s_append(json_writer *self, const char *text, size_t size) {
  buffer_append(self->out, text, size);
}

/* Every value and key begins here, and leaves behind what the next one in its container needs. */
static void s_begin_value(json_writer *self) {
  if (self->need_comma) s_append(self, ",", 1);
  self->need_comma = true;
}

void json_writer_init(json_writer *self, buffer *out) {
  assert(self != NULL && out != NULL);
  self->out = out;
  self->need_comma = false;
}

/* ---- Containers ---- */

static void s_open(json_writer *self, const char *bracket) {
  s_begin_value(self);
  s_append(self, bracket, 1);
  self->need_comma = false;
}

static void s_close(json_writer *self, const char *bracket) {
  s_append(self, bracket, 1);
  self->need_comma = true;
}

void json_begin_object(json_writer *self) {
  s_open(self, "{");
}
void json_end_object(json_writer *self) {
  s_close(self, "}");
}
void json_begin_array(json_writer *self) {
  s_open(self, "[");
}
void json_end_array(json_writer *self) {
  s_close(self, "]");
}

void json_key(json_writer *self, const char *key) {
  json_key_text(self, key, strlen(key));
}

void json_key_text(json_writer *self, const char *key, size_t size) {
  json_text(self, key, size);
  s_append(self, ":", 1);
  self->need_comma = false;
}

/* ---- Strings ---- */

/* How many bytes the UTF-8 sequence has that begins with this byte past ASCII; 0 when it is none. */
static size_t s_sequence_size(const char *text, size_t size) {
  unsigned char first = (unsigned char)text[0];
  size_t expected = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return expected <= size && utf8_is_valid(text, expected) ? expected : 0;
}

/* RFC 8259, section 7: quote, backslash and the control characters must be escaped, nothing else is. */
static void s_append_escape(json_writer *self, unsigned char byte) {
  static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, the letter behind the backslash */
  char escape[8];
  for (size_t i = 0; i + 1 < sizeof short_forms; i += 2) {
    if ((unsigned char)short_forms[i] != byte) continue;
    int size = snprintf(escape, sizeof escape, "\\%c", short_forms[i + 1]);
    s_append(self, escape, (size_t)size);
    return;
  }
  int size = snprintf(escape, sizeof escape, "\\u%04x", byte);
  s_append(self, escape, (size_t)size);
}

static bool s_must_escape(unsigned char byte) {
  return byte < 0x20 || byte == '"' || byte == '\\';
}

void json_string(json_writer *self, const char *text) {
  json_text(self, text, strlen(text));
}

void json_text(json_writer *self, const char *text, size_t size) {
  s_begin_value(self);
  s_append(self, "\"", 1);
  size_t run = 0; /* text[run .. at) is good as it stands and not yet appended */
  size_t at = 0;
  while (at < size) {
    unsigned char byte = (unsigned char)text[at];
    bool must_escape = s_must_escape(byte);
    size_t step = must_escape ? 0 : byte < 0x80 ? 1 : s_sequence_size(text + at, size - at);
    at += step;
    if (step > 0) continue;
    s_append(self, text + run, at - run);
    if (must_escape)
      s_append_escape(self, byte);
    else
      s_append(self, "\xef\xbf\xbd", 3); /* U+FFFD */
    run = ++at;
  }
  s_append(self, text + run, at - run);
  s_append(self, "\"", 1);
}

/* ---- Numbers and words ---- */

void json_number_text(json_writer *self, const char *text, size_t size) {
  s_begin_value(self);
  s_append(self, text, size);
}

void json_unsigned(json_writer *self, uint64_t value) {
  char text[24];
  int size = snprintf(text, sizeof text, "%" PRIu64, value);
  json_number_text(self, text, (size_t)size);
}

void json_signed(json_writer *self, int64_t value) {
  char text[24];
  int size = snprintf(text, sizeof text, "%" PRId64, value);
  json_number_text(self, text, (size_t)size);
}

void json_bool(json_writer *self, bool value) {
  const char *text = value ? "true" : "false";
  json_number_text(self, text, strlen(text));
}

void json_null(json_writer *self) {
  json_number_text(self, "null", 4);
}

void json_seconds(json_writer *self, uint64_t ns) {
  char text[40];
  int size = snprintf(text, sizeof text, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_SECOND, ns % NS_PER_SECOND);
  while (text[size - 1] == '0')
    size--;
  if (text[size - 1] == '.') size--;
  json_number_text(self, text, (size_t)size);
}
