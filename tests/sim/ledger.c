#include "tests/sim/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/wire.h"

/* A request of HBUS_FRAME_MAX may be quoted in a line, each byte escaped. */
#define S_LINE_MAX (8u * HBUS_FRAME_MAX)

struct ledger {
  int file;     /* -1: none */
  bool damaged; /* a line could not be written, which was said */
  char *found;  /* the last whole lines that were in the file; NULL: none */
  size_t found_size;
  uint64_t found_lines;
  uint64_t lines;
  uint64_t counts[LEDGER_EVENT_COUNT][LEDGER_OUTCOME_COUNT];
  uint64_t now_ns;
  uint64_t connection;
  buffer line;
  json_writer out;
};

static const char *const s_events[LEDGER_EVENT_COUNT] = {
    [LEDGER_CREATE] = "create", [LEDGER_CANCEL] = "cancel",
    [LEDGER_FILL] = "fill",     [LEDGER_CONNECTION] = "connection",
    [LEDGER_FAULT] = "fault",   [LEDGER_RESTART] = "restart",
    [LEDGER_LOST] = "lost",
};

static const char *const s_outcomes[LEDGER_OUTCOME_COUNT] = {
    [LEDGER_ACCEPTED] = "accepted",
    [LEDGER_REJECTED] = "rejected",
    [LEDGER_DROPPED] = "dropped",
};

/* --- a ledger that was there before --- */

/* Reads the end of the file, and drops a line that was not finished. */
static hbus_status s_find(ledger *self) {
  off_t size = lseek(self->file, 0, SEEK_END);
  size_t read_size = size < (off_t)S_LINE_MAX ? (size_t)(size < 0 ? 0 : size) : S_LINE_MAX;
  if (read_size == 0) return HBUS_OK;
  self->found = malloc(read_size + 1);
  if (!self->found) return HBUS_NO_MEMORY;
  if (pread(self->file, self->found, read_size, size - (off_t)read_size) != (ssize_t)read_size)
    return HBUS_INVALID_REQUEST;
  const char *end = memrchr(self->found, '\n', read_size);
  self->found_size = end ? (size_t)(end - self->found) + 1 : 0;
  self->found[self->found_size] = 0;
  if (ftruncate(self->file, size - (off_t)(read_size - self->found_size)) != 0) return HBUS_INVALID_REQUEST;
  if (!end) return HBUS_OK;
  const char *last = memrchr(self->found, '\n', self->found_size - 1);
  last = last ? last + 1 : self->found;
  static const char start[] = "{\"n\":";
  if (strncmp(last, start, sizeof start - 1) != 0) return HBUS_INVALID_REQUEST;
  self->found_lines = self->lines = strtoull(last + sizeof start - 1, NULL, 10);
  return HBUS_OK;
}

bool ledger_was_told(const ledger *self, ledger_event event, uint64_t order_id, uint64_t trade_id) {
  char wanted[3][64] = {"\"outcome\":\"accepted\""};
  snprintf(wanted[1], sizeof wanted[1], "\"event\":\"%s\"", s_events[event]);
  snprintf(wanted[2], sizeof wanted[2], "\"order_id\":\"%llu\"", (unsigned long long)order_id);
  if (trade_id) snprintf(wanted[0], sizeof wanted[0], "\"trade_id\":\"%llu\"", (unsigned long long)trade_id);
  if (self->found_lines == 0) return true;
  for (const char *line = self->found; *line;) {
    size_t size = strcspn(line, "\n");
    bool has_all = true;
    for (size_t i = 0; i < 3 && has_all; i++)
      has_all = memmem(line, size, wanted[i], strlen(wanted[i])) != NULL;
    if (has_all) return true;
    line += size + 1;
  }
  return false;
}

/* --- life cycle --- */

hbus_status ledger_open(const char *path, ledger **out, hbus_error *error) {
  int file = path ? open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
  if (path && file < 0) return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot write %s: %s", path, strerror(errno));
  ledger *opened = calloc(1, sizeof *opened);
  if (!opened) {
    if (file >= 0) close(file);
    return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  }
  opened->file = file;
  buffer_init(&opened->line, S_LINE_MAX);
  hbus_status status = file < 0 ? HBUS_OK : s_find(opened);
  if (status == HBUS_OK)
    *out = opened;
  else
    ledger_close(&opened);
  if (status == HBUS_INVALID_REQUEST) return hbus_fail(error, status, "%s is no ledger, or cannot be read", path);
  return status == HBUS_OK ? HBUS_OK : hbus_fail(error, status, "out of memory");
}

void ledger_close(ledger **self) {
  if (!*self) return;
  if ((*self)->file >= 0) close((*self)->file);
  buffer_free(&(*self)->line);
  free((*self)->found);
  free(*self);
  *self = NULL;
}

void ledger_set_time(ledger *self, uint64_t now_ns) {
  self->now_ns = now_ns;
}

void ledger_set_connection(ledger *self, uint64_t number) {
  self->connection = number;
}

/* --- lines --- */

static void s_field(json_writer *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

static void s_number(json_writer *out, const char *key, uint64_t number) {
  json_key(out, key);
  json_unsigned(out, number);
}

static void s_id(json_writer *out, const char *key, uint64_t id) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)id);
  s_field(out, key, text);
}

static json_writer *s_begin(ledger *self, ledger_event event, ledger_outcome outcome) {
  buffer_reset(&self->line);
  json_writer_init(&self->out, &self->line);
  json_begin_object(&self->out);
  s_number(&self->out, "n", ++self->lines);
  wire_timestamp(&self->out, "t", self->now_ns);
  s_field(&self->out, "event", s_events[event]);
  if (outcome != LEDGER_DONE) s_field(&self->out, "outcome", s_outcomes[outcome]);
  self->counts[event][outcome]++;
  return &self->out;
}

/* One write(2) a line: all of it is the kernel's when this returns. A ledger with a hole is no truth: that is said,
 * once.
 */
static void s_end(ledger *self) {
  json_end_object(&self->out);
  buffer_append(&self->line, "\n", 1);
  if (self->file < 0) return;
  bool written =
      self->line.status == HBUS_OK && write(self->file, self->line.data, self->line.size) == (ssize_t)self->line.size;
  if (!written && !self->damaged) {
    self->damaged = true;
    fprintf(stderr, "hbus-sim: the ledger has a hole from line %llu: %s\n", (unsigned long long)self->lines,
            strerror(errno));
  }
}

static void s_order(json_writer *out, const order *written) {
  s_field(out, "exchange", exchange_name(written->market->exchange));
  s_field(out, "market", written->market->rules.symbol);
  s_id(out, "order_id", written->id);
  s_field(out, "client_order_id", written->client_order_id);
  s_field(out, "side", hbus_side_name(written->side));
}

static void s_price(json_writer *out, const char *key, const market *where, int64_t price) {
  char text[MARKET_TEXT_SIZE];
  json_key(out, key);
  if (price > 0)
    json_string(out, market_price_text(where, price, text));
  else
    json_null(out);
}

static void s_amount(json_writer *out, const char *key, const market *where, int64_t amount) {
  char text[MARKET_TEXT_SIZE];
  s_field(out, key, market_amount_text(where, amount, text));
}

void ledger_order(ledger *self, ledger_event event, ledger_outcome outcome, const order *about) {
  const market *where = about->market;
  json_writer *out = s_begin(self, event, outcome);
  if (self->connection) s_number(out, "connection", self->connection);
  s_order(out, about);
  s_field(out, "order_type", hbus_order_type_name(about->type));
  s_price(out, "price", where, about->price);
  s_price(out, "stop_price", where, about->stop_price);
  s_amount(out, "amount", where, about->amount);
  s_field(out, "amount_asked", about->amount_asked.text);
  s_end(self);
}

/* A field as the client wrote it, if that is text or a number. */
static void s_quote(json_writer *out, const char *key, const json_node *value) {
  json_key(out, key);
  if (value && (value->type == JSON_STRING || value->type == JSON_NUMBER))
    json_text(out, value->text, value->size);
  else
    json_null(out);
}

void ledger_request(ledger *self, ledger_event event, ledger_outcome outcome, const json_node *asked,
                    const char *message) {
  static const char *const create[] = {"exchange",   "market", "order_id",   "client_order_id", "side",
                                       "order_type", "price",  "stop_price", "amount"};
  json_writer *out = s_begin(self, event, outcome);
  if (self->connection) s_number(out, "connection", self->connection);
  for (size_t i = 0; i < sizeof create / sizeof create[0]; i++)
    s_quote(out, create[i], json_get(asked, create[i]));
  s_field(out, "message", message);
  s_end(self);
}

void ledger_fill(ledger *self, const trade *made, const order *filled) {
  json_writer *out = s_begin(self, LEDGER_FILL, LEDGER_DONE);
  s_order(out, filled);
  s_id(out, "trade_id", made->id);
  s_price(out, "price", made->market, made->price);
  s_amount(out, "amount", made->market, made->amount);
  s_amount(out, "filled", made->market, filled->filled);
  s_end(self);
}

void ledger_connection(ledger *self, const char *outcome, uint64_t number, const char *detail) {
  json_writer *out = s_begin(self, LEDGER_CONNECTION, LEDGER_DONE);
  s_field(out, "outcome", outcome);
  s_number(out, "connection", number);
  s_field(out, "detail", detail);
  s_end(self);
}

void ledger_note(ledger *self, ledger_event event, const char *outcome, const char *detail) {
  json_writer *out = s_begin(self, event, LEDGER_DONE);
  s_field(out, "outcome", outcome);
  s_field(out, "detail", detail);
  s_end(self);
}

uint64_t ledger_count(const ledger *self, ledger_event event, ledger_outcome outcome) {
  return self->counts[event][outcome];
}

uint64_t ledger_lines(const ledger *self) {
  return self->lines - self->found_lines;
}
