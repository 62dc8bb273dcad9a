/* Fills, told once in sum whatever happens to the link and the broker, and what they make of positions (ORDERS.md,
 * rules 14 and 17). */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/scene.h"

/* alice's order stands between the best bid and the best ask: who sells next sells to it. */
#define PRICE "1800.00"

static void s_place(scene *scene, hbus_command *order, const char *amount) {
  hbus_reply reply;
  hbus_message update;
  *order = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, amount, PRICE);
  cr_assert_eq(scene_create(scene, order, &reply), HBUS_OK, "%s", scene->error.text);
  scene_expect_order(scene, order, HBUS_OPEN, &update);
}

static void s_sell(hbus_client *client, const char *amount) {
  hbus_command sale = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_MARKET, amount, NULL);
  hbus_order sold;
  hbus_error error;
  cr_assert_eq(hbus_create_order(client, &sale, 0, &sold, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(sold.status, HBUS_FILLED);
}

/* Another broker on the same account sells, while this one is away. */
static void s_sell_elsewhere(const scene *scene, const char *amount) {
  rig other = scene->rig;
  other.sync = "off";
  rig_start_broker(&other, NULL);
  hbus_client *client = rig_connect(&other, "other");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  s_sell(client, amount);
  hbus_client_destroy(&client);
  cr_expect_eq(process_stop(&other.broker, SIGTERM), 0);
}

/* What alice has been told of one order. */
typedef struct account {
  const hbus_command *order;
  hbus_decimal told;   /* amount - replaces, of its fills */
  hbus_decimal filled; /* of its last state */
  unsigned inferred;   /* fills without a trade */
} account;

static account s_open_account(const hbus_command *order) {
  return (account){.order = order, .told = rig_decimal("0"), .filled = rig_decimal("0")};
}

static void s_add_fill(account *self, const hbus_event *event) {
  const hbus_trade *fill = &event->data.trade;
  cr_expect_str_eq(event->owner, "alice");
  cr_assert_eq(hbus_decimal_add(&self->told, &fill->amount, &self->told), HBUS_OK);
  if (!hbus_decimal_is_absent(&fill->replaces)) {
    cr_assert_eq(hbus_decimal_subtract(&self->told, &fill->replaces, &self->told), HBUS_OK);
  }
  bool inferred = event->origin == HBUS_INFERRED;
  self->inferred += inferred;
  cr_expect_eq(hbus_decimal_is_absent(&fill->price), inferred);
  cr_expect_eq(fill->trade_id[0] == 0, inferred);
}

/* Takes the next event of alice's, and holds it to rule 14: before a state, fills of at least its `filled`. */
static void s_take_event(scene *scene, account *self) {
  hbus_message message;
  scene_next(scene, "", &message);
  const hbus_event *event = &message.event;
  if (strcmp(event->client_order_id, self->order->client_order_id) != 0) return;
  if (event->kind == HBUS_KIND_TRADE) s_add_fill(self, event);
  if (event->kind != HBUS_KIND_ORDER_UPDATE || hbus_decimal_is_absent(&event->data.order.filled)) return;
  self->filled = event->data.order.filled;
  cr_expect_geq(hbus_decimal_compare(&self->told, &self->filled), 0, "%s was told, %s is filled", self->told.text,
                self->filled.text);
}

/* Takes events until the order is told to be filled so far; by then the fills have told as much, and no more. */
static void s_expect_filled(scene *scene, account *self, const char *filled) {
  const hbus_decimal expected = rig_decimal(filled);
  do {
    s_take_event(scene, self);
  } while (hbus_decimal_compare(&self->filled, &expected) != 0);
  cr_expect_eq(hbus_decimal_compare(&self->told, &expected), 0, "%s was told, %s is filled", self->told.text, filled);
}

/* "buy 0.2 at 1800, 0.1 unpriced, may buy 0.3 sell -". */
static void s_expect_position(const rig *rig, const char *owner, const char *expected) {
  hbus_client *client = rig_connect(rig, owner);
  hbus_position_list list = {0};
  hbus_error error;
  char text[512];
  cr_assert_eq(hbus_get_fill_positions(client, "binance", "ETH-USDT", NULL, 0, &list, &error), HBUS_OK, "%s",
               error.text);
  cr_assert_eq(list.count, 1);
  const hbus_position *position = &list.items[0];
  snprintf(text, sizeof text, "%s %s at %s, %s unpriced, may buy %s sell %s", hbus_side_name(position->side),
           position->amount.text, position->entry_price.text, position->unpriced.text, position->working_buy.text,
           position->working_sell.text);
  cr_expect_str_eq(text, expected);
  cr_expect_str_eq(position->owner, owner);
  hbus_position_list_free(&list);
  hbus_client_destroy(&client);
}

/* Fills ------------------------------------------------------------------------------------------------------------ */

Test(fills, rule_14_two_orders_that_trade_with_each_other_have_a_fill_each) {
  scene scene;
  hbus_command order;
  hbus_message message;
  hbus_order_id trade_id = "";
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order, "0.5000");
  hbus_client *bob = rig_connect(&scene.rig, "bob");
  s_sell(bob, "0.2000");
  for (const char *owner = "alice"; owner; owner = strcmp(owner, "alice") == 0 ? "bob" : NULL) {
    scene_next(&scene, "trade_update/", &message);
    cr_expect_str_eq(message.event.owner, owner);
    cr_expect_str_eq(message.event.data.trade.amount.text, "0.2000");
    if (trade_id[0]) cr_expect_str_eq(message.event.data.trade.trade_id, trade_id);
    memcpy(trade_id, message.event.data.trade.trade_id, sizeof trade_id);
  }
  cr_expect_eq(rig_counter(scene.observer, "fills_repeated"), 0);
  cr_expect_eq(rig_counter(scene.observer, "fills_inferred"), 0);
  s_expect_position(&scene.rig, "alice", "buy 0.2 at 1800,  unpriced, may buy 0.3 sell ");
  s_expect_position(&scene.rig, "bob", "sell 0.2 at 1800,  unpriced, may buy  sell ");
  hbus_client_destroy(&bob);
  scene_stop(&scene);
}

Test(fills, rule_14_what_traded_behind_a_cut_is_inferred_before_the_state) {
  scene scene;
  hbus_command order;
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order, "0.5000");
  account account = s_open_account(&order);
  s_sell(scene.sender, "0.1000");
  s_expect_filled(&scene, &account, "0.1000");
  cr_expect_eq(account.inferred, 0);

  kill(scene.rig.broker.pid, SIGSTOP);
  rig_control(&scene.rig, "cut");
  s_sell_elsewhere(&scene, "0.2000");
  kill(scene.rig.broker.pid, SIGCONT);
  s_expect_filled(&scene, &account, "0.3000");
  cr_expect_eq(account.inferred, 1);

  scene_wait_link(&scene, HBUS_LINK_CONNECTED, NULL);
  s_sell(scene.sender, "0.2000");
  s_expect_filled(&scene, &account, "0.5000");
  scene_stop(&scene);
}

Test(fills, rule_14_fills_are_told_once_in_sum_however_often_the_link_is_cut) {
  enum { ROUNDS = 8 };
  scene scene;
  hbus_command order;
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order, "5.0000");
  account account = s_open_account(&order);
  for (int i = 0; i < ROUNDS; i++) {
    hbus_command sale = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_MARKET, "0.1000", NULL);
    hbus_client_new_order_id(scene.sender, sale.client_order_id, NULL);
    uint64_t losses = rig_counter(scene.observer, "link_losses");
    scene_send_create(&scene, &sale);
    rig_control(&scene.rig, "cut");
    rig_wait_number(scene.observer, "counters.link_losses", losses + 1);
    rig_wait_link(scene.observer, HBUS_LINK_CONNECTED);
  }
  s_sell(scene.sender, "0.1000"); /* one that is sure to have been done */
  hbus_order truth = scene_get_order(&scene, &order);
  s_expect_filled(&scene, &account, truth.filled.text);
  scene_stop(&scene);
}

Test(fills, rule_14_a_restart_forgets_no_fill_and_repeats_none) {
  scene scene;
  hbus_command order;
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order, "0.5000");
  account account = s_open_account(&order);
  hbus_client *bob = rig_connect(&scene.rig, "bob");
  s_sell(bob, "0.2000");
  hbus_client_destroy(&bob);
  s_expect_filled(&scene, &account, "0.2000");
  process_stop(&scene.rig.broker, SIGKILL);
  s_sell_elsewhere(&scene, "0.1000");
  rig_start_broker(&scene.rig, NULL);

  hbus_client *alice = rig_connect(&scene.rig, "alice");
  rig_wait_link(alice, HBUS_LINK_CONNECTED);
  cr_expect_eq(rig_counter(alice, "fills_inferred"), 1, "of the 0.1 alone");
  hbus_client_destroy(&alice);
  s_expect_position(&scene.rig, "alice", "buy 0.3 at 1800, 0.1 unpriced, may buy 0.2 sell ");
  scene_stop(&scene);
}

/* Positions -------------------------------------------------------------------------------------------------------- */

static hbus_status s_ask(hbus_client *client, hbus_command *question, hbus_position_list *list, hbus_error *error) {
  hbus_reply reply;
  hbus_status status = hbus_client_call(client, question, 0, &reply, error);
  return status ? status : hbus_unpack_positions(reply.data, list, error);
}

Test(fills, positions_are_their_owners_and_those_who_may_see_all_see_all) {
  scene scene;
  hbus_command order, question;
  hbus_position_list list = {0};
  scene_start(&scene, NULL, "access:\n  reach_all: [overseer]\n");
  s_place(&scene, &order, "0.5000");
  hbus_client *overseer = rig_connect(&scene.rig, "overseer");
  s_sell(overseer, "0.1000");
  cr_expect_eq(hbus_get_fill_positions(scene.alice, NULL, NULL, "overseer", 0, &list, &scene.error), HBUS_FORBIDDEN);
  cr_expect_eq(hbus_get_fill_positions(scene.alice, NULL, NULL, "*", 0, &list, &scene.error), HBUS_FORBIDDEN);
  cr_expect_eq(hbus_get_fill_positions(overseer, NULL, NULL, "alice", 0, &list, &scene.error), HBUS_OK);
  cr_assert_eq(list.count, 1);
  cr_expect_str_eq(list.items[0].owner, "alice");
  hbus_position_list_free(&list);

  cr_assert_eq(hbus_command_init(&question, HBUS_GET_POSITIONS, NULL, NULL, NULL), HBUS_OK);
  question.source = HBUS_POSITION_FILLS;
  question.limit = 1;
  snprintf(question.owner, sizeof question.owner, "*");
  cr_assert_eq(s_ask(overseer, &question, &list, &scene.error), HBUS_OK, "%s", scene.error.text);
  cr_assert_eq(list.count, 1);
  cr_assert_neq(list.cursor[0], 0, "there is another page");
  memcpy(question.cursor, list.cursor, sizeof question.cursor);
  cr_assert_eq(s_ask(overseer, &question, &list, &scene.error), HBUS_OK, "%s", scene.error.text);
  cr_assert_eq(list.count, 2);
  cr_expect_eq(list.cursor[0], 0, "it is the last");
  cr_expect_str_neq(list.items[0].owner, list.items[1].owner);
  hbus_position_list_free(&list);
  hbus_client_destroy(&overseer);
  scene_stop(&scene);
}

Test(fills, positions_are_told_without_a_link) {
  scene scene;
  hbus_command order;
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order, "0.5000");
  hbus_client *bob = rig_connect(&scene.rig, "bob");
  s_sell(bob, "0.1000");
  hbus_client_destroy(&bob);
  process_stop(&scene.rig.sim, SIGKILL);
  rig_wait_link(scene.observer, HBUS_LINK_DISCONNECTED);
  s_expect_position(&scene.rig, "alice", "buy 0.1 at 1800,  unpriced, may buy 0.4 sell ");
  hbus_position_list list = {0};
  cr_expect_eq(hbus_get_positions(scene.alice, "binance", 0, &list, &scene.error), HBUS_LINK_DOWN, "upstream's own");
  scene_stop(&scene);
}
