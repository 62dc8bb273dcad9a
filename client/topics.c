#include "hbus/topics.h"

#include <string.h>

#include "proto/topic.h"

/* The segments before the exchange. */
typedef struct topic_kind {
  const char *segments[2];
} topic_kind;

static const topic_kind order_book_kind = {{"market_data", "order_book"}};
static const topic_kind ticker_kind = {{"market_data", "ticker"}};
static const topic_kind trades_kind = {{"trade_update", NULL}};
static const topic_kind orders_kind = {{"order_update", NULL}};
static const topic_kind strategy_kind = {{"strategy_update", NULL}};
static const topic_kind system_kind = {{"system", NULL}};

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

hbus_status hbus_topic_channel(const char *text, hbus_channel *channel, hbus_name exchange, hbus_name market) {
  return topic_names_channel(text, strlen(text), channel, exchange, market);
}
