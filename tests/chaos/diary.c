#include "tests/chaos/diary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  4096
#define BUFFER_MAX 65536

/* --- writing --- */

static void s_init(diary *self, FILE *file) {
  *self = (diary){.file = file, .names = calloc(NAMES_MAX, sizeof *self->names)};
  assert(self->names);
  setvbuf(file, NULL, _IOFBF, BUFFER_MAX);
}

void diary_create(diary *self, const char *path) {
  FILE *file = fopen(path, "we");
  assert(file);
  s_init(self, file);
}

void diary_close(diary *self) {
  fclose(self->file);
  free(self->names);
  *self = (diary){0};
}

void diary_write(diary *self, const diary_record *record) {
  size_t written = fwrite(record, sizeof *record, 1, self->file);
  assert(written == 1);
}

/* Few names, and mostly the same as lately: from the end on. */
static bool s_find(const diary *self, const char *name, uint16_t *out) {
  for (size_t i = self->name_count; i-- > 0;) {
    if (strcmp(self->names[i], name) != 0) continue;
    *out = (uint16_t)i;
    return true;
  }
  return false;
}

static uint16_t s_add(diary *self, const char *name) {
  assert(self->name_count < NAMES_MAX);
  uint16_t number = (uint16_t)self->name_count++;
  diary_record record = {.kind = DIARY_NAME, .topic = number, .seq = strlen(name)};
  memcpy(self->names[number], name, record.seq + 1);
  diary_write(self, &record);
  size_t written = fwrite(name, 1, record.seq, self->file);
  assert(written == record.seq);
  return number;
}

void diary_write_about(diary *self, diary_record record, const char *name) {
  if (!s_find(self, name, &record.topic)) record.topic = s_add(self, name);
  diary_write(self, &record);
}

void diary_flush(diary *self) {
  int status = fflush(self->file);
  assert(status == 0);
}

/* --- reading --- */

bool diary_open(diary *self, const char *path) {
  FILE *file = fopen(path, "re");
  if (file) s_init(self, file);
  return file != NULL;
}

static bool s_take_name(diary *self, const diary_record *record) {
  assert(record->topic == self->name_count && self->name_count < NAMES_MAX && record->seq <= HBUS_TOPIC_MAX);
  char *name = self->names[self->name_count++];
  return fread(name, 1, record->seq, self->file) == record->seq;
}

bool diary_read(diary *self, diary_record *out) {
  while (fread(out, sizeof *out, 1, self->file) == 1) {
    if (out->kind != DIARY_NAME) return true;
    if (!s_take_name(self, out)) return false;
  }
  return false;
}

/* FNV-1a of eight bytes at a time, folded: it has to keep up with the reader. */
uint32_t diary_digest(const uint8_t *body, size_t size) {
  uint64_t digest = UINT64_C(14695981039346656037), word;
  for (; size >= sizeof word; body += sizeof word, size -= sizeof word) {
    memcpy(&word, body, sizeof word);
    digest = (digest ^ word) * UINT64_C(1099511628211);
    digest ^= digest >> 32;
  }
  for (; size > 0; body++, size--)
    digest = (digest ^ *body) * UINT64_C(1099511628211);
  uint32_t folded = (uint32_t)(digest ^ digest >> 32);
  return folded ? folded : 1;
}
