#include "hbus/topics.h"

#include <string.h>

#include "proto/topic.h"

/* The segments before the exchange. */
typedef struct topic_kind {
  const char *segments[2];
  hbus_channel channel;
} topic_kind;

static const topic_kind order_book_kind = {{"market_data", "order_book"}, HBUS_CHANNEL_ORDER_BOOK};
static const topic_kind ticker_kind = {{"market_data", "ticker"}, HBUS_CHANNEL_TICKER};
static const topic_kind trades_kind = {{"trade_update", NULL}, HBUS_CHANNEL_TRADES};
static const topic_kind orders_kind = {{"order_update", NULL}, HBUS_CHANNEL_NONE};
static const topic_kind strategy_kind = {{"strategy_update", NULL}, HBUS_CHANNEL_NONE};
static const topic_kind system_kind = {{"system", NULL}, HBUS_CHANNEL_NONE};

/* The kind's segments, then those of `names` up to the first NULL. */
static hbus_status s_build(const topic_kind *kind, const char *const names[2], hbus_topic *out) {
  if (names[0] == NULL && names[1] != NULL) return HBUS_MALFORMED;
  const char *segments[] = {kind->segments[0], kind->segments[1], names[0], names[1]};
  topic built;
  topic_clear(&built);
  for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
    if (segments[i] == NULL) continue;
    hbus_status status = topic_append(&built, segments[i], strlen(segments[i]));
    if (status != HBUS_OK) return status;
  }
  memcpy(out->text, built.text, built.size + 1);
  return HBUS_OK;
}

hbus_status hbus_topic_order_book(const char *exchange, const char *market, hbus_topic *out) {
  return s_build(&order_book_kind, (const char *const[2]){exchange, market}, out);
}

hbus_status hbus_topic_ticker(const char *exchange, const char *market, hbus_topic *out) {
  return s_build(&ticker_kind, (const char *const[2]){exchange, market}, out);
}

hbus_status hbus_topic_trades(const char *exchange, const char *market, hbus_topic *out) {
  return s_build(&trades_kind, (const char *const[2]){exchange, market}, out);
}

hbus_status hbus_topic_orders(const char *exchange, const char *market, hbus_topic *out) {
  return s_build(&orders_kind, (const char *const[2]){exchange, market}, out);
}

hbus_status hbus_topic_strategy(const char *peer, const char *name, hbus_topic *out) {
  return s_build(&strategy_kind, (const char *const[2]){peer, name}, out);
}

hbus_status hbus_topic_system(const char *name, hbus_topic *out) {
  return s_build(&system_kind, (const char *const[2]){name, NULL}, out);
}

/* Reads one segment into a name. */
static bool s_next_name(const char *text, size_t size, size_t *offset, hbus_name out) {
  return topic_next_segment(text, size, offset, out, sizeof(hbus_name)) == HBUS_OK;
}

static bool s_begins_with(const char *text, size_t size, size_t *offset, const topic_kind *kind) {
  for (size_t i = 0; i < 2 && kind->segments[i] != NULL; i++) {
    hbus_name segment;
    if (!s_next_name(text, size, offset, segment) || strcmp(segment, kind->segments[i]) != 0) return false;
  }
  return true;
}

hbus_status hbus_topic_channel(const char *text, hbus_channel *channel, hbus_name exchange, hbus_name market) {
  static const topic_kind *const kinds[] = {&order_book_kind, &ticker_kind, &trades_kind};
  size_t size = strlen(text);
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    size_t offset = 0;
    hbus_name names[2];
    if (!s_begins_with(text, size, &offset, kinds[i])) continue;
    if (!s_next_name(text, size, &offset, names[0]) || !s_next_name(text, size, &offset, names[1])) break;
    if (offset != size) break;
    *channel = kinds[i]->channel;
    memcpy(exchange, names[0], sizeof(names[0]));
    memcpy(market, names[1], sizeof(names[1]));
    return HBUS_OK;
  }
  return HBUS_MALFORMED;
}
