/* The records' tables, and the calls that walk them. Books have a file of their own: their levels are the hot path. */
#include "proto/record.h"

#include "proto/field.h"
#include "proto/frame.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TIME_MAX    UINT64_MAX

static const field s_order_fields[] = {
    FIELD_NAME_ROW(hbus_order, exchange, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_order, market, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_order, order_id, 0),
    FIELD_NAME_ROW(hbus_order, client_order_id, FIELD_IN_REPLY),
    FIELD_NAME_ROW(hbus_order, owner, FIELD_IN_REPLY),
    FIELD_UNSIGNED_ROW(hbus_order, rev, "rev", UINT64_MAX, FIELD_IN_REPLY),
    FIELD_OPEN_ENUM_ROW(hbus_order, side, names_side, FIELD_REQUIRED),
    FIELD_OPEN_ENUM_ROW(hbus_order, order_type, names_order_type, FIELD_REQUIRED),
    FIELD_OPEN_ENUM_ROW(hbus_order, status, names_order_status, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_order, price, 0),
    FIELD_DECIMAL_ROW(hbus_order, stop_price, 0),
    FIELD_DECIMAL_ROW(hbus_order, amount, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_order, filled, 0),
    FIELD_OPEN_ENUM_ROW(hbus_order, market_type, names_market_type, 0),
    FIELD_NAME_ROW(hbus_order, account, 0),
    FIELD_OPEN_ENUM_ROW(hbus_order, position_action, names_position_action, 0),
    FIELD_UNSIGNED_ROW(hbus_order, created_at_ns, "created_at", TIME_MAX, 0),
    FIELD_UNSIGNED_ROW(hbus_order, filled_at_ns, "filled_at", TIME_MAX, 0),
    FIELD_ROW(hbus_order, cancel_requested, "cancel_requested", .type = FIELD_FLAG),
};

static const field s_trade_fields[] = {
    FIELD_NAME_ROW(hbus_trade, trade_id, 0),
    FIELD_NAME_ROW(hbus_trade, exchange, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_trade, market, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_trade, order_id, 0),
    FIELD_DECIMAL_ROW(hbus_trade, price, 0), /* an inferred fill has none */
    FIELD_DECIMAL_ROW(hbus_trade, amount, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_trade, replaces, 0),
    FIELD_OPEN_ENUM_ROW(hbus_trade, side, names_side, FIELD_REQUIRED),
};

static const field s_ticker_fields[] = {
    FIELD_NAME_ROW(hbus_ticker, exchange, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_ticker, market, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_ticker, bid, 0),
    FIELD_DECIMAL_ROW(hbus_ticker, ask, 0),
    FIELD_DECIMAL_ROW(hbus_ticker, last, 0),
    FIELD_DECIMAL_ROW(hbus_ticker, volume, 0),
    FIELD_UNSIGNED_ROW(hbus_ticker, ts_ns, "ts", TIME_MAX, FIELD_IN_REPLY),
};

static const field s_balance_fields[] = {
    FIELD_NAME_ROW(hbus_balance, exchange, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_balance, asset, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_balance, total, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_balance, available, FIELD_REQUIRED),
};

static const field s_position_fields[] = {
    FIELD_NAME_ROW(hbus_position, exchange, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_position, market, FIELD_REQUIRED),
    FIELD_OPEN_ENUM_ROW(hbus_position, side, names_side, 0), /* nothing is neither long nor short */
    FIELD_DECIMAL_ROW(hbus_position, amount, FIELD_REQUIRED),
    FIELD_DECIMAL_ROW(hbus_position, entry_price, 0),
    FIELD_DECIMAL_ROW(hbus_position, unrealized_pnl, 0),
    FIELD_DECIMAL_ROW(hbus_position, leverage, 0),
    FIELD_NAME_ROW(hbus_position, owner, 0),
    FIELD_DECIMAL_ROW(hbus_position, realized_pnl, 0),
    FIELD_DECIMAL_ROW(hbus_position, unpriced, 0),
    FIELD_DECIMAL_ROW(hbus_position, working_buy, 0),
    FIELD_DECIMAL_ROW(hbus_position, working_sell, 0),
};

static const field s_cancel_fields[] = {
    FIELD_NAME_ROW(hbus_cancel, order_id, 0),
    FIELD_NAME_ROW(hbus_cancel, client_order_id, 0),
    FIELD_ROW(hbus_cancel, cancelled, "cancelled", .type = FIELD_BOOL, .flags = FIELD_REQUIRED),
    FIELD_ROW(hbus_cancel, requested, "requested", .type = FIELD_FLAG),
};

static const field s_cancels_fields[] = {
    FIELD_UNSIGNED_ROW(hbus_cancels, requested, "requested", UINT64_MAX, 0),
    FIELD_UNSIGNED_ROW(hbus_cancels, not_sent, "not_sent", UINT64_MAX, 0),
};

static const field s_notice_fields[] = {
    FIELD_ROW(hbus_notice, code, "code", .type = FIELD_CODE),
    FIELD_TEXT_ROW(hbus_notice, message),
    FIELD_NAME_ROW(hbus_notice, exchange, 0),
    FIELD_NAME_ROW(hbus_notice, market, 0),
    FIELD_NAME_ROW(hbus_notice, order_id, 0),
};

static const field s_link_fields[] = {
    FIELD_OPEN_ENUM_ROW(hbus_link, status, names_link_status, FIELD_REQUIRED),
    FIELD_ROW(hbus_link, code, "code", .type = FIELD_CODE),
    FIELD_TEXT_ROW(hbus_link, reason),
};

static const field s_slow_fields[] = {
    FIELD_NAME_ROW(hbus_slow, name, 0),
    FIELD_OPEN_ENUM_ROW(hbus_slow, stream, names_stream, FIELD_REQUIRED),
    FIELD_ROW(hbus_slow, topic, "topic", .type = FIELD_TEXT, .min = 1, .max = HBUS_TOPIC_MAX, .flags = FIELD_REQUIRED),
    FIELD_ROW(hbus_slow, lag, "lag", .type = FIELD_COUNT, .max = FIELD_NUMBER_MAX, .flags = FIELD_REQUIRED),
    FIELD_UNSIGNED_ROW(hbus_slow, since_ns, "since", TIME_MAX, FIELD_REQUIRED),
};

static const field s_signal_fields[] = {
    FIELD_NAME_ROW(hbus_signal, name, FIELD_REQUIRED),
    FIELD_ROW(hbus_signal, data, "data", .type = FIELD_RAW, .max = HBUS_SIGNAL_MAX, .flags = FIELD_REQUIRED),
};

static const field_table s_order = {s_order_fields, COUNT(s_order_fields)};
static const field_table s_trade = {s_trade_fields, COUNT(s_trade_fields)};
static const field_table s_ticker = {s_ticker_fields, COUNT(s_ticker_fields)};
static const field_table s_balance = {s_balance_fields, COUNT(s_balance_fields)};
static const field_table s_position = {s_position_fields, COUNT(s_position_fields)};
static const field_table s_cancel = {s_cancel_fields, COUNT(s_cancel_fields)};
static const field_table s_cancels = {s_cancels_fields, COUNT(s_cancels_fields)};
static const field_table s_notice = {s_notice_fields, COUNT(s_notice_fields)};
static const field_table s_link = {s_link_fields, COUNT(s_link_fields)};
static const field_table s_slow = {s_slow_fields, COUNT(s_slow_fields)};
static const field_table s_signal = {s_signal_fields, COUNT(s_signal_fields)};

/* `extra` may be NULL. */
static hbus_status s_pack(const field_table *table, record_place place, const void *record, const hbus_extra *extra,
                          buffer *out) {
  size_t start = out->size;
  field_set which = place == RECORD_IN_REPLY ? FIELD_ALL : ~field_select(table, FIELD_IN_REPLY);
  field_set required = field_select(table, FIELD_REQUIRED);
  hbus_status status = field_pack(table, which, required, record, extra ? extra->count : 0, out);
  if (status == HBUS_OK && extra) status = buffer_append(out, extra->pairs.data, extra->pairs.size);
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

/* Fills *out only on success. */
#define S_UNPACK(table, type, object, out, error)                                                                      \
  do {                                                                                                                 \
    type record = {0};                                                                                                 \
    hbus_status status = field_unpack_record(&(table), "data", (object), &record, (error));                            \
    if (status == HBUS_OK) *(out) = record;                                                                            \
    return status;                                                                                                     \
  } while (0)

hbus_status record_pack_order(const hbus_order *order, record_place place, buffer *out) {
  return s_pack(&s_order, place, order, &order->extra, out);
}

hbus_status record_unpack_order(const msgpack_object *map, hbus_order *out, hbus_error *error) {
  S_UNPACK(s_order, hbus_order, map, out, error);
}

hbus_status record_pack_trade(const hbus_trade *trade, buffer *out) {
  return s_pack(&s_trade, RECORD_IN_EVENT, trade, &trade->extra, out);
}

hbus_status record_unpack_trade(const msgpack_object *map, hbus_trade *out, hbus_error *error) {
  S_UNPACK(s_trade, hbus_trade, map, out, error);
}

hbus_status record_pack_ticker(const hbus_ticker *ticker, record_place place, buffer *out) {
  return s_pack(&s_ticker, place, ticker, &ticker->extra, out);
}

hbus_status record_unpack_ticker(const msgpack_object *map, hbus_ticker *out, hbus_error *error) {
  S_UNPACK(s_ticker, hbus_ticker, map, out, error);
}

hbus_status record_pack_balance(const hbus_balance *balance, buffer *out) {
  return s_pack(&s_balance, RECORD_IN_REPLY, balance, NULL, out);
}

hbus_status record_unpack_balance(const msgpack_object *map, hbus_balance *out, hbus_error *error) {
  S_UNPACK(s_balance, hbus_balance, map, out, error);
}

hbus_status record_pack_position(const hbus_position *position, buffer *out) {
  return s_pack(&s_position, RECORD_IN_REPLY, position, &position->extra, out);
}

hbus_status record_unpack_position(const msgpack_object *map, hbus_position *out, hbus_error *error) {
  S_UNPACK(s_position, hbus_position, map, out, error);
}

hbus_status record_pack_cancel(const hbus_cancel *cancel, buffer *out) {
  return s_pack(&s_cancel, RECORD_IN_REPLY, cancel, NULL, out);
}

hbus_status record_unpack_cancel(const msgpack_object *map, hbus_cancel *out, hbus_error *error) {
  S_UNPACK(s_cancel, hbus_cancel, map, out, error);
}

hbus_status record_pack_cancels(const hbus_cancels *cancels, buffer *out) {
  return s_pack(&s_cancels, RECORD_IN_REPLY, cancels, NULL, out);
}

hbus_status record_unpack_cancels(const msgpack_object *map, hbus_cancels *out, hbus_error *error) {
  S_UNPACK(s_cancels, hbus_cancels, map, out, error);
}

hbus_status record_pack_notice(const hbus_notice *notice, buffer *out) {
  return s_pack(&s_notice, RECORD_IN_EVENT, notice, &notice->extra, out);
}

hbus_status record_unpack_notice(const msgpack_object *map, hbus_notice *out, hbus_error *error) {
  S_UNPACK(s_notice, hbus_notice, map, out, error);
}

hbus_status record_pack_link(const hbus_link *link, buffer *out) {
  return s_pack(&s_link, RECORD_IN_EVENT, link, NULL, out);
}

hbus_status record_unpack_link(const msgpack_object *map, hbus_link *out, hbus_error *error) {
  S_UNPACK(s_link, hbus_link, map, out, error);
}

hbus_status record_pack_slow(const hbus_slow *slow, buffer *out) {
  if (slow->topic.size > HBUS_TOPIC_MAX) return HBUS_TOO_BIG; /* it would be cut, and be another topic */
  return s_pack(&s_slow, RECORD_IN_EVENT, slow, NULL, out);
}

hbus_status record_unpack_slow(const msgpack_object *map, hbus_slow *out, hbus_error *error) {
  S_UNPACK(s_slow, hbus_slow, map, out, error);
}

hbus_status record_pack_signal(const hbus_signal *signal, buffer *out) {
  if (signal->data.size > HBUS_SIGNAL_MAX) return HBUS_TOO_BIG;
  if (frame_check_value(signal->data, HBUS_SIGNAL_DEPTH_MAX) != HBUS_OK) return HBUS_MALFORMED;
  return s_pack(&s_signal, RECORD_IN_EVENT, signal, NULL, out);
}

hbus_status record_unpack_signal(const msgpack_object *map, hbus_bytes bytes, hbus_signal *out, hbus_error *error) {
  hbus_signal record = {0};
  hbus_status status = field_unpack_record(&s_signal, "data", map, &record, error);
  if (status == HBUS_OK) status = field_unpack_raw(&s_signal, FIELD_ALL, bytes, &record, error);
  if (status == HBUS_OK) *out = record;
  return status;
}
