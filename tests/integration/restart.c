/* What holds when the broker is killed and started again: orders, their outcomes and their cancels (ORDERS.md, rules 1,
 * 5, 10, 16, 18 and 19). tests/chaos does the same at random; here are the cases one by one.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/journal/journal_db.h"
#include "tests/integration/rig.h"

#define CONFIG                                                                                                         \
  "  request_timeout_ms: 200\n"                                                                                        \
  "  settle_ms: 60000\n"

enum { COPIES = 10 };

/* A broker and a simulator that find their files again when they are started again, and a peer. */
typedef struct stage {
  rig rig;
  char state[96];
  const char *sim_arguments[8];
  hbus_client *alice;
  hbus_error error;
} stage;

static void s_open(stage *self) {
  *self = (stage){.sim_arguments = {"--rate", "0", "--state", self->state, NULL}};
  rig_open(&self->rig);
  self->rig.lasting = true;
  snprintf(self->state, sizeof self->state, "%s/state", self->rig.folder);
  rig_start_sim(&self->rig, self->sim_arguments);
  rig_start_broker(&self->rig, CONFIG);
  self->alice = rig_connect(&self->rig, "alice");
  rig_wait_link(self->alice, HBUS_LINK_CONNECTED);
}

static void s_close(stage *self) {
  hbus_client_destroy(&self->alice);
  unlink(self->state);
  rig_stop(&self->rig);
}

/* kill -9, and up again. The link may not be yet. */
static void s_restart(stage *self) {
  hbus_client_destroy(&self->alice);
  rig_restart_broker(&self->rig, CONFIG);
  self->alice = rig_connect(&self->rig, "alice");
}

static void s_lose_link(stage *self) {
  process_stop(&self->rig.sim, SIGKILL);
  rig_wait_link(self->alice, HBUS_LINK_DISCONNECTED);
}

static void s_find_link(stage *self) {
  rig_start_sim(&self->rig, self->sim_arguments);
  rig_wait_link(self->alice, HBUS_LINK_CONNECTED);
}

static hbus_command s_order(const stage *self, const char *amount) {
  hbus_command order = rig_resting_order(HBUS_BUY, amount);
  cr_assert_eq(hbus_client_new_order_id(self->alice, order.client_order_id, NULL), HBUS_OK);
  return order;
}

static hbus_order s_place(stage *self, const hbus_command *order) {
  hbus_order placed = {0};
  cr_assert_eq(hbus_create_order(self->alice, order, 0, &placed, &self->error), HBUS_OK, "%s", self->error.text);
  return placed;
}

static hbus_order s_get(stage *self, const hbus_command *order) {
  hbus_order found = {0};
  cr_assert_eq(hbus_get_order(self->alice, order->exchange, order->market, NULL, order->client_order_id, 0, &found,
                              &self->error),
               HBUS_OK, "%s", self->error.text);
  return found;
}

/* As the broker itself knows it, link or not; it is not finished. */
static hbus_order s_recall(stage *self, const hbus_command *order) {
  hbus_order_list open = {0};
  hbus_order found = {0};
  cr_assert_eq(hbus_get_open_orders(self->alice, NULL, NULL, 0, &open, &self->error), HBUS_OK, "%s", self->error.text);
  for (size_t i = 0; i < open.count; i++)
    if (strcmp(open.items[i].client_order_id, order->client_order_id) == 0) found = open.items[i];
  hbus_order_list_free(&open);
  cr_assert(found.exchange[0], "there is no order %s", order->client_order_id);
  return found;
}

static void s_wait_status(stage *self, const hbus_command *order, hbus_order_status wanted) {
  hbus_message message;
  hbus_order_status is = HBUS_ORDER_STATUS_NONE;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 20; polls++) {
    is = s_get(self, order).status;
    if (is == wanted) return;
    hbus_client_next(self->alice, 20, &message);
  }
  cr_assert_fail("the order is %s, and not %s", hbus_order_status_name(is), hbus_order_status_name(wanted));
}

/* The same create again, from a connection of its own. */
static hbus_reply_status s_copy(stage *self, const hbus_command *order, hbus_order *out) {
  hbus_client *other = rig_connect(&self->rig, "alice");
  hbus_command copy = *order;
  hbus_reply reply;
  hbus_client_call(other, &copy, 0, &reply, &self->error);
  cr_expect(reply.repeat, "%.*s", (int)reply.message.size, reply.message.size ? reply.message.data : "");
  cr_assert_eq(hbus_unpack_order(reply.data, out, NULL), HBUS_OK, "%.*s", (int)reply.message.size,
               reply.message.size ? reply.message.data : "");
  hbus_reply_status status = reply.status;
  hbus_client_destroy(&other);
  return status;
}

static void s_expect_placed(stage *self, const hbus_command *order, const hbus_order *placed, const char *when) {
  hbus_order copy;
  cr_expect_eq(s_copy(self, order, &copy), HBUS_REPLY_OK, "%s", when);
  cr_expect_str_eq(copy.order_id, placed->order_id, "%s", when);
}

/* --- one order, whatever is sent again --- */

static void s_send_copies(hbus_client *copies[COPIES], const hbus_command *order) {
  hbus_error error;
  for (int i = 0; i < COPIES; i++) {
    hbus_command copy = *order;
    cr_assert_eq(hbus_client_send(copies[i], &copy, 0, &error), HBUS_OK, "%s", error.text);
  }
}

/* Returns how many of them were told that they repeat. */
static int s_read_copies(hbus_client *copies[COPIES], hbus_order *placed) {
  int repeats = 0;
  hbus_message message;
  for (int i = 0; i < COPIES; i++) {
    hbus_order order;
    cr_assert_eq(hbus_client_next(copies[i], PROCESS_PATIENCE_MS, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_REPLY);
    cr_expect_eq(message.reply.status, HBUS_REPLY_OK);
    cr_assert_eq(hbus_unpack_order(message.reply.data, &order, NULL), HBUS_OK);
    repeats += message.reply.repeat;
    if (i) cr_expect_str_eq(order.order_id, placed->order_id, "one outcome for all");
    *placed = order;
  }
  return repeats;
}

Test(restart, rule_5_one_order_whoever_sends_it_again_and_whenever) {
  stage stage;
  hbus_client *copies[COPIES];
  hbus_order placed = {0};
  s_open(&stage);
  for (int i = 0; i < COPIES; i++)
    copies[i] = rig_connect(&stage.rig, "alice");
  hbus_command order = s_order(&stage, "0.5000"), late = order;
  late.expires_ms = 1;
  s_send_copies(copies, &order);
  cr_expect_eq(s_read_copies(copies, &placed), COPIES - 1);
  for (int i = 0; i < COPIES; i++)
    hbus_client_destroy(&copies[i]);

  s_expect_placed(&stage, &late, &placed, "past its expiry");
  s_restart(&stage);
  s_expect_placed(&stage, &order, &placed, "after a restart");
  rig_wait_link(stage.alice, HBUS_LINK_CONNECTED);
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 1, "one order upstream");
  s_lose_link(&stage);
  s_expect_placed(&stage, &order, &placed, "with the link down");
  s_restart(&stage);
  s_expect_placed(&stage, &order, &placed, "with the link down, after a restart");
  s_expect_placed(&stage, &late, &placed, "and past its expiry");
  s_find_link(&stage);
  s_expect_placed(&stage, &order, &placed, "with the link back");
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 0, "none more in this life of the simulator's");
  s_close(&stage);
}

/* It stands in Hummingbot's buffers while the link is cut, and the broker killed. */
Test(restart, rule_10_an_order_under_a_cut_and_a_restart_is_unknown_then_found_and_never_sent_again) {
  stage stage;
  hbus_order copy;
  hbus_reply reply;
  s_open(&stage);
  rig_control(&stage.rig, "fault stuck=create_order");
  hbus_command order = s_order(&stage, "0.5000"), sent = order;
  cr_expect_eq(hbus_client_call(stage.alice, &sent, 0, &reply, &stage.error), HBUS_OUTCOME_UNKNOWN);
  rig_control(&stage.rig, "cut");
  cr_expect_eq(s_copy(&stage, &order, &copy), HBUS_REPLY_UNKNOWN, "after a cut");
  s_restart(&stage);
  cr_expect_eq(s_copy(&stage, &order, &copy), HBUS_REPLY_UNKNOWN, "after a restart");
  cr_expect_eq(copy.status, HBUS_UNKNOWN);
  rig_wait_link(stage.alice, HBUS_LINK_CONNECTED);
  cr_expect_eq(s_copy(&stage, &order, &copy), HBUS_REPLY_UNKNOWN, "absence proves nothing");
  rig_control(&stage.rig, "fault clear");
  s_wait_status(&stage, &order, HBUS_OPEN);
  cr_expect_eq(s_copy(&stage, &order, &copy), HBUS_REPLY_OK);
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 1);
  s_close(&stage);
}

/* The intent is in the journal when the broker dies; whether the order was sent nobody knows any more. */
Test(restart, rule_10_an_intent_without_an_outcome_is_unknown_after_a_restart) {
  stage stage;
  hbus_order copy;
  s_open(&stage);
  rig_control(&stage.rig, "fault stuck=create_order");
  hbus_command order = s_order(&stage, "0.5000"), sent = order;
  uint64_t before = rig_counter(stage.alice, "upstream_creates");
  hbus_client *sender = rig_connect(&stage.rig, "alice");
  cr_assert_eq(hbus_client_send(sender, &sent, 0, &stage.error), HBUS_OK);
  rig_wait_number(stage.alice, "counters.upstream_creates", before + 1);
  hbus_client_destroy(&sender);
  s_restart(&stage);
  cr_expect_eq(s_copy(&stage, &order, &copy), HBUS_REPLY_UNKNOWN);
  rig_wait_link(stage.alice, HBUS_LINK_CONNECTED);
  cr_expect_eq(rig_counter(stage.alice, "upstream_creates"), 0, "nothing is sent by itself");
  rig_control(&stage.rig, "fault clear");
  s_wait_status(&stage, &order, HBUS_OPEN);
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 1);
  s_close(&stage);
}

/* Somebody else writes into the journal, and does not come to an end. */
static sqlite3 *s_lock_journal(const stage *self) {
  char path[96];
  sqlite3 *journal = NULL;
  snprintf(path, sizeof path, "%s/hbus.db", self->rig.folder);
  cr_assert_eq(sqlite3_open_v2(path, &journal, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(journal, PROCESS_PATIENCE_MS);
  cr_assert_eq(sqlite3_exec(journal, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  return journal;
}

Test(restart, rule_19_a_journal_that_cannot_be_written_stops_new_orders_alone) {
  stage stage;
  hbus_order refused;
  hbus_cancel cancel;
  s_open(&stage);
  hbus_command order = s_order(&stage, "0.5000"), next = s_order(&stage, "0.6000");
  hbus_order placed = s_place(&stage, &order);
  sqlite3 *journal = s_lock_journal(&stage);
  cr_expect_eq(hbus_create_order(stage.alice, &next, 0, &refused, &stage.error), HBUS_INTERNAL);
  cr_expect(strstr(stage.error.text, "journal"), "%s", stage.error.text);
  s_expect_placed(&stage, &order, &placed, "while no order can be written");
  cr_expect_eq(
      hbus_cancel_order(stage.alice, "binance", "ETH-USDT", NULL, order.client_order_id, 0, &cancel, &stage.error),
      HBUS_OK, "%s", stage.error.text);
  cr_expect(cancel.cancelled);
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 1);
  sqlite3_close(journal);
  hbus_status status = HBUS_INTERNAL;
  for (int tries = 0; status && tries < PROCESS_PATIENCE_MS / 100; tries++) {
    hbus_message message;
    hbus_command another = s_order(&stage, "0.7000");
    status = hbus_create_order(stage.alice, &another, 0, &refused, &stage.error);
    hbus_client_next(stage.alice, 100, &message);
  }
  cr_expect_eq(status, HBUS_OK, "it goes on when it can: %s", stage.error.text);
  s_close(&stage);
}

Test(restart, rule_18_what_was_known_of_an_order_is_known_after_kill_9) {
  stage stage;
  s_open(&stage);
  hbus_command orders[] = {s_order(&stage, "0.5000"), s_order(&stage, "0.6000"), s_order(&stage, "0.7000")};
  orders[1].order_type = HBUS_MARKET;
  orders[1].price = (hbus_decimal){0};
  hbus_order before[3];
  hbus_cancel cancel;
  for (size_t i = 0; i < 3; i++)
    s_place(&stage, &orders[i]);
  cr_assert_eq(
      hbus_cancel_order(stage.alice, "binance", "ETH-USDT", NULL, orders[2].client_order_id, 0, &cancel, &stage.error),
      HBUS_OK);
  const hbus_order_status expected[] = {HBUS_OPEN, HBUS_FILLED, HBUS_CANCELLED};
  for (size_t i = 0; i < 3; i++) {
    s_wait_status(&stage, &orders[i], expected[i]);
    before[i] = s_get(&stage, &orders[i]);
  }
  s_lose_link(&stage); /* nobody but the journal can tell */
  s_restart(&stage);
  cr_expect_str_eq(s_recall(&stage, &orders[0]).order_id, before[0].order_id);
  for (size_t i = 0; i < 3; i++) {
    hbus_order after;
    s_copy(&stage, &orders[i], &after);
    cr_expect_eq(after.status, before[i].status);
    cr_expect_eq(after.rev, before[i].rev);
    cr_expect_str_eq(after.order_id, before[i].order_id);
    cr_expect_str_eq(after.filled.text, before[i].filled.text);
  }
  s_close(&stage);
}

static void s_copy_file(const char *from, const char *to) {
  char bytes[65536];
  size_t size;
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  cr_assert(in && out);
  while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
    cr_assert_eq(fwrite(bytes, 1, size, out), size);
  fclose(in);
  cr_assert_eq(fclose(out), 0);
}

/* The journal as a power loss leaves it under `interval`: that of an earlier moment, of a start on another boot. */
static void s_lose_power(const stage *self, const char *earlier) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  char path[3][96];
  for (size_t i = 0; i < 3; i++) {
    snprintf(path[i], sizeof path[i], "%s/hbus.db%s", self->rig.folder, ends[i]);
    unlink(path[i]);
  }
  s_copy_file(earlier, path[0]);
  journal_db *journal;
  journal_start start;
  hbus_error error;
  cr_assert_eq(journal_db_open(&journal, path[0], JOURNAL_INTERVAL, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(journal_db_start(journal, "another boot", JOURNAL_INTERVAL, 1, &start, &error), HBUS_OK);
  journal_db_close(&journal);
}

Test(restart, rule_18_after_a_power_loss_the_broker_warns_and_asks_before_it_takes_orders) {
  stage stage;
  char journal[96], earlier[96], text[HBUS_ORDER_ID_MAX + 64];
  s_open(&stage);
  snprintf(journal, sizeof journal, "%s/hbus.db", stage.rig.folder);
  snprintf(earlier, sizeof earlier, "%s/earlier.db", stage.rig.folder);
  hbus_command kept = s_order(&stage, "0.5000"), lost = s_order(&stage, "0.6000");
  s_place(&stage, &kept);
  hbus_client_destroy(&stage.alice);
  cr_assert_eq(process_stop(&stage.rig.broker, SIGTERM), 0);
  s_copy_file(journal, earlier);
  rig_start_broker(&stage.rig, CONFIG);
  stage.alice = rig_connect(&stage.rig, "alice");
  rig_wait_link(stage.alice, HBUS_LINK_CONNECTED);
  hbus_order placed = s_place(&stage, &lost);
  hbus_client_destroy(&stage.alice);
  process_stop(&stage.rig.broker, SIGKILL);
  s_lose_power(&stage, earlier);

  rig_start_broker(&stage.rig, CONFIG);
  stage.alice = rig_connect(&stage.rig, "alice");
  rig_expect_warning(&stage.rig, "the machine has been started anew");
  snprintf(text, sizeof text, "order %s of ETH-USDT on binance", placed.order_id);
  rig_expect_warning(&stage.rig, text);
  rig_wait_link(stage.alice, HBUS_LINK_CONNECTED);
  cr_expect_eq(s_recall(&stage, &kept).status, HBUS_OPEN);
  unlink(earlier);
  s_close(&stage);
}

Test(restart, rule_18_without_a_journal_the_broker_says_what_that_means) {
  rig rig;
  rig_open(&rig);
  rig.sync = "off";
  rig_start_sim(&rig, NULL);
  rig_start_broker(&rig, CONFIG);
  rig_expect_warning(&rig, "journal.sync is off");
  rig_stop(&rig);
}

/* --- cancels --- */

static hbus_cancel s_cancel(stage *self, const hbus_command *order) {
  hbus_cancel cancel = {0};
  cr_assert_eq(hbus_cancel_order(self->alice, order->exchange, order->market, NULL, order->client_order_id, 0, &cancel,
                                 &self->error),
               HBUS_OK, "%s", self->error.text);
  return cancel;
}

static void s_expect_latched(stage *self, const hbus_command *order) {
  hbus_cancel cancel = s_cancel(self, order);
  cr_expect(cancel.requested && !cancel.cancelled);
  cr_expect(s_recall(self, order).cancel_requested);
}

Test(restart, rule_16_a_cancel_before_the_answer_and_while_unknown_has_its_effect) {
  stage stage;
  hbus_reply reply;
  s_open(&stage);
  rig_control(&stage.rig, "fault stuck=create_order");
  hbus_command early = s_order(&stage, "0.5000"), unknown = s_order(&stage, "0.6000"), sent = unknown;
  cr_expect_eq(hbus_client_call(stage.alice, &sent, 0, &reply, &stage.error), HBUS_OUTCOME_UNKNOWN);
  s_expect_latched(&stage, &unknown);
  hbus_client *sender = rig_connect(&stage.rig, "alice");
  uint64_t before = rig_counter(stage.alice, "upstream_creates");
  sent = early;
  cr_assert_eq(hbus_client_send(sender, &sent, 0, &stage.error), HBUS_OK);
  rig_wait_number(stage.alice, "counters.upstream_creates", before + 1);
  s_expect_latched(&stage, &early);
  rig_control(&stage.rig, "fault clear");
  s_wait_status(&stage, &early, HBUS_CANCELLED);
  s_wait_status(&stage, &unknown, HBUS_CANCELLED);
  cr_expect_eq(rig_truth(&stage.rig, "creates_accepted"), 2);
  cr_expect_eq(rig_truth(&stage.rig, "cancels_accepted"), 2);
  hbus_client_destroy(&sender);
  s_close(&stage);
}

Test(restart, rule_16_a_cancel_with_the_link_down_has_its_effect_also_after_a_restart) {
  stage stage;
  s_open(&stage);
  hbus_command first = s_order(&stage, "0.5000"), second = s_order(&stage, "0.6000");
  s_place(&stage, &first);
  s_place(&stage, &second);
  s_lose_link(&stage);
  s_expect_latched(&stage, &first);
  s_find_link(&stage);
  s_wait_status(&stage, &first, HBUS_CANCELLED);

  s_lose_link(&stage);
  s_expect_latched(&stage, &second);
  s_restart(&stage);
  cr_expect(s_recall(&stage, &second).cancel_requested, "it is in the journal");
  s_find_link(&stage);
  s_wait_status(&stage, &second, HBUS_CANCELLED);
  cr_expect_eq(rig_truth(&stage.rig, "cancels_accepted"), 1);
  s_close(&stage);
}

/* --- cancel on disconnect --- */

static hbus_client *s_connect_briefly(const stage *self, const char *name, int grace_ms) {
  hbus_options options;
  hbus_client *client = NULL;
  hbus_error error;
  hbus_options_init(&options);
  options.commands_endpoint = self->rig.commands;
  options.market_endpoint = self->rig.market;
  options.private_endpoint = self->rig.private_;
  options.name = name;
  options.connect_timeout_ms = options.request_timeout_ms = PROCESS_PATIENCE_MS;
  options.cancel_on_disconnect = true;
  options.grace_ms = grace_ms;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  return client;
}

static hbus_order s_place_as(hbus_client *client, const char *amount) {
  hbus_command order = rig_resting_order(HBUS_BUY, amount);
  hbus_order placed = {0};
  hbus_error error;
  cr_assert_eq(hbus_create_order(client, &order, 0, &placed, &error), HBUS_OK, "%s", error.text);
  return placed;
}

/* How many of all orders are open. */
static size_t s_wait_open(const stage *self, size_t wanted) {
  hbus_client *hbus = rig_connect(&self->rig, "hbus"); /* who may see all of them */
  hbus_order_list open = {0};
  hbus_error error;
  hbus_message message;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 20; polls++) {
    hbus_order_list_free(&open);
    cr_assert_eq(hbus_get_open_orders(hbus, NULL, NULL, 0, &open, &error), HBUS_OK, "%s", error.text);
    if (open.count == wanted) break;
    hbus_client_next(hbus, 20, &message);
  }
  size_t count = open.count;
  hbus_order_list_free(&open);
  hbus_client_destroy(&hbus);
  return count;
}

Test(restart, rule_16_who_asked_for_it_and_went_has_its_orders_cancelled) {
  stage stage;
  s_open(&stage);
  hbus_client *bob = s_connect_briefly(&stage, "bob", 1);
  s_place_as(bob, "0.5000");
  s_place_as(bob, "0.6000");
  s_place_as(stage.alice, "0.7000");
  cr_expect_eq(s_wait_open(&stage, 3), 3);
  hbus_client_destroy(&bob);
  cr_expect_eq(s_wait_open(&stage, 1), 1, "alice's stays");
  cr_expect_eq(rig_truth(&stage.rig, "cancels_accepted"), 2);
  s_close(&stage);
}

Test(restart, rule_16_cancel_on_disconnect_outlives_the_broker) {
  stage stage;
  s_open(&stage);
  hbus_client *bob = s_connect_briefly(&stage, "bob", 60000); /* it would not be over before the broker ends */
  s_place_as(bob, "0.5000");
  hbus_client_destroy(&bob);
  bob = s_connect_briefly(&stage, "bob", 1);
  s_place_as(stage.alice, "0.7000");
  process_stop(&stage.rig.broker, SIGKILL); /* bob is connected: nothing was due */
  hbus_client_destroy(&bob);
  hbus_client_destroy(&stage.alice);
  rig_start_broker(&stage.rig, CONFIG);
  stage.alice = rig_connect(&stage.rig, "alice");
  cr_expect_eq(s_wait_open(&stage, 1), 1);
  cr_expect_eq(rig_truth(&stage.rig, "cancels_accepted"), 1);
  s_close(&stage);
}
