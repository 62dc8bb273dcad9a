#include "tests/chaos/chronicle.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#define TOPIC_SHOWN 32

/* --- what was heard --- */

/* FNV-1a; never NULL. */
static void *s_digest(const uint8_t *body, size_t size) {
  uint64_t digest = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < size; i++)
    digest = (digest ^ body[i]) * UINT64_C(1099511628211);
  return (void *)(uintptr_t)(digest | 1);
}

static void s_key(char *out, size_t size, const char *topic, uint64_t seq) {
  snprintf(out, size, "%s#%llu", topic, (unsigned long long)seq);
}

void chronicle_init(chronicle *self) {
  *self = (chronicle){.heard = zhashx_new(), .unpacker = event_unpacker_new()};
  assert(self->heard && self->unpacker);
}

void chronicle_free(chronicle *self) {
  zhashx_destroy(&self->heard);
  event_unpacker_destroy(&self->unpacker);
}

void chronicle_hear(chronicle *self, const char *topic, uint64_t seq, const uint8_t *body, size_t size) {
  char key[HBUS_TOPIC_MAX + TOPIC_SHOWN];
  void *digest = s_digest(body, size);
  s_key(key, sizeof key, topic, seq);
  self->events_heard++;
  const void *before = zhashx_lookup(self->heard, key);
  if (before && before != digest) self->two_of_a_number++;
  zhashx_update(self->heard, key, digest);
}

/* --- the journal --- */

static void s_take_trade(chronicle *self, const hbus_trade *said, ticket_table *tickets, ledger_reader *ledger) {
  static const hbus_decimal zero = {.size = 1, .text = "0"};
  ticket *about = ticket_find_order(tickets, said->exchange, said->order_id);
  hbus_decimal news = said->amount;
  if (!said->trade_id[0]) {
    self->inferred++;
  } else {
    self->trades++;
    if (!ledger_reader_take_fill(ledger, said)) self->trades_refused++;
  }
  if (!about) return;
  if (!hbus_decimal_is_absent(&said->replaces)) hbus_decimal_subtract(&said->amount, &said->replaces, &news);
  if (hbus_decimal_is_absent(&about->told)) about->told = zero;
  hbus_decimal_add(&about->told, &news, &about->told);
}

static bool s_is_more(const hbus_decimal *filled, const hbus_decimal *told) {
  if (hbus_decimal_is_absent(filled) || hbus_decimal_sign(filled) == 0) return false;
  return hbus_decimal_is_absent(told) || hbus_decimal_compare(filled, told) > 0;
}

static void s_take_order(chronicle *self, const hbus_event *event, ticket_table *tickets) {
  const hbus_order *said = &event->data.order;
  ticket *about = ticket_find(tickets, event->client_order_id);
  if (!about) return;
  ticket_picture *last = &about->last;
  bool same = said->status == last->status;
  if (event->rev < last->rev || (event->rev == last->rev && !same)) self->backwards++;
  if (s_is_more(&said->filled, &about->told)) self->early++;
  last->status = said->status;
  last->rev = event->rev;
  last->filled = said->filled;
}

/* Numbers go on by one from the first that is kept. */
static void s_number(chronicle *self, zhashx_t *numbers, const char *topic, uint64_t seq) {
  uintptr_t last = (uintptr_t)zhashx_lookup(numbers, topic);
  if (last && seq != last + 1) self->gaps++;
  zhashx_update(numbers, topic, (void *)(uintptr_t)seq);
}

static void s_take_row(chronicle *self, sqlite3_stmt *row, ticket_table *tickets, ledger_reader *ledger) {
  const char *topic = (const char *)sqlite3_column_text(row, 0);
  uint64_t seq = (uint64_t)sqlite3_column_int64(row, 1);
  const uint8_t *body = sqlite3_column_blob(row, 2);
  size_t size = (size_t)sqlite3_column_bytes(row, 2);
  char key[HBUS_TOPIC_MAX + TOPIC_SHOWN];
  hbus_event event;
  hbus_error error;
  self->events++;
  s_key(key, sizeof key, topic, seq);
  const void *heard = zhashx_lookup(self->heard, key);
  if (heard && heard != s_digest(body, size)) self->two_of_a_number++;
  zhashx_delete(self->heard, key);
  if (event_unpack(self->unpacker, body, size, &event, &error) != HBUS_OK) {
    self->broken++;
    return;
  }
  if (event.kind == HBUS_KIND_TRADE) s_take_trade(self, &event.data.trade, tickets, ledger);
  if (event.kind == HBUS_KIND_ORDER_UPDATE) s_take_order(self, &event, tickets);
}

bool chronicle_read(chronicle *self, const char *path, ticket_table *tickets, ledger_reader *ledger, const char **why) {
  sqlite3 *journal = NULL;
  sqlite3_stmt *row = NULL;
  zhashx_t *numbers = zhashx_new();
  assert(numbers);
  int rc = sqlite3_open_v2(path, &journal, SQLITE_OPEN_READWRITE, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_prepare_v2(journal, "SELECT topic, seq, body FROM readable_events ORDER BY n", -1, &row, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(row);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(row)) {
    s_number(self, numbers, (const char *)sqlite3_column_text(row, 0), (uint64_t)sqlite3_column_int64(row, 1));
    s_take_row(self, row, tickets, ledger);
  }
  *why = sqlite3_errstr(rc);
  sqlite3_finalize(row);
  sqlite3_close(journal);
  zhashx_destroy(&numbers);
  self->not_journaled = zhashx_size(self->heard);
  return rc == SQLITE_DONE;
}
