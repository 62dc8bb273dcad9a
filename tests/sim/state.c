#include "tests/sim/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/json.h"
#include "proto/json_writer.h"
#include "proto/names.h"

#define S_LINE_MAX   4096
#define S_DIGITS_MAX 19

struct state {
  int file;
  bool damaged; /* a line could not be written, which was said */
  state_last last;
  buffer line;
  json_writer out;
};

/* --- writing --- */

static void s_text(json_writer *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

static void s_number(json_writer *out, const char *key, uint64_t number) {
  json_key(out, key);
  json_unsigned(out, number);
}

static void s_flag(json_writer *out, const char *key, bool flag) {
  json_key(out, key);
  json_bool(out, flag);
}

static json_writer *s_begin(state *self) {
  buffer_reset(&self->line);
  json_writer_init(&self->out, &self->line);
  json_begin_object(&self->out);
  return &self->out;
}

static void s_end(state *self) {
  json_end_object(&self->out);
  buffer_append(&self->line, "\n", 1);
  bool written =
      self->line.status == HBUS_OK && write(self->file, self->line.data, self->line.size) == (ssize_t)self->line.size;
  if (!written && !self->damaged) {
    self->damaged = true;
    fprintf(stderr, "hbus-sim: the state has a hole: %s\n", strerror(errno));
  }
}

static void s_place(json_writer *out, const order *about) {
  s_number(out, "order", about->id);
  s_text(out, "exchange", exchange_name(about->market->exchange));
  s_text(out, "market", about->market->rules.symbol);
}

void state_order(state *self, const order *changed) {
  if (!self) return;
  json_writer *out = s_begin(self);
  s_place(out, changed);
  s_text(out, "side", hbus_side_name(changed->side));
  s_text(out, "type", hbus_order_type_name(changed->type));
  s_text(out, "status", hbus_order_status_name(changed->status));
  s_flag(out, "triggered", changed->triggered);
  s_flag(out, "reducing", changed->reducing);
  s_number(out, "price", (uint64_t)changed->price);
  s_number(out, "stop_price", (uint64_t)changed->stop_price);
  s_number(out, "amount", (uint64_t)changed->amount);
  s_text(out, "amount_asked", changed->amount_asked.text);
  s_number(out, "created_at_ns", changed->created_at_ns);
  s_number(out, "filled_at_ns", changed->filled_at_ns);
  s_text(out, "client_order_id", changed->client_order_id);
  s_end(self);
}

void state_fill(state *self, const trade *made, const order *filled) {
  if (!self) return;
  json_writer *out = s_begin(self);
  s_number(out, "fill", made->id);
  s_place(out, filled);
  s_number(out, "price", (uint64_t)made->price);
  s_number(out, "amount", (uint64_t)made->amount);
  s_end(self);
}

void state_forget(state *self) {
  if (!self) return;
  s_flag(s_begin(self), "forget", true);
  s_end(self);
}

/* --- reading: each returns false when the line is not as this file writes it --- */

static bool s_read_number(const json_node *line, const char *key, uint64_t max, uint64_t *out) {
  const json_node *node = json_get(line, key);
  if (!node || node->type != JSON_NUMBER || node->size == 0 || node->size > S_DIGITS_MAX) return false;
  uint64_t value = 0;
  for (uint32_t i = 0; i < node->size; i++) {
    if (node->text[i] < '0' || node->text[i] > '9') return false;
    value = value * 10 + (uint64_t)(node->text[i] - '0');
  }
  *out = value;
  return value <= max;
}

static bool s_read_quantity(const json_node *line, const char *key, int64_t max, int64_t *out) {
  uint64_t value = 0;
  if (!s_read_number(line, key, (uint64_t)max, &value)) return false;
  *out = (int64_t)value;
  return true;
}

static bool s_read_name(const json_node *line, const char *key, const name_table *names, unsigned *out) {
  const json_node *node = json_get(line, key);
  *out = node && node->type == JSON_STRING ? name_find(names, node->text, node->size) : 0;
  return *out != 0;
}

static bool s_read_text(const json_node *line, const char *key, char *out, size_t size) {
  const json_node *node = json_get(line, key);
  if (!node || node->type != JSON_STRING || node->size >= size) return false;
  memcpy(out, node->text, node->size);
  out[node->size] = '\0';
  return true;
}

static bool s_read_flag(const json_node *line, const char *key, bool *out) {
  const json_node *node = json_get(line, key);
  *out = node && node->type == JSON_TRUE;
  return node && (node->type == JSON_TRUE || node->type == JSON_FALSE);
}

static market *s_read_market(const world *from, const json_node *line) {
  hbus_name name;
  exchange *where = NULL;
  if (s_read_text(line, "exchange", name, sizeof name)) where = world_find_exchange(from, name);
  return where && s_read_text(line, "market", name, sizeof name) ? exchange_find_market(where, name) : NULL;
}

static bool s_read_decimal(const json_node *line, const char *key, hbus_decimal *out) {
  const json_node *node = json_get(line, key);
  return node && node->type == JSON_STRING && hbus_decimal_parse(node->text, node->size, out) == HBUS_OK;
}

/* What becomes of a market order follows from its fills. */
static void s_note_order(state *self, const order *known, const order *read) {
  bool cancelled = known && read->status == HBUS_CANCELLED && !order_is_market(read);
  self->last.news = cancelled ? STATE_CANCELLED : known ? STATE_NO_NEWS : STATE_PLACED;
  self->last.about = exchange_find_order(read->market->exchange, read->market, read->id);
}

static bool s_read_order(state *self, const json_node *line, market *where) {
  order read = {.market = where, .owner = OWNER_TRADER};
  unsigned side, type, status;
  if (!s_read_number(line, "order", INT64_MAX, &read.id) || !s_read_name(line, "side", &names_side, &side) ||
      !s_read_name(line, "type", &names_order_type, &type) ||
      !s_read_name(line, "status", &names_order_status, &status) || !s_read_flag(line, "triggered", &read.triggered) ||
      !s_read_flag(line, "reducing", &read.reducing) ||
      !s_read_quantity(line, "price", MATCHING_PRICE_MAX, &read.price) ||
      !s_read_quantity(line, "stop_price", MATCHING_PRICE_MAX, &read.stop_price) ||
      !s_read_quantity(line, "amount", MATCHING_AMOUNT_MAX, &read.amount) || read.amount == 0 ||
      !s_read_decimal(line, "amount_asked", &read.amount_asked) ||
      !s_read_number(line, "created_at_ns", INT64_MAX, &read.created_at_ns) ||
      !s_read_number(line, "filled_at_ns", INT64_MAX, &read.filled_at_ns) ||
      !s_read_text(line, "client_order_id", read.client_order_id, sizeof read.client_order_id))
    return false;
  read.side = (hbus_side)side;
  read.type = (hbus_order_type)type;
  read.status = (hbus_order_status)status;
  const order *known = exchange_find_order(where->exchange, where, read.id);
  if (exchange_restore_order(where->exchange, &read) != HBUS_OK) return false;
  s_note_order(self, known, &read);
  return true;
}

static bool s_read_fill(state *self, const json_node *line, market *where) {
  uint64_t id, trade_id;
  int64_t price, amount;
  if (!s_read_number(line, "order", INT64_MAX, &id) || !s_read_number(line, "fill", INT64_MAX, &trade_id) ||
      !s_read_quantity(line, "price", MATCHING_PRICE_MAX, &price) ||
      !s_read_quantity(line, "amount", MATCHING_AMOUNT_MAX, &amount) || price == 0 || amount == 0)
    return false;
  order *filled = exchange_find_order(where->exchange, where, id);
  if (!filled || exchange_restore_fill(where->exchange, filled, price, amount) != HBUS_OK) return false;
  self->last =
      (state_last){.news = STATE_FILLED,
                   .about = filled,
                   .fill = {.id = trade_id, .market = where, .side = filled->side, .price = price, .amount = amount}};
  return true;
}

static bool s_read_line(state *self, const world *into, const json_node *line) {
  if (json_get(line, "forget")) {
    self->last = (state_last){.news = STATE_NO_NEWS};
    for (size_t i = 0; i < into->exchange_count; i++)
      exchange_forget_orders(into->exchanges[i]);
    return true;
  }
  market *where = s_read_market(into, line);
  if (!where) return false;
  return json_get(line, "fill") ? s_read_fill(self, line, where) : s_read_order(self, line, where);
}

/* Reads all whole lines; *end is behind the last. */
static hbus_status s_load(state *self, FILE *file, const char *path, const world *into, off_t *end, hbus_error *error) {
  char text[S_LINE_MAX];
  hbus_status status = HBUS_OK;
  json_reader *reader = json_reader_new(S_LINE_MAX);
  if (!reader) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  for (unsigned long number = 1; status == HBUS_OK && fgets(text, sizeof text, file); number++) {
    const json_node *line;
    size_t size = strlen(text);
    if (text[size - 1] != '\n' && feof(file)) break;
    if (text[size - 1] != '\n' || json_read(reader, text, size, &line) != HBUS_OK || !s_read_line(self, into, line))
      status = hbus_fail(error, HBUS_INVALID_REQUEST, "%s, line %lu: that is no state of these markets", path, number);
    *end += (off_t)size;
  }
  json_reader_destroy(&reader);
  return status;
}

static hbus_status s_restore(state *self, const char *path, const world *into, hbus_error *error) {
  off_t end = 0;
  int copy = dup(self->file);
  FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
  if (!file) {
    if (copy >= 0) close(copy);
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read %s: %s", path, strerror(errno));
  }
  hbus_status status = s_load(self, file, path, into, &end, error);
  fclose(file);
  if (status == HBUS_OK && ftruncate(self->file, end) != 0)
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot write %s: %s", path, strerror(errno));
  return status;
}

hbus_status state_open(const char *path, world *into, state **out, hbus_error *error) {
  state *opened = calloc(1, sizeof *opened);
  if (!opened) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  buffer_init(&opened->line, S_LINE_MAX);
  opened->file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  hbus_status status = HBUS_OK;
  if (opened->file < 0) status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot write %s: %s", path, strerror(errno));
  if (status == HBUS_OK) status = s_restore(opened, path, into, error);
  if (status == HBUS_OK)
    *out = opened;
  else
    state_close(&opened);
  return status;
}

const state_last *state_last_read(const state *self) {
  return &self->last;
}

void state_close(state **self) {
  if (!*self) return;
  if ((*self)->file >= 0) close((*self)->file);
  buffer_free(&(*self)->line);
  free(*self);
  *self = NULL;
}
