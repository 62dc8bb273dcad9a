/* ORDERS.md, rule 14: how much of an order was told. */
#include "broker/order/fill_sum.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static hbus_decimal s_of(const char *text) {
  hbus_decimal decimal = {0};
  if (text[0]) cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

/* A trade, and what of it is said to replace ("" is nothing). */
static void s_trade(fill_sum *sum, const char *amount, const char *replaces) {
  hbus_decimal decimal = s_of(amount), replaced = {0};
  cr_assert_eq(fill_sum_trade(sum, &decimal, &replaced), HBUS_OK);
  cr_expect_str_eq(replaced.text, replaces, "of %s", amount);
}

/* A state with that `filled`, and what has to be inferred for it. */
static void s_state(fill_sum *sum, const char *filled, const char *missing) {
  hbus_decimal decimal = s_of(filled), found = {0};
  cr_assert_eq(fill_sum_missing(sum, &decimal, &found), HBUS_OK);
  cr_expect_str_eq(found.text, missing, "for %s", filled);
  if (!hbus_decimal_is_absent(&found)) cr_assert_eq(fill_sum_infer(sum, &found), HBUS_OK);
}

static void s_expect_told(const fill_sum *sum, const char *text) {
  hbus_decimal told, expected = s_of(text);
  cr_assert_eq(fill_sum_told(sum, &told), HBUS_OK);
  cr_expect_eq(hbus_decimal_compare(&told, &expected), 0, "%s, not %s", told.text, text);
}

Test(fill_sum, rule_14_trades_that_came_before_the_state_leave_nothing_to_infer) {
  fill_sum sum = {0};
  s_state(&sum, "", "");
  s_state(&sum, "0", "");
  s_trade(&sum, "0.25", "");
  s_trade(&sum, "0.50", "");
  s_state(&sum, "0.75", "");
  s_expect_told(&sum, "0.75");
}

Test(fill_sum, rule_14_what_was_inferred_is_replaced_by_the_trades_that_come) {
  fill_sum sum = {0};
  s_trade(&sum, "0.1", "");
  s_state(&sum, "0.6", "0.5");
  s_trade(&sum, "0.2", "0.2");
  s_trade(&sum, "0.4", "0.3"); /* 0.1 of it is news: it came before its state */
  s_expect_told(&sum, "0.7");
  s_state(&sum, "0.7", "");
  s_trade(&sum, "0.3", "");
  s_state(&sum, "1.0", "");
  s_expect_told(&sum, "1.0");
}

Test(fill_sum, rule_14_a_sum_that_does_not_fit_is_refused_and_left_as_it_was) {
  fill_sum sum = {0};
  const char *huge = "99999999999999999999999999999999999999";
  s_trade(&sum, huge, "");
  hbus_decimal amount = s_of(huge), replaces = {0};
  cr_expect_eq(fill_sum_trade(&sum, &amount, &replaces), HBUS_TOO_BIG);
  s_expect_told(&sum, huge);
}

static void s_restore(fill_sum *sum, const char *trade_id, const char *amount, const char *replaces) {
  hbus_trade fill = {.amount = s_of(amount), .replaces = s_of(replaces)};
  snprintf(fill.trade_id, sizeof fill.trade_id, "%s", trade_id);
  if (trade_id[0]) fill.price = s_of("1");
  cr_assert_eq(fill_sum_restore(sum, &fill), HBUS_OK);
}

Test(fill_sum, rule_14_a_restart_changes_nothing) {
  fill_sum sum = {0};
  const hbus_decimal filled = s_of("0.9");
  fill_sum_restore_filled(&sum, &filled);
  s_restore(&sum, "1", "0.2", "");
  s_restore(&sum, "", "0.7", "");
  s_restore(&sum, "2", "0.3", "0.3");
  cr_assert_eq(fill_sum_settle(&sum), HBUS_OK);
  s_expect_told(&sum, "0.9");
  s_state(&sum, "0.9", "");
  s_trade(&sum, "0.5", "0.4");
  s_state(&sum, "1.0", "");
}

Test(fill_sum, rule_14_fills_older_than_those_remembered_are_not_told_again) {
  fill_sum sum = {0};
  const hbus_decimal filled = s_of("0.9");
  fill_sum_restore_filled(&sum, &filled);
  s_expect_told(&sum, "0.9");
  s_restore(&sum, "2", "0.3", "0.3"); /* what it replaced is forgotten */
  s_expect_told(&sum, "0.9");
  cr_assert_eq(fill_sum_settle(&sum), HBUS_OK);
  s_state(&sum, "0.9", "");
  s_trade(&sum, "0.1", "");
  s_expect_told(&sum, "1.0");
  s_state(&sum, "1.0", "");
}

Test(fill_sum, rule_14_a_fill_told_before_its_state_outlives_a_restart) {
  fill_sum sum = {0};
  const hbus_decimal filled = s_of("0.2");
  fill_sum_restore_filled(&sum, &filled);
  s_restore(&sum, "1", "0.2", "");
  s_restore(&sum, "2", "0.3", "");
  cr_assert_eq(fill_sum_settle(&sum), HBUS_OK);
  s_state(&sum, "0.5", "");
}

Test(fill_sum, rule_12_what_had_no_owner_is_taken_over_whole) {
  fill_sum stranger = {0}, mine = {0};
  const hbus_decimal amount = s_of("0.3"), price = s_of("2000"), none = {0}, inferred = s_of("0.2");
  s_trade(&stranger, "0.3", "");
  cr_assert_eq(fill_sum_add_orphan(&stranger, &amount, &price), HBUS_OK);
  cr_assert_eq(fill_sum_infer(&stranger, &inferred), HBUS_OK);
  cr_assert_eq(fill_sum_add_orphan(&stranger, &inferred, &none), HBUS_OK);
  cr_assert_eq(fill_sum_take(&mine, &stranger), HBUS_OK);
  cr_expect(mine.orphan);
  s_expect_told(&mine, "0.5");
  cr_expect_str_eq(mine.priced.text, "0.3");
  cr_expect_str_eq(mine.cost.text, "600");
  s_trade(&mine, "0.2", "0.2");
}
