#include "tests/sim/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/wire.h"

#define S_LINE_MAX 8192

struct ledger {
  FILE *file;
  buffer line;
  json_writer out;
};

hbus_status ledger_open(const char *path, ledger **out, hbus_error *error) {
  FILE *file = fopen(path, "ae");
  if (!file) return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot write %s: %s", path, strerror(errno));
  ledger *opened = calloc(1, sizeof *opened);
  if (!opened) {
    fclose(file);
    return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  }
  opened->file = file;
  buffer_init(&opened->line, S_LINE_MAX);
  *out = opened;
  return HBUS_OK;
}

void ledger_close(ledger **self) {
  if (!*self) return;
  fclose((*self)->file);
  buffer_free(&(*self)->line);
  free(*self);
  *self = NULL;
}

static void s_field(json_writer *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

static void s_begin(ledger *self, uint64_t now_ns, const char *event) {
  buffer_reset(&self->line);
  json_writer_init(&self->out, &self->line);
  json_begin_object(&self->out);
  wire_timestamp(&self->out, "t", now_ns);
  s_field(&self->out, "event", event);
}

static void s_end(ledger *self) {
  json_end_object(&self->out);
  buffer_append(&self->line, "\n", 1);
  fwrite(self->line.data, 1, self->line.size, self->file);
  fflush(self->file);
}

static void s_order(json_writer *out, const order *written) {
  char id[24];
  snprintf(id, sizeof id, "%llu", (unsigned long long)written->id);
  s_field(out, "exchange", exchange_name(written->market->exchange));
  s_field(out, "market", written->market->rules.symbol);
  s_field(out, "order_id", id);
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

void ledger_accept(ledger *self, uint64_t now_ns, const char *event, const order *accepted) {
  if (!self) return;
  const market *where = accepted->market;
  s_begin(self, now_ns, event);
  s_field(&self->out, "outcome", "accepted");
  s_order(&self->out, accepted);
  s_field(&self->out, "order_type", hbus_order_type_name(accepted->type));
  s_price(&self->out, "price", where, accepted->price);
  s_price(&self->out, "stop_price", where, accepted->stop_price);
  s_amount(&self->out, "amount", where, accepted->amount);
  s_end(self);
}

void ledger_fill(ledger *self, const trade *made, const order *filled) {
  if (!self) return;
  char id[24];
  snprintf(id, sizeof id, "%llu", (unsigned long long)made->id);
  s_begin(self, made->at_ns, "fill");
  s_order(&self->out, filled);
  s_field(&self->out, "trade_id", id);
  s_price(&self->out, "price", made->market, made->price);
  s_amount(&self->out, "amount", made->market, made->amount);
  s_amount(&self->out, "filled", made->market, filled->filled);
  s_end(self);
}

void ledger_reject(ledger *self, uint64_t now_ns, const ledger_refusal *refused) {
  if (!self) return;
  s_begin(self, now_ns, refused->event);
  s_field(&self->out, "outcome", "rejected");
  s_field(&self->out, "exchange", refused->exchange);
  s_field(&self->out, "market", refused->market);
  s_field(&self->out, "order_id", refused->order_id);
  s_field(&self->out, "client_order_id", refused->client_order_id);
  s_field(&self->out, "message", refused->message);
  s_end(self);
}
