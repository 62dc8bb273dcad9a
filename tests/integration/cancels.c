/* Cancels, from the command to the order's end: before the create's answer, while it is unknown, with the link down,
 * without an answer; of all orders at once; and of who has gone (ORDERS.md, rules 3, 4, 15 and 16).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/integration/scene.h"

static hbus_cancel s_cancel(scene *scene, const hbus_command *order) {
  hbus_cancel cancel = {0};
  cr_assert_eq(hbus_cancel_order(scene->alice, order->exchange, order->market, NULL, order->client_order_id, 0, &cancel,
                                 &scene->error),
               HBUS_OK, "%s", scene->error.text);
  cr_expect_str_eq(cancel.client_order_id, order->client_order_id);
  return cancel;
}

static void s_place(scene *scene, hbus_command *order) {
  hbus_reply reply;
  cr_assert_eq(scene_create(scene, order, &reply), HBUS_OK, "%s", scene->error.text);
}

/* The next ORDER_UPDATE of it that says that its cancel is asked for. */
static void s_expect_requested(scene *scene, const hbus_command *order, hbus_order_status status) {
  hbus_message update;
  do {
    scene_expect_order(scene, order, status, &update);
  } while (!update.event.data.order.cancel_requested);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
}

Test(cancels, rule_16_one_sent_before_the_creates_answer_goes_when_the_id_is_there) {
  scene scene;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, "  request_timeout_ms: 60000\n");
  rig_control(&scene.rig, "fault stuck=create_order");
  scene_send_create(&scene, &order);
  hbus_cancel cancel = s_cancel(&scene, &order);
  cr_expect(cancel.requested);
  cr_expect_not(cancel.cancelled);
  s_expect_requested(&scene, &order, HBUS_PENDING);
  cr_expect_eq(rig_counter(scene.observer, "cancels_latched"), 1);
  rig_control(&scene.rig, "fault clear");
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  cr_expect_not(update.event.data.order.cancel_requested);
  cr_expect_eq(rig_truth(&scene.rig, "cancels_accepted"), 1);
  scene_stop(&scene);
}

Test(cancels, rule_16_one_of_an_unknown_order_goes_when_it_is_found) {
  scene scene;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, "  request_timeout_ms: 100\n  settle_ms: 600000\n");
  rig_control(&scene.rig, "fault stuck=create_order");
  scene_send_create(&scene, &order);
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  cr_expect(s_cancel(&scene, &order).requested);
  s_expect_requested(&scene, &order, HBUS_UNKNOWN);
  rig_control(&scene.rig, "fault clear");
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  cr_expect_eq(rig_truth(&scene.rig, "cancels_accepted"), 1);
  scene_stop(&scene);
}

Test(cancels, rule_16_one_with_the_link_down_goes_when_it_is_back) {
  scene scene;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000"), other = rig_resting_order(HBUS_SELL, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order);
  s_place(&scene, &other);
  rig_control(&scene.rig, "fault refuse");
  rig_control(&scene.rig, "cut");
  scene_wait_link(&scene, HBUS_LINK_DISCONNECTED, NULL);
  cr_expect(s_cancel(&scene, &order).requested);
  cr_expect(s_cancel(&scene, &order).requested, "again is as good");
  s_expect_requested(&scene, &order, HBUS_OPEN);
  hbus_cancels cancels;
  cr_assert_eq(hbus_cancel_all(scene.alice, NULL, NULL, HBUS_SELL, NULL, 0, &cancels, &scene.error), HBUS_OK);
  cr_expect_eq(cancels.requested, 1);
  rig_control(&scene.rig, "fault clear");
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  cr_expect_eq(scene_get_order(&scene, &other).status, HBUS_CANCELLED);
  cr_expect_eq(rig_truth(&scene.rig, "cancels_accepted"), 2);
  scene_stop(&scene);
}

Test(cancels, rule_3_one_without_an_answer_is_sent_again_until_the_order_is_cancelled) {
  scene scene;
  hbus_message update;
  hbus_cancel cancel;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, "  request_timeout_ms: 100\n");
  s_place(&scene, &order);
  rig_control(&scene.rig, "fault stuck=cancel_order");
  cr_expect_eq(
      hbus_cancel_order(scene.alice, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &scene.error),
      HBUS_OUTCOME_UNKNOWN);
  s_expect_requested(&scene, &order, HBUS_OPEN);
  rig_control(&scene.rig, "cut"); /* what stood in its buffer is not what cancels it */
  scene_wait_link(&scene, HBUS_LINK_CONNECTED, NULL);
  rig_control(&scene.rig, "fault clear");
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  scene_stop(&scene);
}

Test(cancels, rule_15_one_under_way_shows_and_a_repeated_one_is_sent_again) {
  scene scene;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order);
  cr_expect(s_cancel(&scene, &order).cancelled);
  s_expect_requested(&scene, &order, HBUS_OPEN);
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  cr_expect_not(update.event.data.order.cancel_requested);
  uint64_t requests = rig_counter(scene.observer, "upstream_requests");
  cr_expect_eq(hbus_cancel_order(scene.alice, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &(hbus_cancel){0},
                                 &scene.error),
               HBUS_OK, "%s", scene.error.text);
  cr_expect_eq(rig_counter(scene.observer, "upstream_requests"), requests + 1);
  scene_stop(&scene);
}

Test(cancels, one_that_upstream_refuses_is_over_and_its_order_is_as_before) {
  scene scene;
  hbus_message update;
  hbus_cancel cancel;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order);
  rig_control(&scene.rig, "fault reject=cancel_order:Exchange is under maintenance");
  cr_expect_eq(
      hbus_cancel_order(scene.alice, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &scene.error),
      HBUS_UPSTREAM_ERROR);
  s_expect_requested(&scene, &order, HBUS_OPEN);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_expect_not(update.event.data.order.cancel_requested);
  scene_expect_error(&scene, HBUS_UPSTREAM_ERROR, "maintenance");
  scene_stop(&scene);
}

Test(cancels, rule_4_creates_that_are_not_sent_are_stopped_first) {
  enum { FLOOD = 50 };
  scene scene;
  hbus_command orders[FLOOD];
  scene_start(&scene, NULL, "  rate_limit: {creates_per_second: 1, burst: 5, queue_ms: 600000}\n");
  uint64_t before = rig_truth(&scene.rig, "creates_accepted");
  for (int i = 0; i < FLOOD; i++) {
    orders[i] = rig_resting_order(HBUS_BUY, "0.0100");
    cr_assert_eq(hbus_client_send(scene.sender, &orders[i], 0, &scene.error), HBUS_OK);
  }
  rig_wait_number(scene.observer, "pace.waiting", FLOOD / 2);
  cr_expect(s_cancel(&scene, &orders[FLOOD - 1]).cancelled, "it was not sent, and never will be");
  hbus_cancels cancels;
  cr_assert_eq(hbus_cancel_all(scene.alice, "binance", "ETH-USDT", HBUS_SIDE_NONE, NULL, 0, &cancels, &scene.error),
               HBUS_OK, "%s", scene.error.text);
  cr_expect_geq(cancels.not_sent, FLOOD / 4);
  cr_expect_eq(rig_number(scene.observer, "pace.waiting"), 0);
  unsigned expired = 0, placed = 0;
  for (int i = 0; i < FLOOD; i++) {
    hbus_reply reply;
    scene_next_reply(&scene, &reply);
    bool not_sent = reply.code == HBUS_EXPIRED;
    if (not_sent)
      cr_expect(reply.message.size && memmem(reply.message.data, reply.message.size, "cancelled before", 16));
    expired += not_sent;
    placed += reply.status == HBUS_REPLY_OK;
  }
  cr_expect_eq(expired, cancels.not_sent + 1);
  cr_expect_eq(placed, FLOOD - expired);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), before + placed);
  hbus_order last = scene_get_order(&scene, &orders[FLOOD - 1]);
  cr_expect_eq(last.status, HBUS_FAILED);
  scene_stop(&scene);
}

/* Cancel on disconnect --------------------------------------------------------------------------------------------- */

static hbus_client *s_connect_with_grace(const scene *scene, const char *name, int grace_ms) {
  hbus_options options;
  hbus_client *client = NULL;
  hbus_error error;
  hbus_options_init(&options);
  options.commands_endpoint = scene->rig.commands;
  options.market_endpoint = options.private_endpoint = NULL;
  options.recover_orders = false;
  options.name = name;
  options.cancel_on_disconnect = true;
  options.grace_ms = grace_ms;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  return client;
}

static hbus_order s_place_as(hbus_client *client) {
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_order placed = {0};
  hbus_error error;
  cr_assert_eq(hbus_create_order(client, &order, PROCESS_PATIENCE_MS, &placed, &error), HBUS_OK, "%s", error.text);
  return placed;
}

Test(cancels, rule_16_on_disconnect_after_the_grace_ones_own_orders_alone) {
  scene scene;
  hbus_message message;
  hbus_command hers = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &hers);
  hbus_client *bob = s_connect_with_grace(&scene, "bob", 50), *again = s_connect_with_grace(&scene, "bob", 50);
  hbus_order placed = s_place_as(bob);
  hbus_client_destroy(&bob);
  cr_expect_eq(hbus_ping(again, PROCESS_PATIENCE_MS, NULL, NULL), HBUS_OK);
  cr_assert_eq(hbus_client_watch(scene.alice, "info/", &scene.error), HBUS_OK);
  hbus_client_destroy(&again); /* the last one */
  do {
    scene_next(&scene, "order_update/", &message);
  } while (strcmp(message.event.client_order_id, placed.client_order_id) != 0 ||
           message.event.data.order.status != HBUS_CANCELLED);
  cr_expect_str_eq(message.event.owner, "bob");
  cr_expect_eq(scene_get_order(&scene, &hers).status, HBUS_OPEN);
  cr_expect_eq(rig_truth(&scene.rig, "cancels_accepted"), 1);
  rig_expect_warning(&scene.rig, "had asked for cancel on disconnect");
  scene_stop(&scene);
}
