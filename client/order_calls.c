/* The typed calls about orders. */
#include <string.h>

#include "client/client.h"
#include "client/pages.h"
#include "hbus/calls.h"

#define HISTORY_DEFAULT 50

/* The order that was asked for, as far as we know it without an answer. */
static hbus_order s_order_of(const hbus_command *command) {
  hbus_order order = {.side = command->side,
                      .order_type = command->order_type,
                      .status = HBUS_UNKNOWN,
                      .price = command->price,
                      .stop_price = command->stop_price,
                      .amount = command->amount,
                      .market_type = command->market_type,
                      .position_action = command->position_action};
  memcpy(order.exchange, command->exchange, sizeof(order.exchange));
  memcpy(order.market, command->market, sizeof(order.market));
  memcpy(order.client_order_id, command->client_order_id, sizeof(order.client_order_id));
  memcpy(order.account, command->account, sizeof(order.account));
  return order;
}

hbus_status hbus_create_order(hbus_client *client, const hbus_command *order, int timeout_ms, hbus_order *out,
                              hbus_error *error) {
  hbus_command command = *order;
  command.kind = HBUS_CREATE_ORDER;
  hbus_reply reply;
  hbus_status status = hbus_client_call(client, &command, timeout_ms, &reply, error);
  if (status != HBUS_OK && status != HBUS_OUTCOME_UNKNOWN) return status;

  hbus_order known = s_order_of(&command);
  hbus_error why = {0};
  hbus_status unpacked = hbus_unpack_order(reply.data, &known, &why);
  if (unpacked != HBUS_OK && status == HBUS_OK) /* it was placed, but all that we know of it is that */
    status = hbus_fail(error, HBUS_OUTCOME_UNKNOWN, "the order was placed, but its state cannot be read: %s", why.text);
  if (known.client_order_id[0] == '\0')
    memcpy(known.client_order_id, command.client_order_id, sizeof(known.client_order_id));
  *out = known;
  return status;
}

/* Which order is meant; either id may be NULL. */
static hbus_status s_set_ids(hbus_command *command, const char *order_id, const char *client_order_id,
                             hbus_error *error) {
  size_t id_size = order_id == NULL ? 0 : strlen(order_id);
  size_t client_id_size = client_order_id == NULL ? 0 : strlen(client_order_id);
  if (id_size > HBUS_ORDER_ID_MAX || client_id_size > HBUS_CLIENT_ORDER_ID_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s is longer than %d bytes",
                     id_size > HBUS_ORDER_ID_MAX ? "order_id" : "client_order_id",
                     id_size > HBUS_ORDER_ID_MAX ? HBUS_ORDER_ID_MAX : HBUS_CLIENT_ORDER_ID_MAX);
  if (id_size == 0 && client_id_size == 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "neither order_id nor client_order_id is given");
  if (id_size > 0) memcpy(command->order_id, order_id, id_size);
  if (client_id_size > 0) memcpy(command->client_order_id, client_order_id, client_id_size);
  return HBUS_OK;
}

/* A command about one order. */
static hbus_status s_call_about(hbus_client *client, hbus_command_kind kind, const char *exchange, const char *market,
                                const char *order_id, const char *client_order_id, int timeout_ms, hbus_reply *reply,
                                hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, kind, exchange, market, error);
  if (status != HBUS_OK) return status;
  status = s_set_ids(&command, order_id, client_order_id, error);
  if (status != HBUS_OK) return status;
  return hbus_client_call(client, &command, timeout_ms, reply, error);
}

hbus_status hbus_cancel_order(hbus_client *client, const char *exchange, const char *market, const char *order_id,
                              const char *client_order_id, int timeout_ms, hbus_cancel *out, hbus_error *error) {
  hbus_reply reply;
  hbus_status status =
      s_call_about(client, HBUS_CANCEL_ORDER, exchange, market, order_id, client_order_id, timeout_ms, &reply, error);
  return status == HBUS_OK ? hbus_unpack_cancel(reply.data, out, error) : status;
}

hbus_status hbus_get_order(hbus_client *client, const char *exchange, const char *market, const char *order_id,
                           const char *client_order_id, int timeout_ms, hbus_order *out, hbus_error *error) {
  hbus_reply reply;
  hbus_status status =
      s_call_about(client, HBUS_GET_ORDER, exchange, market, order_id, client_order_id, timeout_ms, &reply, error);
  return status == HBUS_OK ? hbus_unpack_order(reply.data, out, error) : status;
}

hbus_status hbus_cancel_all(hbus_client *client, const char *exchange, const char *market, hbus_side side,
                            const char *owner, int timeout_ms, hbus_cancels *out, hbus_error *error) {
  hbus_command command;
  hbus_reply reply;
  hbus_status status = hbus_command_init(&command, HBUS_CANCEL_ALL, exchange, market, error);
  if (status == HBUS_OK) status = command_set_owner(&command, owner, error);
  command.side = side;
  if (status == HBUS_OK) status = hbus_client_call(client, &command, timeout_ms, &reply, error);
  return status == HBUS_OK ? hbus_unpack_cancels(reply.data, out, error) : status;
}

hbus_status hbus_resolve_order(hbus_client *client, const char *client_order_id, const char *order_id,
                               const char *owner, int timeout_ms, hbus_order *out, hbus_error *error) {
  hbus_command command = {.kind = HBUS_RESOLVE_ORDER,
                          .order_status = order_id == NULL ? HBUS_FAILED : HBUS_ORDER_STATUS_NONE};
  hbus_reply reply;
  hbus_status status = s_set_ids(&command, order_id, client_order_id, error);
  if (status == HBUS_OK) status = command_set_owner(&command, owner, error);
  if (status == HBUS_OK) status = hbus_client_call(client, &command, timeout_ms, &reply, error);
  return status == HBUS_OK ? hbus_unpack_order(reply.data, out, error) : status;
}

static hbus_status s_add_orders(void *list, hbus_bytes data, hbus_error *error) {
  return hbus_unpack_orders(data, list, error);
}

static hbus_status s_list(hbus_client *client, hbus_command_kind kind, const char *exchange, const char *market,
                          size_t orders_max, int timeout_ms, hbus_order_list *out, hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, kind, exchange, market, error);
  if (status != HBUS_OK) return status;
  hbus_order_list list = {0};
  page_target target = {.list = &list, .count = &list.count, .cursor = list.cursor, .add = s_add_orders};
  status = pages_collect(client, &command, orders_max, timeout_ms, &target, error);
  if (status != HBUS_OK) {
    hbus_order_list_free(&list);
    return status;
  }
  if (list.count > orders_max) list.count = orders_max;
  *out = list;
  return HBUS_OK;
}

hbus_status hbus_get_open_orders(hbus_client *client, const char *exchange, const char *market, int timeout_ms,
                                 hbus_order_list *out, hbus_error *error) {
  return s_list(client, HBUS_GET_OPEN_ORDERS, exchange, market, HBUS_HISTORY_MAX, timeout_ms, out, error);
}

hbus_status hbus_get_order_history(hbus_client *client, const char *exchange, const char *market, unsigned limit,
                                   int timeout_ms, hbus_order_list *out, hbus_error *error) {
  if (limit > HBUS_HISTORY_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "limit is %u, at most %d", limit, HBUS_HISTORY_MAX);
  size_t orders_max = limit == 0 ? HISTORY_DEFAULT : limit;
  return s_list(client, HBUS_GET_ORDER_HISTORY, exchange, market, orders_max, timeout_ms, out, error);
}
