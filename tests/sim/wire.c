#include "tests/sim/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "hbus/event.h"

static void s_field(json_writer *out, const char *key, const char *text) {
  json_key(out, key);
  json_string(out, text);
}

static void s_id_field(json_writer *out, const char *key, uint64_t id) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)id);
  s_field(out, key, text);
}

static void s_price_field(json_writer *out, const char *key, const market *where, int64_t price) {
  char text[MARKET_TEXT_SIZE];
  s_field(out, key, market_price_text(where, price, text));
}

static void s_amount_field(json_writer *out, const char *key, const market *where, int64_t amount) {
  char text[MARKET_TEXT_SIZE];
  s_field(out, key, market_amount_text(where, amount, text));
}

static void s_market_fields(json_writer *out, const market *where) {
  s_field(out, "symbol", where->rules.symbol);
  s_field(out, "exchange", exchange_name(where->exchange));
}

static void s_begin_event(json_writer *out, const char *type) {
  json_begin_object(out);
  s_field(out, "type", type);
  json_key(out, "data");
  json_begin_object(out);
}

static void s_end_event(json_writer *out) {
  json_end_object(out);
  json_end_object(out);
}

void wire_timestamp(json_writer *out, const char *key, uint64_t ns) {
  char text[40];
  uint64_t us = ns / 1000;
  int size = snprintf(text, sizeof text, "%llu.%06llu", (unsigned long long)(us / 1000000),
                      (unsigned long long)(us % 1000000));
  json_key(out, key);
  json_number_text(out, text, (size_t)size);
}

static void s_order_fields(json_writer *out, const order *written, const char *type_key, bool client_ids) {
  const market *where = written->market;
  s_id_field(out, "order_id", written->id);
  s_market_fields(out, where);
  if (written->price > 0) {
    s_price_field(out, "price", where, written->price);
  } else {
    json_key(out, "price");
    json_null(out);
  }
  s_amount_field(out, "amount", where, written->amount);
  s_amount_field(out, "filled", where, written->filled);
  s_field(out, "side", hbus_side_name(written->side));
  s_field(out, type_key, hbus_order_type_name(written->type));
  s_field(out, "status", hbus_order_status_name(written->status));
  if (written->stop_price > 0) s_price_field(out, "stop_price", where, written->stop_price);
  wire_timestamp(out, "created_at", written->created_at_ns);
  if (written->filled_at_ns > 0) wire_timestamp(out, "filled_at", written->filled_at_ns);
  if (client_ids && written->client_order_id[0]) s_field(out, "client_order_id", written->client_order_id);
}

void wire_order(json_writer *out, const order *written, bool client_ids) {
  json_begin_object(out);
  s_order_fields(out, written, "type", client_ids);
  json_end_object(out);
}

void wire_order_update(json_writer *out, const order *written, bool client_ids, uint64_t now_ns) {
  s_begin_event(out, hbus_kind_name(HBUS_KIND_ORDER_UPDATE));
  s_order_fields(out, written, "order_type", client_ids);
  wire_timestamp(out, "timestamp", now_ns);
  s_end_event(out);
}

void wire_trade(json_writer *out, const trade *written, const order *filled) {
  s_begin_event(out, hbus_kind_name(HBUS_KIND_TRADE));
  s_id_field(out, "trade_id", written->id);
  if (filled) s_id_field(out, "order_id", filled->id);
  s_market_fields(out, written->market);
  s_price_field(out, "price", written->market, written->price);
  s_amount_field(out, "amount", written->market, written->amount);
  s_field(out, "side", hbus_side_name(filled ? filled->side : written->side));
  wire_timestamp(out, "timestamp", written->at_ns);
  s_end_event(out);
}

static void s_side_field(json_writer *out, const char *key, const market *where, hbus_side side, size_t depth) {
  json_key(out, key);
  json_begin_array(out);
  matching_level *levels = depth > 0 ? malloc(depth * sizeof *levels) : NULL;
  size_t count = levels ? matching_depth(where->book, side, levels, depth) : 0;
  for (size_t i = 0; i < count; i++) {
    char text[MARKET_TEXT_SIZE];
    json_begin_array(out);
    json_string(out, market_price_text(where, levels[i].price, text));
    json_string(out, market_amount_text(where, levels[i].amount, text));
    json_end_array(out);
  }
  free(levels);
  json_end_array(out);
}

void wire_book(json_writer *out, const market *written, size_t depth, uint64_t now_ns) {
  json_begin_object(out);
  wire_timestamp(out, "timestamp", now_ns);
  s_side_field(out, "bids", written, HBUS_BUY, depth);
  s_side_field(out, "asks", written, HBUS_SELL, depth);
  json_end_object(out);
}

void wire_book_update(json_writer *out, const market *written, uint64_t now_ns) {
  s_begin_event(out, hbus_kind_name(HBUS_KIND_ORDER_BOOK_UPDATE));
  s_market_fields(out, written);
  s_side_field(out, "bids", written, HBUS_BUY, WIRE_BOOK_DEPTH);
  s_side_field(out, "asks", written, HBUS_SELL, WIRE_BOOK_DEPTH);
  wire_timestamp(out, "timestamp", now_ns);
  s_end_event(out);
}

static void s_ticker_fields(json_writer *out, const market *where, uint64_t now_ns) {
  s_market_fields(out, where);
  s_price_field(out, "bid", where, matching_best(where->book, HBUS_BUY));
  s_price_field(out, "ask", where, matching_best(where->book, HBUS_SELL));
  s_price_field(out, "last", where, matching_last(where->book));
  s_amount_field(out, "volume", where, where->volume);
  wire_timestamp(out, "timestamp", now_ns);
}

void wire_ticker(json_writer *out, const market *written, uint64_t now_ns) {
  json_begin_object(out);
  s_ticker_fields(out, written, now_ns);
  json_end_object(out);
}

void wire_ticker_update(json_writer *out, const market *written, uint64_t now_ns) {
  s_begin_event(out, hbus_kind_name(HBUS_KIND_TICKER_UPDATE));
  s_ticker_fields(out, written, now_ns);
  s_end_event(out);
}

void wire_balances(json_writer *out, const exchange *written) {
  const account *owned = exchange_account(written, OWNER_TRADER);
  json_begin_object(out);
  json_key(out, exchange_name(written));
  json_begin_object(out);
  for (size_t at = 0; at < exchange_asset_count(written); at++) {
    char text[QUANTITY_TEXT_SIZE];
    json_key(out, exchange_asset(written, at)->name);
    json_begin_object(out);
    s_field(out, "total", quantity_text(owned->assets[at].total, text));
    s_field(out, "available", quantity_text(account_available(owned, at), text));
    json_end_object(out);
  }
  json_end_object(out);
  json_end_object(out);
}

static void s_position(json_writer *out, const market *where) {
  const position *held = &where->positions[OWNER_TRADER];
  int64_t amount = held->amount < 0 ? -held->amount : held->amount;
  quantity cost = held->cost < 0 ? -held->cost : held->cost;
  quantity entry = cost / amount;
  for (unsigned i = 0; i < where->rules.amount_digits; i++)
    entry *= 10;
  quantity worth = market_notional(where, matching_last(where->book), amount);
  char text[QUANTITY_TEXT_SIZE];
  json_begin_object(out);
  s_field(out, "symbol", where->rules.symbol);
  s_field(out, "side", hbus_side_name(held->amount > 0 ? HBUS_BUY : HBUS_SELL));
  s_amount_field(out, "amount", where, amount);
  s_field(out, "entry_price", quantity_text_fixed(entry, where->rules.price_digits + 4, text));
  s_field(out, "unrealized_pnl", quantity_text(held->amount > 0 ? worth - cost : cost - worth, text));
  json_key(out, "leverage");
  json_unsigned(out, where->rules.leverage);
  json_end_object(out);
}

void wire_positions(json_writer *out, const exchange *written) {
  json_begin_array(out);
  for (size_t i = 0; i < exchange_market_count(written); i++) {
    if (exchange_market(written, i)->positions[OWNER_TRADER].amount != 0) s_position(out, exchange_market(written, i));
  }
  json_end_array(out);
}

void wire_error(json_writer *out, const char *text, uint64_t now_ns) {
  s_begin_event(out, hbus_kind_name(HBUS_KIND_ERROR));
  s_field(out, "message", text);
  wire_timestamp(out, "timestamp", now_ns);
  s_end_event(out);
}
