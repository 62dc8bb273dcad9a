/* The pace that upstream allows (PROTOCOL.md, "The pace"), end to end. A token comes once a second at the slowest, so
 * what must wait is a flood that takes minutes, and what must not is there long before its end. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/integration/rig.h"

#define SLOW    "  rate_limit: {requests_per_second: 2, burst: 5, queue_ms: 600000}\n  request_timeout_ms: 600000\n"
#define FLOOD   200
#define WAITING "pace.waiting"

static const char *const s_still[] = {"--rate", "0", NULL};

static hbus_status s_create(hbus_client *client, hbus_command *order, hbus_reply *reply) {
  hbus_error error;
  if (!order->client_order_id[0]) hbus_client_new_order_id(client, order->client_order_id, NULL);
  return hbus_client_call(client, order, 0, reply, &error);
}

static void s_flood_creates(hbus_client *client, hbus_command orders[FLOOD]) {
  hbus_error error;
  for (int i = 0; i < FLOOD; i++) {
    orders[i] = rig_resting_order(HBUS_BUY, "0.0100");
    cr_assert_eq(hbus_client_send(client, &orders[i], 0, &error), HBUS_OK, "%s", error.text);
  }
}

static void s_flood_reads(hbus_client *client) {
  hbus_error error;
  for (int i = 0; i < FLOOD; i++) {
    hbus_command question;
    cr_assert_eq(hbus_command_init(&question, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL), HBUS_OK);
    cr_assert_eq(hbus_client_send(client, &question, 0, &error), HBUS_OK, "%s", error.text);
  }
}

static void s_next_reply(hbus_client *client, hbus_reply *out) {
  hbus_message message;
  do {
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK, "no reply came");
  } while (message.kind != HBUS_MESSAGE_REPLY);
  *out = message.reply;
}

static hbus_command *s_find(hbus_command orders[FLOOD], const char *id) {
  for (int i = 0; i < FLOOD; i++) {
    if (strcmp(orders[i].id, id) == 0) return &orders[i];
  }
  cr_assert_fail("a reply to nobody's command");
  return NULL;
}

Test(pace, the_bus_hears_that_requests_wait) {
  rig rig;
  hbus_command orders[FLOOD];
  hbus_error error;
  hbus_message message;
  rig_start(&rig, s_still, SLOW);
  hbus_client *client = rig_connect(&rig, "alice");
  cr_assert_eq(hbus_client_watch(client, "info/hbusd/", &error), HBUS_OK);
  s_flood_creates(client, orders);
  /* At most one a second, so the first may come before the subscription has arrived; a wait of minutes has others. */
  do {
    s_flood_reads(client);
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK);
  } while (message.kind != HBUS_MESSAGE_EVENT);
  cr_expect_eq(message.event.type, HBUS_EVENT_INFO);
  cr_expect_not_null(memmem(message.body.data, message.body.size, "headroom", 8));
  cr_expect_not_null(memmem(message.body.data, message.body.size, "waiting", 7));
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* Creates ---------------------------------------------------------------------------------------------------------- */

Test(pace, rule_2_a_create_that_waits_in_vain_is_not_sent_and_has_failed_for_good) {
  rig rig;
  hbus_command orders[FLOOD], *refused = NULL;
  hbus_reply reply;
  hbus_order order;
  hbus_error error;
  uint64_t placed = 0, limited = 0;
  rig_start(&rig, s_still, "  rate_limit: {requests_per_second: 1, burst: 5, queue_ms: 300}\n");
  hbus_client *client = rig_connect(&rig, "alice");
  s_flood_creates(client, orders);
  for (int i = 0; i < FLOOD; i++) {
    s_next_reply(client, &reply);
    if (reply.status == HBUS_REPLY_OK) {
      placed++;
      continue;
    }
    limited++;
    refused = s_find(orders, reply.id);
    cr_assert_eq(reply.status, HBUS_REPLY_ERROR);
    cr_assert_eq(reply.code, HBUS_RATE_LIMITED);
    cr_assert(memmem(reply.message.data, reply.message.size, "not sent", 8) != NULL);
  }
  cr_expect_geq(placed, 5, "the burst");
  cr_assert_gt(limited, 0);
  cr_expect_eq(rig_truth(&rig, "creates_accepted"), placed, "nothing else was sent");
  cr_expect_eq(rig_counter(client, "upstream_creates"), placed);
  cr_expect_eq(rig_counter(client, "requests_rate_limited"), limited);
  cr_expect_geq(rig_counter(client, "requests_paced"), limited);
  cr_expect_eq(rig_number(client, WAITING), 0);

  cr_expect_eq(rig_counter(client, "creates_not_sent"), limited);

  cr_expect_eq(hbus_get_order(client, "binance", "ETH-USDT", NULL, refused->client_order_id, 0, &order, &error),
               HBUS_OK, "%s", error.text);
  cr_expect_eq(order.status, HBUS_FAILED);
  refused->expires_ms = 0;
  cr_expect_eq(s_create(client, refused, &reply), HBUS_RATE_LIMITED, "its id was written down, and is spent");
  cr_expect(reply.repeat);
  cr_expect_eq(rig_truth(&rig, "creates_accepted"), placed);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(pace, rule_2_a_create_waits_for_its_turn) {
  rig rig;
  hbus_command orders[FLOOD];
  hbus_reply reply;
  rig_start(&rig, s_still, "  rate_limit: {requests_per_second: 100, burst: 5, queue_ms: 600000}\n");
  hbus_client *client = rig_connect(&rig, "alice");
  s_flood_creates(client, orders);
  for (int i = 0; i < FLOOD; i++) {
    s_next_reply(client, &reply);
    cr_expect_eq(reply.status, HBUS_REPLY_OK);
    cr_expect_str_eq(reply.id, orders[i].id, "one peer's creates stay in their order");
  }
  cr_expect_gt(rig_counter(client, "requests_paced"), 0);
  cr_expect_eq(rig_counter(client, "requests_rate_limited"), 0);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(pace, rule_2_a_create_that_expires_while_it_waits_is_not_sent) {
  rig rig;
  hbus_command late = rig_resting_order(HBUS_BUY, "0.0100");
  hbus_reply reply;
  rig_start(&rig, s_still, SLOW);
  hbus_client *flood = rig_connect(&rig, "flood"), *client = rig_connect(&rig, "alice");
  hbus_command orders[FLOOD];
  s_flood_creates(flood, orders);
  rig_wait_number(client, WAITING, FLOOD / 2);
  /* The first of a peer goes after one of each other's at the latest, and a token takes half a second. */
  for (int i = 0; i < 5; i++) {
    hbus_command earlier = rig_resting_order(HBUS_BUY, "0.0100");
    cr_assert_eq(hbus_client_send(client, &earlier, 0, NULL), HBUS_OK);
  }
  late.expires_ms = hbus_client_broker_now_ms(client) + 300;
  hbus_client_new_order_id(client, late.client_order_id, NULL);
  cr_assert_eq(hbus_client_send(client, &late, 0, NULL), HBUS_OK);
  do {
    s_next_reply(client, &reply);
  } while (strcmp(reply.id, late.id) != 0);
  cr_expect_eq(reply.code, HBUS_EXPIRED);
  cr_expect_eq(reply.status, HBUS_REPLY_ERROR);
  hbus_client_destroy(&client);
  hbus_client_destroy(&flood);
  rig_stop(&rig);
}

/* What goes first -------------------------------------------------------------------------------------------------- */

Test(pace, rule_4_cancels_go_at_once_then_creates_then_reads) {
  rig rig;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.0100"), next = order;
  hbus_cancel cancel;
  hbus_reply reply;
  hbus_error error;
  rig_start(&rig, s_still, SLOW);
  hbus_client *flood = rig_connect(&rig, "flood"), *client = rig_connect(&rig, "alice");
  cr_assert_eq(s_create(client, &order, &reply), HBUS_OK);
  s_flood_reads(flood);
  rig_wait_number(client, WAITING, FLOOD / 2);
  cr_expect_eq(hbus_cancel_order(client, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &error),
               HBUS_OK, "%s", error.text);
  cr_expect_eq(rig_number(client, "pace.headroom"), 0, "it has overdrawn the budget");
  cr_expect_eq(rig_truth(&rig, "cancels_accepted"), 1);
  cr_expect_gt(rig_number(client, WAITING), FLOOD / 4, "the reads still wait");

  cr_expect_eq(s_create(client, &next, &reply), HBUS_OK);
  cr_expect_gt(rig_number(client, WAITING), FLOOD / 4, "they come last");
  hbus_client_destroy(&client);
  hbus_client_destroy(&flood);
  rig_stop(&rig);
}

Test(pace, one_peers_flood_delays_another_by_little) {
  rig rig;
  hbus_command orders[FLOOD], order = rig_resting_order(HBUS_BUY, "0.0100");
  hbus_reply reply;
  hbus_error error;
  rig_start(&rig, s_still, SLOW);
  hbus_client *flood = rig_connect(&rig, "flood"), *client = rig_connect(&rig, "alice");
  s_flood_creates(flood, orders);
  rig_wait_number(client, WAITING, FLOOD / 2);
  cr_expect_eq(s_create(client, &order, &reply), HBUS_OK);
  cr_expect_gt(rig_number(client, WAITING), FLOOD / 4, "the flood that came before it still waits");
  hbus_client_destroy(&flood);
  hbus_client_destroy(&client);
  rig_stop(&rig);

  hbus_ticker ticker;
  rig_start(&rig, s_still, SLOW);
  flood = rig_connect(&rig, "flood"), client = rig_connect(&rig, "alice");
  s_flood_reads(flood);
  rig_wait_number(client, WAITING, FLOOD / 2);
  cr_expect_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, &error), HBUS_OK, "%s", error.text);
  cr_expect_gt(rig_number(client, WAITING), FLOOD / 4);
  hbus_client_destroy(&flood);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* What `status` tells ---------------------------------------------------------------------------------------------- */

Test(pace, headroom_and_waiting_are_told) {
  rig rig;
  hbus_command orders[FLOOD];
  rig_start(&rig, s_still, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  cr_expect(!rig_has(client, "pace.headroom"), "there is no limit");
  cr_expect_eq(rig_number(client, WAITING), 0);
  hbus_client_destroy(&client);
  rig_stop(&rig);

  rig_start(&rig, s_still, SLOW);
  client = rig_connect(&rig, "alice");
  cr_expect_eq(rig_number(client, "pace.headroom"), 5, "the whole burst");
  cr_expect_eq(rig_number(client, WAITING), 0);
  s_flood_creates(client, orders);
  rig_wait_number(client, WAITING, FLOOD / 2);
  cr_expect_leq(rig_number(client, "pace.headroom"), 1);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* What upstream says ----------------------------------------------------------------------------------------------- */

Test(pace, too_many_requests_empties_the_budget) {
  enum { BURST = 1000, FIRST = 50 };
  rig rig;
  hbus_command orders[FLOOD];
  hbus_reply reply = {0};
  rig_start(&rig, s_still, "  rate_limit: {requests_per_second: 10, burst: 1000, queue_ms: 600000}\n");
  hbus_client *client = rig_connect(&rig, "alice");
  for (int i = 0; i < FIRST; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.0100");
    cr_assert_eq(s_create(client, &order, &reply), HBUS_OK);
  }
  cr_expect_eq(rig_counter(client, "requests_paced"), 0);
  rig_control(&rig, "fault rate-limit=1");
  hbus_status status;
  do { /* one in each second of the simulator's is taken */
    hbus_command order = rig_resting_order(HBUS_BUY, "0.0100");
    status = s_create(client, &order, &reply);
  } while (status == HBUS_OK);
  cr_expect_eq(status, HBUS_RATE_LIMITED);
  rig_control(&rig, "fault clear");
  cr_expect_lt(rig_number(client, "pace.headroom"), BURST / 2);
  s_flood_creates(client, orders);
  rig_wait_number(client, "counters.requests_paced", FLOOD / 4);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* A question that hears it is asked again. */
Test(pace, a_question_that_was_too_many_is_asked_again) {
  rig rig;
  hbus_ticker ticker;
  hbus_error error;
  rig_start(&rig, s_still, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  rig_control(&rig, "fault rate-limit=1");
  do {
    cr_assert_eq(hbus_get_ticker(client, "binance", "ETH-USDT", 0, &ticker, &error), HBUS_OK, "%s", error.text);
  } while (rig_counter(client, "upstream_rate_limits") == 0);
  cr_expect_geq(rig_counter(client, "upstream_retries"), 1);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
