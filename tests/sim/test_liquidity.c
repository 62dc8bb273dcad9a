#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/test_support.h"

/* What the market looks like after so many steps, as text. */
static void s_play(uint64_t seed, unsigned steps, char *out, size_t out_size) {
  simulator_options options = support_options();
  options.seed = seed;
  support s;
  support_init(&s, &options);
  for (unsigned i = 0; i < steps; i++)
    simulator_step(&s.sim);
  world_check(&s.sim.exchanges);
  const char *book = support_ask(&s, "{\"id\":\"1\",\"type\":\"get_order_book\",\"exchange\":\"binance\","
                                     "\"market\":\"BTC-USDT\",\"depth\":50}");
  snprintf(out, out_size, "%s", book);
  support_free(&s);
}

Test(liquidity, depends_on_the_seed_and_the_number_of_steps_alone) {
  static char one[16384], same[16384], other_seed[16384], other_steps[16384];
  s_play(1, 200, one, sizeof one);
  s_play(1, 200, same, sizeof same);
  s_play(2, 200, other_seed, sizeof other_seed);
  s_play(1, 201, other_steps, sizeof other_steps);
  cr_assert_str_eq(one, same);
  cr_assert_str_neq(one, other_seed);
  cr_assert_str_neq(one, other_steps);
}

Test(liquidity, keeps_every_open_book_filled_on_both_sides) {
  simulator_options options = support_options();
  support s;
  support_init(&s, &options);
  for (unsigned step = 0; step < 300; step++) {
    simulator_step(&s.sim);
    for (size_t i = 0; i < s.sim.crowd_count; i++) {
      const market *where = s.sim.crowds[i].where;
      matching_level levels[LIQUIDITY_LEVELS];
      cr_assert_geq(matching_depth(where->book, HBUS_BUY, levels, LIQUIDITY_LEVELS), 5, "%s", where->rules.symbol);
      cr_assert_geq(matching_depth(where->book, HBUS_SELL, levels, LIQUIDITY_LEVELS), 5, "%s", where->rules.symbol);
    }
  }
  support_free(&s);
}

Test(liquidity, moves_the_price_and_trades) {
  simulator_options options = support_options();
  support s;
  support_init(&s, &options);
  for (unsigned step = 0; step < 300; step++)
    simulator_step(&s.sim);
  for (size_t i = 0; i < s.sim.crowd_count; i++) {
    const market *where = s.sim.crowds[i].where;
    cr_assert_neq(matching_last(where->book), where->rules.start_price, "%s", where->rules.symbol);
    cr_assert_gt(where->volume, 0);
  }
  support_free(&s);
}

Test(liquidity, steps_as_often_as_the_rate_says) {
  simulator_options options = support_options();
  options.rate = 100;
  support timed, stepped;
  support_init(&timed, &options);
  options.rate = 0;
  support_init(&stepped, &options);
  for (unsigned i = 0; i < 50; i++) {
    support_wait(&timed, 13); /* 650 ms in all: 65 steps */
    support_wait(&stepped, 13);
  }
  for (unsigned i = 0; i < 65; i++)
    simulator_step(&stepped.sim);
  for (size_t i = 0; i < timed.sim.exchanges.market_count; i++)
    cr_assert_eq(timed.sim.exchanges.markets[i]->volume, stepped.sim.exchanges.markets[i]->volume);
  support_free(&timed);
  support_free(&stepped);
}
