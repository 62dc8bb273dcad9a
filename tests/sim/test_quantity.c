#include <criterion/criterion.h>

#include "tests/sim/quantity.h"

static void s_is(quantity value, const char *expected) {
  char text[QUANTITY_TEXT_SIZE];
  cr_assert_str_eq(quantity_text(value, text), expected);
}

Test(quantity, prints_without_needless_zeros) {
  s_is(0, "0.00");
  s_is(1, "0.0000000000000000000001");
  s_is(quantity_from(1000000, 0), "1000000.00");
  s_is(quantity_from(1234567, 4), "123.4567");
  s_is(-quantity_from(5, 1), "-0.50");
}

Test(quantity, prints_a_fixed_number_of_digits_cut) {
  char text[QUANTITY_TEXT_SIZE];
  cr_assert_str_eq(quantity_text_fixed(quantity_from(19999, 4), 2, text), "1.99");
  cr_assert_str_eq(quantity_text_fixed(quantity_from(19999, 4), 0, text), "1");
}

Test(quantity, multiplies_exactly) {
  s_is(quantity_notional(179999, 123456789, 10), "2222.2098563211");
  s_is(quantity_notional(0, 5, 10), "0.00");
}

Test(quantity, saturates_instead_of_wrapping) {
  cr_assert(quantity_notional(INT64_MAX, INT64_MAX, 0) == quantity_max());
  cr_assert(quantity_from(INT64_MAX, 0) == quantity_max());
}

Test(quantity, has_exact_basis_points_at_the_finest_market) {
  quantity smallest = quantity_notional(1, 1, QUANTITY_DIGITS_MAX);
  cr_assert(smallest / QUANTITY_BASIS_POINT * QUANTITY_BASIS_POINT == smallest);
  cr_assert(smallest > 0);
}
