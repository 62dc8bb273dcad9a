#include "tests/sim/feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define S_FRAME_MAX 65536

void feed_init(feed *self, hub *sessions, bool client_ids) {
  *self = (feed){.sessions = sessions, .client_ids = client_ids};
  buffer_init(&self->text, S_FRAME_MAX);
}

void feed_free(feed *self) {
  buffer_free(&self->text);
  free(self->states);
  self->states = NULL;
}

hbus_status feed_open(feed *self, size_t market_count) {
  self->states = calloc(market_count, sizeof *self->states);
  return self->states || market_count == 0 ? HBUS_OK : HBUS_NO_MEMORY;
}

static json_writer *s_begin(feed *self) {
  buffer_reset(&self->text);
  json_writer_init(&self->out, &self->text);
  return &self->out;
}

/* The frame that was written; the caller drops it. NULL: no memory, and the clients miss it. */
static message *s_take(feed *self) {
  assert(self->text.status != HBUS_TOO_BIG);
  return self->text.status == HBUS_OK ? message_new(self->text.data, self->text.size) : NULL;
}

static void s_broadcast(feed *self) {
  message *sent = s_take(self);
  if (sent) hub_broadcast(self->sessions, sent);
  message_drop(sent);
}

static void s_publish(feed *self, const market *where, hbus_channel channel) {
  message *sent = s_take(self);
  if (sent) hub_publish(self->sessions, where->index, channel, sent);
  message_drop(sent);
}

/* A recorded market's public events are the recording's. */
static bool s_wanted(const feed *self, const market *where, hbus_channel channel) {
  return self->states && !where->rules.recorded && hub_wanted(self->sessions, where->index, channel);
}

/* Compares the top of the book with what the subscribers know, and keeps it. */
static bool s_book_changed(feed_state *known, const market *where) {
  bool changed = false;
  for (hbus_side side = HBUS_BUY; side <= HBUS_SELL; side++) {
    matching_level now[WIRE_BOOK_DEPTH];
    size_t count = matching_depth(where->book, side, now, WIRE_BOOK_DEPTH);
    if (count == known->level_count[side] && memcmp(now, known->levels[side], count * sizeof now[0]) == 0) continue;
    memcpy(known->levels[side], now, count * sizeof now[0]);
    known->level_count[side] = count;
    changed = true;
  }
  return changed;
}

static bool s_ticker_changed(feed_state *known, const market *where) {
  int64_t bid = matching_best(where->book, HBUS_BUY), ask = matching_best(where->book, HBUS_SELL);
  int64_t last = matching_last(where->book);
  if (bid == known->bid && ask == known->ask && last == known->last && where->volume == known->volume) return false;
  known->bid = bid;
  known->ask = ask;
  known->last = last;
  known->volume = where->volume;
  return true;
}

static void s_on_accept(void *arg, const order *accepted) {
  feed *self = arg;
  state_order(self->kept, accepted);
  ledger_order(self->truth, LEDGER_CREATE, LEDGER_ACCEPTED, accepted);
}

static void s_on_forget(void *arg, const order *forgotten) {
  feed *self = arg;
  ledger_order(self->truth, LEDGER_LOST, LEDGER_DONE, forgotten);
}

static void s_on_trade(void *arg, const trade *made) {
  feed *self = arg;
  if (!s_wanted(self, made->market, HBUS_CHANNEL_TRADES)) return;
  wire_trade(s_begin(self), made, NULL);
  s_publish(self, made->market, HBUS_CHANNEL_TRADES);
}

static void s_on_fill(void *arg, const trade *made, const order *filled) {
  feed *self = arg;
  state_fill(self->kept, made, filled);
  ledger_fill(self->truth, made, filled);
  wire_trade(s_begin(self), made, filled);
  s_broadcast(self);
}

static void s_on_order(void *arg, const order *changed) {
  feed *self = arg;
  state_order(self->kept, changed);
  wire_order_update(s_begin(self), changed, self->client_ids, self->now_ns);
  s_broadcast(self);
}

static void s_on_book(void *arg, const market *changed) {
  feed *self = arg;
  if (s_wanted(self, changed, HBUS_CHANNEL_ORDER_BOOK) && s_book_changed(&self->states[changed->index], changed)) {
    wire_book_update(s_begin(self), changed, self->now_ns);
    s_publish(self, changed, HBUS_CHANNEL_ORDER_BOOK);
  }
  if (s_wanted(self, changed, HBUS_CHANNEL_TICKER) && s_ticker_changed(&self->states[changed->index], changed)) {
    wire_ticker_update(s_begin(self), changed, self->now_ns);
    s_publish(self, changed, HBUS_CHANNEL_TICKER);
  }
}

exchange_listener feed_listener(feed *self) {
  return (exchange_listener){.arg = self,
                             .on_accept = s_on_accept,
                             .on_trade = s_on_trade,
                             .on_fill = s_on_fill,
                             .on_order = s_on_order,
                             .on_forget = s_on_forget,
                             .on_book = s_on_book};
}

void feed_snapshot(feed *self, session *to, const market *where, hbus_channel channel) {
  if (where->rules.recorded) return;
  if (channel == HBUS_CHANNEL_ORDER_BOOK) {
    (void)s_book_changed(&self->states[where->index], where);
    wire_book_update(s_begin(self), where, self->now_ns);
  } else if (channel == HBUS_CHANNEL_TICKER) {
    (void)s_ticker_changed(&self->states[where->index], where);
    wire_ticker_update(s_begin(self), where, self->now_ns);
  } else {
    return;
  }
  message *sent = s_take(self);
  if (sent) hub_send(self->sessions, to, sent);
  message_drop(sent);
}
