/* Events of the native dialect, and books, which answers have too. */
#include <string.h>

#include "proto/upstream/native/native_decoder.h"
#include "proto/upstream/native/native_extra.h"

#define SOURCE "hummingbot" /* `src` of all that upstream said */

typedef struct event_row {
  const char *type; /* upstream's */
  hbus_event_type event_type;
  hbus_kind kind;
  hbus_status (*decode)(native_decoder *self, const native_place *place, hbus_event *out, hbus_error *error);
} event_row;

/* ---- Books ---- */

static hbus_status s_fail_level(hbus_error *error, const native_place *place, const char *side, size_t index) {
  return hbus_fail(error, HBUS_MALFORMED, "%s: %s.%s[%zu] must be a price and an amount, two decimals", place->frame,
                   place->path, side, index);
}

/* The hot path of all: most bytes of upstream's are levels. */
static hbus_status s_decode_levels(const json_node *node, const char *side, const native_place *place, hbus_level *out,
                                   hbus_error *error) {
  if (node->type != JSON_ARRAY) return native_fail(error, HBUS_MALFORMED, place, side, "must be an array");
  if (node->size > HBUS_BOOK_LEVELS_MAX)
    return native_fail(error, HBUS_TOO_BIG, place, side, "has more levels than a book may have");
  const json_node *level = json_first(node);
  for (size_t i = 0; i < node->size; i++) {
    const json_node *price = level + 1; /* scalars, or the level is refused */
    const json_node *amount = level + 2;
    if (level->type != JSON_ARRAY || level->size != 2 || !native_decimal_read(price, &out[i].price) ||
        !native_decimal_read(amount, &out[i].amount))
      return s_fail_level(error, place, side, i);
    level = json_next(level);
  }
  return HBUS_OK;
}

hbus_status native_decode_book(native_decoder *self, const native_shape *shape, const native_place *place,
                               hbus_book *out, hbus_error *error) {
  native_book book = {0};
  hbus_status status = native_fields_read(shape, self->parts.data, &book, &self->extra, place, error);
  if (status == HBUS_OK) status = s_decode_levels(book.bids, "bids", place, self->bids, error);
  if (status == HBUS_OK) status = s_decode_levels(book.asks, "asks", place, self->asks, error);
  if (status != HBUS_OK) return status;
  native_extra_settle(&self->extra, &book.book, 1, 0, offsetof(hbus_book, extra));
  book.book.bids = self->bids;
  book.book.bid_count = book.bids->size;
  book.book.asks = self->asks;
  book.book.ask_count = book.asks->size;
  *out = book.book;
  return HBUS_OK;
}

static hbus_status s_decode_book_update(native_decoder *self, const native_place *place, hbus_event *out,
                                        hbus_error *error) {
  hbus_status status = native_decode_book(self, &native_shape_book_update, place, &out->data.book, error);
  out->ts_ns = out->data.book.ts_ns;
  return status;
}

/* ---- The others ---- */

static hbus_status s_decode_ticker(native_decoder *self, const native_place *place, hbus_event *out,
                                   hbus_error *error) {
  hbus_ticker *ticker = &out->data.ticker;
  hbus_status status = native_fields_read(&native_shape_ticker, self->parts.data, ticker, &self->extra, place, error);
  native_extra_settle(&self->extra, ticker, 1, 0, offsetof(hbus_ticker, extra));
  out->ts_ns = ticker->ts_ns;
  return status;
}

static hbus_status s_decode_trade(native_decoder *self, const native_place *place, hbus_event *out, hbus_error *error) {
  native_trade trade = {0};
  hbus_status status = native_fields_read(&native_shape_trade, self->parts.data, &trade, &self->extra, place, error);
  native_extra_settle(&self->extra, &trade, 1, 0, offsetof(native_trade, trade.extra));
  out->data.trade = trade.trade;
  out->ts_ns = trade.ts_ns;
  out->origin = trade.trade.order_id[0] != '\0' ? HBUS_PUSHED : HBUS_ORIGIN_NONE; /* a fill of ours names its order */
  return status;
}

/* The id that went upstream with the order is not the owner's own: it leaves in the envelope, for the broker to
 * replace. */
static hbus_status s_decode_order_update(native_decoder *self, const native_place *place, hbus_event *out,
                                         hbus_error *error) {
  native_order_update update = {0};
  hbus_status status =
      native_fields_read(&native_shape_order_update, self->parts.data, &update, &self->extra, place, error);
  native_extra_settle(&self->extra, &update, 1, 0, offsetof(native_order_update, order.extra));
  memcpy(out->client_order_id, update.order.client_order_id, sizeof out->client_order_id);
  memset(update.order.client_order_id, 0, sizeof update.order.client_order_id);
  out->data.order = update.order;
  out->ts_ns = update.ts_ns;
  out->origin = HBUS_PUSHED;
  return status;
}

static hbus_status s_decode_notice(native_decoder *self, const native_shape *shape, const native_place *place,
                                   hbus_event *out, hbus_error *error) {
  native_notice notice = {0};
  hbus_status status = native_fields_read(shape, self->parts.data, &notice, &self->extra, place, error);
  native_extra_settle(&self->extra, &notice, 1, 0, offsetof(native_notice, notice.extra));
  out->data.notice = notice.notice;
  out->ts_ns = notice.ts_ns;
  return status;
}

static hbus_status s_decode_error(native_decoder *self, const native_place *place, hbus_event *out, hbus_error *error) {
  hbus_status status = s_decode_notice(self, &native_shape_error, place, out, error);
  const json_node *data = self->parts.data;
  if (status == HBUS_OK) out->data.notice.code = native_class_of(json_get(data, "code"), json_get(data, "message"));
  return status;
}

static hbus_status s_decode_info(native_decoder *self, const native_place *place, hbus_event *out, hbus_error *error) {
  return s_decode_notice(self, &native_shape_info, place, out, error);
}

/* ---- Which it is ---- */

static const event_row s_events[] = {
    {"order_book_update", HBUS_EVENT_MARKET_DATA, HBUS_KIND_ORDER_BOOK_UPDATE, s_decode_book_update},
    {"ticker_update", HBUS_EVENT_MARKET_DATA, HBUS_KIND_TICKER_UPDATE, s_decode_ticker},
    {"trade", HBUS_EVENT_TRADE_UPDATE, HBUS_KIND_TRADE, s_decode_trade},
    {"order_update", HBUS_EVENT_ORDER_UPDATE, HBUS_KIND_ORDER_UPDATE, s_decode_order_update},
    {"error", HBUS_EVENT_ERROR, HBUS_KIND_ERROR, s_decode_error},
    {"info", HBUS_EVENT_INFO, HBUS_KIND_INFO, s_decode_info},
};

/* Upstream's word in a sentence of ours: cut, and without anything that a terminal or a log could trip over. */
static hbus_status s_fail_unknown(const json_node *type, hbus_error *error) {
  char word[HBUS_NAME_MAX + 1] = "";
  for (size_t i = 0; i < type->size && i < HBUS_NAME_MAX; i++)
    word[i] = type->text[i] >= 0x20 && type->text[i] < 0x7f ? type->text[i] : '?';
  return hbus_fail(error, HBUS_UNSUPPORTED, "frame: an event of the unknown type \"%s\"", word);
}

hbus_status native_decode_event(native_decoder *self, hbus_event *out, hbus_error *error) {
  for (size_t i = 0; i < sizeof s_events / sizeof s_events[0]; i++) {
    const event_row *row = &s_events[i];
    if (!json_is(self->parts.type, row->type)) continue;
    native_place place = {row->type, "data", NATIVE_NO_INDEX};
    out->type = row->event_type;
    out->kind = row->kind;
    memcpy(out->src, SOURCE, sizeof SOURCE);
    return row->decode(self, &place, out, error);
  }
  return s_fail_unknown(self->parts.type, error);
}
