/* Snapshots: what they hold, that their stamps are true, and that their pages add up. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "proto/event_codec.h"
#include "proto/repair_codec.h"
#include "tests/integration/scene.h"

#define ORDERS_TOPIC "order_update/binance/ETH-USDT/"

/* Asks, and fails the test where the broker refuses. What *out points to is the client's until its next call. */
static void s_snapshot(hbus_client *client, hbus_command *command, repair_unpacker *unpacker, hbus_snapshot *out) {
  hbus_reply reply;
  hbus_error error;
  command->id[0] = 0;
  cr_assert_eq(hbus_client_call(client, command, 0, &reply, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(snapshot_reply_unpack(unpacker, reply.data, out, &error), HBUS_OK, "%s", error.text);
}

static hbus_command s_command(const char *exchange, const char *market) {
  hbus_command command;
  hbus_error error;
  cr_assert_eq(hbus_command_init(&command, HBUS_SNAPSHOT, exchange, market, &error), HBUS_OK, "%s", error.text);
  return command;
}

/* The stamp of a topic; -1: it has none. */
static int64_t s_stamp(const hbus_snapshot *snapshot, hbus_stream stream, const char *topic) {
  for (size_t i = 0; i < snapshot->stamp_count; i++) {
    const hbus_stamp *stamp = &snapshot->stamps[i];
    bool same = stamp->topic.size == strlen(topic) && memcmp(stamp->topic.data, topic, stamp->topic.size) == 0;
    if (stamp->stream == stream && same) return (int64_t)stamp->seq;
  }
  return -1;
}

static void s_expect_hash(const hbus_snapshot *snapshot) {
  uint64_t sum = 0;
  hbus_orders_hash text;
  for (size_t i = 0; i < snapshot->order_count; i++)
    hbus_orders_hash_add(&sum, &snapshot->orders[i]);
  hbus_orders_hash_text(sum, text);
  cr_expect_str_eq(snapshot->orders_hash, text);
}

Test(snapshot, of_all_private_state_is_stamped_with_the_events_that_it_includes) {
  scene scene;
  repair_unpacker *unpacker = repair_unpacker_new();
  hbus_command ask = s_command(NULL, NULL), order;
  hbus_snapshot got;
  hbus_message update;
  hbus_reply reply;
  scene_start(&scene, NULL, NULL);
  s_snapshot(scene.observer, &ask, unpacker, &got);
  cr_expect_eq(got.order_count, 0);
  cr_expect_str_eq(got.orders_hash, "0000000000000000");
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_PRIVATE, ORDERS_TOPIC), -1);
  cr_expect_eq(got.link.status, HBUS_LINK_CONNECTED);

  order = rig_resting_order(HBUS_BUY, "0.1");
  cr_assert_eq(scene_create(&scene, &order, &reply), HBUS_OK, "%s", scene.error.text);
  s_snapshot(scene.observer, &ask, unpacker, &got);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_assert_eq(got.order_count, 1);
  cr_expect_str_eq(got.orders[0].client_order_id, order.client_order_id);
  cr_expect_str_eq(got.orders[0].owner, "alice");
  cr_expect_eq(got.orders[0].rev, update.event.rev);
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_PRIVATE, ORDERS_TOPIC), (int64_t)update.event.seq);
  cr_expect_eq(got.epoch, update.event.epoch);
  cr_expect_str_eq(got.cursor, "");
  s_expect_hash(&got);
  cr_assert_eq(got.position_count, 1, "one that an order may yet make");
  cr_expect_str_eq(got.positions[0].working_buy.text, "0.1");
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_MARKET, "system/link/"), -1, "of the private stream alone");
  cr_expect_gt(s_stamp(&got, HBUS_STREAM_PRIVATE, "system/link/"), 0);
  repair_unpacker_destroy(&unpacker);
  scene_stop(&scene);
}

/* Orders come and go between the pages: none that stays is left out, none is told twice. */
Test(snapshot, pages_add_up_though_orders_come_and_go_in_between) {
  enum { COUNT = 12 };
  scene scene;
  repair_unpacker *unpacker = repair_unpacker_new();
  hbus_command ask = s_command(NULL, NULL), orders[COUNT + 1];
  hbus_reply reply;
  unsigned told[COUNT + 1] = {0}, pages = 0;
  scene_start(&scene, NULL, NULL);
  for (size_t i = 0; i < COUNT; i++) {
    orders[i] = rig_resting_order(HBUS_BUY, "0.1");
    cr_assert_eq(scene_create(&scene, &orders[i], &reply), HBUS_OK, "%s", scene.error.text);
  }
  ask.limit = 5;
  hbus_snapshot got;
  do {
    s_snapshot(scene.observer, &ask, unpacker, &got);
    cr_assert_leq(got.order_count, 5);
    cr_expect_eq(got.orders_hash[0] != 0, pages == 0, "on the first page");
    for (size_t i = 0; i < got.order_count; i++)
      for (size_t j = 0; j < COUNT + (pages > 0); j++)
        told[j] += strcmp(got.orders[i].client_order_id, orders[j].client_order_id) == 0;
    snprintf(ask.cursor, sizeof ask.cursor, "%s", got.cursor);
    if (pages++ > 0) continue;
    hbus_cancel cancel; /* one that was told: the record that the cursor stands on is gone */
    cr_assert_eq(hbus_cancel_order(scene.alice, "binance", "ETH-USDT", NULL, orders[4].client_order_id, 0, &cancel,
                                   &scene.error),
                 HBUS_OK, "%s", scene.error.text);
    orders[COUNT] = rig_resting_order(HBUS_BUY, "0.1");
    cr_assert_eq(scene_create(&scene, &orders[COUNT], &reply), HBUS_OK, "%s", scene.error.text);
  } while (ask.cursor[0]);
  cr_expect_eq(pages, 3);
  for (size_t i = 0; i < COUNT + 1; i++)
    cr_expect_eq(told[i], 1, "order %zu", i);
  repair_unpacker_destroy(&unpacker);
  scene_stop(&scene);
}

Test(snapshot, of_a_market_has_its_last_book_and_ticker_and_nothing_of_others) {
  rig rig;
  static const char *const busy[] = {"--rate", "100", NULL};
  rig_start(&rig, busy, NULL);
  repair_unpacker *unpacker = repair_unpacker_new();
  event_unpacker *events = event_unpacker_new();
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_error error;
  hbus_order placed;
  hbus_command elsewhere = rig_order("binance", "BTC-USDT", HBUS_BUY, HBUS_LIMIT, "0.01", "20000.00");
  hbus_command here = rig_resting_order(HBUS_BUY, "0.1"), ask = s_command("binance", "ETH-USDT");
  cr_assert_eq(hbus_create_order(client, &elsewhere, 0, &placed, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(hbus_create_order(client, &here, 0, &placed, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  ask.balances = true;
  hbus_snapshot got;
  do {
    s_snapshot(client, &ask, unpacker, &got);
  } while (!got.book.size || !got.ticker.size);
  hbus_event book, ticker;
  cr_assert_eq(event_unpack(events, got.book.data, got.book.size, &book, &error), HBUS_OK, "%s", error.text);
  cr_expect_eq(book.kind, HBUS_KIND_ORDER_BOOK_UPDATE);
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_MARKET, "market_data/order_book/binance/ETH-USDT/"), (int64_t)book.seq);
  cr_assert_eq(event_unpack(events, got.ticker.data, got.ticker.size, &ticker, &error), HBUS_OK, "%s", error.text);
  cr_expect_eq(ticker.kind, HBUS_KIND_TICKER_UPDATE);
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/"), (int64_t)ticker.seq);
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_MARKET, "trade_update/binance/ETH-USDT/"), 0, "not subscribed");
  cr_expect_gt(s_stamp(&got, HBUS_STREAM_PRIVATE, ORDERS_TOPIC), 0);
  cr_expect_eq(s_stamp(&got, HBUS_STREAM_PRIVATE, "trade_update/binance/ETH-USDT/"), 0);
  cr_expect_eq(got.stamp_count, 5);
  cr_assert_eq(got.order_count, 1);
  cr_expect_str_eq(got.orders[0].client_order_id, placed.client_order_id);
  cr_expect_eq(got.position_count, 1);
  cr_expect(got.has_balances && got.balance_count >= 3);
  cr_expect_str_eq(got.orders_hash, "", "of one market it would be no use");
  event_unpacker_destroy(&events);
  repair_unpacker_destroy(&unpacker);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(snapshot, is_answered_without_a_link_and_says_why_there_are_no_balances) {
  rig rig;
  rig_open(&rig);
  rig_start_sim(&rig, NULL);
  rig_start_broker(&rig, NULL);
  repair_unpacker *unpacker = repair_unpacker_new();
  hbus_client *client = rig_connect(&rig, "alice");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  process_stop(&rig.sim, SIGKILL);
  rig_wait_link(client, HBUS_LINK_DISCONNECTED);
  hbus_command ask = s_command("binance", "ETH-USDT");
  ask.balances = true;
  hbus_snapshot got;
  s_snapshot(client, &ask, unpacker, &got);
  cr_expect_neq(got.link.status, HBUS_LINK_CONNECTED);
  cr_expect_not(got.has_balances);
  cr_expect_eq(got.balances_code, HBUS_LINK_DOWN);
  cr_expect_gt(got.balances_message.size, 0);
  repair_unpacker_destroy(&unpacker);
  hbus_client_destroy(&client);
  cr_expect_eq(process_stop(&rig.broker, SIGTERM), 0);
  rig_close(&rig);
}

Test(snapshot, a_cursor_of_others_is_refused) {
  static const char *const cursors[] = {"1",  "1:0:0", "1:0:0:0:0", "x", "1:0:0:0x", "99999999999999999999:0:0:0",
                                        ":::"};
  rig rig;
  rig_start(&rig, NULL, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
    hbus_command ask = s_command(NULL, NULL);
    hbus_reply reply;
    hbus_error error;
    snprintf(ask.cursor, sizeof ask.cursor, "%s", cursors[i]);
    cr_expect_eq(hbus_client_call(client, &ask, 0, &reply, &error), HBUS_INVALID_REQUEST, "%s", cursors[i]);
    cr_expect_not_null(strstr(error.text, "'cursor'"), "%s", error.text);
  }
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
