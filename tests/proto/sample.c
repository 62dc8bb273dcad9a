/* Comparing what was decoded with a sample, field by field. */
#include <criterion/criterion.h>
#include <string.h>

#include "sample.h"

#define SAME_NUMBER(field)                                                                                             \
  cr_assert(got->field == expected->field, "%s: " #field " is %llu, not %llu", name, (unsigned long long)got->field,   \
            (unsigned long long)expected->field)
#define SAME_STRING(field)                                                                                             \
  cr_assert(strcmp(got->field, expected->field) == 0, "%s: " #field " is %s, not %s", name, got->field, expected->field)
#define SAME_DECIMAL(field)                                                                                            \
  cr_assert(got->field.size == expected->field.size && strcmp(got->field.text, expected->field.text) == 0,             \
            "%s: " #field " is %s, not %s", name, got->field.text, expected->field.text)
#define SAME_TEXT(field)                                                                                               \
  cr_assert(got->field.size == expected->field.size &&                                                                 \
                (got->field.size == 0 || memcmp(got->field.data, expected->field.data, got->field.size) == 0),         \
            "%s: " #field " is %.*s", name, (int)got->field.size, got->field.data)

#define SAME_BYTES(field)                                                                                              \
  cr_assert(got->field.size == expected->field.size &&                                                                 \
                (got->field.size == 0 || memcmp(got->field.data, expected->field.data, got->field.size) == 0),         \
            "%s: " #field " has other bytes", name)

void sample_expect_order(const hbus_order *got, const hbus_order *expected, const char *name) {
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_STRING(order_id);
  SAME_STRING(client_order_id);
  SAME_STRING(owner);
  SAME_NUMBER(side);
  SAME_NUMBER(order_type);
  SAME_NUMBER(status);
  SAME_DECIMAL(price);
  SAME_DECIMAL(stop_price);
  SAME_DECIMAL(amount);
  SAME_DECIMAL(filled);
  SAME_NUMBER(market_type);
  SAME_STRING(account);
  SAME_NUMBER(position_action);
  SAME_NUMBER(created_at_ns);
  SAME_NUMBER(filled_at_ns);
  SAME_NUMBER(cancel_requested);
  SAME_NUMBER(rev);
  cr_assert_eq(got->extra.count, 0);
}

void sample_expect_trade(const hbus_trade *got, const hbus_trade *expected, const char *name) {
  SAME_STRING(trade_id);
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_STRING(order_id);
  SAME_DECIMAL(price);
  SAME_DECIMAL(amount);
  SAME_DECIMAL(replaces);
  SAME_NUMBER(side);
}

void sample_expect_ticker(const hbus_ticker *got, const hbus_ticker *expected, const char *name) {
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_DECIMAL(bid);
  SAME_DECIMAL(ask);
  SAME_DECIMAL(last);
  SAME_DECIMAL(volume);
  SAME_NUMBER(ts_ns);
}

static void s_expect_level(const hbus_level *got, const hbus_level *expected, const char *name) {
  SAME_DECIMAL(price);
  SAME_DECIMAL(amount);
}

void sample_expect_book(const hbus_book *got, const hbus_book *expected, const char *name) {
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_NUMBER(bid_count);
  SAME_NUMBER(ask_count);
  SAME_NUMBER(ts_ns);
  for (size_t i = 0; i < got->bid_count; i++)
    s_expect_level(&got->bids[i], &expected->bids[i], name);
  for (size_t i = 0; i < got->ask_count; i++)
    s_expect_level(&got->asks[i], &expected->asks[i], name);
}

void sample_expect_notice(const hbus_notice *got, const hbus_notice *expected, const char *name) {
  SAME_NUMBER(code);
  SAME_TEXT(message);
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_STRING(order_id);
}

void sample_expect_link(const hbus_link *got, const hbus_link *expected, const char *name) {
  SAME_NUMBER(status);
  SAME_NUMBER(code);
  SAME_TEXT(reason);
}

static void s_expect_sequence(const hbus_sequence *got, const hbus_sequence *expected, const char *name) {
  SAME_TEXT(topic);
  SAME_NUMBER(seq);
}

void sample_expect_heartbeat(const hbus_heartbeat *got, const hbus_heartbeat *expected, const char *name) {
  SAME_NUMBER(part);
  SAME_NUMBER(parts);
  SAME_NUMBER(interval_ms);
  SAME_NUMBER(topic_count);
  for (size_t i = 0; i < got->topic_count; i++)
    s_expect_sequence(&got->topics[i], &expected->topics[i], name);
}

void sample_expect_slow(const hbus_slow *got, const hbus_slow *expected, const char *name) {
  SAME_STRING(name);
  SAME_NUMBER(stream);
  SAME_TEXT(topic);
  SAME_NUMBER(lag);
  SAME_NUMBER(since_ns);
}

void sample_expect_signal(const hbus_signal *got, const hbus_signal *expected, const char *name) {
  SAME_STRING(name);
  SAME_BYTES(data);
}

/* An event's record as the decoder completes it from the envelope. */
static void s_expect_data(const hbus_event *got, hbus_event expected, const char *name) {
  switch (expected.kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE:
    expected.data.book.ts_ns = expected.ts_ns;
    sample_expect_book(&got->data.book, &expected.data.book, name);
    break;
  case HBUS_KIND_TICKER_UPDATE:
    expected.data.ticker.ts_ns = expected.ts_ns;
    sample_expect_ticker(&got->data.ticker, &expected.data.ticker, name);
    break;
  case HBUS_KIND_TRADE: sample_expect_trade(&got->data.trade, &expected.data.trade, name); break;
  case HBUS_KIND_ORDER_UPDATE:
    memcpy(expected.data.order.client_order_id, expected.client_order_id, sizeof expected.client_order_id);
    memcpy(expected.data.order.owner, expected.owner, sizeof expected.owner);
    expected.data.order.rev = expected.rev;
    sample_expect_order(&got->data.order, &expected.data.order, name);
    break;
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: sample_expect_notice(&got->data.notice, &expected.data.notice, name); break;
  case HBUS_KIND_LINK: sample_expect_link(&got->data.link, &expected.data.link, name); break;
  case HBUS_KIND_HEARTBEAT: sample_expect_heartbeat(&got->data.heartbeat, &expected.data.heartbeat, name); break;
  case HBUS_KIND_SLOW: sample_expect_slow(&got->data.slow, &expected.data.slow, name); break;
  case HBUS_KIND_STRATEGY_UPDATE: sample_expect_signal(&got->data.signal, &expected.data.signal, name); break;
  case HBUS_KIND_OTHER:
  case HBUS_KIND_COUNT: cr_assert(false, "%s is of no kind", name);
  }
}

void sample_expect_event(const hbus_event *got, const hbus_event *expected, const char *name) {
  SAME_NUMBER(type);
  SAME_NUMBER(kind);
  SAME_NUMBER(epoch);
  SAME_NUMBER(seq);
  SAME_STRING(src);
  SAME_NUMBER(ts_ns);
  SAME_NUMBER(rx_ns);
  SAME_NUMBER(tx_ns);
  SAME_STRING(owner);
  SAME_STRING(client_order_id);
  SAME_NUMBER(rev);
  SAME_NUMBER(origin);
  s_expect_data(got, *expected, name);
}

void sample_expect_command(const hbus_command *got, const hbus_command *expected, const char *name) {
  SAME_STRING(id);
  SAME_NUMBER(kind);
  SAME_NUMBER(expires_ms);
  SAME_STRING(name);
  SAME_STRING(exchange);
  SAME_STRING(market);
  SAME_STRING(order_id);
  SAME_STRING(client_order_id);
  SAME_NUMBER(side);
  SAME_NUMBER(order_type);
  SAME_DECIMAL(amount);
  SAME_DECIMAL(price);
  SAME_DECIMAL(stop_price);
  SAME_NUMBER(market_type);
  SAME_STRING(account);
  SAME_NUMBER(position_action);
  SAME_NUMBER(channel);
  SAME_STRING(owner);
  SAME_NUMBER(cancel_on_disconnect);
  SAME_NUMBER(grace_ms);
  SAME_NUMBER(order_status);
  SAME_NUMBER(source);
  SAME_NUMBER(depth);
  SAME_NUMBER(limit);
  SAME_STRING(cursor);
  SAME_NUMBER(stream);
  SAME_STRING(topic);
  SAME_NUMBER(from);
  SAME_NUMBER(to);
  SAME_NUMBER(epoch);
  SAME_NUMBER(balances);
  SAME_BYTES(prefixes);
  SAME_BYTES(acks);
  SAME_BYTES(data);
}
