/* Orders through libhbus, hbusd and hbus-sim: every request of the native dialect that places, ends or finds one, with
 * its success and its errors. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/rig.h"

#define FILLS  "trade_update/binance/ETH-USDT/"
#define ERRORS "error/"

typedef struct peer {
  rig rig;
  hbus_client *client;
  hbus_error error;
} peer;

/* A world, and a client that watches the private stream. The random market is off: prices stay where they start. */
static void s_start(peer *self, const char *const *sim_arguments) {
  static const char *const quiet[] = {"--rate", "0", NULL};
  rig_start(&self->rig, sim_arguments ? sim_arguments : quiet, NULL);
  self->client = rig_connect(&self->rig, "alice");
  cr_assert_eq(hbus_client_watch(self->client, "order_update/", &self->error), HBUS_OK);
  cr_assert_eq(hbus_client_watch(self->client, "trade_update/", &self->error), HBUS_OK);
  cr_assert_eq(hbus_client_watch(self->client, ERRORS, &self->error), HBUS_OK);
  rig_settle(&self->rig, self->client);
}

static void s_stop(peer *self) {
  hbus_client_destroy(&self->client);
  rig_stop(&self->rig);
}

/* The ORDER_UPDATE of this order that has this status. */
static hbus_message s_update(peer *self, const hbus_command *order, hbus_order_status status) {
  hbus_message message;
  do {
    rig_next_event(self->client, "order_update/", &message);
  } while (strcmp(message.event.client_order_id, order->client_order_id) != 0 ||
           message.event.data.order.status != status);
  cr_expect_eq(message.event.type, HBUS_EVENT_ORDER_UPDATE);
  cr_expect_eq(message.stream, HBUS_STREAM_PRIVATE);
  cr_expect_str_eq(message.event.owner, "alice");
  return message;
}

static hbus_order s_create(peer *self, hbus_command *order) {
  hbus_order placed = {0};
  cr_assert_eq(hbus_client_new_order_id(self->client, order->client_order_id, NULL), HBUS_OK);
  cr_assert_eq(hbus_create_order(self->client, order, 0, &placed, &self->error), HBUS_OK, "%s", self->error.text);
  return placed;
}

Test(orders, a_limit_order_from_create_to_cancel) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  cr_assert_eq(hbus_client_new_order_id(peer.client, order.client_order_id, NULL), HBUS_OK);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(peer.client, &order, 0, &reply, &peer.error), HBUS_OK, "%s", peer.error.text);
  hbus_order placed;
  cr_assert_eq(hbus_unpack_order(reply.data, &placed, &peer.error), HBUS_OK);
  hbus_seen seen = reply.seen;
  cr_expect_eq(placed.status, HBUS_OPEN);
  cr_expect_str_eq(placed.owner, "alice");
  cr_expect_str_eq(placed.client_order_id, order.client_order_id, "the peer's own id, not the one that went upstream");
  cr_expect_str_eq(placed.price.text, "1500.00");
  cr_expect_str_eq(placed.amount.text, "0.5000");
  cr_expect_neq(placed.order_id[0], 0);

  hbus_message message = s_update(&peer, &order, HBUS_OPEN);
  cr_expect_str_eq(message.event.data.order.order_id, placed.order_id);
  cr_expect_eq(seen.stream, HBUS_STREAM_PRIVATE);
  cr_expect_str_eq(seen.topic, message.topic);
  cr_expect_eq(seen.seq, message.event.seq, "the reply names the event that the command caused");
  cr_expect_eq(seen.epoch, message.event.epoch);

  hbus_cancel cancel;
  cr_assert_eq(hbus_cancel_order(peer.client, "binance", "ETH-USDT", placed.order_id, NULL, 0, &cancel, &peer.error),
               HBUS_OK);
  cr_expect(cancel.cancelled);
  cr_expect_str_eq(cancel.order_id, placed.order_id);
  cr_expect_str_eq(cancel.client_order_id, order.client_order_id);
  message = s_update(&peer, &order, HBUS_CANCELLED);
  cr_expect_gt(message.event.rev, placed.rev);
  s_stop(&peer);
}

Test(orders, a_market_order_is_filled_its_fills_come_first) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_MARKET, "0.0100", NULL);
  hbus_order placed = s_create(&peer, &order);
  cr_expect_eq(placed.status, HBUS_FILLED);
  cr_expect_str_eq(placed.filled.text, "0.0100");
  hbus_decimal filled = rig_decimal("0");
  hbus_message message;
  for (;;) {
    cr_assert_eq(hbus_client_next(peer.client, PROCESS_PATIENCE_MS, &message), HBUS_OK);
    if (message.kind != HBUS_MESSAGE_EVENT) continue;
    if (message.event.kind == HBUS_KIND_ORDER_UPDATE && message.event.data.order.status == HBUS_FILLED) break;
    if (message.event.kind != HBUS_KIND_TRADE) continue;
    cr_expect_eq(message.event.type, HBUS_EVENT_TRADE_UPDATE);
    cr_expect_eq(message.stream, HBUS_STREAM_PRIVATE, "own fills are private");
    cr_expect_str_eq(message.event.data.trade.order_id, placed.order_id);
    cr_expect_str_eq(message.event.owner, "alice", "rule 12: it waited until its owner was known");
    cr_expect_str_eq(message.event.client_order_id, order.client_order_id);
    cr_expect_eq(message.event.data.trade.side, HBUS_BUY);
    cr_assert_eq(hbus_decimal_add(&filled, &message.event.data.trade.amount, &filled), HBUS_OK);
  }
  cr_expect_eq(hbus_decimal_compare(&filled, &placed.amount), 0, "all fills before the state that includes them");
  s_stop(&peer);
}

Test(orders, stop_orders_rest_until_triggered) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command stop = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_STOP, "0.0100", NULL);
  stop.stop_price = rig_decimal("1700.00");
  hbus_order placed = s_create(&peer, &stop);
  cr_expect_eq(placed.status, HBUS_OPEN);
  cr_expect_eq(placed.order_type, HBUS_STOP);
  cr_expect_str_eq(placed.stop_price.text, "1700.00");
  hbus_command stop_limit = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_STOP_LIMIT, "0.0100", "1690.00");
  stop_limit.stop_price = rig_decimal("1700.00");
  placed = s_create(&peer, &stop_limit);
  cr_expect_eq(placed.status, HBUS_OPEN);
  cr_expect_str_eq(placed.price.text, "1690.00");
  s_stop(&peer);
}

typedef struct rejection {
  const char *exchange;
  const char *market;
  hbus_side side;
  const char *amount;
  const char *price;
  hbus_status code;
} rejection;

Test(orders, upstream_rejections_have_their_code_an_update_and_an_error) {
  static const rejection rejections[] = {
      {"binance", "ETH-USDT", HBUS_BUY, "90000.0000", "1500.00", HBUS_INSUFFICIENT_FUNDS},
      {"binance", "ETH-USDT", HBUS_BUY, "0.0001", "1500.00", HBUS_MIN_ORDER_SIZE},
      {"binance", "ETH-USDT", HBUS_BUY, "0.1000", "1.00", HBUS_PRICE_OUT_OF_RANGE},
      {"binance", "ETH-USDT", HBUS_BUY, "0.10001", "1500.00", HBUS_INVALID_ORDER},
      {"coinbase", "LUNA-USD", HBUS_BUY, "1.00", "1.0000", HBUS_MARKET_CLOSED},
      {"binance", "NO-SUCH", HBUS_BUY, "1", "1", HBUS_UNKNOWN_MARKET},
      {"nowhere", "ETH-USDT", HBUS_BUY, "1", "1", HBUS_UNKNOWN_MARKET},
  };
  peer peer;
  s_start(&peer, NULL);
  for (size_t i = 0; i < sizeof rejections / sizeof *rejections; i++) {
    const rejection *row = &rejections[i];
    hbus_command order = rig_order(row->exchange, row->market, row->side, HBUS_LIMIT, row->amount, row->price);
    cr_assert_eq(hbus_client_new_order_id(peer.client, order.client_order_id, NULL), HBUS_OK);
    hbus_order placed;
    hbus_status status = hbus_create_order(peer.client, &order, 0, &placed, &peer.error);
    cr_expect_eq(status, row->code, "%s %s: %s: %s", row->exchange, row->market, hbus_status_name(status),
                 peer.error.text);
    s_update(&peer, &order, HBUS_FAILED);
    hbus_message message;
    rig_next_event(peer.client, ERRORS, &message);
    cr_expect_eq(message.event.type, HBUS_EVENT_ERROR);
    cr_expect_eq(message.stream, HBUS_STREAM_PRIVATE);
    cr_expect_eq(message.event.data.notice.code, row->code);
    cr_expect_str_eq(message.event.data.notice.exchange, row->exchange);
    cr_expect_str_eq(message.event.data.notice.market, row->market);
    cr_expect_str_eq(message.event.client_order_id, order.client_order_id);
    cr_expect_gt(message.event.data.notice.message.size, 0);
  }
  s_stop(&peer);
}

Test(orders, what_makes_no_sense_is_refused_before_it_is_sent) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command no_price = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "1", NULL);
  hbus_command price = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_MARKET, "1", "1");
  hbus_command no_stop = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_STOP, "1", NULL);
  hbus_command no_limit = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_STOP_LIMIT, "1", NULL);
  no_limit.stop_price = rig_decimal("1");
  hbus_command zero = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "0.00", "1");
  hbus_command negative = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "1", "-1");
  hbus_command no_side = rig_order("binance", "ETH-USDT", HBUS_SIDE_NONE, HBUS_LIMIT, "1", "1");
  struct {
    hbus_command *order;
    const char *field;
  } rows[] = {{&no_price, "price"}, {&price, "price"},    {&no_stop, "stop_price"}, {&no_limit, "price"},
              {&zero, "amount"},    {&negative, "price"}, {&no_side, "side"}};
  uint64_t before = rig_counter(peer.client, "upstream_creates");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    hbus_reply reply;
    cr_expect_eq(hbus_client_call(peer.client, rows[i].order, 0, &reply, &peer.error), HBUS_INVALID_ORDER, "%zu", i);
    cr_expect_not_null(strstr(peer.error.text, rows[i].field), "%zu: '%s' names %s", i, peer.error.text, rows[i].field);
  }
  cr_expect_eq(rig_counter(peer.client, "upstream_creates"), before, "nothing was sent");
  s_stop(&peer);
}

Test(orders, rule_5_a_repeat_gets_the_first_outcome) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_order first = s_create(&peer, &order);
  uint64_t sent = rig_counter(peer.client, "upstream_creates");
  hbus_command again = order;
  again.amount = rig_decimal("0.5");
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(peer.client, &again, 0, &reply, &peer.error), HBUS_OK, "%s", peer.error.text);
  hbus_order repeated;
  cr_assert_eq(hbus_unpack_order(reply.data, &repeated, &peer.error), HBUS_OK);
  cr_expect(reply.repeat);
  cr_expect_str_eq(repeated.order_id, first.order_id);
  again.amount = rig_decimal("0.6");
  cr_expect_eq(hbus_client_call(peer.client, &again, 0, &reply, &peer.error), HBUS_DUPLICATE_ORDER);
  again = order;
  again.expires_ms = 1;
  cr_expect_eq(hbus_client_call(peer.client, &again, 0, &reply, &peer.error), HBUS_OK,
               "a repeat of what was placed is never told EXPIRED");
  cr_expect_eq(rig_counter(peer.client, "upstream_creates"), sent, "one order upstream");
  hbus_client *other = rig_connect(&peer.rig, "beatrice");
  again = order;
  cr_expect_eq(hbus_client_call(other, &again, 0, &reply, &peer.error), HBUS_OK, "another owner's id is another id");
  cr_expect(!reply.repeat);
  hbus_client_destroy(&other);
  s_stop(&peer);
}

Test(orders, rule_5_a_rejected_create_repeated_is_rejected_again_and_not_sent) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "90000.0000");
  cr_assert_eq(hbus_client_new_order_id(peer.client, order.client_order_id, NULL), HBUS_OK);
  hbus_reply reply;
  hbus_command again = order;
  cr_expect_eq(hbus_client_call(peer.client, &order, 0, &reply, &peer.error), HBUS_INSUFFICIENT_FUNDS);
  uint64_t sent = rig_counter(peer.client, "upstream_creates");
  cr_expect_eq(hbus_client_call(peer.client, &again, 0, &reply, &peer.error), HBUS_INSUFFICIENT_FUNDS);
  cr_expect(reply.repeat);
  cr_expect_eq(rig_counter(peer.client, "upstream_creates"), sent);
  s_stop(&peer);
}

Test(orders, rule_2_an_expired_create_is_not_sent) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  order.expires_ms = 1;
  hbus_reply reply;
  uint64_t sent = rig_counter(peer.client, "upstream_creates");
  cr_expect_eq(hbus_client_call(peer.client, &order, 0, &reply, &peer.error), HBUS_EXPIRED);
  cr_expect_eq(rig_counter(peer.client, "upstream_creates"), sent);
  order.expires_ms = 0;
  cr_expect_eq(hbus_client_call(peer.client, &order, 0, &reply, &peer.error), HBUS_OK, "the id was left free");
  s_stop(&peer);
}

Test(orders, a_cancel_that_fails_has_its_code_and_an_error) {
  peer peer;
  s_start(&peer, NULL);
  hbus_client *everyones = rig_connect(&peer.rig, "hbus"); /* may name any order, also one that nobody knows */
  hbus_cancel cancel;
  cr_expect_eq(hbus_cancel_order(everyones, "binance", "ETH-USDT", "no-such-order", NULL, 0, &cancel, &peer.error),
               HBUS_UNKNOWN_ORDER, "%s", peer.error.text);
  hbus_message message;
  rig_next_event(peer.client, ERRORS, &message);
  cr_expect_eq(message.event.data.notice.code, HBUS_UNKNOWN_ORDER);
  cr_expect_str_eq(message.event.data.notice.order_id, "no-such-order");
  cr_expect_str_eq(message.event.data.notice.market, "ETH-USDT");
  cr_expect_eq(hbus_cancel_order(peer.client, "binance", "ETH-USDT", NULL, "not-mine", 0, &cancel, &peer.error),
               HBUS_UNKNOWN_ORDER);
  hbus_client_destroy(&everyones);
  s_stop(&peer);
}

Test(orders, orders_are_found_by_either_id) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_SELL, "0.2500");
  hbus_order placed = s_create(&peer, &order), found;
  cr_assert_eq(hbus_get_order(peer.client, "binance", "ETH-USDT", placed.order_id, NULL, 0, &found, &peer.error),
               HBUS_OK);
  cr_expect_str_eq(found.client_order_id, order.client_order_id);
  cr_expect_str_eq(found.owner, "alice");
  cr_expect_str_eq(found.amount.text, "0.2500");
  cr_assert_eq(hbus_get_order(peer.client, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &found, &peer.error),
               HBUS_OK);
  cr_expect_str_eq(found.order_id, placed.order_id);
  cr_expect_eq(hbus_get_order(peer.client, "binance", "ETH-USDT", "nothing", NULL, 0, &found, &peer.error),
               HBUS_UNKNOWN_ORDER);
  cr_expect_eq(hbus_get_order(peer.client, "binance", "ETH-USDT", NULL, "nothing", 0, &found, &peer.error),
               HBUS_UNKNOWN_ORDER);
  hbus_client *everyones = rig_connect(&peer.rig, "hbus");
  cr_expect_eq(hbus_get_order(everyones, "nowhere", "ETH-USDT", "nothing", NULL, 0, &found, &peer.error),
               HBUS_UNKNOWN_MARKET);
  hbus_client_destroy(&everyones);
  s_stop(&peer);
}

Test(orders, lists_come_in_pages_without_a_hole) {
  peer peer;
  s_start(&peer, NULL);
  enum { COUNT = 7 };
  hbus_order placed[COUNT];
  for (int i = 0; i < COUNT; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.0500");
    placed[i] = s_create(&peer, &order);
  }
  static const hbus_command_kind kinds[] = {HBUS_GET_OPEN_ORDERS, HBUS_GET_ORDER_HISTORY};
  for (size_t k = 0; k < 2; k++) {
    hbus_order_list list = {0};
    int pages = 0;
    do {
      hbus_command page;
      hbus_reply reply;
      cr_assert_eq(hbus_command_init(&page, kinds[k], "binance", "ETH-USDT", &peer.error), HBUS_OK);
      page.limit = 3;
      snprintf(page.cursor, sizeof page.cursor, "%s", list.cursor);
      cr_assert_eq(hbus_client_call(peer.client, &page, 0, &reply, &peer.error), HBUS_OK, "%s", peer.error.text);
      cr_assert_eq(hbus_unpack_orders(reply.data, &list, &peer.error), HBUS_OK);
      pages++;
    } while (list.cursor[0]);
    cr_expect_eq(pages, 3);
    cr_assert_eq(list.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
      int times = 0;
      for (size_t j = 0; j < list.count; j++)
        times += strcmp(list.items[j].order_id, placed[i].order_id) == 0;
      cr_expect_eq(times, 1, "each once");
    }
    hbus_order_list_free(&list);
  }
  hbus_command bad;
  hbus_reply reply;
  cr_assert_eq(hbus_command_init(&bad, HBUS_GET_OPEN_ORDERS, "binance", "ETH-USDT", &peer.error), HBUS_OK);
  static const char *const cursors[] = {"x", ":", "3", "3:gone", "999999999999999999999:x"};
  for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
    snprintf(bad.cursor, sizeof bad.cursor, "%s", cursors[i]);
    cr_expect_eq(hbus_client_call(peer.client, &bad, 0, &reply, &peer.error), HBUS_INVALID_REQUEST, "%s", cursors[i]);
    cr_expect_not_null(strstr(peer.error.text, "cursor"));
  }
  s_stop(&peer);
}

Test(orders, everything_works_where_upstream_keeps_no_client_ids) {
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", NULL};
  peer peer;
  s_start(&peer, arguments);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_order placed = s_create(&peer, &order), found;
  s_update(&peer, &order, HBUS_OPEN);
  cr_assert_eq(hbus_get_order(peer.client, "binance", "ETH-USDT", placed.order_id, NULL, 0, &found, &peer.error),
               HBUS_OK);
  cr_expect_str_eq(found.client_order_id, order.client_order_id);
  cr_expect_str_eq(found.owner, "alice");

  hbus_command taker = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_MARKET, "0.0100", NULL);
  placed = s_create(&peer, &taker);
  hbus_message message;
  rig_next_event(peer.client, FILLS, &message);
  cr_expect_str_eq(message.event.data.trade.order_id, placed.order_id);
  cr_expect_str_eq(message.event.owner, "alice", "rule 12, with nothing but the answer to tell whose it is");
  s_update(&peer, &taker, HBUS_FILLED);
  s_stop(&peer);
}

/* An order that this broker never saw: it was placed through another one, whose journal it does not have. */
Test(orders, an_order_of_others_that_a_peer_cancels_is_asked_for_and_told) {
  peer peer;
  s_start(&peer, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_order placed = s_create(&peer, &order);
  hbus_client_destroy(&peer.client);
  cr_assert_eq(process_stop(&peer.rig.broker, SIGTERM), 0);
  char journal[128];
  snprintf(journal, sizeof journal, "%s/hbus.db", peer.rig.folder);
  cr_assert_eq(unlink(journal), 0);
  rig_start_broker(&peer.rig, NULL);
  peer.client = rig_connect(&peer.rig, "hbus");
  rig_wait_link(peer.client, HBUS_LINK_CONNECTED);
  cr_assert_eq(hbus_client_watch(peer.client, "order_update/", &peer.error), HBUS_OK);
  rig_settle(&peer.rig, peer.client);
  hbus_cancel cancel;
  cr_assert_eq(hbus_cancel_order(peer.client, "binance", "ETH-USDT", placed.order_id, NULL, 0, &cancel, &peer.error),
               HBUS_OK);
  cr_expect(cancel.cancelled);
  hbus_message message;
  do {
    rig_next_event(peer.client, "order_update/", &message);
  } while (strcmp(message.event.data.order.order_id, placed.order_id) != 0);
  cr_expect_eq(message.event.data.order.status, HBUS_CANCELLED);
  cr_expect_str_empty(message.event.owner, "nobody known placed it");
  cr_expect_str_eq(message.event.data.order.amount.text, "0.5000");
  s_stop(&peer);
}
