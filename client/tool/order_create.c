#include <string.h>

#include "client/tool/list.h"
#include "proto/names.h"
#include "proto/record.h"

/* Which order types go with a price, and with a stop price. */
static bool s_has_price(hbus_order_type type) {
  return type == HBUS_LIMIT || type == HBUS_STOP_LIMIT || type == HBUS_LIMIT_MAKER;
}

static bool s_has_stop_price(hbus_order_type type) {
  return type == HBUS_STOP || type == HBUS_STOP_LIMIT;
}

static hbus_status s_read_decimal(const char *field, const char *text, hbus_decimal *out, hbus_error *error) {
  if (hbus_decimal_parse(text, strlen(text), out) == HBUS_OK) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "%s \"%s\": expected a decimal like 0.25", field, text);
}

static hbus_status s_read_name(const char *field, const name_table *names, const char *text, unsigned *out,
                               hbus_error *error) {
  *out = name_find(names, text, strlen(text));
  if (*out != 0) return HBUS_OK;
  char known[96];
  name_list(names, known, sizeof(known));
  return hbus_fail(error, HBUS_INVALID_REQUEST, "%s \"%s\": expected one of %s", field, text, known);
}

/* The price is the sixth positional, the stop price an option; each is there exactly when the type has one. */
static hbus_status s_read_prices(const arguments *arguments, hbus_command *order, hbus_error *error) {
  const char *type = hbus_order_type_name(order->order_type);
  const char *price = arguments->positional_count > 5 ? arguments->positionals[5] : NULL;
  if (s_has_price(order->order_type) != (price != NULL))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "a %s order %s", type,
                     price == NULL ? "needs a PRICE" : "has no PRICE");
  if (s_has_stop_price(order->order_type) != (arguments->stop_price != NULL))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "a %s order %s", type,
                     arguments->stop_price == NULL ? "needs --stop-price" : "has no --stop-price");
  hbus_status status = HBUS_OK;
  if (price != NULL) status = s_read_decimal("PRICE", price, &order->price, error);
  if (status == HBUS_OK && arguments->stop_price != NULL)
    status = s_read_decimal("--stop-price", arguments->stop_price, &order->stop_price, error);
  return status;
}

static hbus_status s_read_order(const arguments *arguments, hbus_command *order, hbus_error *error) {
  char **words = arguments->positionals;
  unsigned side = 0, type = 0;
  hbus_status status = s_read_name("side", &names_side, words[2], &side, error);
  if (status == HBUS_OK) status = s_read_name("order type", &names_order_type, words[3], &type, error);
  if (status == HBUS_OK) status = s_read_decimal("AMOUNT", words[4], &order->amount, error);
  if (status != HBUS_OK) return status;
  order->side = (hbus_side)side;
  order->order_type = (hbus_order_type)type;
  if (arguments->client_order_id != NULL)
    memcpy(order->client_order_id, arguments->client_order_id, strlen(arguments->client_order_id) + 1);
  return s_read_prices(arguments, order, error);
}

/* An order that may be live must not be lost: what we know of it is printed, its client_order_id above all. */
static void s_print_unknown(const arguments *arguments, const hbus_command *command) {
  hbus_order order = {.side = command->side,
                      .order_type = command->order_type,
                      .status = HBUS_UNKNOWN,
                      .price = command->price,
                      .stop_price = command->stop_price,
                      .amount = command->amount};
  memcpy(order.exchange, command->exchange, sizeof(order.exchange));
  memcpy(order.market, command->market, sizeof(order.market));
  memcpy(order.client_order_id, command->client_order_id, sizeof(order.client_order_id));
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  if (record_pack_order(&order, RECORD_IN_REPLY, &data) == HBUS_OK)
    list_print_one(arguments, list_order_columns, list_order_column_count, (hbus_bytes){data.data, data.size});
  buffer_free(&data);
}

static outcome s_place(const verb *self, const arguments *arguments, hbus_command *command) {
  hbus_client *client = NULL;
  outcome outcome = peer_connect(self, arguments, false, &client);
  if (outcome != OUTCOME_DONE) return outcome;
  if (arguments->expires_ms > 0) command->expires_ms = hbus_client_broker_now_ms(client) + arguments->expires_ms;
  hbus_reply reply;
  hbus_error error = {0};
  hbus_status status = hbus_client_call(client, command, 0, &reply, &error);
  if (status == HBUS_OK && reply.repeat && !arguments->json)
    (void)fprintf(stderr, "hbus %s: this --id was used before for the same order; this is that order\n", self->name);
  if (reply.data.size > 0 && (status == HBUS_OK || status == HBUS_OUTCOME_UNKNOWN))
    list_print_one(arguments, list_order_columns, list_order_column_count, reply.data);
  else if (status == HBUS_OUTCOME_UNKNOWN)
    s_print_unknown(arguments, command);
  if (status == HBUS_OUTCOME_UNKNOWN) {
    char text[HBUS_ERROR_TEXT_SIZE];
    memcpy(text, error.text, sizeof(text));
    (void)hbus_fail(&error, status, "%s; it may be live: ask \"hbus order status %s %s --id %s\"", text,
                    command->exchange, command->market, command->client_order_id);
  }
  if (status != HBUS_OK) outcome = peer_report(self, &error);
  hbus_client_destroy(&client);
  return outcome;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  hbus_error error = {0};
  outcome outcome = peer_command(self, arguments, HBUS_CREATE_ORDER, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  if (s_read_order(arguments, &command, &error) != HBUS_OK) return peer_report_usage(self, &error);
  return s_place(self, arguments, &command);
}

const verb verb_order_create = {
    .name = "order create",
    .parameters = "EXCHANGE MARKET buy|sell limit|market|stop|stop_limit|limit_maker AMOUNT [PRICE]",
    .summary = "Places an order",
    .details =
        "The order has a CLIENT_ORDER_ID of yours (--id) or a random one, which is printed. The same order under the\n"
        "same --id is never placed twice, whatever is restarted in between. Exit status 4 means that it may be live.",
    .options = ARGUMENT_STOP_PRICE | ARGUMENT_ID | ARGUMENT_EXPIRES,
    .positionals_min = 5,
    .positionals_max = 6,
    .run = s_run};
