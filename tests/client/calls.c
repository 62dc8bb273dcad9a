/* Each typed call: what goes out, what comes back, and what its failures are. */
#include <criterion/criterion.h>
#include <string.h>

#include "fixture.h"
#include "proto/record.h"

/* Market and broker */

Test(calls, ping_gives_the_brokers_clock) {
  fake_broker *broker = fake_broker_new(NULL, NULL);
  hbus_client *client = fixture_connect(broker);
  broker->now_ms = 1234567890123;
  uint64_t now_ms = 0;
  cr_assert_eq(hbus_ping(client, 0, &now_ms, NULL), HBUS_OK);
  cr_assert_eq(now_ms, 1234567890123u);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_PING);
  cr_assert_eq(hbus_ping(client, 0, NULL, NULL), HBUS_OK);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_answer_markets(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  hbus_level bids[] = {{fixture_decimal("36.00"), fixture_decimal("1")},
                       {fixture_decimal("35.90"), fixture_decimal("2")}};
  hbus_level asks[] = {{fixture_decimal("36.10"), fixture_decimal("0.00110000")}};
  hbus_book book = {.exchange = "binance",
                    .market = "ETH-USDT",
                    .bids = bids,
                    .bid_count = 2,
                    .asks = asks,
                    .ask_count = 1,
                    .ts_ns = 5};
  hbus_ticker ticker = {.exchange = "binance",
                        .market = "ETH-USDT",
                        .bid = fixture_decimal("36.00"),
                        .ask = fixture_decimal("36.10"),
                        .ts_ns = 9};
  if (command->command.kind == HBUS_GET_ORDER_BOOK) record_pack_book(&book, RECORD_IN_REPLY, &data);
  if (command->command.kind == HBUS_GET_TICKER) record_pack_ticker(&ticker, RECORD_IN_REPLY, &data);
  if (command->command.kind == HBUS_STATUS) buffer_append(&data, "\x81\xa1x\x01", 4);
  fake_reply_ok(self, command, data.size > 0 ? &data : NULL);
  buffer_free(&data);
}

Test(calls, markets) {
  fake_broker *broker = fake_broker_new(s_answer_markets, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_ticker ticker;
  cr_assert_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_GET_TICKER);
  cr_assert_str_eq(fixture_last(broker)->exchange, "binance");
  cr_assert_str_eq(fixture_last(broker)->market, "ETH-USDT");
  cr_assert_str_eq(ticker.bid.text, "36.00");
  cr_assert(hbus_decimal_is_absent(&ticker.last));

  hbus_owned_book book = {0};
  cr_assert_eq(hbus_get_order_book(client, "binance", "ETH-USDT", 20, 0, &book, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_GET_ORDER_BOOK);
  cr_assert_eq(fixture_last(broker)->depth, 20u);
  cr_assert_eq(book.book.bid_count, 2u);
  cr_assert_eq(book.book.ask_count, 1u);
  cr_assert_str_eq(book.book.bids[1].price.text, "35.90");
  cr_assert_str_eq(book.book.asks[0].amount.text, "0.00110000");
  /* the result is ours: another call does not touch it */
  cr_assert_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, NULL), HBUS_OK);
  cr_assert_str_eq(book.book.bids[0].price.text, "36.00");
  hbus_owned_book_free(&book);
  hbus_owned_book_free(&book);

  hbus_document status = {0};
  cr_assert_eq(hbus_broker_status(client, 0, &status, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_STATUS);
  cr_assert_eq(status.size, 4u);
  cr_assert_eq(memcmp(status.data, "\x81\xa1x\x01", 4), 0);
  hbus_document_free(&status);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, market_subscriptions) {
  fake_broker *broker = fake_broker_new(s_answer_markets, NULL);
  hbus_client *client = fixture_connect(broker);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TRADES, "binance", "ETH-USDT", 0, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_SUBSCRIBE);
  cr_assert_eq(fixture_last(broker)->channel, HBUS_CHANNEL_TRADES);
  cr_assert_str_eq(fixture_last(broker)->market, "ETH-USDT");
  cr_assert_eq(hbus_unsubscribe_market(client, HBUS_CHANNEL_TRADES, "binance", "ETH-USDT", 0, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_UNSUBSCRIBE);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Orders */

static void s_answer_orders(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  hbus_order order =
      fake_order("ord-1", command->command.client_order_id[0] ? command->command.client_order_id : "mine");
  hbus_cancel cancel = {.order_id = "ord-1", .cancelled = true};
  if (command->command.kind == HBUS_CANCEL_ORDER)
    record_pack_cancel(&cancel, &data);
  else
    record_pack_order(&order, RECORD_IN_REPLY, &data);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

static hbus_command s_limit_order(void) {
  hbus_command order;
  cr_assert_eq(hbus_command_init(&order, HBUS_CREATE_ORDER, "binance", "ETH-USDT", NULL), HBUS_OK);
  order.side = HBUS_BUY;
  order.order_type = HBUS_LIMIT;
  order.amount = fixture_decimal("0.5");
  order.price = fixture_decimal("3000.00");
  return order;
}

Test(calls, create_fills_what_the_caller_left_empty) {
  fake_broker *broker = fake_broker_new(s_answer_orders, NULL);
  broker->now_ms = 1800000000000;
  hbus_client *client = fixture_connect(broker);
  hbus_command order = s_limit_order();
  hbus_order placed = {0};
  hbus_error error = {0};
  cr_assert_eq(hbus_create_order(client, &order, 4000, &placed, &error), HBUS_OK, "%s", error.text);
  const hbus_command *sent = fixture_last(broker);
  cr_assert_eq(sent->kind, HBUS_CREATE_ORDER);
  cr_assert_str_eq(sent->price.text, "3000.00");
  cr_assert_str_eq(sent->amount.text, "0.5");
  cr_assert_eq(sent->side, HBUS_BUY);
  cr_assert_eq(sent->order_type, HBUS_LIMIT);
  cr_assert_eq(strlen(sent->client_order_id), 26u, "%s", sent->client_order_id);
  /* the broker's clock at the last hello, what has passed since, and the time-out */
  cr_assert_geq(sent->expires_ms, 1800000004000u);
  cr_assert_lt(sent->expires_ms, 1800000004000u + 3600000);
  cr_assert_str_eq(placed.order_id, "ord-1");
  cr_assert_str_eq(placed.client_order_id, sent->client_order_id);
  cr_assert_eq(placed.status, HBUS_OPEN);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, create_keeps_what_the_caller_said) {
  fake_broker *broker = fake_broker_new(s_answer_orders, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command order = s_limit_order();
  memcpy(order.client_order_id, "my-own", sizeof("my-own"));
  order.expires_ms = 42;
  hbus_order placed;
  cr_assert_eq(hbus_create_order(client, &order, 0, &placed, NULL), HBUS_OK);
  cr_assert_str_eq(fixture_last(broker)->client_order_id, "my-own");
  cr_assert_eq(fixture_last(broker)->expires_ms, 42u);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_refuse(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_error(self, command, HBUS_INSUFFICIENT_FUNDS, "Insufficient funds: 3 USDT short");
}

Test(calls, create_refused_leaves_the_result_alone) {
  fake_broker *broker = fake_broker_new(s_refuse, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_command order = s_limit_order();
  hbus_order placed, before;
  memset(&placed, 0x5a, sizeof(placed));
  memcpy(&before, &placed, sizeof(before));
  hbus_error error = {0};
  cr_assert_eq(hbus_create_order(client, &order, 0, &placed, &error), HBUS_INSUFFICIENT_FUNDS);
  cr_assert_eq(error.status, HBUS_INSUFFICIENT_FUNDS);
  cr_assert_str_eq(error.text, "Insufficient funds: 3 USDT short");
  cr_assert_eq(memcmp(&placed, &before, sizeof(before)), 0);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_say_unknown(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply(self, command,
             &(hbus_reply){.status = HBUS_REPLY_UNKNOWN, .code = HBUS_LINK_DOWN, .message = {"the link broke", 14}});
}

static void s_say_nothing(fake_broker *self, const fake_command *command, void *argument) {
  (void)self, (void)command, (void)argument;
}

static void s_say_ok_without_order(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  fake_reply_ok(self, command, NULL);
}

/* ORDERS.md, rule 20: an outcome that is not known never looks like a failure, whatever is the reason. */
Test(calls, create_unknown_is_not_a_failure) {
  const struct {
    fake_script *script;
    int timeout_ms;
  } rows[] = {{s_say_unknown, 0}, {s_say_nothing, 30}, {s_say_ok_without_order, 0}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake_broker *broker = fake_broker_new(rows[i].script, NULL);
    hbus_client *client = fixture_connect(broker);
    hbus_command order = s_limit_order();
    hbus_order placed = {0};
    hbus_error error = {0};
    cr_assert_eq(hbus_create_order(client, &order, rows[i].timeout_ms, &placed, &error), HBUS_OUTCOME_UNKNOWN,
                 "row %zu: %s", i, error.text);
    cr_assert_eq(placed.status, HBUS_UNKNOWN);
    cr_assert_eq(strlen(placed.client_order_id), 26u);
    cr_assert_str_eq(placed.exchange, "binance");
    cr_assert_str_eq(placed.price.text, "3000.00");
    hbus_client_destroy(&client);
    fake_broker_destroy(&broker);
  }
}

Test(calls, orders_are_named_by_either_id) {
  fake_broker *broker = fake_broker_new(s_answer_orders, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_order order;
  hbus_cancel cancel;
  hbus_error error;
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, "mine", 0, &order, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_GET_ORDER);
  cr_assert_str_eq(fixture_last(broker)->client_order_id, "mine");
  cr_assert_str_eq(fixture_last(broker)->order_id, "");
  cr_assert_str_eq(order.price.text, "3000.00");
  cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", "ord-1", NULL, 0, &cancel, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_CANCEL_ORDER);
  cr_assert_str_eq(fixture_last(broker)->order_id, "ord-1");
  cr_assert_str_eq(fixture_last(broker)->client_order_id, "");
  cr_assert(cancel.cancelled);
  cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, "", 0, &cancel, &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, "client_order_id"));
  char long_id[HBUS_ORDER_ID_MAX + 2] = {0};
  memset(long_id, 'x', sizeof(long_id) - 1);
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", long_id, NULL, 0, &order, NULL), HBUS_INVALID_REQUEST);
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, long_id, 0, &order, NULL), HBUS_INVALID_REQUEST);
  cr_assert_eq(hbus_get_order(client, long_id, "ETH-USDT", "x", NULL, 0, &order, NULL), HBUS_INVALID_REQUEST);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, a_cancel_without_an_answer_is_a_timeout) {
  fake_broker *broker = fake_broker_new(s_say_nothing, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_cancel cancel;
  hbus_error error = {0};
  cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", "o", NULL, 30, &cancel, &error), HBUS_TIMEOUT);
  cr_assert_not_null(strstr(error.text, "30 ms"), "%s", error.text);
  cr_assert_not_null(strstr(error.text, broker->commands), "%s", error.text);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* Lists */

/* A list of `total` records in pages as large as asked for; the cursor is where the next page starts. */
typedef struct paged {
  unsigned total;
  _Atomic unsigned pages;
  uint64_t limits[8];
} paged;

static void s_answer_pages(fake_broker *self, const fake_command *command, void *argument) {
  paged *what = argument;
  unsigned start = 0;
  for (const char *digit = command->command.cursor; *digit != '\0'; digit++)
    start = start * 10 + (unsigned)(*digit - '0');
  unsigned size = what->total - start;
  if (size > command->command.limit) size = (unsigned)command->command.limit;
  what->limits[what->pages] = command->command.limit;
  what->pages++;

  buffer data;
  msgpack_packer packer;
  fixture_packer(&packer, &data);
  bool has_more = start + size < what->total;
  msgpack_pack_map(&packer, has_more ? 2 : 1);
  fixture_pack_text(&packer, "items");
  msgpack_pack_array(&packer, size);
  for (unsigned i = 0; i < size; i++) {
    char id[16];
    (void)snprintf(id, sizeof(id), "o%u", start + i);
    hbus_order order = fake_order(id, "");
    hbus_balance balance = {.exchange = "binance", .total = fixture_decimal("2"), .available = fixture_decimal("1.50")};
    memcpy(balance.asset, id, sizeof(id));
    hbus_position position = {.exchange = "binance",
                              .market = "ETH-USDT",
                              .side = HBUS_SELL,
                              .amount = fixture_decimal("3"),
                              .leverage = fixture_decimal("10")};
    if (command->command.kind == HBUS_GET_BALANCES)
      record_pack_balance(&balance, &data);
    else if (command->command.kind == HBUS_GET_POSITIONS)
      record_pack_position(&position, &data);
    else
      record_pack_order(&order, RECORD_IN_REPLY, &data);
  }
  if (has_more) {
    char cursor[16];
    (void)snprintf(cursor, sizeof(cursor), "%u", start + size);
    fixture_pack_text(&packer, "cursor");
    fixture_pack_text(&packer, cursor);
  }
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

Test(calls, open_orders_follow_every_page) {
  paged what = {.total = 1203};
  fake_broker *broker = fake_broker_new(s_answer_pages, &what);
  hbus_client *client = fixture_connect(broker);
  hbus_order_list orders = {0};
  hbus_error error = {0};
  cr_assert_eq(hbus_get_open_orders(client, "binance", "ETH-USDT", 0, &orders, &error), HBUS_OK, "%s", error.text);
  fake_broker_meet(broker);
  cr_assert_eq(what.pages, 3u);
  cr_assert_eq(orders.count, 1203u);
  cr_assert_str_eq(orders.items[0].order_id, "o0");
  cr_assert_str_eq(orders.items[1202].order_id, "o1202");
  cr_assert_str_eq(orders.cursor, "");
  hbus_order_list_free(&orders);
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, history_stops_at_its_limit) {
  paged what = {.total = 5000};
  fake_broker *broker = fake_broker_new(s_answer_pages, &what);
  hbus_client *client = fixture_connect(broker);
  hbus_order_list orders = {0};
  cr_assert_eq(hbus_get_order_history(client, "binance", "ETH-USDT", 0, 0, &orders, NULL), HBUS_OK);
  cr_assert_eq(orders.count, 50u);
  hbus_order_list_free(&orders);
  fake_broker_meet(broker);
  what.pages = 0;
  fake_broker_meet(broker);
  cr_assert_eq(hbus_get_order_history(client, "binance", "ETH-USDT", 501, 0, &orders, NULL), HBUS_OK);
  cr_assert_eq(orders.count, 501u);
  fake_broker_meet(broker);
  cr_assert_eq(what.limits[0], 500u);
  cr_assert_eq(what.limits[1], 1u);
  cr_assert_str_eq(orders.cursor, "501");
  hbus_order_list_free(&orders);
  cr_assert_eq(hbus_get_order_history(client, "binance", "ETH-USDT", HBUS_HISTORY_MAX + 1, 0, &orders, NULL),
               HBUS_INVALID_REQUEST);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, balances_and_positions) {
  paged what = {.total = 3};
  fake_broker *broker = fake_broker_new(s_answer_pages, &what);
  hbus_client *client = fixture_connect(broker);
  hbus_balance_list balances = {0};
  hbus_position_list positions = {0};
  cr_assert_eq(hbus_get_balances(client, "binance", 0, &balances, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->kind, HBUS_GET_BALANCES);
  cr_assert_eq(balances.count, 3u);
  cr_assert_str_eq(balances.items[2].asset, "o2");
  cr_assert_str_eq(balances.items[2].available.text, "1.50");
  cr_assert_eq(hbus_get_positions(client, "binance", 0, &positions, NULL), HBUS_OK);
  cr_assert_eq(positions.count, 3u);
  cr_assert_eq(positions.items[0].side, HBUS_SELL);
  hbus_balance_list_free(&balances);
  hbus_position_list_free(&positions);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, open_orders_of_every_market_need_none) {
  paged what = {.total = 2};
  fake_broker *broker = fake_broker_new(s_answer_pages, &what);
  hbus_client *client = fixture_connect(broker);
  hbus_order_list orders = {0};
  cr_assert_eq(hbus_get_open_orders(client, NULL, NULL, 0, &orders, NULL), HBUS_OK);
  cr_assert_eq(orders.count, 2u);
  cr_assert_str_eq(fixture_last(broker)->exchange, "");
  cr_assert_str_eq(fixture_last(broker)->market, "");
  hbus_order_list_free(&orders);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, positions_of_the_fills_say_so) {
  paged what = {.total = 2};
  fake_broker *broker = fake_broker_new(s_answer_pages, &what);
  hbus_client *client = fixture_connect(broker);
  hbus_position_list positions = {0};
  cr_assert_eq(hbus_get_fill_positions(client, NULL, NULL, NULL, 0, &positions, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->source, HBUS_POSITION_FILLS);
  cr_assert_str_eq(fixture_last(broker)->owner, "");
  cr_assert_eq(positions.count, 2u);
  hbus_position_list_free(&positions);
  cr_assert_eq(hbus_get_fill_positions(client, "binance", "ETH-USDT", "*", 0, &positions, NULL), HBUS_OK);
  cr_assert_str_eq(fixture_last(broker)->market, "ETH-USDT");
  cr_assert_str_eq(fixture_last(broker)->owner, "*");
  hbus_position_list_free(&positions);
  cr_assert_eq(hbus_get_positions(client, "binance", 0, &positions, NULL), HBUS_OK);
  cr_assert_eq(fixture_last(broker)->source, HBUS_POSITION_SOURCE_NONE);
  hbus_position_list_free(&positions);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* cancel_order is kept, cancel_all counts, resolve_order tells the order. */
static void s_answer_safety(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  buffer_init(&data, HBUS_FRAME_MAX);
  hbus_order order = fake_order("o7", command->command.client_order_id);
  if (command->command.kind == HBUS_CANCEL_ORDER)
    record_pack_cancel(&(hbus_cancel){.client_order_id = "c7", .requested = true}, &data);
  else if (command->command.kind == HBUS_CANCEL_ALL)
    record_pack_cancels(&(hbus_cancels){.requested = 3, .not_sent = 1}, &data);
  else
    record_pack_order(&order, RECORD_IN_REPLY, &data);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

Test(calls, rule_16_a_cancel_that_the_broker_keeps_is_told) {
  fake_broker *broker = fake_broker_new(s_answer_safety, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_cancel cancel = {0};
  cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, "c7", 0, &cancel, NULL), HBUS_OK);
  cr_assert(cancel.requested);
  cr_assert_not(cancel.cancelled);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, cancel_all_says_whose_and_which) {
  fake_broker *broker = fake_broker_new(s_answer_safety, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_cancels cancels = {0};
  char long_name[HBUS_NAME_MAX + 2];
  memset(long_name, 'x', sizeof(long_name) - 1);
  long_name[sizeof(long_name) - 1] = '\0';
  cr_assert_eq(hbus_cancel_all(client, NULL, NULL, HBUS_SIDE_NONE, NULL, 0, &cancels, NULL), HBUS_OK);
  const hbus_command *sent = fixture_last(broker);
  cr_assert(sent->kind == HBUS_CANCEL_ALL && sent->side == HBUS_SIDE_NONE);
  cr_assert(*sent->exchange == '\0' && *sent->market == '\0' && *sent->owner == '\0');
  cr_assert_eq(cancels.requested, 3u);
  cr_assert_eq(cancels.not_sent, 1u);
  cr_assert_eq(hbus_cancel_all(client, "binance", "ETH-USDT", HBUS_SELL, "maker", 0, &cancels, NULL), HBUS_OK);
  sent = fixture_last(broker);
  cr_assert_str_eq(sent->exchange, "binance");
  cr_assert_str_eq(sent->market, "ETH-USDT");
  cr_assert_str_eq(sent->owner, "maker");
  cr_assert_eq(sent->side, HBUS_SELL);
  cr_assert_eq(hbus_cancel_all(client, NULL, NULL, HBUS_SIDE_NONE, long_name, 0, &cancels, NULL), HBUS_INVALID_REQUEST);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, an_order_is_resolved_one_way_or_the_other) {
  fake_broker *broker = fake_broker_new(s_answer_safety, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_order order = {0};
  cr_assert_eq(hbus_resolve_order(client, "c7", "o7", "maker", 0, &order, NULL), HBUS_OK);
  const hbus_command *sent = fixture_last(broker);
  cr_assert_eq(sent->kind, HBUS_RESOLVE_ORDER);
  cr_assert_str_eq(sent->order_id, "o7");
  cr_assert_str_eq(sent->owner, "maker");
  cr_assert_eq(sent->order_status, HBUS_ORDER_STATUS_NONE);
  cr_assert_str_eq(order.client_order_id, "c7");
  cr_assert_eq(hbus_resolve_order(client, "c7", NULL, NULL, 0, &order, NULL), HBUS_OK);
  sent = fixture_last(broker);
  cr_assert_str_eq(sent->order_id, "");
  cr_assert_eq(sent->order_status, HBUS_FAILED);
  cr_assert_eq(hbus_resolve_order(client, NULL, NULL, NULL, 0, &order, NULL), HBUS_INVALID_REQUEST);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

/* A page of one bad record behind a good one. */
static void s_answer_bad_item(fake_broker *self, const fake_command *command, void *argument) {
  (void)argument;
  buffer data;
  msgpack_packer packer;
  fixture_packer(&packer, &data);
  msgpack_pack_map(&packer, 1);
  fixture_pack_text(&packer, "items");
  msgpack_pack_array(&packer, 2);
  hbus_order order = fake_order("o1", "");
  record_pack_order(&order, RECORD_IN_REPLY, &data);
  msgpack_pack_nil(&packer);
  fake_reply_ok(self, command, &data);
  buffer_free(&data);
}

Test(calls, a_list_that_cannot_be_read_is_refused_whole) {
  fake_broker *broker = fake_broker_new(s_answer_bad_item, NULL);
  hbus_client *client = fixture_connect(broker);
  hbus_order_list orders = {0};
  hbus_error error = {0};
  cr_assert_eq(hbus_get_open_orders(client, "binance", "ETH-USDT", 0, &orders, &error), HBUS_MALFORMED, "%s",
               error.text);
  cr_assert_null(orders.items);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

static void s_answer_the_same_page(fake_broker *self, const fake_command *command, void *argument) {
  unsigned *pages = argument;
  (*pages)++;
  fake_reply_ok(self, command,
                &(buffer){.data = (uint8_t[]){0x82, 0xa5, 'i', 't', 'e', 'm', 's', 0x90, 0xa6, 'c', 'u', 'r', 's', 'o',
                                              'r', 0xa1, '1'},
                          .size = 17});
}

Test(calls, pages_without_end_are_bounded) {
  unsigned pages = 0;
  fake_broker *broker = fake_broker_new(s_answer_the_same_page, &pages);
  hbus_client *client = fixture_connect(broker);
  hbus_order_list orders = {0};
  hbus_error error = {0};
  cr_assert_eq(hbus_get_open_orders(client, "binance", "ETH-USDT", 60000, &orders, &error), HBUS_TOO_BIG, "%s",
               error.text);
  cr_assert_null(orders.items);
  hbus_client_destroy(&client);
  fake_broker_destroy(&broker);
}

Test(calls, data_that_is_not_what_it_should_be) {
  hbus_order order;
  hbus_cancel cancel;
  hbus_cancels cancels;
  hbus_owned_book book = {0};
  hbus_order_list list = {0};
  uint64_t now_ms;
  const hbus_bytes rows[] = {{NULL, 0},
                             {(const uint8_t *)"\x93", 1},
                             {(const uint8_t *)"\x90", 1},
                             {(const uint8_t *)"\x80", 1},
                             {(const uint8_t *)"\xc1", 1}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    cr_assert_neq(hbus_unpack_order(rows[i], &order, NULL), HBUS_OK);
    cr_assert_neq(hbus_unpack_cancel(rows[i], &cancel, NULL), HBUS_OK);
    if (i != 3) cr_assert_neq(hbus_unpack_cancels(rows[i], &cancels, NULL), HBUS_OK); /* none at all is an answer */
    cr_assert_neq(hbus_unpack_book(rows[i], &book, NULL), HBUS_OK);
    cr_assert_neq(hbus_unpack_orders(rows[i], &list, NULL), HBUS_OK);
    cr_assert_neq(hbus_unpack_now(rows[i], &now_ms, NULL), HBUS_OK);
  }
}
