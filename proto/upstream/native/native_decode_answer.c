/* Answers of the native dialect: the data of a response, read as what the command that asked is answered with. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/upstream/native/native_decoder.h"
#include "proto/upstream/native/native_extra.h"
#include "proto/utf8.h"

typedef struct answer_row {
  hbus_command_kind kind;
  const char *request;
  hbus_status (*decode)(native_decoder *self, const native_place *place, upstream_answer *out, hbus_error *error);
} answer_row;

/* ---- Lists ---- */

/* A zeroed record at the end of the list; NULL: no memory. */
static void *s_list_add(native_list *list, size_t item_size) {
  if ((list->count + 1) * item_size > list->capacity) {
    size_t capacity = (list->count + 1) * item_size * 2;
    void *items = realloc(list->items, capacity);
    if (items == NULL) return NULL;
    list->items = items;
    list->capacity = capacity;
  }
  void *item = (char *)list->items + list->count++ * item_size;
  memset(item, 0, item_size);
  return item;
}

/* A list of records of one shape, their unknown fields included. */
static hbus_status s_decode_list(native_decoder *self, const native_shape *shape, size_t item_size,
                                 const native_place *list_place, hbus_error *error) {
  const json_node *data = self->parts.data;
  if (data == NULL || data->type != JSON_ARRAY)
    return native_fail(error, HBUS_MALFORMED, list_place, NULL, "must be an array");
  native_place place = *list_place;
  const json_node *item = json_first(data);
  for (place.index = 0; place.index < data->size; place.index++) {
    void *record = s_list_add(&self->list, item_size);
    if (record == NULL) return native_fail(error, HBUS_NO_MEMORY, list_place, NULL, "needs more memory than there is");
    hbus_status status = native_fields_read(shape, item, record, &self->extra, &place, error);
    if (status != HBUS_OK) return status;
    item = json_next(item);
  }
  native_extra_settle(&self->extra, self->list.items, self->list.count, item_size, shape->extra_offset);
  return HBUS_OK;
}

/* ---- Each answer ---- */

static hbus_status s_decode_nothing(native_decoder *self, const native_place *place, upstream_answer *out,
                                    hbus_error *error) {
  (void)self, (void)place, (void)out, (void)error;
  return HBUS_OK;
}

static hbus_status s_decode_order(native_decoder *self, const native_place *place, upstream_answer *out,
                                  hbus_error *error) {
  hbus_order *order = &out->data.order;
  hbus_status status = native_fields_read(&native_shape_order, self->parts.data, order, &self->extra, place, error);
  native_extra_settle(&self->extra, order, 1, 0, offsetof(hbus_order, extra));
  return status;
}

static hbus_status s_decode_cancel(native_decoder *self, const native_place *place, upstream_answer *out,
                                   hbus_error *error) {
  return native_fields_read(&native_shape_cancel, self->parts.data, &out->data.cancel, &self->extra, place, error);
}

static hbus_status s_decode_orders(native_decoder *self, const native_place *place, upstream_answer *out,
                                   hbus_error *error) {
  hbus_status status = s_decode_list(self, &native_shape_order, sizeof(hbus_order), place, error);
  out->data.orders.items = self->list.items;
  out->data.orders.count = self->list.count;
  return status;
}

static hbus_status s_decode_book(native_decoder *self, const native_place *place, upstream_answer *out,
                                 hbus_error *error) {
  return native_decode_book(self, &native_shape_book, place, &out->data.book, error);
}

static hbus_status s_decode_ticker(native_decoder *self, const native_place *place, upstream_answer *out,
                                   hbus_error *error) {
  hbus_ticker *ticker = &out->data.ticker;
  hbus_status status = native_fields_read(&native_shape_ticker, self->parts.data, ticker, &self->extra, place, error);
  native_extra_settle(&self->extra, ticker, 1, 0, offsetof(hbus_ticker, extra));
  return status;
}

static hbus_status s_decode_positions(native_decoder *self, const native_place *place, upstream_answer *out,
                                      hbus_error *error) {
  hbus_status status = s_decode_list(self, &native_shape_position, sizeof(hbus_position), place, error);
  out->data.positions.items = self->list.items;
  out->data.positions.count = self->list.count;
  return status;
}

/* One exchange's part of {exchange: {asset: {total, available}}}. */
static hbus_status s_decode_assets(native_decoder *self, const json_node *exchange, const native_place *place,
                                   hbus_error *error) {
  const json_node *assets = json_next(exchange);
  if (assets->type != JSON_OBJECT)
    return native_fail(error, HBUS_MALFORMED, place, NULL, "must be an object of objects of assets");
  const json_node *asset = json_first(assets);
  for (uint32_t i = 0; i < assets->size; i++) {
    hbus_balance *balance = s_list_add(&self->list, sizeof *balance);
    if (balance == NULL) return native_fail(error, HBUS_NO_MEMORY, place, NULL, "needs more memory than there is");
    bool is_named = exchange->size > 0 && native_name_read(exchange, HBUS_NAME_MAX, balance->exchange) &&
                    asset->size > 0 && native_name_read(asset, HBUS_NAME_MAX, balance->asset);
    if (!is_named)
      return native_fail(error, HBUS_MALFORMED, place, NULL, "has the name of an exchange or asset that is no name");
    hbus_status status =
        native_fields_read(&native_shape_balance, json_next(asset), balance, &self->extra, place, error);
    if (status != HBUS_OK) return status;
    asset = json_next(json_next(asset));
  }
  return HBUS_OK;
}

static hbus_status s_decode_balances(native_decoder *self, const native_place *place, upstream_answer *out,
                                     hbus_error *error) {
  const json_node *data = self->parts.data;
  if (data == NULL || data->type != JSON_OBJECT)
    return native_fail(error, HBUS_MALFORMED, place, NULL, "must be an object");
  const json_node *exchange = json_first(data);
  for (uint32_t i = 0; i < data->size; i++) {
    hbus_status status = s_decode_assets(self, exchange, place, error);
    if (status != HBUS_OK) return status;
    exchange = json_next(json_next(exchange));
  }
  out->data.balances.items = self->list.items;
  out->data.balances.count = self->list.count;
  return HBUS_OK;
}

/* ---- Which it is ---- */

static const answer_row s_answers[] = {
    {HBUS_COMMAND_NONE, "authenticate", s_decode_nothing},
    {HBUS_CREATE_ORDER, "create_order", s_decode_order},
    {HBUS_CANCEL_ORDER, "cancel_order", s_decode_cancel},
    {HBUS_GET_ORDER, "get_order", s_decode_order},
    {HBUS_GET_OPEN_ORDERS, "get_open_orders", s_decode_orders},
    {HBUS_GET_ORDER_HISTORY, "get_order_history", s_decode_orders},
    {HBUS_GET_ORDER_BOOK, "get_order_book", s_decode_book},
    {HBUS_GET_TICKER, "get_ticker", s_decode_ticker},
    {HBUS_GET_BALANCES, "get_balances", s_decode_balances},
    {HBUS_GET_POSITIONS, "get_positions", s_decode_positions},
    {HBUS_SUBSCRIBE, "subscribe", s_decode_nothing},
    {HBUS_UNSUBSCRIBE, "unsubscribe", s_decode_nothing},
};

static const answer_row *s_find(hbus_command_kind kind) {
  for (size_t i = 0; i < sizeof s_answers / sizeof s_answers[0]; i++)
    if (s_answers[i].kind == kind) return &s_answers[i];
  return NULL;
}

hbus_status native_decode_answer(native_decoder *self, hbus_command_kind kind, upstream_answer *out,
                                 hbus_error *error) {
  assert(self != NULL && self->has_response && out != NULL);
  const answer_row *row = s_find(kind);
  assert(row != NULL); /* nothing else was ever asked */
  const json_node *message = self->parts.message;
  upstream_answer answer = {0};
  buffer_reset(&self->extra);
  self->list.count = 0;

  if (message != NULL && message->type == JSON_STRING)
    answer.message = (hbus_text){message->text, utf8_cut(message->text, message->size, HBUS_MESSAGE_MAX)};
  hbus_status status = HBUS_OK;
  if (json_is(self->parts.status, "error")) { /* it is one whatever else is wrong with it */
    answer.code = native_class_of(self->parts.code, message);
  } else {
    native_place place = {row->request, "data", NATIVE_NO_INDEX};
    status = row->decode(self, &place, &answer, error);
  }
  if (status == HBUS_OK) *out = answer;
  return status;
}
