/* Money is exact where it can be, and off by a hair where it cannot. */
#include "broker/order/money.h"

#include <criterion/criterion.h>
#include <string.h>

static hbus_decimal s_of(const char *text) {
  hbus_decimal decimal = {0};
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

typedef hbus_status operation(const hbus_decimal *a, const hbus_decimal *b, hbus_decimal *out);

typedef struct sum {
  operation *apply;
  const char *a;
  const char *b;
  const char *result; /* NULL: too big */
} sum;

static const sum s_sums[] = {
    {money_add, "1.50", "0.50", "2"},
    {money_add, "-0.10", "0.1", "0"},
    {money_add, "99999999999999999999999999999999999999", "1", NULL},
    {money_subtract, "0", "1.10", "-1.1"},
    {money_subtract, "-0.0", "0", "0"},
    {money_subtract, "0", "99999999999999999999999999999999999999", NULL},
    {money_multiply, "0.5000", "2000.00", "1000"},
    {money_multiply, "-0.3", "0.1", "-0.03"},
    {money_multiply, "100", "10", "1000"},
    {money_multiply, "0.000000001", "0.0000000005", "0"}, /* half to even */
    {money_multiply, "0.000000003", "0.0000000005", "0.000000000000000002"},
    {money_multiply, "1234567890.123456789012345678", "9.876543210987654321", "12193263113.702179522496570633"},
    {money_multiply, "-1234567890.123456789012345678", "9.876543210987654321", "-12193263113.702179522496570633"},
    {money_multiply, "999999999999999999", "0.999999999999999999", "999999999999999998.000000000000000001"},
    {money_multiply, "99999999999999999999", "99999999999999999999", NULL},
    {money_divide, "1", "3", "0.333333333333333333"},
    {money_divide, "-2", "3", "-0.666666666666666667"},
    {money_divide, "10", "4", "2.5"},
    {money_divide, "99999999999999999999999", "1", NULL},
};

Test(money, has_eighteen_digits_after_the_point) {
  for (size_t i = 0; i < sizeof s_sums / sizeof *s_sums; i++) {
    const sum *sum = &s_sums[i];
    hbus_decimal a = s_of(sum->a), b = s_of(sum->b), out = s_of("7");
    hbus_status status = sum->apply(&a, &b, &out);
    cr_expect_eq(status, sum->result ? HBUS_OK : HBUS_TOO_BIG, "%zu", i);
    cr_expect_str_eq(out.text, sum->result ? sum->result : "7", "%zu: %s and %s", i, sum->a, sum->b);
  }
}

Test(money, nothing_is_divided_by_zero) {
  hbus_decimal one = s_of("1"), out = s_of("7");
  cr_expect_eq(money_divide(&one, &money_zero, &out), HBUS_MALFORMED);
  cr_expect_str_eq(out.text, "7");
}

/* The parts of a whole come to the whole, but for a unit of the last digit each. */
Test(money, shares_come_to_the_whole) {
  static const char *const wholes[] = {"100", "-7", "123456789012345.123456789012345678", "0.000000000000000001"};
  static const char *const ofs[] = {"3", "7.77", "1234567.123456789012345678"};
  for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
    for (size_t j = 0; j < sizeof ofs / sizeof *ofs; j++) {
      hbus_decimal whole = s_of(wholes[i]), of = s_of(ofs[j]), part = s_of("1.1"), rest, one, other, both, off;
      cr_assert_eq(hbus_decimal_subtract(&of, &part, &rest), HBUS_OK);
      cr_assert_eq(money_share(&whole, &part, &of, &one), HBUS_OK);
      cr_assert_eq(money_share(&whole, &rest, &of, &other), HBUS_OK);
      cr_assert_eq(money_add(&one, &other, &both), HBUS_OK);
      cr_assert_eq(money_subtract(&both, &whole, &off), HBUS_OK);
      const hbus_decimal most = s_of("0.000000000000000008"), least = s_of("-0.000000000000000008");
      cr_expect(hbus_decimal_compare(&off, &most) <= 0 && hbus_decimal_compare(&off, &least) >= 0, "%s of %s: %s",
                wholes[i], ofs[j], off.text);
      cr_expect_eq(money_share(&whole, &of, &of, &both), HBUS_OK);
      cr_expect_eq(hbus_decimal_compare(&both, &whole), 0, "all of it is the whole");
    }
  }
}
