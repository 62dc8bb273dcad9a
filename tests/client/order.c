#include "hbus/order.h"

#include <criterion/criterion.h>

Test(order, rule_13_a_lower_rev_never_overwrites_a_higher) {
  hbus_order known = {0};
  const hbus_order pending = {.status = HBUS_PENDING, .rev = 1}, open = {.status = HBUS_OPEN, .rev = 2},
                   filled = {.status = HBUS_FILLED, .rev = 3};
  cr_assert(hbus_order_update(&known, &open), "the first picture is news whatever its rev");
  cr_assert_not(hbus_order_is_newer(&pending, &known));
  cr_assert_not(hbus_order_update(&known, &pending));
  cr_assert_eq(known.status, HBUS_OPEN);
  cr_assert_not(hbus_order_update(&known, &open), "told again");
  cr_assert(hbus_order_update(&known, &filled));
  cr_assert_not(hbus_order_update(&known, &open), "an event that the reply overtook");
  cr_assert_eq(known.status, HBUS_FILLED);
  cr_assert_eq(known.rev, 3);
}

Test(order, rule_13_an_order_without_a_rev_is_known_until_one_comes) {
  hbus_order known = {.status = HBUS_UNKNOWN}; /* a create that got no answer */
  cr_assert_not(hbus_order_is_newer(&(hbus_order){.status = HBUS_OPEN}, &known));
  cr_assert(hbus_order_is_newer(&(hbus_order){.status = HBUS_OPEN, .rev = 1}, &known));
}

Test(order, rule_20_unknown_is_live) {
  static const bool is_live[HBUS_ORDER_STATUS_COUNT] = {
      [HBUS_PENDING] = true, [HBUS_OPEN] = true, [HBUS_PARTIALLY_FILLED] = true, [HBUS_UNKNOWN] = true};
  for (int status = HBUS_PENDING; status < HBUS_ORDER_STATUS_COUNT; status++) {
    hbus_order order = {.status = (hbus_order_status)status};
    cr_assert_eq(hbus_order_is_live(&order), is_live[status], "%s", hbus_order_status_name(order.status));
  }
}
