/* The typed calls about markets, and about the broker itself. */
#include <stdlib.h>
#include <string.h>

#include "hbus/calls.h"

/* A command that takes nothing but a market. */
static hbus_status s_call(hbus_client *client, hbus_command_kind kind, const char *exchange, const char *market,
                          int timeout_ms, hbus_reply *reply, hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, kind, exchange, market, error);
  return status == HBUS_OK ? hbus_client_call(client, &command, timeout_ms, reply, error) : status;
}

hbus_status hbus_ping(hbus_client *client, int timeout_ms, uint64_t *now_ms, hbus_error *error) {
  hbus_reply reply;
  uint64_t read_ms = 0;
  hbus_status status = s_call(client, HBUS_PING, NULL, NULL, timeout_ms, &reply, error);
  if (status == HBUS_OK) status = hbus_unpack_now(reply.data, &read_ms, error);
  if (status == HBUS_OK && now_ms != NULL) *now_ms = read_ms;
  return status;
}

hbus_status hbus_broker_status(hbus_client *client, int timeout_ms, hbus_document *out, hbus_error *error) {
  hbus_reply reply;
  hbus_status status = s_call(client, HBUS_STATUS, NULL, NULL, timeout_ms, &reply, error);
  if (status != HBUS_OK) return status;
  if (reply.data.size == 0) return hbus_fail(error, HBUS_MALFORMED, "the reply has no data");
  uint8_t *copy = malloc(reply.data.size);
  if (copy == NULL) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the broker's status");
  memcpy(copy, reply.data.data, reply.data.size);
  *out = (hbus_document){.data = copy, .size = reply.data.size};
  return HBUS_OK;
}

hbus_status hbus_get_ticker(hbus_client *client, const char *exchange, const char *market, int timeout_ms,
                            hbus_ticker *out, hbus_error *error) {
  hbus_reply reply;
  hbus_status status = s_call(client, HBUS_GET_TICKER, exchange, market, timeout_ms, &reply, error);
  return status == HBUS_OK ? hbus_unpack_ticker(reply.data, out, error) : status;
}

hbus_status hbus_get_order_book(hbus_client *client, const char *exchange, const char *market, unsigned depth,
                                int timeout_ms, hbus_owned_book *out, hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, HBUS_GET_ORDER_BOOK, exchange, market, error);
  if (status != HBUS_OK) return status;
  command.depth = depth;
  hbus_reply reply;
  status = hbus_client_call(client, &command, timeout_ms, &reply, error);
  if (status != HBUS_OK) return status;
  hbus_owned_book book = {0};
  status = hbus_unpack_book(reply.data, &book, error);
  if (status == HBUS_OK) *out = book;
  return status;
}

static hbus_status s_call_channel(hbus_client *client, hbus_command_kind kind, hbus_channel channel,
                                  const char *exchange, const char *market, int timeout_ms, hbus_error *error) {
  hbus_command command;
  hbus_status status = hbus_command_init(&command, kind, exchange, market, error);
  if (status != HBUS_OK) return status;
  command.channel = channel;
  hbus_reply reply;
  return hbus_client_call(client, &command, timeout_ms, &reply, error);
}

hbus_status hbus_subscribe_market(hbus_client *client, hbus_channel channel, const char *exchange, const char *market,
                                  int timeout_ms, hbus_error *error) {
  return s_call_channel(client, HBUS_SUBSCRIBE, channel, exchange, market, timeout_ms, error);
}

hbus_status hbus_unsubscribe_market(hbus_client *client, hbus_channel channel, const char *exchange, const char *market,
                                    int timeout_ms, hbus_error *error) {
  return s_call_channel(client, HBUS_UNSUBSCRIBE, channel, exchange, market, timeout_ms, error);
}
