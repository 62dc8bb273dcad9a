/* Topics: segments, each percent-encoded and ended by '/'. */
#include "proto/topic.h"

#include <assert.h>
#include <string.h>

#define INTERVAL_MAX 8 /* room that a candles topic keeps for its interval */

static bool s_is_plain(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}

void topic_clear(topic *self) {
  self->size = 0;
  self->text[0] = '\0';
}

hbus_status topic_append(topic *self, const char *segment, size_t size) {
  static const char hex[] = "0123456789ABCDEF";
  if (size == 0) return HBUS_MALFORMED;
  size_t at = self->size;
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)segment[i];
    bool plain = s_is_plain(c);
    if (at + (plain ? 1 : 3) > HBUS_TOPIC_MAX) goto too_big;
    if (plain) {
      self->text[at++] = (char)c;
    } else {
      self->text[at++] = '%';
      self->text[at++] = hex[c >> 4];
      self->text[at++] = hex[c & 15];
    }
  }
  if (at + 1 > HBUS_TOPIC_MAX) goto too_big;
  self->text[at++] = '/';
  self->text[at] = '\0';
  self->size = at;
  return HBUS_OK;
too_big:
  self->text[self->size] = '\0';
  return HBUS_TOO_BIG;
}

static hbus_status s_build(topic *out, const char *const *segments, size_t count) {
  topic built;
  topic_clear(&built);
  for (size_t i = 0; i < count; i++) {
    hbus_status status = topic_append(&built, segments[i], strlen(segments[i]));
    if (status != HBUS_OK) return status;
  }
  *out = built;
  return HBUS_OK;
}

#define S_BUILD(out, ...)                                                                                              \
  s_build((out), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

hbus_status topic_of_channel(hbus_channel channel, const char *exchange, const char *market, topic *out) {
  switch (channel) {
  case HBUS_CHANNEL_ORDER_BOOK: return S_BUILD(out, "market_data", "order_book", exchange, market);
  case HBUS_CHANNEL_TICKER: return S_BUILD(out, "market_data", "ticker", exchange, market);
  case HBUS_CHANNEL_TRADES: return S_BUILD(out, "trade_update", exchange, market);
  case HBUS_CHANNEL_NONE:
  case HBUS_CHANNEL_COUNT: break;
  }
  return HBUS_MALFORMED;
}

hbus_status topic_of_event(const hbus_event *event, topic *out) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE:
    return topic_of_channel(HBUS_CHANNEL_ORDER_BOOK, event->data.book.exchange, event->data.book.market, out);
  case HBUS_KIND_TICKER_UPDATE:
    return topic_of_channel(HBUS_CHANNEL_TICKER, event->data.ticker.exchange, event->data.ticker.market, out);
  case HBUS_KIND_TRADE:
    return topic_of_channel(HBUS_CHANNEL_TRADES, event->data.trade.exchange, event->data.trade.market, out);
  case HBUS_KIND_ORDER_UPDATE:
    return S_BUILD(out, "order_update", event->data.order.exchange, event->data.order.market);
  case HBUS_KIND_ERROR: return S_BUILD(out, "error", event->src);
  case HBUS_KIND_INFO: return S_BUILD(out, "info", event->src);
  case HBUS_KIND_LINK: return S_BUILD(out, "system", "link");
  case HBUS_KIND_HEARTBEAT: return S_BUILD(out, "system", "heartbeat");
  case HBUS_KIND_SLOW: return S_BUILD(out, "system", "slow");
  case HBUS_KIND_STRATEGY_UPDATE: return S_BUILD(out, "strategy_update", event->owner, event->data.signal.name);
  case HBUS_KIND_OTHER:
  case HBUS_KIND_COUNT: break;
  }
  return HBUS_MALFORMED;
}

bool topic_names_fit(const char *exchange, const char *market) {
  /* The longest of them: a candles topic, whose interval is not known here. */
  static const char interval[INTERVAL_MAX + 1] = "interval";
  topic longest;
  return S_BUILD(&longest, "market_data", "candles", exchange, market, interval) == HBUS_OK;
}

static int s_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

hbus_status topic_next_segment(const char *text, size_t size, size_t *offset, char *out, size_t out_size) {
  assert(out_size > 0);
  const char *at = text + *offset, *end = text + size;
  const char *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
  if (!slash || slash == at) return HBUS_MALFORMED;
  size_t used = 0;
  char decoded[HBUS_TOPIC_MAX];
  for (; at < slash; at++) {
    unsigned char c = (unsigned char)*at;
    if (c == '%') {
      int high = slash - at > 2 ? s_hex_digit(at[1]) : -1, low = high >= 0 ? s_hex_digit(at[2]) : -1;
      if (low < 0) return HBUS_MALFORMED;
      c = (unsigned char)(high << 4 | low);
      if (c == 0 || s_is_plain(c)) return HBUS_MALFORMED; /* one spelling for each name: no "%41" */
      at += 2;
    } else if (!s_is_plain(c)) {
      return HBUS_MALFORMED;
    }
    if (used + 1 >= out_size || used == sizeof decoded) return HBUS_TOO_BIG;
    decoded[used++] = (char)c;
  }
  memcpy(out, decoded, used);
  out[used] = '\0';
  *offset = (size_t)(slash - text) + 1;
  return HBUS_OK;
}

hbus_status topic_names_channel(const char *text, size_t size, hbus_channel *channel, hbus_name exchange,
                                hbus_name market) {
  static const struct {
    hbus_channel channel;
    const char *start;
  } rows[] = {{HBUS_CHANNEL_ORDER_BOOK, "market_data/order_book/"},
              {HBUS_CHANNEL_TICKER, "market_data/ticker/"},
              {HBUS_CHANNEL_TRADES, "trade_update/"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t offset = strlen(rows[i].start);
    hbus_name names[2];
    if (size < offset || memcmp(text, rows[i].start, offset) != 0) continue;
    for (size_t j = 0; j < 2; j++)
      if (topic_next_segment(text, size, &offset, names[j], sizeof names[j]) != HBUS_OK) return HBUS_MALFORMED;
    if (offset != size) return HBUS_MALFORMED;
    *channel = rows[i].channel;
    memcpy(exchange, names[0], sizeof names[0]);
    memcpy(market, names[1], sizeof names[1]);
    return HBUS_OK;
  }
  return HBUS_MALFORMED;
}

bool topic_is_whole(const char *text, size_t size) {
  size_t offset = 0;
  char segment[HBUS_TOPIC_MAX + 1];
  if (size == 0 || size > HBUS_TOPIC_MAX) return false;
  while (offset < size)
    if (topic_next_segment(text, size, &offset, segment, sizeof segment) != HBUS_OK) return false;
  return true;
}

unsigned topic_streams(const char *prefix, size_t size) {
  enum { MARKET = 1 << HBUS_STREAM_MARKET, PRIVATE = 1 << HBUS_STREAM_PRIVATE };
  static const struct {
    const char *start;
    unsigned streams;
  } rows[] = {
      {"market_data/", MARKET},      {"trade_update/", MARKET | PRIVATE},
      {"order_update/", PRIVATE},    {"strategy_update/", PRIVATE},
      {"error/", MARKET | PRIVATE},  {"info/", MARKET | PRIVATE},
      {"system/", MARKET | PRIVATE}, {"audit/", PRIVATE},
  };
  unsigned streams = 0;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t start_size = strlen(rows[i].start);
    if (memcmp(rows[i].start, prefix, size < start_size ? size : start_size) == 0) streams |= rows[i].streams;
  }
  return streams;
}
