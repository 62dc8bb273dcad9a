/* Cancels that are latched, sent, answered or not, and asked for by the thousand. */
#include <criterion/criterion.h>

#include "broker/order/cancel_queue.h"
#include "tests/broker/cancel_stage.h"

/* What a peer's own cancel was told. */
typedef struct heard {
  unsigned times;
  link_result result;
  hbus_seen seen;
} heard;

static void s_on_sent(void *arg, const link_outcome *outcome, const hbus_seen *seen) {
  heard *heard = arg;
  heard->times++;
  heard->result = outcome->result;
  heard->seen = *seen;
}

static hbus_status s_send(cancel_stage *stage, const char *order_id, heard *heard) {
  hbus_command cancel = {.kind = HBUS_CANCEL_ORDER};
  snprintf(cancel.exchange, sizeof cancel.exchange, "binance");
  snprintf(cancel.market, sizeof cancel.market, "ETH-USDT");
  snprintf(cancel.order_id, sizeof cancel.order_id, "%s", order_id);
  return canceller_send(stage->canceller, &cancel, s_on_sent, heard);
}

Test(canceller, rule_16_a_pending_order_is_cancelled_when_its_id_is_there) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "");
  hbus_seen seen = {0};
  hbus_event event;
  cr_expect_eq(canceller_request(stage->canceller, order, &seen), CANCEL_REQUESTED);
  cancel_stage_next(stage, HBUS_KIND_ORDER_UPDATE, &event);
  cr_expect(event.data.order.cancel_requested);
  cr_expect_eq(event.data.order.status, HBUS_PENDING);
  cr_expect_eq(event.origin, HBUS_INFERRED);
  cr_expect_eq(event.seq, seen.seq);
  cancel_stage_turn(stage);
  cr_expect_eq(cancel_stage_cancels(stage), 0);
  cancel_stage_open_order(stage, order, "up-1");
  cancel_stage_turn(stage);
  cr_assert_eq(cancel_stage_cancels(stage), 1);
  cr_expect_str_eq(fake_link_request(&stage->fake, 0)->order_id, "up-1");
  fake_link_answer_cancel(&stage->fake, 0, true);
  cr_expect_eq(order->state.status, HBUS_CANCELLED);
  cr_expect_not(order->state.cancel_requested, "it has had its effect");
  cancel_stage_next(stage, HBUS_KIND_ORDER_UPDATE, &event);
  cr_expect_eq(event.data.order.status, HBUS_CANCELLED);
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_16_with_the_link_down_it_goes_when_the_link_is_back) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  fake_link_cut(&stage->fake);
  cr_expect_eq(canceller_request(stage->canceller, order, NULL), CANCEL_REQUESTED);
  cancel_stage_turn(stage);
  canceller_on_link(stage->canceller);
  cr_expect_eq(fake_link_total(&stage->fake), 0);
  fake_link_connect(&stage->fake);
  canceller_on_link(stage->canceller);
  cr_expect_eq(cancel_stage_cancels(stage), 1);
  canceller_on_link(stage->canceller);
  cr_expect_eq(cancel_stage_cancels(stage), 1, "once");
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_16_a_latch_that_comes_from_the_journal_is_sent) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  order_table_request_cancel(stage->bus->orders, order, true); /* as an earlier start left it */
  canceller_on_link(stage->canceller);
  cr_expect_eq(cancel_stage_cancels(stage), 1);
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_3_what_is_not_answered_stays_latched_and_is_sent_again) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  heard heard = {0};
  cr_assert_eq(s_send(stage, "up-1", &heard), HBUS_OK);
  cr_expect(order->state.cancel_requested, "it shows as asked for while it is under way (rule 15)");
  cancel_stage_turn(stage);
  cr_expect_eq(cancel_stage_cancels(stage), 1, "and is not sent twice for that");
  fake_link_time_out(&stage->fake, 0);
  cr_expect_eq(heard.result, LINK_TIMED_OUT);
  cr_expect(order->state.cancel_requested);
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 2);
  fake_link_answer_cancel(&stage->fake, 1, true);
  cr_expect_eq(order->state.status, HBUS_CANCELLED);
  cr_expect_eq(heard.times, 1, "that was the broker's own");
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_11_a_late_answer_is_an_answer) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  heard heard = {0};
  cr_assert_eq(s_send(stage, "up-1", &heard), HBUS_OK);
  fake_link_time_out(&stage->fake, 0);
  fake_link_answer_cancel(&stage->fake, 0, true);
  cr_expect_eq(order->state.status, HBUS_CANCELLED);
  cr_expect_eq(heard.times, 2, "its task has to end");
  cr_expect_eq(order->cancels_under_way, 0);
  cancel_stage_let_pass(stage, 2 * CANCEL_PAUSE_MIN_MS);
  cr_expect_eq(fake_link_total(&stage->fake), 1, "and is not sent again");
  cancel_stage_destroy(&stage);
}

Test(canceller, a_peer_that_hears_that_its_cancel_failed_has_none_any_more) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  heard heard = {0};
  hbus_event event;
  cr_assert_eq(s_send(stage, "up-1", &heard), HBUS_OK);
  fake_link_refuse(&stage->fake, 0, HBUS_UPSTREAM_ERROR, "not now");
  cr_expect_not(order->state.cancel_requested);
  cancel_stage_next(stage, HBUS_KIND_ERROR, &event);
  cr_expect_eq(event.data.notice.code, HBUS_UPSTREAM_ERROR);
  cr_expect_str_eq(event.owner, "alice");
  cr_expect_eq(heard.seen.seq, event.seq, "the reply names the error");
  cancel_stage_wait(stage, HBUS_GET_OPEN_ORDERS, 1); /* what became of the order is looked up */
  cancel_stage_let_pass(stage, 2 * CANCEL_PAUSE_MIN_MS);
  cr_expect_eq(cancel_stage_cancels(stage), 0);
  cancel_stage_destroy(&stage);
}

Test(canceller, what_others_want_too_survives_a_peers_own_failure) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  heard heard = {0};
  cr_assert_eq(s_send(stage, "up-1", &heard), HBUS_OK);
  cr_expect_eq(canceller_request(stage->canceller, order, NULL), CANCEL_REQUESTED);
  fake_link_refuse(&stage->fake, cancel_stage_first(stage), HBUS_UPSTREAM_ERROR, "not now");
  cr_expect(order->state.cancel_requested);
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  cancel_stage_destroy(&stage);
}

Test(canceller, the_brokers_own_is_told_as_an_error_looked_up_and_tried_again) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  hbus_event event;
  canceller_request(stage->canceller, order, NULL);
  cr_assert_eq(cancel_stage_cancels(stage), 1);
  fake_link_refuse(&stage->fake, 0, HBUS_UNKNOWN_ORDER, "never heard of it");
  cancel_stage_next(stage, HBUS_KIND_ERROR, &event);
  cr_expect_eq(event.data.notice.code, HBUS_UNKNOWN_ORDER);
  cr_expect_str_eq(event.owner, "alice");
  cr_expect_str_eq(event.client_order_id, "a-1");
  cancel_stage_wait(stage, HBUS_GET_OPEN_ORDERS, 1);
  cr_expect(order->state.cancel_requested);
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  fake_link_answer_cancel(&stage->fake, cancel_stage_first(stage), false); /* upstream says that it did not */
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  hbus_order filled = event_stage_order("up-1", HBUS_FILLED);
  order_table_merge(stage->bus->orders, order, &filled);
  fake_link_refuse(&stage->fake, cancel_stage_first(stage), HBUS_INVALID_REQUEST, "already filled");
  cancel_stage_let_pass(stage, 5 * CANCEL_PAUSE_MIN_MS);
  cr_expect_eq(cancel_stage_cancels(stage), 0, "an order that is finished needs no cancel");
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_15_a_finished_order_is_sent_all_the_same_and_not_latched) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  heard heard = {0};
  hbus_order cancelled = event_stage_order("up-1", HBUS_CANCELLED);
  order_table_merge(stage->bus->orders, order, &cancelled);
  cr_expect_eq(canceller_request(stage->canceller, order, NULL), CANCEL_FINISHED);
  cr_assert_eq(s_send(stage, "up-1", &heard), HBUS_OK);
  cr_expect_not(order->state.cancel_requested);
  fake_link_time_out(&stage->fake, 0);
  cancel_stage_let_pass(stage, 2 * CANCEL_PAUSE_MIN_MS);
  cr_expect_eq(fake_link_total(&stage->fake), 1);
  cancel_stage_destroy(&stage);
}

Test(canceller, an_order_that_nobody_knows_is_sent_and_told_of) {
  cancel_stage *stage = cancel_stage_new(0);
  heard heard = {0};
  hbus_event event;
  cr_assert_eq(s_send(stage, "stranger", &heard), HBUS_OK);
  fake_link_refuse(&stage->fake, 0, HBUS_UNKNOWN_ORDER, "no");
  cancel_stage_next(stage, HBUS_KIND_ERROR, &event);
  cr_expect_str_eq(event.data.notice.order_id, "stranger");
  cr_expect_eq(heard.times, 1);
  fake_link_cut(&stage->fake);
  cr_expect_eq(s_send(stage, "stranger", &heard), HBUS_LINK_DOWN);
  cr_expect_eq(heard.times, 1);
  cancel_stage_destroy(&stage);
}

/* Creates -----------------------------------------------------------------------------------------------------------*/

static void s_on_create(void *arg, const link_outcome *outcome) {
  link_outcome *told = arg;
  *told = *outcome;
}

Test(canceller, rule_4_a_create_that_waits_for_the_pace_is_taken_back) {
  cancel_stage *stage = cancel_stage_new(1);
  order *first = cancel_stage_order(stage, "alice", "a-1", ""), *second = cancel_stage_order(stage, "alice", "a-2", "");
  link_outcome outcomes[2] = {{.rx_ns = 7}, {.rx_ns = 7}};
  cr_assert_eq(link_request(stage->fake.link, first->create, "alice", first->upstream_id, s_on_create, &outcomes[0]),
               0);
  cr_assert_eq(link_request(stage->fake.link, second->create, "alice", second->upstream_id, s_on_create, &outcomes[1]),
               0);
  cr_assert_eq(link_waiting(stage->fake.link), 1);
  cr_expect_eq(canceller_request(stage->canceller, second, NULL), CANCEL_NOT_SENT);
  cr_expect_eq(outcomes[1].result, LINK_NOT_SENT);
  cr_expect_eq(outcomes[1].code, HBUS_EXPIRED);
  cr_expect_str_eq(link_outcome_text(&outcomes[1]), "it was cancelled before");
  cr_expect_eq(link_waiting(stage->fake.link), 0);
  cr_expect_eq(canceller_request(stage->canceller, first, NULL), CANCEL_REQUESTED, "that one is on its way");
  cr_expect_eq(outcomes[0].rx_ns, 7);
  cancel_stage_destroy(&stage);
}

Test(canceller, rule_4_a_create_that_waits_for_the_journal_is_stopped_by_its_latch) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "");
  order->written = false;
  cr_expect_eq(canceller_request(stage->canceller, order, NULL), CANCEL_NOT_SENT);
  cr_expect(order->state.cancel_requested);
  cancel_stage_destroy(&stage);
}

/* Many ------------------------------------------------------------------------------------------------------------- */

typedef struct totals {
  unsigned times;
  hbus_cancels cancels;
} totals;

static void s_on_all(void *arg, const hbus_cancels *cancels, const hbus_seen *seen) {
  (void)seen;
  totals *totals = arg;
  totals->times++;
  totals->cancels = *cancels;
}

static totals s_cancel_all(cancel_stage *stage, cancel_filter filter) {
  totals totals = {0};
  if (!filter.exchange) filter.exchange = "";
  if (!filter.market) filter.market = "";
  cr_assert_eq(canceller_request_all(stage->canceller, &filter, s_on_all, &totals), HBUS_OK);
  cr_assert_eq(totals.times, 0, "not from within the call");
  while (totals.times == 0)
    cancel_stage_turn(stage);
  cancel_stage_turn(stage);
  cr_expect_eq(totals.times, 1);
  return totals;
}

Test(canceller, rule_16_all_of_an_owner_a_market_a_side) {
  cancel_stage *stage = cancel_stage_new(0);
  order *mine = cancel_stage_order(stage, "alice", "1", "up-1"), *hers = cancel_stage_order(stage, "bob", "1", "up-2");
  order *unsent = cancel_stage_order(stage, "alice", "2", "");
  bool changed;
  hbus_order foreign = event_stage_order("up-3", HBUS_OPEN);
  const order *stranger = order_table_apply(stage->bus->orders, &foreign, "", &changed);
  unsent->written = false;
  cr_expect_eq(s_cancel_all(stage, (cancel_filter){.owner = "alice", .side = HBUS_SELL}).cancels.requested, 0);
  cr_expect_eq(s_cancel_all(stage, (cancel_filter){.owner = "alice", .market = "BTC-USDT"}).cancels.requested, 0);
  cr_expect_eq(s_cancel_all(stage, (cancel_filter){.owner = "alice", .exchange = "kucoin"}).cancels.requested, 0);
  cr_expect_not(mine->state.cancel_requested);
  totals totals = s_cancel_all(
      stage, (cancel_filter){.owner = "alice", .exchange = "binance", .market = "ETH-USDT", .side = HBUS_BUY});
  cr_expect_eq(totals.cancels.requested, 1);
  cr_expect_eq(totals.cancels.not_sent, 1);
  cr_expect(mine->state.cancel_requested && unsent->state.cancel_requested);
  cr_expect_not(hers->state.cancel_requested);
  cr_expect_eq(cancel_stage_cancels(stage), 1);
  totals = s_cancel_all(stage, (cancel_filter){.owner = CANCEL_ALL_OWNERS});
  cr_expect_eq(totals.cancels.requested, 2, "one that is under way counts");
  cr_expect(hers->state.cancel_requested);
  cr_expect_not(stranger->state.cancel_requested, "an order of nobody's is no owner's");
  cancel_stage_destroy(&stage);
}

/* The unsent ones come first, however late they were added; no turn asks for more than so many, and no more than so
 * many are under way. */
Test(canceller, rule_4_thousands_are_asked_for_in_bounded_turns_and_sent_in_a_window) {
  enum { COUNT = 2 * LIMIT_CANCELS_UNDER_WAY };
  cancel_stage *stage = cancel_stage_new(0);
  char id[32];
  for (unsigned i = 0; i < COUNT; i++) {
    snprintf(id, sizeof id, "up-%u", i);
    cancel_stage_order(stage, "alice", id, id);
  }
  order *unsent = cancel_stage_order(stage, "alice", "unsent", "");
  unsent->written = false;
  totals totals = {0};
  const cancel_filter filter = {.owner = "alice", .exchange = "", .market = ""};
  cr_assert_eq(canceller_request_all(stage->canceller, &filter, s_on_all, &totals), HBUS_OK);
  order *later = cancel_stage_order(stage, "alice", "later", "up-later");
  uv_run(&stage->bus->loop, UV_RUN_NOWAIT);
  cr_expect(unsent->state.cancel_requested);
  cr_expect_eq(fake_link_total(&stage->fake), LIMIT_CANCELS_A_TURN - 1);
  while (totals.times == 0)
    cancel_stage_turn(stage);
  cr_expect_eq(totals.cancels.requested, COUNT);
  cr_expect_eq(totals.cancels.not_sent, 1);
  cr_expect_not(later->state.cancel_requested, "it was not there when all were asked for");
  cr_expect_eq(cancel_stage_cancels(stage), LIMIT_CANCELS_UNDER_WAY);
  for (unsigned i = 0; i < COUNT; i++)
    fake_link_answer_cancel(&stage->fake, 0, true);
  cr_expect_eq(fake_link_count(&stage->fake), 0);
  cr_expect_eq(fake_link_total(&stage->fake), COUNT);
  cancel_stage_destroy(&stage);
}

Test(canceller, what_was_asked_for_when_the_broker_stops_is_latched) {
  cancel_stage *stage = cancel_stage_new(0);
  order *order = cancel_stage_order(stage, "alice", "a-1", "up-1");
  totals totals = {0};
  const cancel_filter filter = {.owner = "alice", .exchange = "", .market = ""};
  cr_assert_eq(canceller_request_all(stage->canceller, &filter, s_on_all, &totals), HBUS_OK);
  cancel_stage_stop(stage);
  cr_expect_eq(totals.times, 1);
  cr_expect(order->state.cancel_requested);
  cancel_stage_destroy(&stage);
}
