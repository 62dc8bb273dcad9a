/* Whose orders a peer may see, cancel and resolve: its own; "hbus", which access.reach_all names, everyone's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/scene.h"

typedef struct stage {
  scene scene;
  hbus_client *bob;
  hbus_client *everyones;
  hbus_order hers; /* alice's */
} stage;

static void s_start(stage *self, const char *const *sim_arguments, const char *config) {
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  scene_start(&self->scene, sim_arguments, config);
  self->bob = rig_connect(&self->scene.rig, "bob");
  self->everyones = rig_connect(&self->scene.rig, "hbus");
  cr_assert_eq(scene_create(&self->scene, &order, &reply), HBUS_OK);
  cr_assert_eq(hbus_unpack_order(reply.data, &self->hers, &self->scene.error), HBUS_OK);
}

static void s_stop(stage *self) {
  hbus_client_destroy(&self->bob);
  hbus_client_destroy(&self->everyones);
  scene_stop(&self->scene);
}

static hbus_status s_cancel(stage *self, hbus_client *who, const char *order_id) {
  hbus_cancel cancel;
  return hbus_cancel_order(who, "binance", "ETH-USDT", order_id, NULL, 0, &cancel, &self->scene.error);
}

static hbus_status s_get(stage *self, hbus_client *who, const char *order_id) {
  hbus_order order;
  return hbus_get_order(who, "binance", "ETH-USDT", order_id, NULL, 0, &order, &self->scene.error);
}

static size_t s_count(stage *self, hbus_client *who, bool of_market) {
  hbus_order_list list = {0};
  cr_assert_eq(hbus_get_open_orders(who, of_market ? "binance" : NULL, of_market ? "ETH-USDT" : NULL, 0, &list,
                                    &self->scene.error),
               HBUS_OK, "%s", self->scene.error.text);
  size_t count = list.count;
  hbus_order_list_free(&list);
  return count;
}

Test(ownership, an_order_of_anothers_is_neither_seen_nor_cancelled) {
  stage stage;
  s_start(&stage, NULL, NULL);
  uint64_t requests = rig_counter(stage.scene.observer, "upstream_requests");
  cr_expect_eq(s_cancel(&stage, stage.bob, stage.hers.order_id), HBUS_FORBIDDEN);
  cr_expect_eq(s_get(&stage, stage.bob, stage.hers.order_id), HBUS_FORBIDDEN);
  cr_expect_eq(s_cancel(&stage, stage.bob, "no-such-order"), HBUS_UNKNOWN_ORDER);
  cr_expect_eq(s_get(&stage, stage.bob, "no-such-order"), HBUS_UNKNOWN_ORDER);
  cr_expect_eq(rig_counter(stage.scene.observer, "upstream_requests"), requests, "nothing was asked of Hummingbot");
  cr_expect_eq(s_get(&stage, stage.everyones, stage.hers.order_id), HBUS_OK);
  cr_expect_eq(s_cancel(&stage, stage.everyones, "no-such-order"), HBUS_UNKNOWN_ORDER);
  cr_expect_eq(s_cancel(&stage, stage.everyones, stage.hers.order_id), HBUS_OK);
  s_stop(&stage);
}

Test(ownership, an_order_is_cancelled_in_its_own_market_alone) {
  stage stage;
  hbus_cancel cancel;
  s_start(&stage, NULL, NULL);
  cr_expect_eq(hbus_cancel_order(stage.scene.alice, "binance", "BTC-USDT", stage.hers.order_id, NULL, 0, &cancel,
                                 &stage.scene.error),
               HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(stage.scene.error.text, "'market'"));
  s_stop(&stage);
}

Test(ownership, lists_have_ones_own_orders_alone) {
  stage stage;
  s_start(&stage, NULL, NULL);
  hbus_command his = rig_resting_order(HBUS_SELL, "0.5000");
  hbus_order placed;
  cr_assert_eq(hbus_create_order(stage.bob, &his, 0, &placed, &stage.scene.error), HBUS_OK);
  for (int of_market = 0; of_market < 2; of_market++) {
    cr_expect_eq(s_count(&stage, stage.scene.alice, of_market), 1);
    cr_expect_eq(s_count(&stage, stage.bob, of_market), 1);
    cr_expect_eq(s_count(&stage, stage.scene.observer, of_market), 0);
    cr_expect_eq(s_count(&stage, stage.everyones, of_market), 2);
  }
  hbus_order_list history = {0};
  cr_assert_eq(hbus_get_order_history(stage.bob, "binance", "ETH-USDT", 0, 0, &history, &stage.scene.error), HBUS_OK);
  cr_expect_eq(history.count, 1);
  cr_expect_str_eq(history.items[0].order_id, placed.order_id);
  hbus_order_list_free(&history);
  s_stop(&stage);
}

/* Pages of others' orders are passed over, and none of one's own is lost. */
Test(ownership, pages_pass_over_the_orders_of_others) {
  enum { EACH = 6 };
  stage stage;
  s_start(&stage, NULL, NULL);
  for (int i = 0; i < 2 * EACH; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.0100");
    hbus_order placed;
    cr_assert_eq(hbus_create_order(i < EACH ? stage.scene.alice : stage.bob, &order, 0, &placed, &stage.scene.error),
                 HBUS_OK);
  }
  static const hbus_command_kind kinds[] = {HBUS_GET_OPEN_ORDERS, HBUS_GET_ORDER_HISTORY, HBUS_GET_OPEN_ORDERS};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    hbus_order_list list = {0};
    hbus_reply reply;
    do {
      hbus_command page = {.kind = kinds[k], .limit = 2};
      if (k < 2) cr_assert_eq(hbus_command_init(&page, kinds[k], "binance", "ETH-USDT", NULL), HBUS_OK);
      page.limit = 2;
      snprintf(page.cursor, sizeof page.cursor, "%s", list.cursor);
      size_t before = list.count;
      cr_assert_eq(hbus_client_call(stage.bob, &page, 0, &reply, &stage.scene.error), HBUS_OK, "%s",
                   stage.scene.error.text);
      cr_assert_eq(hbus_unpack_orders(reply.data, &list, NULL), HBUS_OK);
      cr_expect_leq(list.count - before, 2);
    } while (list.cursor[0]);
    cr_expect_eq(list.count, EACH, "list %zu has %zu", k, list.count);
    for (size_t i = 0; i < list.count; i++)
      cr_expect_str_eq(list.items[i].owner, "bob");
    hbus_order_list_free(&list);
  }
  s_stop(&stage);
}

Test(ownership, rule_20_ones_live_orders_are_listed_with_the_link_down) {
  stage stage;
  s_start(&stage, NULL, "  request_timeout_ms: 60000\n");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  rig_control(&stage.scene.rig, "fault stuck=create_order");
  scene_send_create(&stage.scene, &order);
  cr_expect_eq(s_count(&stage, stage.scene.alice, false), 2, "the pending one too");
  rig_control(&stage.scene.rig, "fault refuse");
  rig_control(&stage.scene.rig, "cut");
  scene_wait_link(&stage.scene, HBUS_LINK_DISCONNECTED, NULL);
  cr_expect_eq(s_count(&stage, stage.scene.alice, false), 2, "and when it is unknown");
  hbus_order_list list = {0};
  cr_expect_eq(hbus_get_open_orders(stage.scene.alice, "binance", "ETH-USDT", 0, &list, &stage.scene.error),
               HBUS_LINK_DOWN);
  s_stop(&stage);
}

Test(ownership, rule_16_all_orders_of_others_are_cancelled_by_who_may) {
  stage stage;
  hbus_cancels cancels;
  s_start(&stage, NULL, NULL);
  cr_expect_eq(hbus_cancel_all(stage.bob, NULL, NULL, HBUS_SIDE_NONE, "alice", 0, &cancels, &stage.scene.error),
               HBUS_FORBIDDEN);
  cr_expect_eq(hbus_cancel_all(stage.bob, NULL, NULL, HBUS_SIDE_NONE, "*", 0, &cancels, &stage.scene.error),
               HBUS_FORBIDDEN);
  cr_expect_eq(hbus_cancel_all(stage.bob, NULL, NULL, HBUS_SIDE_NONE, "bob", 0, &cancels, &stage.scene.error), HBUS_OK);
  cr_expect_eq(cancels.requested, 0);
  cr_expect_eq(hbus_cancel_all(stage.everyones, NULL, NULL, HBUS_SIDE_NONE, NULL, 0, &cancels, &stage.scene.error),
               HBUS_OK);
  cr_expect_eq(cancels.requested, 0, "its own are none");
  cr_expect_eq(hbus_cancel_all(stage.everyones, NULL, NULL, HBUS_SIDE_NONE, "*", 0, &cancels, &stage.scene.error),
               HBUS_OK);
  cr_expect_eq(cancels.requested, 1);
  hbus_message message;
  do {
    scene_next(&stage.scene, "order_update/", &message);
  } while (message.event.data.order.status != HBUS_CANCELLED);
  cr_expect_str_eq(message.event.data.order.order_id, stage.hers.order_id);
  s_stop(&stage);
}

/* resolve_order ---------------------------------------------------------------------------------------------------- */

static void s_make_unknown(stage *self, hbus_command *order, const char *fault) {
  hbus_message update;
  hbus_reply reply;
  *order = rig_resting_order(HBUS_SELL, "0.5000");
  rig_control(&self->scene.rig, fault);
  cr_expect_eq(scene_create(&self->scene, order, &reply), HBUS_OUTCOME_UNKNOWN);
  rig_control(&self->scene.rig, "fault clear");
  scene_expect_order(&self->scene, order, HBUS_UNKNOWN, &update);
}

Test(ownership, rule_8_a_person_says_that_an_unknown_order_was_never_placed) {
  stage stage;
  hbus_command order, again;
  hbus_order settled;
  hbus_message update;
  hbus_reply reply;
  s_start(&stage, NULL, "  settle_ms: 600000\n");
  s_make_unknown(&stage, &order, "fault reject=create_order:Request timed out");
  cr_expect_eq(hbus_resolve_order(stage.bob, order.client_order_id, NULL, "alice", 0, &settled, &stage.scene.error),
               HBUS_FORBIDDEN);
  cr_expect_eq(hbus_resolve_order(stage.everyones, "nothing", NULL, "alice", 0, &settled, &stage.scene.error),
               HBUS_UNKNOWN_ORDER);
  cr_assert_eq(
      hbus_resolve_order(stage.everyones, order.client_order_id, NULL, "alice", 0, &settled, &stage.scene.error),
      HBUS_OK, "%s", stage.scene.error.text);
  cr_expect_eq(settled.status, HBUS_FAILED);
  scene_expect_order(&stage.scene, &order, HBUS_FAILED, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  again = order;
  cr_expect_eq(scene_create(&stage.scene, &again, &reply), HBUS_UPSTREAM_ERROR);
  cr_expect(reply.repeat);
  cr_expect_eq(
      hbus_resolve_order(stage.everyones, order.client_order_id, NULL, "alice", 0, &settled, &stage.scene.error),
      HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(stage.scene.error.text, "failed"), "%s", stage.scene.error.text);
  s_stop(&stage);
}

/* The id of the order that nobody is known to have placed. */
static void s_find_stranger(stage *self, hbus_order_id out) {
  hbus_order_list list = {0};
  cr_assert_eq(hbus_get_open_orders(self->everyones, "binance", "ETH-USDT", 0, &list, &self->scene.error), HBUS_OK);
  for (size_t i = 0; i < list.count; i++) {
    if (!list.items[i].owner[0]) memcpy(out, list.items[i].order_id, sizeof list.items[i].order_id);
  }
  hbus_order_list_free(&list);
}

Test(ownership, rule_8_a_person_says_which_order_an_unknown_one_is) {
  static const char *const arguments[] = {"--no-client-ids", NULL};
  stage stage;
  hbus_command order, alike = rig_resting_order(HBUS_SELL, "0.7000");
  hbus_order settled, his;
  hbus_order_id found = "";
  hbus_message update;
  s_start(&stage, arguments, "  request_timeout_ms: 300\n  settle_ms: 600000\n  exclusive: false\n");
  cr_assert_eq(hbus_create_order(stage.bob, &alike, 0, &his, &stage.scene.error), HBUS_OK);
  s_make_unknown(&stage, &order, "fault no-answer=create_order");
  const char *id = order.client_order_id;
  cr_expect_eq(hbus_resolve_order(stage.everyones, id, his.order_id, "alice", 0, &settled, &stage.scene.error),
               HBUS_INVALID_REQUEST, "that one is bob's");
  cr_expect_eq(hbus_resolve_order(stage.everyones, id, "nothing", "alice", 0, &settled, &stage.scene.error),
               HBUS_UNKNOWN_ORDER);
  s_find_stranger(&stage, found);
  cr_assert_eq(hbus_resolve_order(stage.everyones, id, found, "alice", 0, &settled, &stage.scene.error), HBUS_OK, "%s",
               stage.scene.error.text);
  cr_expect_eq(settled.status, HBUS_OPEN);
  cr_expect_str_eq(settled.order_id, found);
  cr_expect_str_eq(settled.owner, "alice");
  scene_expect_order(&stage.scene, &order, HBUS_OPEN, &update);
  cr_expect_eq(update.event.origin, HBUS_POLLED);
  s_stop(&stage);
}
