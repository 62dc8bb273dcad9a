/* ORDERS.md, rules 13 to 15: every transition, and how what upstream says is merged. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/order/order_state.h"

static hbus_decimal s_decimal(const char *text) {
  hbus_decimal decimal = {0};
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK);
  return decimal;
}

static hbus_order s_order(hbus_order_status status, const char *amount, const char *filled) {
  hbus_order order = {.status = status, .amount = s_decimal(amount)};
  if (filled) order.filled = s_decimal(filled);
  return order;
}

/* The table written out a second time, as a picture: row = from, column = to. */
Test(order_state, rule_13_every_transition) {
  static const hbus_order_status states[] = {HBUS_PENDING,   HBUS_OPEN,   HBUS_PARTIALLY_FILLED, HBUS_FILLED,
                                             HBUS_CANCELLED, HBUS_FAILED, HBUS_UNKNOWN};
  static const char *const picture[] = {
      /*               P O p F C X U */
      /* pending   */ ". x x x x x x",
      /* open      */ ". . x x x x x",
      /* partially */ ". . . x x x x",
      /* filled    */ ". . . . . . .",
      /* cancelled */ ". . . x . . .",
      /* failed    */ ". x x x x . .",
      /* unknown   */ ". x x x x x .",
  };
  for (size_t from = 0; from < 7; from++) {
    for (size_t to = 0; to < 7; to++) {
      bool expected = picture[from][2 * to] == 'x';
      cr_expect_eq(order_state_may_become(states[from], states[to]), expected, "%s to %s",
                   hbus_order_status_name(states[from]), hbus_order_status_name(states[to]));
    }
  }
}

Test(order_state, rule_13_what_is_not_a_state_is_never_one) {
  for (int status = 0; status < HBUS_ORDER_STATUS_COUNT; status++) {
    cr_expect(!order_state_may_become((hbus_order_status)status, HBUS_ORDER_STATUS_NONE), "%d", status);
    cr_expect(!order_state_may_become(HBUS_ORDER_STATUS_NONE, (hbus_order_status)status), "%d", status);
  }
}

/* Every pair: the state is changed where the table allows it, and stays where it does not. */
Test(order_state, rule_13_merging_follows_the_table) {
  for (int from = HBUS_PENDING; from < HBUS_ORDER_STATUS_COUNT; from++) {
    for (int to = HBUS_PENDING; to < HBUS_ORDER_STATUS_COUNT; to++) {
      hbus_order known = s_order((hbus_order_status)from, "10", "4"), said = s_order((hbus_order_status)to, "10", "4");
      bool legal = order_state_may_become(known.status, said.status);
      cr_expect_eq(order_state_merge(&known, &said), legal, "%d to %d", from, to);
      cr_expect_eq((int)known.status, legal ? to : from, "%d to %d", from, to);
    }
  }
}

Test(order_state, rule_13_final_states) {
  cr_expect(order_state_is_final(HBUS_FILLED));
  cr_expect(order_state_is_final(HBUS_CANCELLED));
  cr_expect(order_state_is_final(HBUS_FAILED));
  cr_expect(!order_state_is_final(HBUS_OPEN));
  cr_expect(!order_state_is_final(HBUS_PARTIALLY_FILLED));
  cr_expect(!order_state_is_final(HBUS_PENDING));
  cr_expect(!order_state_is_final(HBUS_UNKNOWN));
}

Test(order_state, rule_13_an_answer_fills_in_what_was_not_known) {
  hbus_order known = s_order(HBUS_PENDING, "1.50", NULL);
  hbus_order said = s_order(HBUS_OPEN, "1.5", "0");
  snprintf(said.order_id, sizeof said.order_id, "o-1");
  said.created_at_ns = 7;
  cr_assert(order_state_merge(&known, &said));
  cr_expect_str_eq(known.order_id, "o-1");
  cr_expect_eq(known.status, HBUS_OPEN);
  cr_expect_eq(known.created_at_ns, 7);
  cr_expect_str_eq(known.amount.text, "1.5", "upstream's digits");
  cr_expect(!order_state_merge(&known, &said), "the same again is no change");
  said.amount = s_decimal("1.500");
  cr_expect(!order_state_merge(&known, &said), "nor is the same value in other digits");
  said.amount = s_decimal("1.4");
  cr_expect(order_state_merge(&known, &said), "upstream rounded it");
}

Test(order_state, rule_14_filled_never_goes_down) {
  hbus_order known = s_order(HBUS_PARTIALLY_FILLED, "10", "4");
  hbus_order said = s_order(HBUS_PARTIALLY_FILLED, "10", "3");
  cr_expect(!order_state_merge(&known, &said));
  cr_expect_str_eq(known.filled.text, "4");
  said.filled = s_decimal("4.5");
  cr_expect(order_state_merge(&known, &said));
  cr_expect_str_eq(known.filled.text, "4.5");
}

Test(order_state, rule_14_filled_to_the_amount_is_filled_whatever_else_is_said) {
  for (int from = HBUS_PENDING; from < HBUS_ORDER_STATUS_COUNT; from++) {
    for (int to = HBUS_ORDER_STATUS_NONE; to < HBUS_ORDER_STATUS_COUNT; to++) {
      hbus_order known = s_order((hbus_order_status)from, "10", "0");
      hbus_order said = s_order((hbus_order_status)to, "10", "10.00");
      cr_expect(order_state_merge(&known, &said));
      cr_expect_eq(known.status, HBUS_FILLED, "%d, said to be %d", from, to);
    }
  }
}

Test(order_state, rule_14_fills_apply_in_a_final_state) {
  hbus_order known = s_order(HBUS_CANCELLED, "10", "2");
  hbus_order said = s_order(HBUS_PARTIALLY_FILLED, "10", "3");
  cr_expect(order_state_merge(&known, &said));
  cr_expect_str_eq(known.filled.text, "3");
  cr_expect_eq(known.status, HBUS_CANCELLED, "but the state does not go back");
}

Test(order_state, rule_13_a_late_open_does_not_undo_filled) {
  hbus_order known = s_order(HBUS_FILLED, "10", "10");
  hbus_order said = s_order(HBUS_OPEN, "10", "0");
  cr_expect(!order_state_merge(&known, &said));
  cr_expect_eq(known.status, HBUS_FILLED);
}

/* A fill and a cancel may cross: what was cancelled in part may have been filled. */
Test(order_state, rule_15_cancelled_is_provisional) {
  hbus_order known = s_order(HBUS_CANCELLED, "10", "0");
  hbus_order said = s_order(HBUS_FILLED, "10", "10");
  cr_expect(order_state_merge(&known, &said));
  cr_expect_eq(known.status, HBUS_FILLED);
  cr_expect_str_eq(known.filled.text, "10");
}

Test(order_state, rule_15_the_wish_to_cancel_ends_with_the_order_and_is_nobody_elses_word) {
  for (int to = HBUS_PENDING; to < HBUS_ORDER_STATUS_COUNT; to++) {
    hbus_order known = s_order(HBUS_PENDING, "10", "0"), said = s_order((hbus_order_status)to, "10", "0");
    known.cancel_requested = true;
    order_state_merge(&known, &said);
    cr_expect_eq(known.cancel_requested, !order_state_is_final(known.status), "%d", to);
    known = s_order(HBUS_PENDING, "10", "0");
    said.cancel_requested = true;
    order_state_merge(&known, &said);
    cr_expect(!known.cancel_requested, "%d", to);
  }
}
