#include "tests/chaos/notebook.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/json.h"
#include "proto/json_writer.h"
#include "proto/names.h"

#define LINE_MAX_SIZE 4096
#define SHOWN_MAX     3 /* violations that are printed */

static const char *const s_notes[NOTEBOOK_NOTE_COUNT] = {"create", "again",    "told", "absent",
                                                         "cancel", "promised", "over", "violation"};

/* --- writing --- */

static void s_text(json_writer *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

static void s_number(json_writer *out, const char *key, uint64_t number) {
  json_key(out, key);
  json_unsigned(out, number);
}

static json_writer s_begin(notebook *self, notebook_note note, const ticket *about) {
  json_writer out;
  buffer_reset(&self->line);
  json_writer_init(&out, &self->line);
  json_begin_object(&out);
  s_text(&out, "note", s_notes[note]);
  s_text(&out, "id", about->create.client_order_id);
  return out;
}

static void s_end(notebook *self, json_writer *out) {
  json_end_object(out);
  buffer_append(&self->line, "\n", 1);
  bool written = write(self->file, self->line.data, self->line.size) == (ssize_t)self->line.size;
  assert(written);
}

static void s_write_create(json_writer *out, const hbus_command *create) {
  s_text(out, "exchange", create->exchange);
  s_text(out, "market", create->market);
  s_text(out, "side", hbus_side_name(create->side));
  s_text(out, "type", hbus_order_type_name(create->order_type));
  s_text(out, "amount", create->amount.text);
  s_text(out, "price", create->price.text);
}

static void s_write_picture(json_writer *out, const ticket_picture *picture) {
  s_text(out, "status", hbus_order_status_name(picture->status));
  s_text(out, "order_id", picture->order_id);
  s_text(out, "filled", picture->filled.text);
  s_number(out, "rev", picture->rev);
}

void notebook_write(notebook *self, notebook_note note, const ticket *about) {
  json_writer out = s_begin(self, note, about);
  if (note == NOTEBOOK_CREATE) s_write_create(&out, &about->create);
  if (note == NOTEBOOK_CREATE || note == NOTEBOOK_AGAIN) s_number(&out, "expires", about->expires_ms);
  if (note == NOTEBOOK_TOLD) s_write_picture(&out, &about->answered);
  s_end(self, &out);
}

void notebook_complain(notebook *self, const ticket *about, const char *text) {
  json_writer out = s_begin(self, NOTEBOOK_VIOLATION, about);
  s_text(&out, "text", text);
  s_end(self, &out);
}

/* --- reading --- */

static void s_read_text(const json_node *line, const char *key, char *out, size_t size) {
  const json_node *value = json_get(line, key);
  snprintf(out, size, "%.*s", value ? (int)value->size : 0, value ? value->text : "");
}

static uint64_t s_read_number(const json_node *line, const char *key) {
  const json_node *value = json_get(line, key);
  return value && value->type == JSON_NUMBER ? strtoull(value->text, NULL, 10) : 0;
}

static unsigned s_read_name(const json_node *line, const char *key, const name_table *names) {
  const json_node *value = json_get(line, key);
  return value ? name_find(names, value->text, value->size) : 0;
}

static void s_read_decimal(const json_node *line, const char *key, hbus_decimal *out) {
  const json_node *value = json_get(line, key);
  if (value && value->size) hbus_decimal_parse(value->text, value->size, out);
}

static ticket *s_read_create(const json_node *line, const char *id, unsigned owner, ticket_table *tickets) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER};
  snprintf(create.client_order_id, sizeof create.client_order_id, "%s", id);
  s_read_text(line, "exchange", create.exchange, sizeof create.exchange);
  s_read_text(line, "market", create.market, sizeof create.market);
  create.side = (hbus_side)s_read_name(line, "side", &names_side);
  create.order_type = (hbus_order_type)s_read_name(line, "type", &names_order_type);
  s_read_decimal(line, "amount", &create.amount);
  s_read_decimal(line, "price", &create.price);
  ticket *written = ticket_table_restore(tickets, owner, &create);
  if (written) written->lost = true;
  return written;
}

static void s_read_picture(const json_node *line, ticket_picture *out) {
  *out = (ticket_picture){.status = (hbus_order_status)s_read_name(line, "status", &names_order_status),
                          .rev = s_read_number(line, "rev")};
  s_read_text(line, "order_id", out->order_id, sizeof out->order_id);
  s_read_decimal(line, "filled", &out->filled);
}

static void s_apply(const json_node *line, notebook_note note, ticket *about) {
  switch (note) {
  case NOTEBOOK_CREATE: about->expires_ms = s_read_number(line, "expires"); break;
  case NOTEBOOK_AGAIN:
    about->expires_ms = s_read_number(line, "expires");
    about->lost = !about->settled;
    break;
  case NOTEBOOK_TOLD:
    about->reached = about->settled = true;
    s_read_picture(line, &about->answered);
    about->was_unknown |= about->answered.status == HBUS_UNKNOWN;
    break;
  case NOTEBOOK_ABSENT: about->settled = true; break;
  case NOTEBOOK_CANCEL: about->cancelling = true; break;
  case NOTEBOOK_PROMISED:
    about->cancelling = false;
    about->cancel_confirmed = about->cancel_over = true;
    break;
  case NOTEBOOK_OVER:
    about->cancelling = false;
    about->cancel_over = true;
    break;
  case NOTEBOOK_VIOLATION:
  case NOTEBOOK_NOTE_COUNT: break;
  }
}

static bool s_take(const json_node *line, unsigned owner, ticket_table *tickets, notebook_counts *counts) {
  hbus_client_order_id id;
  notebook_note note = 0;
  while (note < NOTEBOOK_NOTE_COUNT && !json_is(json_get(line, "note"), s_notes[note]))
    note++;
  if (note == NOTEBOOK_NOTE_COUNT) return false;
  s_read_text(line, "id", id, sizeof id);
  ticket *about = note == NOTEBOOK_CREATE ? s_read_create(line, id, owner, tickets) : ticket_find(tickets, id);
  if (!about) return false;
  s_apply(line, note, about);
  counts->notes[note]++;
  if (note == NOTEBOOK_VIOLATION && counts->notes[note] <= SHOWN_MAX) {
    const json_node *text = json_get(line, "text");
    printf("    %s: %.*s\n", id, (int)text->size, text->text);
  }
  return true;
}

/* Reads all whole lines; *end is behind the last. */
static bool s_load(FILE *file, unsigned owner, ticket_table *tickets, notebook_counts *counts, off_t *end) {
  char *text = NULL;
  size_t room = 0;
  ssize_t size;
  bool whole = true;
  json_reader *reader = json_reader_new(LINE_MAX_SIZE);
  assert(reader);
  while (whole && (size = getline(&text, &room, file)) > 0 && text[size - 1] == '\n') {
    const json_node *line;
    whole = json_read(reader, text, (size_t)size, &line) == HBUS_OK && s_take(line, owner, tickets, counts);
    *end += size;
  }
  json_reader_destroy(&reader);
  free(text);
  return whole;
}

bool notebook_read(const char *path, unsigned owner, ticket_table *tickets, notebook_counts *out) {
  off_t end = 0;
  FILE *file = fopen(path, "r");
  if (!file) return false;
  bool whole = s_load(file, owner, tickets, out, &end);
  fclose(file);
  return whole;
}

void notebook_open(notebook *self, const char *path, unsigned owner, ticket_table *tickets) {
  notebook_counts counts = {{0}};
  off_t end = 0;
  FILE *file = fopen(path, "a+");
  assert(file);
  rewind(file);
  bool whole = s_load(file, owner, tickets, &counts, &end);
  assert(whole);
  fclose(file);
  self->file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  int cut = ftruncate(self->file, end);
  assert(self->file >= 0 && cut == 0);
  buffer_init(&self->line, LINE_MAX_SIZE);
}

void notebook_close(notebook *self) {
  close(self->file);
  buffer_free(&self->line);
}
