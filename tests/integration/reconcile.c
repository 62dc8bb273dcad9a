/* What happens to orders while the link is away, and how the bus learns of it (ORDERS.md, rules 6, 8, 9 and 10). */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/scene.h"

#define PATIENT "  request_timeout_ms: 60000\n"

/* With which the simulator, told to cut, first cuts before it has done a request, and when it has done it but nothing
 * of it is out. */
#define SEED_UNDONE  "6"
#define SEED_UNHEARD "2"

static const char *const s_keep_no_ids[] = {"--no-client-ids", NULL};

/* Another broker on the same account. It acts while the first one is frozen and its connection gone, so that the first
 * cannot have heard of it otherwise than by asking. */
typedef struct other {
  rig rig;
  hbus_client *client;
} other;

/* `how` ends all connections. */
static void s_go_away(scene *scene, other *other, const char *how) {
  *other = (struct other){.rig = scene->rig};
  other->rig.sync = "off"; /* the journal is the first one's */
  kill(scene->rig.broker.pid, SIGSTOP);
  rig_control(&scene->rig, how);
  rig_start_broker(&other->rig, "access:\n  reach_all: [other]\n");
  other->client = rig_connect(&other->rig, "other");
  rig_wait_link(other->client, HBUS_LINK_CONNECTED);
}

static void s_come_back(scene *scene, other *other) {
  hbus_client_destroy(&other->client);
  cr_expect_eq(process_stop(&other->rig.broker, SIGTERM), 0);
  kill(scene->rig.broker.pid, SIGCONT);
}

static void s_cancel_as(other *other, const hbus_order *placed) {
  hbus_cancel cancel;
  hbus_error error;
  cr_assert_eq(
      hbus_cancel_order(other->client, placed->exchange, placed->market, placed->order_id, NULL, 0, &cancel, &error),
      HBUS_OK, "%s", error.text);
}

/* The next event of alice's is about the order, behind the fill that it includes, and so comes before the link is
 * called connected. */
static void s_expect_order_before_the_link(scene *scene, const hbus_command *order, hbus_order_status status,
                                           hbus_message *out) {
  scene_expect_link(scene, HBUS_LINK_DISCONNECTED, NULL);
  scene_expect_link(scene, HBUS_LINK_CONNECTING, NULL);
  scene_next(scene, "", out);
  if (status == HBUS_FILLED) {
    cr_expect_eq(out->event.kind, HBUS_KIND_TRADE, "'%s' came first", out->topic);
    cr_expect_eq(out->event.origin, HBUS_INFERRED);
    scene_next(scene, "", out);
  }
  cr_assert_eq(out->event.kind, HBUS_KIND_ORDER_UPDATE, "'%s' came first", out->topic);
  cr_expect_str_eq(out->event.client_order_id, order->client_order_id);
  cr_expect_str_eq(out->event.owner, "alice");
  cr_assert_eq(out->event.data.order.status, status, "%s", hbus_order_status_name(out->event.data.order.status));
}

static hbus_order s_place(scene *scene, hbus_command *order) {
  hbus_order placed;
  hbus_reply reply;
  hbus_message update;
  cr_assert_eq(scene_create(scene, order, &reply), HBUS_OK, "%s", scene->error.text);
  cr_assert_eq(hbus_unpack_order(reply.data, &placed, &scene->error), HBUS_OK);
  scene_expect_order(scene, order, placed.status, &update);
  return placed;
}

/* Orders that were known ------------------------------------------------------------------------------------------- */

Test(reconcile, rule_10_cancelled_meanwhile) {
  scene scene;
  other other;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000"), untouched = rig_resting_order(HBUS_SELL, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &untouched);
  hbus_order placed = s_place(&scene, &order);
  s_go_away(&scene, &other, "cut");
  s_cancel_as(&other, &placed);
  s_come_back(&scene, &other);
  s_expect_order_before_the_link(&scene, &order, HBUS_CANCELLED, &update);
  cr_expect_eq(update.event.origin, HBUS_POLLED);
  cr_expect_gt(update.event.rev, placed.rev);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  cr_expect_eq(scene_get_order(&scene, &untouched).status, HBUS_OPEN);
  scene_stop(&scene);
}

Test(reconcile, rule_10_filled_meanwhile) {
  scene scene;
  other other;
  hbus_message update;
  hbus_order sold;
  hbus_owned_book book = {0};
  scene_start(&scene, NULL, NULL);
  /* Between the best bid and the best ask, so that who sells next sells to it. */
  hbus_command order = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "0.5000", "1800.00"),
               sale = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_MARKET, "0.5000", NULL);
  cr_assert_eq(hbus_get_order_book(scene.observer, "binance", "ETH-USDT", 1, 0, &book, &scene.error), HBUS_OK);
  cr_assert_lt(hbus_decimal_compare(&book.book.bids[0].price, &order.price), 0, "%s", book.book.bids[0].price.text);
  cr_assert_gt(hbus_decimal_compare(&book.book.asks[0].price, &order.price), 0, "%s", book.book.asks[0].price.text);
  hbus_owned_book_free(&book);
  s_place(&scene, &order);
  s_go_away(&scene, &other, "cut");
  cr_assert_eq(hbus_create_order(other.client, &sale, 0, &sold, &scene.error), HBUS_OK, "%s", scene.error.text);
  s_come_back(&scene, &other);
  s_expect_order_before_the_link(&scene, &order, HBUS_FILLED, &update);
  cr_expect_eq(update.event.origin, HBUS_POLLED);
  cr_expect_str_eq(update.event.data.order.filled.text, "0.5000");
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  scene_stop(&scene);
}

Test(reconcile, rule_10_an_order_that_vanished_is_unknown_not_gone) {
  scene scene;
  other other;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000"), again;
  hbus_order known;
  hbus_reply reply;
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order);
  s_go_away(&scene, &other, "fault restart-lost=1");
  cr_assert_eq(rig_truth(&scene.rig, "orders_lost"), 1);
  s_come_back(&scene, &other);
  s_expect_order_before_the_link(&scene, &order, HBUS_UNKNOWN, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  again = order;
  cr_expect_eq(scene_create(&scene, &again, &reply), HBUS_OK, "it was placed, whatever became of it");
  cr_expect(reply.repeat);
  cr_assert_eq(hbus_unpack_order(reply.data, &known, &scene.error), HBUS_OK);
  cr_expect_eq(known.status, HBUS_UNKNOWN);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 1);
  scene_stop(&scene);
}

/* What a comparison has heard on a connection that is gone says nothing of the time since. */
Test(reconcile, rule_10_begins_anew_when_the_link_is_lost_under_it) {
  scene scene;
  other other;
  hbus_message update;
  hbus_command first = rig_resting_order(HBUS_BUY, "0.5000"), second = rig_resting_order(HBUS_SELL, "0.5000");
  scene_start(&scene, NULL, PATIENT);
  hbus_order first_placed = s_place(&scene, &first), second_placed = s_place(&scene, &second);
  uint64_t before = rig_counter(scene.observer, "upstream_requests");
  s_go_away(&scene, &other, "cut");
  s_cancel_as(&other, &first_placed);
  rig_control(&scene.rig, "fault no-answer=get_order");
  s_come_back(&scene, &other);
  rig_wait_number(scene.observer, "counters.upstream_requests", before + 3); /* a key, open orders, the first order */
  s_go_away(&scene, &other, "cut");
  s_cancel_as(&other, &second_placed);
  rig_control(&scene.rig, "fault clear");
  s_come_back(&scene, &other);
  scene_expect_link(&scene, HBUS_LINK_DISCONNECTED, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  s_expect_order_before_the_link(&scene, &first, HBUS_CANCELLED, &update);
  scene_next(&scene, "", &update);
  cr_assert_eq(update.event.kind, HBUS_KIND_ORDER_UPDATE, "'%s' came first", update.topic);
  cr_expect_str_eq(update.event.client_order_id, second.client_order_id);
  cr_expect_eq(update.event.data.order.status, HBUS_CANCELLED);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  scene_stop(&scene);
}

/* New orders wait for it ------------------------------------------------------------------------------------------- */

Test(reconcile, rule_10_new_orders_are_refused_until_it_is_done) {
  scene scene;
  hbus_status status;
  hbus_ticker ticker;
  hbus_cancel cancel;
  hbus_message update;
  hbus_reply reply;
  hbus_command kept = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000"),
               refused = order;
  scene_start(&scene, NULL, "  request_timeout_ms: 1000\n  retry_attempts: 10\n");
  s_place(&scene, &kept);
  s_place(&scene, &order);
  rig_control(&scene.rig, "fault no-answer=get_open_orders");
  rig_control(&scene.rig, "cut");
  scene_expect_link(&scene, HBUS_LINK_DISCONNECTED, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  cr_expect_eq(
      hbus_cancel_order(scene.alice, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &scene.error),
      HBUS_OK, "cancels are taken: %s", scene.error.text);
  do { /* as soon as the connection is authenticated */
    status = hbus_get_ticker(scene.observer, "binance", "ETH-USDT", 0, &ticker, &scene.error);
  } while (status == HBUS_LINK_DOWN);
  cr_expect_eq(status, HBUS_OK, "questions go through: %s", scene.error.text);
  cr_expect_eq(scene_create(&scene, &refused, &reply), HBUS_LINK_DOWN);
  cr_expect_not_null(strstr(scene.error.text, "(connecting)"), "%s", scene.error.text);
  scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
  rig_control(&scene.rig, "fault clear");
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  refused.expires_ms = 0;
  cr_expect_eq(scene_create(&scene, &refused, &reply), HBUS_OK, "%s", scene.error.text);
  cr_expect(!reply.repeat, "it was refused, not kept");
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 3);
  scene_stop(&scene);
}

/* Silence is not consent. */
Test(reconcile, rule_10_what_could_not_be_compared_keeps_the_link_closed) {
  scene scene;
  other other;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, "  request_timeout_ms: 200\n  retry_attempts: 0\n");
  hbus_order placed = s_place(&scene, &order);
  s_go_away(&scene, &other, "cut");
  s_cancel_as(&other, &placed);
  rig_control(&scene.rig, "fault no-answer=get_open_orders");
  s_come_back(&scene, &other);
  rig_expect_log(&scene.rig, "cannot compare the orders of ETH-USDT on binance with Hummingbot's: it does not answer");
  rig_control(&scene.rig, "fault clear");
  s_expect_order_before_the_link(&scene, &order, HBUS_CANCELLED, &update);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  scene_stop(&scene);
}

Test(reconcile, rule_10_an_exchange_that_refuses_to_list_its_orders_does_not) {
  scene scene;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, NULL);
  s_place(&scene, &order);
  rig_control(&scene.rig, "fault reject=get_open_orders:Exchange is under maintenance");
  rig_control(&scene.rig, "cut");
  scene_expect_link(&scene, HBUS_LINK_DISCONNECTED, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  rig_expect_log(&scene.rig, "cannot compare the orders of ETH-USDT on binance with Hummingbot's: it does not list");
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  scene_stop(&scene);
}

/* Creates without an answer ---------------------------------------------------------------------------------------- */

/* Sends a create whose connection is cut under it. */
static void s_create_cut(scene *scene, hbus_command *order, bool done) {
  hbus_reply reply;
  uint64_t dropped = rig_truth(&scene->rig, "creates_dropped");
  rig_control(&scene->rig, "fault cut-every=1");
  scene_send_create(scene, order);
  rig_expect_warning(&scene->rig, "no link to ws");
  rig_control(&scene->rig, "fault clear");
  cr_assert_eq(rig_truth(&scene->rig, "creates_dropped"), dropped + !done, "the seed is not one for that");
  scene_next_reply(scene, &reply);
  cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_LINK_DOWN);
}

Test(reconcile, rule_8_a_create_that_arrived_is_found_by_its_id) {
  static const char *const arguments[] = {"--seed", SEED_UNHEARD, NULL};
  scene scene;
  hbus_message update;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, arguments, PATIENT);
  s_create_cut(&scene, &order, true);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_expect_eq(update.event.origin, HBUS_POLLED);
  cr_expect_neq(update.event.data.order.order_id[0], 0);
  rig_expect_log(&scene.rig, "found by its id");
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 0);
  cr_expect_eq(scene_get_order(&scene, &order).status, HBUS_OPEN);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 1);
  scene_stop(&scene);
}

/* More orders came after it than a history is sure to have, and none is much older. */
Test(reconcile, rule_9_a_create_that_never_arrived_has_failed_in_a_young_market_too) {
  enum { AFTER = 60 };
  static const char *const arguments[] = {"--seed", SEED_UNDONE, NULL};
  scene scene;
  hbus_message update;
  hbus_command first = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_MARKET, "0.0100", NULL),
               order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, arguments, PATIENT "  settle_ms: 4000\n");
  s_place(&scene, &first);
  s_create_cut(&scene, &order, false);
  rig_wait_link(scene.observer, HBUS_LINK_CONNECTED);
  for (int i = 0; i < AFTER; i++) {
    hbus_order placed;
    hbus_command after = rig_order("binance", "ETH-USDT", HBUS_SELL, HBUS_MARKET, "0.0100", NULL);
    cr_assert_eq(hbus_create_order(scene.alice, &after, 0, &placed, &scene.error), HBUS_OK, "%s", scene.error.text);
  }
  do
    scene_next(&scene, "order_update/", &update);
  while (strcmp(update.event.client_order_id, order.client_order_id) != 0 ||
         update.event.data.order.status != HBUS_FAILED);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  scene_stop(&scene);
}

Test(reconcile, rule_9_a_create_that_never_arrived_has_failed_when_it_had_time_enough) {
  static const char *const arguments[] = {"--seed", SEED_UNDONE, NULL};
  scene scene;
  hbus_message update;
  hbus_reply reply;
  hbus_command first = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000"), again;
  scene_start(&scene, arguments, PATIENT "  settle_ms: 500\n");
  s_place(&scene, &first); /* shows that ids are kept */
  s_create_cut(&scene, &order, false);
  scene_expect_order(&scene, &order, HBUS_FAILED, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  scene_expect_error(&scene, HBUS_UPSTREAM_ERROR, "it never arrived there");
  rig_expect_log(&scene.rig, "has failed: Hummingbot does not have it: it never arrived there");
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 0);
  again = order;
  cr_expect_eq(scene_create(&scene, &again, &reply), HBUS_UPSTREAM_ERROR, "a repeat hears the same");
  cr_expect(reply.repeat);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 1, "and is not sent");
  scene_stop(&scene);
}

/* It stood in a buffer of Hummingbot's for longer than anybody waits. */
Test(reconcile, rule_9_what_was_called_failed_by_absence_is_reopened_when_it_appears) {
  scene scene;
  hbus_message update;
  hbus_reply reply;
  hbus_command first = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000"), again;
  scene_start(&scene, NULL, PATIENT "  settle_ms: 200\n");
  s_place(&scene, &first); /* shows that ids are kept */
  rig_control(&scene.rig, "fault stuck=create_order");
  uint64_t requests = rig_truth(&scene.rig, "requests");
  scene_send_create(&scene, &order);
  rig_wait_truth(&scene.rig, "requests", requests + 1);
  rig_control(&scene.rig, "cut");
  scene_expect_order(&scene, &order, HBUS_FAILED, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  uint64_t rev = update.event.rev;
  rig_control(&scene.rig, "fault clear");
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_expect_gt(update.event.rev, rev);
  cr_expect_neq(update.event.data.order.order_id[0], 0);
  again = order;
  cr_expect_eq(scene_create(&scene, &again, &reply), HBUS_OK, "%s", scene.error.text);
  cr_expect(reply.repeat);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 2, "the first one, and this one once");
  scene_stop(&scene);
}

Test(reconcile, rule_9_absence_proves_nothing_before) {
  static const char *const arguments[] = {"--seed", SEED_UNDONE, NULL};
  scene scene;
  hbus_message update;
  hbus_command first = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, arguments, PATIENT "  settle_ms: 3600000\n");
  s_place(&scene, &first);
  uint64_t before = rig_truth(&scene.rig, "requests");
  s_create_cut(&scene, &order, false);
  /* A check asks for open orders and for the history: more than three of them. */
  while (rig_truth(&scene.rig, "requests") < before + 9)
    hbus_client_next(scene.observer, 50, &update);
  cr_expect_eq(scene_get_order(&scene, &order).status, HBUS_UNKNOWN);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  scene_stop(&scene);
}

Test(reconcile, rule_8_without_ids_the_only_order_of_its_kind_is_it) {
  static const char *const arguments[] = {"--no-client-ids", "--seed", SEED_UNHEARD, NULL};
  scene scene;
  hbus_message update;
  hbus_command first = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, arguments, PATIENT);
  s_place(&scene, &first); /* shows that ids are dropped */
  s_create_cut(&scene, &order, true);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_expect_eq(update.event.origin, HBUS_POLLED);
  rig_expect_log(&scene.rig, "found by its values");
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 0);
  scene_stop(&scene);
}

/* How many candidates get_order names for the order of that peer. */
static size_t s_candidates(hbus_client *client, const hbus_command *order, hbus_order_status *status) {
  hbus_command question;
  hbus_reply reply;
  hbus_error error;
  msgpack_unpacked unpacked;
  size_t count = 0;
  hbus_order found;
  hbus_command_init(&question, HBUS_GET_ORDER, order->exchange, order->market, NULL);
  memcpy(question.client_order_id, order->client_order_id, sizeof question.client_order_id);
  cr_assert_eq(hbus_client_call(client, &question, 0, &reply, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(hbus_unpack_order(reply.data, &found, &error), HBUS_OK);
  *status = found.status;
  msgpack_unpacked_init(&unpacked);
  cr_assert_eq(msgpack_unpack_next(&unpacked, (const char *)reply.data.data, reply.data.size, NULL),
               MSGPACK_UNPACK_SUCCESS);
  for (uint32_t i = 0; i < unpacked.data.via.map.size; i++) {
    const msgpack_object_kv *pair = &unpacked.data.via.map.ptr[i];
    if (pair->key.via.str.size == 10 && memcmp(pair->key.via.str.ptr, "candidates", 10) == 0)
      count = pair->val.via.array.size;
  }
  msgpack_unpacked_destroy(&unpacked);
  return count;
}

/* While nobody can tell what became of the order, one like it is refused, and others are not. */
static void s_expect_no_more_like(scene *scene, const hbus_command *order) {
  hbus_command like = rig_resting_order(HBUS_BUY, "0.50"), other = rig_resting_order(HBUS_BUY, "0.5001");
  hbus_reply reply;
  uint64_t accepted = rig_truth(&scene->rig, "creates_accepted");
  cr_expect_eq(scene_create(scene, &like, &reply), HBUS_DUPLICATE_ORDER);
  cr_expect_not_null(strstr(scene->error.text, order->client_order_id), "it names the other: %s", scene->error.text);
  cr_expect_eq(scene_create(scene, &other, &reply), HBUS_OK, "%s", scene->error.text);
  cr_expect_eq(rig_truth(&scene->rig, "creates_accepted"), accepted + 1);
}

Test(reconcile, rule_8_what_may_be_either_of_two_is_listed_with_both_and_no_more_like_it_are_taken) {
  scene scene;
  hbus_message update;
  hbus_order_status status;
  hbus_command first = rig_resting_order(HBUS_SELL, "0.5000"), order = rig_resting_order(HBUS_BUY, "0.5000"),
               twin = order;
  scene_start(&scene, s_keep_no_ids, PATIENT);
  hbus_client *bob = rig_connect(&scene.rig, "bob");
  s_place(&scene, &first);
  rig_control(&scene.rig, "fault no-answer=create_order");
  scene_send_create(&scene, &order);
  cr_assert_eq(hbus_client_send(bob, &twin, 0, &scene.error), HBUS_OK);
  rig_wait_truth(&scene.rig, "creates_accepted", 3);
  rig_control(&scene.rig, "cut");
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  rig_wait_link(scene.observer, HBUS_LINK_CONNECTED);
  rig_expect_log(&scene.rig, "may be one of 2 upstream");
  cr_expect_eq(s_candidates(scene.alice, &order, &status), 2);
  cr_expect_eq(status, HBUS_UNKNOWN, "nobody can tell whose is whose");
  cr_expect_eq(s_candidates(bob, &twin, &status), 2);
  cr_expect_eq(status, HBUS_UNKNOWN);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  for (int told = 0; told < 2;) { /* as nobody's, so that what they trade is not missed */
    scene_next(&scene, "order_update/", &update);
    told += update.event.data.order.order_id[0] && !update.event.owner[0];
  }
  rig_control(&scene.rig, "fault clear");
  s_expect_no_more_like(&scene, &order);
  hbus_client_destroy(&bob);
  scene_stop(&scene);
}

/* A create that never arrived, at an upstream that keeps no ids, is looked for again and again. With more orders since
 * than one list holds it can only stay unknown; the link must come back all the same. */
Test(reconcile, rule_9_what_no_list_reaches_back_to_holds_nobody_up, .timeout = 250) {
  enum { SINCE = 2200 }; /* more than a market check asks for at the most */
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", NULL};
  rig rig;
  rig_start(&rig, arguments, "  request_timeout_ms: 2000\n  ping_ms: 100\n  hang_up_ms: 400\n");
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_command lost = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_error error;
  hbus_reply reply;
  hbus_cancel cancel;
  hbus_order found;
  rig_control(&rig, "fault half-open=0");
  cr_assert_eq(hbus_client_new_order_id(client, lost.client_order_id, NULL), HBUS_OK);
  cr_assert_eq(hbus_client_call(client, &lost, 0, &reply, &error), HBUS_OUTCOME_UNKNOWN);
  rig_control(&rig, "fault clear");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  for (int i = 0; i < SINCE; i++) {
    hbus_command each = rig_resting_order(HBUS_SELL, "0.0100");
    cr_assert_eq(hbus_client_new_order_id(client, each.client_order_id, NULL), HBUS_OK);
    cr_assert_eq(hbus_client_call(client, &each, 0, &reply, &error), HBUS_OK, "%s", error.text);
    cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, each.client_order_id, 0, &cancel, &error),
                 HBUS_OK);
  }
  uint64_t losses = rig_counter(client, "link_losses");
  rig_control(&rig, "cut");
  rig_wait_number(client, "counters.link_losses", losses + 1);
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  cr_expect_eq(rig_counter(client, "upstream_frames_oversize"), 0);
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, lost.client_order_id, 0, &found, &error), HBUS_OK);
  cr_expect_eq(found.status, HBUS_UNKNOWN);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
