/* ORDERS.md, rule 8: whether a listed order may be one that was asked for. */
#include "broker/order/likeness.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static hbus_decimal s_decimal(const char *text) {
  hbus_decimal decimal = {0};
  if (text) cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

static hbus_order s_order(hbus_order_type type, const char *amount, const char *price, const char *stop_price) {
  return (hbus_order){.market = "ETH-USDT",
                      .owner = "alice",
                      .side = HBUS_BUY,
                      .order_type = type,
                      .amount = s_decimal(amount),
                      .price = s_decimal(price),
                      .stop_price = s_decimal(stop_price)};
}

static likeness s_likeness(const hbus_order *asked, const hbus_order *listed) {
  likeness_digits digits = {0};
  likeness_learn_digits(&digits, listed);
  return likeness_of(asked, listed, &digits);
}

Test(likeness, rule_8_amount_and_price_equal_as_numbers_at_the_precision_of_upstream) {
  static const struct {
    const char *asked, *listed, *shown; /* shown: by another order */
    likeness expected;
  } rows[] = {
      {"36", "36", "1", LIKENESS_SURE},
      {"36.00", "36", "1", LIKENESS_SURE},
      {"36", "36.000000000000000000", "1", LIKENESS_SURE},
      {"36", "37", "1", LIKENESS_NONE},
      {"36.789", "36.78", "1", LIKENESS_SURE},       /* cut */
      {"36.789", "36.7", "1", LIKENESS_SURE},        /* cut to fewer digits */
      {"36.789", "36.7", "1.25", LIKENESS_POSSIBLE}, /* but upstream has more */
      {"36.789", "36.79", "1", LIKENESS_POSSIBLE},   /* rounded up */
      {"36.789", "36.77", "1", LIKENESS_NONE},       /* neither */
      {"36.789", "36.7800", "1", LIKENESS_POSSIBLE}, /* cut, and zeros added */
      {"36.75", "36", "1.25", LIKENESS_POSSIBLE},    /* zeros left out, perhaps */
      {"36.75", "36.00", "1.25", LIKENESS_POSSIBLE}, /* or added */
      {"36.75", "37", "1.25", LIKENESS_POSSIBLE},    /* or rounded to them */
      {"36.75", "35", "1.25", LIKENESS_NONE},        /* too far */
      {"36.78", "36.789", "1", LIKENESS_NONE},       /* upstream adds nothing */
      {"0.4", "0", "1", LIKENESS_POSSIBLE},          /* nothing is left */
      {"99999999999999999999999999999999999.9", "99999999999999999999999999999999999", "1", LIKENESS_SURE},
      {"36", NULL, "1", LIKENESS_POSSIBLE}, /* not said */
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_order shown = s_order(HBUS_LIMIT, rows[i].shown, rows[i].shown, NULL);
    for (int field = 0; field < 3; field++) {
      const char *asked_texts[] = {"5", "5", "5"}, *listed_texts[] = {"5", "5", "5"};
      asked_texts[field] = rows[i].asked;
      listed_texts[field] = rows[i].listed;
      hbus_order asked = s_order(HBUS_STOP_LIMIT, asked_texts[0], asked_texts[1], asked_texts[2]);
      hbus_order listed = s_order(HBUS_STOP_LIMIT, listed_texts[0], listed_texts[1], listed_texts[2]);
      likeness_digits digits = {0};
      likeness_learn_digits(&digits, &shown);
      likeness_learn_digits(&digits, &listed);
      cr_expect_eq(likeness_of(&asked, &listed, &digits), rows[i].expected, "row %zu, field %d: %s and %s", i, field,
                   rows[i].asked, rows[i].listed ? rows[i].listed : "nothing");
    }
  }
}

Test(likeness, rule_8_of_that_market_side_and_type) {
  hbus_order asked = s_order(HBUS_LIMIT, "1", "36", NULL), listed = asked;
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_SURE);
  listed.side = HBUS_SELL;
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE);
  listed = asked;
  snprintf(listed.market, sizeof listed.market, "ETH-USD");
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE);
}

Test(likeness, rule_8_a_type_that_upstream_may_have_changed_is_possible) {
  for (hbus_order_type from = HBUS_LIMIT; from < HBUS_ORDER_TYPE_COUNT; from++) {
    for (hbus_order_type to = HBUS_LIMIT; to < HBUS_ORDER_TYPE_COUNT; to++) {
      hbus_order asked = s_order(from, "1", "36", "35"), listed = s_order(to, "1", "36", "35");
      bool changes = (from == HBUS_STOP && to == HBUS_MARKET) || (from == HBUS_STOP_LIMIT && to == HBUS_LIMIT) ||
                     (from == HBUS_LIMIT_MAKER && to == HBUS_LIMIT);
      likeness expected = from == to ? LIKENESS_SURE : changes ? LIKENESS_POSSIBLE : LIKENESS_NONE;
      cr_expect_eq(s_likeness(&asked, &listed), expected, "%s as %s", hbus_order_type_name(from),
                   hbus_order_type_name(to));
    }
  }
}

Test(likeness, rule_8_the_price_of_a_market_order_is_ignored) {
  hbus_order asked = s_order(HBUS_MARKET, "1", NULL, NULL), listed = s_order(HBUS_MARKET, "1", "36", NULL);
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_SURE);
  asked = s_order(HBUS_STOP, "1", NULL, "35");
  listed = s_order(HBUS_STOP, "1", "36", "35");
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_SURE);
  listed.stop_price = s_decimal("34");
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE, "its stop price is not");
}

Test(likeness, rule_8_what_both_tell_has_to_be_the_same) {
  hbus_order asked = s_order(HBUS_LIMIT, "1", "36", NULL), listed = asked;
  listed.position_action = HBUS_POSITION_CLOSE;
  listed.market_type = HBUS_FUTURES;
  snprintf(listed.account, sizeof listed.account, "main");
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_SURE);
  asked = listed;
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_SURE);
  asked.position_action = HBUS_POSITION_OPEN;
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE);
  asked = listed;
  asked.market_type = HBUS_SPOT;
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE);
  asked = listed;
  asked.account[0] = 'x';
  cr_expect_eq(s_likeness(&asked, &listed), LIKENESS_NONE);
}

Test(likeness, rule_8_alike_is_of_one_owner_with_equal_parameters) {
  hbus_order a = s_order(HBUS_STOP_LIMIT, "1", "36", "35"), b = s_order(HBUS_STOP_LIMIT, "1.0", "36.0", "35.0");
  cr_expect(likeness_is_alike(&a, &b));
  hbus_order others[8];
  for (size_t i = 0; i < 8; i++)
    others[i] = b;
  others[0].owner[0] = 'b';
  others[1].side = HBUS_SELL;
  others[2].order_type = HBUS_LIMIT;
  others[3].amount = s_decimal("2");
  others[4].price = s_decimal("37");
  others[5].stop_price = s_decimal("34");
  others[6].position_action = HBUS_POSITION_OPEN;
  others[7].account[0] = 'x';
  for (size_t i = 0; i < 8; i++)
    cr_expect_not(likeness_is_alike(&a, &others[i]), "%zu", i);
  a = s_order(HBUS_MARKET, "1", NULL, NULL);
  cr_expect(likeness_is_alike(&a, &a));
}
