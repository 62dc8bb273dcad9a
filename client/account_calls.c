/* The typed calls about accounts: lists by exchange. */
#include "client/client.h"
#include "client/pages.h"
#include "hbus/calls.h"

static hbus_status s_add_balances(void *list, hbus_bytes data, hbus_error *error) {
  return hbus_unpack_balances(data, list, error);
}

static hbus_status s_add_positions(void *list, hbus_bytes data, hbus_error *error) {
  return hbus_unpack_positions(data, list, error);
}

static hbus_status s_collect(hbus_client *client, hbus_command *command, int timeout_ms, const page_target *target,
                             hbus_error *error) {
  return pages_collect(client, command, HBUS_HISTORY_MAX, timeout_ms, target, error);
}

hbus_status hbus_get_balances(hbus_client *client, const char *exchange, int timeout_ms, hbus_balance_list *out,
                              hbus_error *error) {
  hbus_command command;
  hbus_balance_list list = {0};
  page_target target = {.list = &list, .count = &list.count, .cursor = list.cursor, .add = s_add_balances};
  hbus_status status = hbus_command_init(&command, HBUS_GET_BALANCES, exchange, NULL, error);
  if (status == HBUS_OK) status = s_collect(client, &command, timeout_ms, &target, error);
  if (status == HBUS_OK)
    *out = list;
  else
    hbus_balance_list_free(&list);
  return status;
}

static hbus_status s_get_positions(hbus_client *client, hbus_command *command, int timeout_ms, hbus_position_list *out,
                                   hbus_error *error) {
  hbus_position_list list = {0};
  page_target target = {.list = &list, .count = &list.count, .cursor = list.cursor, .add = s_add_positions};
  hbus_status status = s_collect(client, command, timeout_ms, &target, error);
  if (status == HBUS_OK)
    *out = list;
  else
    hbus_position_list_free(&list);
  return status;
}

hbus_status hbus_get_positions(hbus_client *client, const char *exchange, int timeout_ms, hbus_position_list *out,
                               hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, HBUS_GET_POSITIONS, exchange, NULL, error);
  return status == HBUS_OK ? s_get_positions(client, &command, timeout_ms, out, error) : status;
}

hbus_status hbus_get_fill_positions(hbus_client *client, const char *exchange, const char *market, const char *owner,
                                    int timeout_ms, hbus_position_list *out, hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, HBUS_GET_POSITIONS, exchange, market, error);
  if (status == HBUS_OK) status = command_set_owner(&command, owner, error);
  command.source = HBUS_POSITION_FILLS;
  return status == HBUS_OK ? s_get_positions(client, &command, timeout_ms, out, error) : status;
}
