/* Reading the vectors needs no JSON reader: a line's own keys come before its "json", each with a plain string. */
#include "vector.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE_MAX_SIZE 65536

/* ---- files ---- */

/* The JSON string behind `at`, which is behind its opening quote; gives the place behind its closing one. */
static const char *s_read_string(const char *at, char *out, size_t out_size) {
  size_t used = 0;
  for (; *at && *at != '"'; at++) {
    char c = *at;
    if (c == '\\') {
      c = *++at;
      if (c == 'u') { /* control characters only: all else stands as it is */
        unsigned long code = strtoul((char[]){at[1], at[2], at[3], at[4], 0}, NULL, 16);
        c = (char)code;
        at += 4;
      } else if (c == 'n') {
        c = '\n';
      }
    }
    cr_assert_lt(used + 1, out_size);
    out[used++] = c;
  }
  out[used] = '\0';
  return at + 1;
}

static void s_read_key(const char *line, const char *key, char *out, size_t out_size) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, "\"%s\": \"", key);
  const char *at = strstr(line, pattern);
  out[0] = '\0';
  if (at) s_read_string(at + strlen(pattern), out, out_size);
}

static void s_read_segments(const char *line, vector *out) {
  const char *at = strstr(line, "\"segments\": [");
  if (!at) return;
  at += strlen("\"segments\": [");
  while (*at == '"' || *at == ',' || *at == ' ') {
    if (*at != '"') {
      at++;
      continue;
    }
    cr_assert_lt(out->segment_count, VECTOR_SEGMENTS_MAX);
    at = s_read_string(at + 1, out->segments[out->segment_count++], sizeof out->segments[0]);
  }
}

static unsigned s_hex(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static vector s_read_line(char *line) {
  vector self = {0};
  char *json = strstr(line, ", \"json\": ");
  if (json) *json = '\0';
  s_read_key(line, "name", self.name, sizeof self.name);
  s_read_key(line, "decoder", self.decoder, sizeof self.decoder);
  s_read_key(line, "code", self.code, sizeof self.code);
  s_read_key(line, "error", self.error, sizeof self.error);
  s_read_key(line, "same_as", self.same_as, sizeof self.same_as);
  s_read_key(line, "stream", self.stream, sizeof self.stream);
  s_read_key(line, "topic", self.topic, sizeof self.topic);
  s_read_key(line, "text", self.text, sizeof self.text);
  s_read_segments(line, &self);
  char *hex = malloc(LINE_MAX_SIZE);
  s_read_key(line, "hex", hex, LINE_MAX_SIZE);
  self.size = strlen(hex) / 2;
  self.data = malloc(self.size + 1);
  for (size_t i = 0; i < self.size; i++)
    self.data[i] = (uint8_t)(s_hex(hex[2 * i]) << 4 | s_hex(hex[2 * i + 1]));
  free(hex);
  cr_assert_neq(self.name[0], '\0');
  return self;
}

vector_list vectors_load(const char *group) {
  char path[512];
  snprintf(path, sizeof path, HBUS_TESTS_DIR "/vectors/%s.jsonl", group);
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "%s cannot be read", path);
  vector_list self = {0};
  char *line = malloc(LINE_MAX_SIZE);
  while (fgets(line, LINE_MAX_SIZE, file)) {
    self.items = realloc(self.items, (self.count + 1) * sizeof *self.items);
    self.items[self.count++] = s_read_line(line);
  }
  free(line);
  fclose(file);
  cr_assert_gt(self.count, 0);
  return self;
}

void vectors_free(vector_list *self) {
  for (size_t i = 0; i < self->count; i++)
    free(self->items[i].data);
  free(self->items);
  *self = (vector_list){0};
}

const vector *vectors_find(const vector_list *self, const char *name) {
  for (size_t i = 0; i < self->count; i++)
    if (strcmp(self->items[i].name, name) == 0) return &self->items[i];
  cr_assert(false, "there is no vector %s", name);
  return NULL;
}

hbus_status vector_status(const char *name) {
  for (int i = 0; i < HBUS_STATUS_COUNT; i++)
    if (strcmp(hbus_status_name((hbus_status)i), name) == 0) return (hbus_status)i;
  cr_assert(false, "there is no status %s", name);
  return HBUS_STATUS_COUNT;
}

/* ---- guard pages ---- */

guard guard_new(size_t size_max) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  guard self = {.size = (size_max / page + 1) * page};
  self.memory = mmap(NULL, self.size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(self.memory, MAP_FAILED);
  cr_assert_eq(mprotect(self.memory + self.size, page, PROT_NONE), 0);
  return self;
}

void guard_free(guard *self) {
  munmap(self->memory, self->size + (size_t)sysconf(_SC_PAGESIZE));
  *self = (guard){0};
}

const uint8_t *guard_place(guard *self, const uint8_t *data, size_t size) {
  cr_assert_leq(size, self->size);
  uint8_t *at = self->memory + self->size - size;
  if (size > 0) memmove(at, data, size);
  return at;
}

/* ---- attack ---- */

static void s_check_survivor(const vector *self, size_t at, vector_decoder *decode, const buffer *first) {
  buffer second;
  buffer_init(&second, HBUS_FRAME_MAX);
  cr_assert_eq(decode(first->data, first->size, &second), HBUS_OK, "%s: byte %zu: its own form is refused", self->name,
               at);
  cr_assert(second.size == first->size && memcmp(second.data, first->data, first->size) == 0,
            "%s: byte %zu: packs to something else the second time", self->name, at);
  buffer_free(&second);
}

void vector_attack(const vector *self, vector_decoder *decode) {
  guard page = guard_new(self->size + 1);
  buffer out;
  buffer_init(&out, HBUS_FRAME_MAX);
  for (size_t size = 0; size < self->size; size++)
    cr_assert_neq(decode(guard_place(&page, self->data, size), size, &out), HBUS_OK, "%s cut to %zu bytes", self->name,
                  size);
  uint8_t *changed = malloc(self->size + 1);
  memcpy(changed, self->data, self->size);
  changed[self->size] = 0xc0;
  cr_assert_neq(decode(guard_place(&page, changed, self->size + 1), self->size + 1, &out), HBUS_OK,
                "%s and a byte more", self->name);
  unsigned step = self->size > 600 ? 31 : 1; /* the long ones are more of the same */
  for (size_t at = 0; at < self->size; at++) {
    for (unsigned flip = 1; flip < 256; flip += step) {
      changed[at] = self->data[at] ^ (uint8_t)flip;
      buffer_reset(&out);
      hbus_status status = decode(guard_place(&page, changed, self->size), self->size, &out);
      if (status == HBUS_OK && out.size > 0) s_check_survivor(self, at, decode, &out);
    }
    changed[at] = self->data[at];
  }
  free(changed);
  buffer_free(&out);
  guard_free(&page);
}
