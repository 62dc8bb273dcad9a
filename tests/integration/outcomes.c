/* Orders whose answer does not come: never sent twice, never called failed, settled when the truth shows (ORDERS.md).
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "tests/integration/rig.h"

#define SHORT_TIMEOUT "  request_timeout_ms: 200\n"

static hbus_client *s_start(rig *rig, const char *const *sim_arguments, const char *config) {
  hbus_error error;
  rig_start(rig, sim_arguments, config);
  hbus_client *client = rig_connect(rig, "alice");
  cr_assert_eq(hbus_client_watch(client, "order_update/", &error), HBUS_OK);
  return client;
}

static void s_stop(rig *rig, hbus_client *client) {
  hbus_client_destroy(&client);
  rig_stop(rig);
}

static hbus_status s_create(hbus_client *client, hbus_command *order, hbus_reply *reply) {
  hbus_error error;
  if (!order->client_order_id[0]) hbus_client_new_order_id(client, order->client_order_id, NULL);
  return hbus_client_call(client, order, 0, reply, &error);
}

Test(outcomes, rule_3_no_answer_in_time_is_unknown) {
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, SHORT_TIMEOUT);
  rig_settle(&rig, client);
  rig_control(&rig, "fault no-answer=create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000"), again;
  hbus_reply reply;
  cr_expect_eq(s_create(client, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_TIMEOUT);
  hbus_message message;
  do {
    rig_next_event(client, "order_update/", &message);
  } while (message.event.data.order.status != HBUS_UNKNOWN);
  cr_expect_str_eq(message.event.client_order_id, order.client_order_id);
  cr_expect_eq(message.event.origin, HBUS_INFERRED);
  uint64_t sent = rig_counter(client, "upstream_creates");
  again = order;
  cr_expect_eq(s_create(client, &again, &reply), HBUS_OUTCOME_UNKNOWN, "a repeat hears the same");
  cr_expect(reply.repeat);
  cr_expect_eq(rig_counter(client, "upstream_creates"), sent, "and is not sent");
  s_stop(&rig, client);
}

Test(outcomes, rule_8_an_order_that_shows_itself_is_placed_though_its_answer_never_came) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=create_order", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, SHORT_TIMEOUT);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  hbus_order placed;
  cr_assert_eq(s_create(client, &order, &reply), HBUS_OK, "the event carries the id that the broker sent");
  cr_assert_eq(hbus_unpack_order(reply.data, &placed, NULL), HBUS_OK);
  cr_expect_eq(placed.status, HBUS_OPEN);
  cr_expect_neq(placed.order_id[0], 0);
  s_stop(&rig, client);
}

Test(outcomes, rule_11_a_late_answer_is_an_answer) {
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, SHORT_TIMEOUT);
  rig_settle(&rig, client);
  rig_control(&rig, "fault late=600,create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  cr_expect_eq(s_create(client, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  hbus_message message;
  do {
    rig_next_event(client, "order_update/", &message);
  } while (strcmp(message.event.client_order_id, order.client_order_id) != 0 ||
           message.event.data.order.status != HBUS_OPEN);
  cr_expect_eq(rig_counter(client, "upstream_answers_late"), 1);
  hbus_order found;
  hbus_error error;
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &found, &error), HBUS_OK);
  cr_expect_eq(found.status, HBUS_OPEN);
  hbus_command again = order;
  cr_expect_eq(s_create(client, &again, &reply), HBUS_OK, "a repeat hears the truth");
  cr_expect(reply.repeat);
  s_stop(&rig, client);
}

Test(outcomes, rule_1_and_3_a_link_lost_under_a_create_is_unknown_and_the_next_create_is_refused) {
  static const char *const arguments[] = {"--rate", "0", "--no-client-ids", "--fault", "no-answer=create_order", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, "  request_timeout_ms: 60000\n");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_error error;
  uint64_t before = rig_counter(client, "upstream_creates");
  cr_assert_eq(hbus_client_send(client, &order, 0, &error), HBUS_OK);
  while (rig_counter(client, "upstream_creates") == before)
    continue;
  process_stop(&rig.sim, SIGKILL);
  hbus_message message;
  do {
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK);
  } while (message.kind != HBUS_MESSAGE_REPLY);
  cr_expect_eq(message.reply.status, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(message.reply.code, HBUS_LINK_DOWN);

  hbus_command next = rig_resting_order(HBUS_BUY, "0.5000"), repeat = order;
  hbus_reply reply;
  cr_expect_eq(s_create(client, &next, &reply), HBUS_LINK_DOWN, "refused, not kept");
  cr_expect_eq(s_create(client, &repeat, &reply), HBUS_OUTCOME_UNKNOWN,
               "rule 1: a repeat of what was sent is never told LINK_DOWN");
  s_stop(&rig, client);
}

Test(outcomes, a_cancel_without_an_answer_is_unknown) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=cancel_order", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, SHORT_TIMEOUT);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  hbus_cancel cancel;
  hbus_error error;
  cr_assert_eq(s_create(client, &order, &reply), HBUS_OK);
  cr_expect_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &error),
               HBUS_OUTCOME_UNKNOWN);
  s_stop(&rig, client);
}

Test(outcomes, a_question_without_an_answer_times_out) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "no-answer=get_ticker", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, SHORT_TIMEOUT "  retry_attempts: 2\n");
  hbus_ticker ticker;
  hbus_error error;
  cr_expect_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, &error), HBUS_TIMEOUT);
  cr_expect_eq(rig_counter(client, "upstream_timeouts"), 3, "asked once, and twice again");
  cr_expect_eq(rig_counter(client, "upstream_retries"), 2);
  s_stop(&rig, client);
}

Test(outcomes, rule_5_copies_sent_while_the_first_is_under_way_hear_its_outcome) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "shuffle=1000",
                                          NULL}; /* holds answers back a while */
  rig rig;
  hbus_client *client = s_start(&rig, arguments, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_client_new_order_id(client, order.client_order_id, NULL);
  hbus_error error;
  enum { COPIES = 10 };
  uint64_t before = rig_counter(client, "upstream_creates");
  for (int i = 0; i < COPIES; i++) {
    hbus_command copy = order;
    cr_assert_eq(hbus_client_send(client, &copy, 0, &error), HBUS_OK);
  }
  int repeats = 0;
  for (int i = 0; i < COPIES;) {
    hbus_message message;
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK);
    if (message.kind != HBUS_MESSAGE_REPLY) continue;
    cr_expect_eq(message.reply.status, HBUS_REPLY_OK);
    repeats += message.reply.repeat;
    i++;
  }
  cr_expect_eq(repeats, COPIES - 1);
  cr_expect_eq(rig_counter(client, "upstream_creates"), before + 1, "one order upstream");
  s_stop(&rig, client);
}

Test(outcomes, rule_3_upstream_saying_that_it_timed_out_is_no_answer) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "reject=create_order:Request timed out", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  cr_expect_eq(s_create(client, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_TIMEOUT);
  s_stop(&rig, client);
}

/* A peer would take "no such order" for "not placed". */
Test(outcomes, rule_10_what_upstream_has_forgotten_is_remembered) {
  static const char *const arguments[] = {"--rate", "0", NULL};
  rig rig;
  hbus_client *client = s_start(&rig, arguments, NULL);
  hbus_command order = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_MARKET, "0.0100", NULL);
  hbus_reply reply;
  hbus_order placed, found;
  hbus_error error;
  cr_assert_eq(s_create(client, &order, &reply), HBUS_OK);
  cr_assert_eq(hbus_unpack_order(reply.data, &placed, NULL), HBUS_OK);
  uint64_t losses = rig_counter(client, "link_losses");
  rig_control(&rig, "fault restart-lost=10");
  rig_wait_number(client, "counters.link_losses", losses + 1);
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &found, &error), HBUS_OK,
               "%s", error.text);
  cr_expect_eq(found.status, HBUS_FILLED);
  cr_expect_str_eq(found.order_id, placed.order_id);
  cr_assert_eq(hbus_get_order(client, "binance", "ETH-USDT", placed.order_id, NULL, 0, &found, &error), HBUS_OK);
  cr_expect_eq(found.status, HBUS_FILLED);
  s_stop(&rig, client);
}

/* Memory has room for two orders; the journal has the others, and their ids. Which of the three commands asks first for
 * one that has left makes no difference. */
Test(outcomes, rule_5_an_order_that_left_memory_keeps_its_id) {
  enum { ORDERS = 6 };
  rig rig;
  hbus_client *client = s_start(&rig, NULL, "bounds:\n  orders: 2\n");
  hbus_command orders[ORDERS], other;
  hbus_cancel cancel;
  hbus_order found;
  hbus_reply reply;
  hbus_error error;
  for (int i = 0; i < ORDERS; i++) {
    orders[i] = rig_resting_order(HBUS_BUY, "0.5000");
    cr_assert_eq(s_create(client, &orders[i], &reply), HBUS_OK);
    cr_assert_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, orders[i].client_order_id, 0, &cancel, &error),
                 HBUS_OK, "%s", error.text);
  }
  cr_expect_geq(rig_counter(client, "orders_evicted"), ORDERS - 2);
  orders[0].expires_ms = 0;
  cr_expect_eq(s_create(client, &orders[0], &reply), HBUS_OK);
  cr_expect(reply.repeat);
  other = orders[1];
  other.expires_ms = 0;
  other.amount = rig_decimal("0.6000");
  cr_expect_eq(s_create(client, &other, &reply), HBUS_DUPLICATE_ORDER);
  cr_expect_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, orders[2].client_order_id, 0, &found, &error),
               HBUS_OK, "%s", error.text);
  cr_expect_eq(found.status, HBUS_CANCELLED);
  cr_expect_str_eq(found.owner, "alice");
  cr_expect_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, orders[3].client_order_id, 0, &cancel, &error),
               HBUS_OK, "%s", error.text);
  cr_expect_eq(rig_truth(&rig, "creates_accepted"), ORDERS, "nothing was sent again");
  s_stop(&rig, client);
}
