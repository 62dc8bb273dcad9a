/* What a connection may have of repair and of signals, and what it is told beyond that. */
#include "broker/command/peer_budget.h"

#include <criterion/criterion.h>
#include <string.h>

static peer_budget s_budget(uint64_t repairs, uint64_t signals) {
  config config = {.events.repair_per_second = repairs, .events.publish_per_second = signals};
  peer_budget self;
  peer_budget_init(&self, &config, 1000);
  return self;
}

Test(peer_budget, repair_has_four_seconds_at_once_and_then_its_rate) {
  static const hbus_command_kind kinds[] = {HBUS_SEQUENCES, HBUS_REPLAY, HBUS_SNAPSHOT};
  peer_budget budget = s_budget(10, 1);
  counters counters = {0};
  hbus_error error = {0};
  for (size_t i = 0; i < 40; i++)
    cr_assert_eq(peer_budget_take(&budget, kinds[i % 3], 1000, &counters, &error), HBUS_OK, "%zu", i);
  cr_expect_eq(peer_budget_take(&budget, HBUS_REPLAY, 1000, &counters, &error), HBUS_RATE_LIMITED);
  cr_expect_not_null(strstr(error.text, "events.repair_per_second"), "%s", error.text);
  cr_expect_not_null(strstr(error.text, "in 100 ms"), "%s", error.text);
  cr_expect_eq(peer_budget_take(&budget, HBUS_SNAPSHOT, 1099, &counters, &error), HBUS_RATE_LIMITED);
  cr_expect_not_null(strstr(error.text, "in 1 ms"), "%s", error.text);
  cr_expect_eq(peer_budget_take(&budget, HBUS_SEQUENCES, 1100, &counters, &error), HBUS_OK);
  cr_expect_eq(counters.repairs_rate_limited, 2);
  cr_expect_eq(counters.signals_rate_limited, 0);
}

Test(peer_budget, signals_have_two_seconds_at_once_and_a_budget_of_their_own) {
  peer_budget budget = s_budget(1, 100);
  counters counters = {0};
  hbus_error error = {0};
  for (size_t i = 0; i < 200; i++)
    cr_assert_eq(peer_budget_take(&budget, HBUS_PUBLISH, 1000, &counters, &error), HBUS_OK, "%zu", i);
  cr_expect_eq(peer_budget_take(&budget, HBUS_PUBLISH, 1000, &counters, &error), HBUS_RATE_LIMITED);
  cr_expect_not_null(strstr(error.text, "events.publish_per_second"), "%s", error.text);
  cr_expect_eq(counters.signals_rate_limited, 1);
  cr_expect_eq(peer_budget_take(&budget, HBUS_SNAPSHOT, 1000, &counters, &error), HBUS_OK);
}

Test(peer_budget, zero_is_no_limit_and_other_commands_cost_nothing) {
  peer_budget unlimited = s_budget(0, 0), small = s_budget(1, 1);
  counters counters = {0};
  hbus_error error;
  for (size_t i = 0; i < 100000; i++) {
    cr_assert_eq(peer_budget_take(&unlimited, i % 2 ? HBUS_REPLAY : HBUS_PUBLISH, 1000, &counters, &error), HBUS_OK);
    cr_assert_eq(peer_budget_take(&small, HBUS_CANCEL_ORDER, 1000, &counters, &error), HBUS_OK);
  }
}

Test(peer_budget, the_highest_rate_that_can_be_configured_is_kept) {
  peer_budget budget = s_budget(TOKEN_BUCKET_RATE_MAX, TOKEN_BUCKET_RATE_MAX);
  cr_expect_eq(token_bucket_available(&budget.repair, 1000), TOKEN_BUCKET_BURST_MAX);
  cr_expect_eq(token_bucket_available(&budget.signals, 1000), TOKEN_BUCKET_BURST_MAX);
}
