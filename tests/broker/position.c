/* Positions by mean cost, against histories that exact fractions were made of (position_vectors.py). */
#include "broker/order/position.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORIES_MIN 100
#define FIELDS        8

static hbus_decimal s_of(const char *text) {
  hbus_decimal decimal = {0};
  if (strcmp(text, "-") == 0) return decimal;
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

static hbus_status s_try(position *position, hbus_side side, const char *amount, const char *price,
                         const char *replaces) {
  const hbus_decimal of_amount = s_of(amount), of_price = s_of(price), of_replaces = s_of(replaces);
  return position_apply(position, side, &of_amount, &of_price, &of_replaces);
}

static void s_fill(position *position, hbus_side side, const char *amount, const char *price, const char *replaces) {
  cr_assert_eq(s_try(position, side, amount, price, replaces), HBUS_OK);
}

/* As a peer is told: "buy 1.5 at 2000, made 10, - unpriced". */
static void s_expect(const position *position, const char *expected) {
  char text[256];
  hbus_position told = {0};
  cr_assert_eq(position_tell(position, &told), HBUS_OK);
  snprintf(text, sizeof text, "%s %s at %s, made %s, %s unpriced", hbus_side_name(told.side), told.amount.text,
           told.entry_price.size ? told.entry_price.text : "-", told.realized_pnl.text,
           told.unpriced.size ? told.unpriced.text : "-");
  cr_expect_str_eq(text, expected);
}

Test(position, begins_with_nothing) {
  position position;
  position_init(&position);
  s_expect(&position, " 0 at -, made 0, - unpriced");
}

Test(position, grows_at_the_mean_and_shrinks_with_a_profit) {
  position position;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "1.0", "2000.00", "-");
  s_fill(&position, HBUS_BUY, "1.0", "2100.00", "-");
  s_expect(&position, "buy 2 at 2050, made 0, - unpriced");
  s_fill(&position, HBUS_SELL, "0.5", "2100", "-");
  s_expect(&position, "buy 1.5 at 2050, made 25, - unpriced");
  s_fill(&position, HBUS_SELL, "1.5", "2000", "-");
  s_expect(&position, " 0 at -, made -50, - unpriced");
}

Test(position, one_fill_can_turn_it) {
  position position;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "1", "100", "-");
  s_fill(&position, HBUS_SELL, "3", "110", "-");
  s_expect(&position, "sell 2 at 110, made 10, - unpriced");
  s_fill(&position, HBUS_BUY, "2.5", "90", "-");
  s_expect(&position, "buy 0.5 at 90, made 50, - unpriced");
}

Test(position, rounding_leaves_no_cost_behind) {
  position position;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "3", "0.333333333333333333", "-");
  s_fill(&position, HBUS_BUY, "4", "7.77", "-");
  for (int i = 0; i < 7; i++)
    s_fill(&position, HBUS_SELL, "1", "5", "-");
  s_expect(&position, " 0 at -, made 2.920000000000000001, - unpriced");
  cr_expect_str_eq(position.cost.text, "0");
}

Test(position, rule_14_an_inferred_fill_counts_at_once_and_in_profit_when_its_trade_comes) {
  position position;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "1", "100", "-");
  s_fill(&position, HBUS_SELL, "0.75", "-", "-");
  s_expect(&position, "buy 0.25 at 100, made 0, -0.75 unpriced");
  s_fill(&position, HBUS_SELL, "0.5", "120", "0.5");
  s_expect(&position, "buy 0.25 at 100, made 10, -0.25 unpriced");
  s_fill(&position, HBUS_SELL, "0.5", "120", "0.25");
  s_expect(&position, " 0 at -, made 20, - unpriced");
}

Test(position, what_unpriced_fills_have_turned_has_no_entry_price) {
  position position;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "1", "100", "-");
  s_fill(&position, HBUS_SELL, "3", "-", "-");
  s_expect(&position, "sell 2 at -, made 0, -3 unpriced");
}

Test(position, what_does_not_fit_changes_nothing) {
  position position, before;
  position_init(&position);
  s_fill(&position, HBUS_BUY, "1.5", "2", "-");
  before = position;
  cr_expect_eq(s_try(&position, HBUS_BUY, "99999999999999999999999999999999999999", "2", "-"), HBUS_TOO_BIG);
  cr_expect_eq(s_try(&position, HBUS_BUY, "99999999999999999999", "99999999999999999999", "-"), HBUS_TOO_BIG);
  cr_expect_eq(s_try(&position, HBUS_SELL, "99999999999999999999999999999999999999", "-", "-"), HBUS_TOO_BIG);
  cr_expect_eq(memcmp(&position, &before, sizeof before), 0);
}

/* Histories -------------------------------------------------------------------------------------------------------- */

static void s_expect_exact(const hbus_decimal *found, const char *expected, const char *what, unsigned line) {
  const hbus_decimal exact = s_of(expected);
  cr_expect_eq(hbus_decimal_compare(found, &exact), 0, "line %u: %s is %s, not %s", line, what, found->text, expected);
}

/* Money may be off by a few units of its last digit for each fill. */
static void s_expect_near(const hbus_decimal *found, const char *expected, const char *what, unsigned line) {
  const hbus_decimal exact = s_of(expected), most = s_of("0.000000000000000100"), least = s_of("-0.000000000000000100");
  hbus_decimal rounded, off;
  cr_assert_eq(hbus_decimal_round(&exact, 18, HBUS_ROUND_HALF_EVEN, &rounded), HBUS_OK);
  cr_assert_eq(hbus_decimal_subtract(found, &rounded, &off), HBUS_OK);
  cr_expect(hbus_decimal_compare(&off, &most) <= 0 && hbus_decimal_compare(&off, &least) >= 0,
            "line %u: %s is %s, not %s", line, what, found->text, expected);
}

static void s_split(char *line, char *fields[FIELDS]) {
  for (size_t i = 0; i < FIELDS; i++) {
    fields[i] = line;
    line += strcspn(line, " \n");
    cr_assert_neq(*line, 0);
    *line++ = 0;
  }
}

static void s_step(position *position, char *line, unsigned number) {
  char *fields[FIELDS];
  s_split(line, fields);
  s_fill(position, strcmp(fields[0], "buy") == 0 ? HBUS_BUY : HBUS_SELL, fields[1], fields[2], fields[3]);
  s_expect_exact(&position->amount, fields[4], "amount", number);
  s_expect_near(&position->cost, fields[5], "cost", number);
  s_expect_near(&position->realized_pnl, fields[6], "profit", number);
  s_expect_exact(&position->unpriced, fields[7], "unpriced", number);
}

Test(position, is_what_exact_fractions_make_of_it) {
  FILE *file = fopen(HBUS_TESTS_DIR "/broker/position_vectors.txt", "r");
  cr_assert_not_null(file);
  char *line = NULL;
  size_t room = 0;
  unsigned histories = 0, number = 0;
  position position;
  position_init(&position);
  while (getline(&line, &room, file) > 0) {
    number++;
    if (line[0] == '\n') {
      histories++;
      position_init(&position);
    } else {
      s_step(&position, line, number);
    }
  }
  cr_expect_geq(histories, HISTORIES_MIN);
  free(line);
  fclose(file);
}
