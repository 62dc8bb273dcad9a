#include "tests/chaos/ledger_reader.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 1048576
#define FILL_KEY_SIZE (HBUS_NAME_MAX + 2 * HBUS_ORDER_ID_MAX + 3)

void ledger_reader_open(ledger_reader *self, const char *path) {
  *self = (ledger_reader){.file = fopen(path, "r"),
                          .reader = json_reader_new(LINE_MAX_SIZE),
                          .upstream_ids = zhashx_new(),
                          .fills_left = zhashx_new()};
  cr_assert(self->file && self->reader && self->upstream_ids && self->fills_left, "no ledger at %s", path);
}

void ledger_reader_close(ledger_reader *self) {
  fclose(self->file);
  json_reader_destroy(&self->reader);
  zhashx_destroy(&self->upstream_ids);
  zhashx_destroy(&self->fills_left);
  free(self->line);
}

/* "" when it is not there, or null. */
static void s_text(const json_node *line, const char *key, char *out, size_t size) {
  const json_node *value = json_get(line, key);
  bool there = value && (value->type == JSON_STRING || value->type == JSON_NUMBER);
  snprintf(out, size, "%.*s", there ? (int)value->size : 0, there ? value->text : "");
}

static void s_take_create(ledger_reader *self, const json_node *line, ticket_table *tickets) {
  hbus_name exchange, market;
  char amount[HBUS_DECIMAL_MAX + 1], id[HBUS_ORDER_ID_MAX + 1];
  s_text(line, "exchange", exchange, sizeof exchange);
  s_text(line, "market", market, sizeof market);
  s_text(line, "client_order_id", id, sizeof id);
  bool accepted = json_is(json_get(line, "outcome"), "accepted");
  bool rejected = json_is(json_get(line, "outcome"), "rejected");
  s_text(line, accepted ? "amount_asked" : "amount", amount, sizeof amount);
  self->creates++;
  ++*(accepted ? &self->creates_accepted : rejected ? &self->creates_rejected : &self->creates_dropped);
  if (!id[0] || zhashx_insert(self->upstream_ids, id, self)) self->upstream_ids_twice++;
  ticket *found = ticket_find_amount(tickets, exchange, market, amount);
  if (!found) {
    self->strangers++;
    return;
  }
  if (found->truth.creates++) self->tickets_twice++;
  found->truth.accepted |= accepted;
  found->truth.rejected |= rejected;
  if (!accepted) return;
  s_text(line, "order_id", id, sizeof id);
  cr_assert(ticket_table_bind(tickets, found, id), "the ledger has order %s twice", id);
}

static void s_take_cancel(ledger_reader *self, const json_node *line, ticket *about) {
  self->cancels++;
  if (about && json_is(json_get(line, "outcome"), "accepted")) about->truth.cancelled = true;
}

/* One trade may fill two orders of ours. */
static void s_fill_key(char out[FILL_KEY_SIZE], const char *exchange, const char *order_id, const char *trade_id) {
  snprintf(out, FILL_KEY_SIZE, "%s/%s/%s", exchange, order_id, trade_id);
}

static void s_take_fill(ledger_reader *self, const json_node *line, ticket *about) {
  char filled[HBUS_DECIMAL_MAX + 1], key[FILL_KEY_SIZE];
  hbus_order_id trade_id;
  self->fills++;
  if (!about) {
    self->strangers++;
    return;
  }
  s_text(line, "filled", filled, sizeof filled);
  cr_assert_eq(hbus_decimal_parse(filled, strlen(filled), &about->truth.filled), HBUS_OK);
  s_text(line, "trade_id", trade_id, sizeof trade_id);
  s_fill_key(key, about->create.exchange, about->truth.order_id, trade_id);
  cr_assert_eq(zhashx_insert(self->fills_left, key, self), 0, "the ledger has fill %s twice", key);
}

static void s_take_connection(ledger_reader *self, const json_node *line) {
  const struct {
    const char *outcome;
    uint64_t *count;
  } counts[] = {{"opened", &self->opened},
                {"ended", &self->ended},
                {"cut", &self->cut},
                {"closed", &self->closed},
                {"muted", &self->muted}};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    *counts[i].count += json_is(json_get(line, "outcome"), counts[i].outcome);
}

static void s_take(ledger_reader *self, const json_node *line, ticket_table *tickets) {
  const json_node *event = json_get(line, "event");
  hbus_name exchange;
  hbus_order_id order_id;
  s_text(line, "exchange", exchange, sizeof exchange);
  s_text(line, "order_id", order_id, sizeof order_id);
  ticket *about = ticket_find_order(tickets, exchange, order_id);
  self->lines++;
  if (json_is(event, "create")) s_take_create(self, line, tickets);
  if (json_is(event, "cancel")) s_take_cancel(self, line, about);
  if (json_is(event, "fill")) s_take_fill(self, line, about);
  if (json_is(event, "connection")) s_take_connection(self, line);
}

void ledger_reader_read(ledger_reader *self, ticket_table *tickets) {
  ssize_t size;
  clearerr(self->file); /* the end of a moment ago */
  while ((size = getline(&self->line, &self->line_size, self->file)) > 0) {
    const json_node *line;
    cr_assert_eq(json_read(self->reader, self->line, (size_t)size, &line), HBUS_OK, "%s", self->line);
    s_take(self, line, tickets);
  }
}

bool ledger_reader_take_fill(ledger_reader *self, const hbus_trade *published) {
  char key[FILL_KEY_SIZE];
  s_fill_key(key, published->exchange, published->order_id, published->trade_id);
  bool left = zhashx_lookup(self->fills_left, key) != NULL;
  zhashx_delete(self->fills_left, key);
  return left;
}

size_t ledger_reader_fills_left(const ledger_reader *self) {
  return zhashx_size(self->fills_left);
}
