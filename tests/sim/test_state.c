#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/test_support.h"

#define S_ETH       "\"exchange\":\"binance\",\"market\":\"ETH-USDT\""
#define S_PERPETUAL "\"exchange\":\"binance_perpetual\",\"market\":\"ETH-USDT\""

static char s_path[] = "test-sim-state-XXXXXX"; /* a test is a process of its own */

static void s_make_path(void) {
  int file = mkstemp(s_path);
  cr_assert_geq(file, 0);
  close(file);
}

static void s_remove_path(void) {
  unlink(s_path);
}

TestSuite(state, .init = s_make_path, .fini = s_remove_path);

/* A simulator that remembers; each of them counts orders on from another number. */
static void s_start(support *self, uint64_t first_id) {
  simulator_options options = support_options();
  options.state_path = s_path;
  options.first_id = first_id;
  support_init(self, &options);
}

static uint64_t s_create(support *self, const char *order) {
  char text[512];
  snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"create_order\",%s}", order);
  uint64_t id = support_order_id(support_ask(self, text));
  cr_assert_neq(id, 0, "%s", order);
  return id;
}

/* What the trader can ask about orders and money, all in one. */
static void s_describe(support *self, char *out, size_t size) {
  static const char *const questions[] = {
      "{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH "}",
      "{\"id\":\"1\",\"type\":\"get_order_history\"," S_PERPETUAL "}",
      "{\"id\":\"1\",\"type\":\"get_open_orders\"," S_ETH "}",
      "{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance\"}",
      "{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance_perpetual\"}",
  };
  size_t used = 0;
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
    used += (size_t)snprintf(out + used, size - used, "%s\n", support_ask(self, questions[i]));
  cr_assert_lt(used, size);
}

Test(state, orders_balances_and_positions_are_what_they_were) {
  static char before[65536], after[65536];
  support s;
  s_start(&s, 1);
  s_create(&s, S_ETH ",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\","
                     "\"client_order_id\":\"a \\\"quoted\\\" id\"");
  s_create(&s, S_ETH ",\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"7.5\"");
  s_create(&s, S_ETH ",\"side\":\"sell\",\"order_type\":\"stop\",\"amount\":\"1\",\"stop_price\":\"1200\"");
  s_create(&s, S_PERPETUAL ",\"side\":\"buy\",\"order_type\":\"market\",\"amount\":\"3\"");
  s_create(&s, S_PERPETUAL ",\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"1\"");
  uint64_t cancelled =
      s_create(&s, S_ETH ",\"side\":\"sell\",\"order_type\":\"limit\",\"amount\":\"2\",\"price\":\"2500\"");
  char text[256];
  snprintf(text, sizeof text, "{\"id\":\"1\",\"type\":\"cancel_order\"," S_ETH ",\"order_id\":\"%llu\"}",
           (unsigned long long)cancelled);
  support_has(support_ask(&s, text), "\"cancelled\":true");
  s_describe(&s, before, sizeof before);
  support_free(&s);

  for (uint64_t start = 2; start < 4; start++) { /* the second reads what the first has written */
    s_start(&s, start * 1000);
    world_check(&s.sim.exchanges);
    s_describe(&s, after, sizeof after);
    cr_assert_str_eq(before, after);
    support_free(&s);
  }
}

/* What is left of it meets the crowd of the new start, so it may be filled further, but never less. */
Test(state, a_piece_that_was_filled_stays_filled) {
  support s;
  s_start(&s, 1);
  uint64_t id =
      s_create(&s, S_ETH ",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"400\",\"price\":\"1800.2\"");
  const order *placed = exchange_newest_order(world_find_exchange(&s.sim.exchanges, "binance"));
  int64_t filled = placed->filled;
  cr_assert_eq(placed->status, HBUS_PARTIALLY_FILLED);
  support_free(&s);
  s_start(&s, 1000);
  placed = exchange_newest_order(world_find_exchange(&s.sim.exchanges, "binance"));
  cr_assert_eq(placed->id, id);
  cr_assert_geq(placed->filled, filled);
  cr_assert_eq(placed->amount, 4000000);
  world_check(&s.sim.exchanges);
  support_free(&s);
}

Test(state, a_line_that_was_not_finished_is_dropped) {
  support s;
  s_start(&s, 1);
  s_create(&s, S_ETH ",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"");
  support_free(&s);
  FILE *file = fopen(s_path, "a");
  fputs("{\"order\":2,\"exch", file);
  fclose(file);
  s_start(&s, 1000);
  uint64_t id = s_create(&s, S_ETH ",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1400\"");
  support_free(&s);
  s_start(&s, 2000);
  const char *open = support_ask(&s, "{\"id\":\"1\",\"type\":\"get_open_orders\"," S_ETH "}");
  support_has(open, "\"price\":\"1500.00\"");
  cr_assert_eq(support_order_id(open), id);
  support_free(&s);
}

Test(state, what_was_forgotten_stays_so) {
  support s;
  s_start(&s, 1);
  s_create(&s, S_ETH ",\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"");
  s_create(&s, S_ETH ",\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"1\"");
  const char *before = support_ask(&s, "{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance\"}");
  char total[64];
  snprintf(total, sizeof total, "%.30s", strstr(before, "\"USDT\":{\"total\":"));
  cr_assert_eq(simulator_set_fault(&s.sim, "restart-lost=1", NULL), HBUS_OK);
  support_wait(&s, 1);
  support_free(&s);
  s_start(&s, 1000);
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_history\"," S_ETH "}"), "\"data\":[]");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"get_balances\",\"exchange\":\"binance\"}"), total);
  world_check(&s.sim.exchanges);
  support_free(&s);
}

Test(state, damage_is_named) {
  static const char *const lines[] = {
      "nonsense",
      "{}",
      "{\"fill\":1,\"order\":5," S_ETH ",\"price\":1,\"amount\":1}",
      "{\"order\":1," S_ETH ",\"side\":\"buy\"}",
      "{\"order\":1,\"exchange\":\"binance\",\"market\":\"A-B\"}",
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    FILE *file = fopen(s_path, "w");
    fprintf(file, "{\"forget\":true}\n%s\n", lines[i]);
    fclose(file);
    simulator_options options = support_options();
    options.state_path = s_path;
    simulator sim;
    hbus_error error;
    cr_assert_eq(simulator_init(&sim, &options, &error), HBUS_INVALID_REQUEST, "%s", lines[i]);
    char expected[128];
    snprintf(expected, sizeof expected, "%s, line 2: that is no state of these markets", s_path);
    cr_assert_str_eq(error.text, expected);
  }
}
