#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim/matching.h"

#define S_TRADES_MAX 32

typedef struct trade_log {
  struct {
    uint64_t maker, taker;
    int64_t price, amount;
  } trades[S_TRADES_MAX];
  size_t count;
} trade_log;

typedef struct fixture {
  matching *book;
  trade_log log;
  uint64_t next_id;
} fixture;

static void s_on_trade(void *arg, order *maker, order *taker, int64_t price, int64_t amount) {
  trade_log *log = arg;
  cr_assert_lt(log->count, S_TRADES_MAX);
  log->trades[log->count].maker = maker->id;
  log->trades[log->count].taker = taker->id;
  log->trades[log->count].price = price;
  log->trades[log->count++].amount = amount;
}

static fixture *s_new(int64_t last) {
  static fixture made; /* a test is a process of its own */
  made.book = matching_new(last, s_on_trade, &made.log);
  return &made;
}

static order s_order(fixture *self, hbus_order_type type, hbus_side side, int64_t price, int64_t amount) {
  return (order){.id = ++self->next_id, .type = type, .side = side, .price = price, .amount = amount};
}

static order s_stop(fixture *self, hbus_side side, int64_t stop_price, int64_t price, int64_t amount) {
  order made = s_order(self, price ? HBUS_STOP_LIMIT : HBUS_STOP, side, price, amount);
  made.stop_price = stop_price;
  return made;
}

static void s_submit(fixture *self, order *entering) {
  cr_assert_eq(matching_submit(self->book, entering), HBUS_OK);
  matching_check(self->book);
}

static void s_traded(const fixture *self, size_t at, const order *maker, const order *taker, int64_t price,
                     int64_t amount) {
  cr_assert_lt(at, self->log.count);
  cr_assert_eq(self->log.trades[at].maker, maker->id);
  cr_assert_eq(self->log.trades[at].taker, taker->id);
  cr_assert_eq(self->log.trades[at].price, price);
  cr_assert_eq(self->log.trades[at].amount, amount);
}

Test(matching, rests_what_does_not_cross) {
  fixture *f = s_new(0);
  order bid = s_order(f, HBUS_LIMIT, HBUS_BUY, 99, 10), ask = s_order(f, HBUS_LIMIT, HBUS_SELL, 101, 10);
  s_submit(f, &bid);
  s_submit(f, &ask);
  cr_assert_eq(f->log.count, 0);
  cr_assert_eq(bid.status, HBUS_OPEN);
  cr_assert_eq(matching_best(f->book, HBUS_BUY), 99);
  cr_assert_eq(matching_best(f->book, HBUS_SELL), 101);
  cr_assert(matching_crosses(f->book, HBUS_BUY, 101));
  cr_assert(!matching_crosses(f->book, HBUS_BUY, 100));
  cr_assert(matching_crosses(f->book, HBUS_SELL, 99));
  cr_assert(!matching_crosses(f->book, HBUS_SELL, 100));
}

Test(matching, serves_the_better_price_first_and_the_older_order_at_one_price) {
  fixture *f = s_new(0);
  order late = s_order(f, HBUS_LIMIT, HBUS_SELL, 102, 5), first = s_order(f, HBUS_LIMIT, HBUS_SELL, 101, 5),
        second = s_order(f, HBUS_LIMIT, HBUS_SELL, 101, 5), taker = s_order(f, HBUS_LIMIT, HBUS_BUY, 102, 12);
  s_submit(f, &late);
  s_submit(f, &first);
  s_submit(f, &second);
  s_submit(f, &taker);
  cr_assert_eq(f->log.count, 3);
  s_traded(f, 0, &first, &taker, 101, 5);
  s_traded(f, 1, &second, &taker, 101, 5);
  s_traded(f, 2, &late, &taker, 102, 2);
  cr_assert_eq(taker.status, HBUS_FILLED);
  cr_assert_eq(late.status, HBUS_PARTIALLY_FILLED);
  cr_assert_eq(late.filled, 2);
  cr_assert_eq(matching_last(f->book), 102);
}

Test(matching, trades_at_the_makers_price_and_rests_the_remainder) {
  fixture *f = s_new(0);
  order bid = s_order(f, HBUS_LIMIT, HBUS_BUY, 100, 3), taker = s_order(f, HBUS_LIMIT, HBUS_SELL, 90, 10);
  s_submit(f, &bid);
  s_submit(f, &taker);
  s_traded(f, 0, &bid, &taker, 100, 3);
  cr_assert_eq(taker.status, HBUS_PARTIALLY_FILLED);
  cr_assert_eq(matching_best(f->book, HBUS_SELL), 90);
  cr_assert_eq(matching_best(f->book, HBUS_BUY), 0);
  matching_level level;
  cr_assert_eq(matching_depth(f->book, HBUS_SELL, &level, 1), 1);
  cr_assert_eq(level.amount, 7);
}

Test(matching, keeps_the_place_of_a_partly_filled_order) {
  fixture *f = s_new(0);
  order first = s_order(f, HBUS_LIMIT, HBUS_BUY, 100, 10), second = s_order(f, HBUS_LIMIT, HBUS_BUY, 100, 10),
        one = s_order(f, HBUS_LIMIT, HBUS_SELL, 100, 4), two = s_order(f, HBUS_LIMIT, HBUS_SELL, 100, 8);
  s_submit(f, &first);
  s_submit(f, &second);
  s_submit(f, &one);
  s_submit(f, &two);
  s_traded(f, 1, &first, &two, 100, 6);
  s_traded(f, 2, &second, &two, 100, 2);
}

Test(matching, sweeps_with_a_market_order_and_cancels_what_remains) {
  fixture *f = s_new(0);
  order near = s_order(f, HBUS_LIMIT, HBUS_SELL, 101, 5), far = s_order(f, HBUS_LIMIT, HBUS_SELL, 150, 5),
        taker = s_order(f, HBUS_MARKET, HBUS_BUY, 0, 12);
  s_submit(f, &near);
  s_submit(f, &far);
  s_submit(f, &taker);
  cr_assert_eq(f->log.count, 2);
  cr_assert_eq(taker.filled, 10);
  cr_assert_eq(taker.status, HBUS_CANCELLED);
  cr_assert_eq(matching_best(f->book, HBUS_SELL), 0);
}

Test(matching, refuses_a_maker_that_would_take) {
  fixture *f = s_new(0);
  order ask = s_order(f, HBUS_LIMIT, HBUS_SELL, 101, 5), maker = s_order(f, HBUS_LIMIT_MAKER, HBUS_BUY, 101, 5),
        fine = s_order(f, HBUS_LIMIT_MAKER, HBUS_BUY, 100, 5);
  s_submit(f, &ask);
  cr_assert_eq(matching_submit(f->book, &maker), HBUS_INVALID_ORDER);
  cr_assert_eq(f->log.count, 0);
  s_submit(f, &fine);
  cr_assert_eq(matching_best(f->book, HBUS_BUY), 100);
}

Test(matching, cancels_from_the_middle_of_a_queue) {
  fixture *f = s_new(0);
  order orders[3];
  for (size_t i = 0; i < 3; i++) {
    orders[i] = s_order(f, HBUS_LIMIT, HBUS_BUY, 100, 1);
    s_submit(f, &orders[i]);
  }
  matching_cancel(f->book, &orders[1]);
  matching_check(f->book);
  cr_assert_eq(orders[1].status, HBUS_CANCELLED);
  order taker = s_order(f, HBUS_MARKET, HBUS_SELL, 0, 2);
  s_submit(f, &taker);
  s_traded(f, 0, &orders[0], &taker, 100, 1);
  s_traded(f, 1, &orders[2], &taker, 100, 1);
}

Test(matching, cancels_the_last_order_of_a_level_and_the_level_with_it) {
  fixture *f = s_new(0);
  order worse = s_order(f, HBUS_LIMIT, HBUS_BUY, 98, 1), best = s_order(f, HBUS_LIMIT, HBUS_BUY, 100, 1);
  s_submit(f, &worse);
  s_submit(f, &best);
  matching_cancel(f->book, &worse);
  matching_check(f->book);
  matching_level levels[4];
  cr_assert_eq(matching_depth(f->book, HBUS_BUY, levels, 4), 1);
  matching_cancel(f->book, &best);
  cr_assert_eq(matching_best(f->book, HBUS_BUY), 0);
}

Test(matching, lists_levels_best_first_on_both_sides) {
  fixture *f = s_new(0);
  static order orders[6];
  const int64_t prices[] = {97, 99, 98, 103, 101, 102};
  for (size_t i = 0; i < 6; i++) {
    orders[i] = s_order(f, HBUS_LIMIT, i < 3 ? HBUS_BUY : HBUS_SELL, prices[i], 1 + (int64_t)i);
    s_submit(f, &orders[i]);
  }
  matching_level levels[3];
  cr_assert_eq(matching_depth(f->book, HBUS_BUY, levels, 3), 3);
  cr_assert(levels[0].price == 99 && levels[1].price == 98 && levels[2].price == 97 && levels[0].amount == 2);
  cr_assert_eq(matching_depth(f->book, HBUS_SELL, levels, 2), 2);
  cr_assert(levels[0].price == 101 && levels[1].price == 102 && levels[0].amount == 5);
}

Test(matching, triggers_a_stop_when_the_market_trades_at_its_price) {
  fixture *f = s_new(100);
  order stop = s_stop(f, HBUS_SELL, 95, 0, 4), bid = s_order(f, HBUS_LIMIT, HBUS_BUY, 95, 1),
        lower = s_order(f, HBUS_LIMIT, HBUS_BUY, 90, 10), taker = s_order(f, HBUS_MARKET, HBUS_SELL, 0, 1);
  s_submit(f, &stop);
  s_submit(f, &bid);
  s_submit(f, &lower);
  cr_assert_null(matching_take_triggered(f->book));
  s_submit(f, &taker);
  cr_assert_eq(matching_take_triggered(f->book), &stop);
  cr_assert(stop.triggered);
  s_submit(f, &stop);
  s_traded(f, 1, &lower, &stop, 90, 4);
  cr_assert_eq(stop.status, HBUS_FILLED);
  cr_assert_null(matching_take_triggered(f->book));
}

Test(matching, lets_stops_trigger_each_other_oldest_first) {
  fixture *f = s_new(100);
  order deep = s_stop(f, HBUS_SELL, 90, 0, 5), first = s_stop(f, HBUS_SELL, 95, 0, 5),
        second = s_stop(f, HBUS_SELL, 94, 80, 5);
  static order bids[4];
  const int64_t prices[] = {94, 90, 85, 80};
  s_submit(f, &deep);
  s_submit(f, &first);
  s_submit(f, &second);
  for (size_t i = 0; i < 4; i++) {
    bids[i] = s_order(f, HBUS_LIMIT, HBUS_BUY, prices[i], 5);
    s_submit(f, &bids[i]);
  }
  order taker = s_order(f, HBUS_MARKET, HBUS_SELL, 0, 1);
  s_submit(f, &taker); /* at 94: reaches first and second, not deep */
  order *due = matching_take_triggered(f->book);
  cr_assert_eq(due, &first);
  s_submit(f, due); /* 4 at 94, 1 at 90: reaches deep, which is older than second */
  due = matching_take_triggered(f->book);
  cr_assert_eq(due, &deep);
  s_submit(f, due); /* 4 at 90, 1 at 85 */
  due = matching_take_triggered(f->book);
  cr_assert_eq(due, &second);
  s_submit(f, due); /* 4 at 85, 1 at 80 */
  cr_assert_null(matching_take_triggered(f->book));
  cr_assert_eq(matching_last(f->book), 80);
  cr_assert_eq(second.status, HBUS_FILLED);
}

Test(matching, rests_a_triggered_stop_limit_at_its_price) {
  fixture *f = s_new(100);
  order stop = s_stop(f, HBUS_BUY, 105, 104, 4);
  s_submit(f, &stop);
  matching_set_last(f->book, 106);
  cr_assert_eq(matching_take_triggered(f->book), &stop);
  s_submit(f, &stop);
  cr_assert_eq(stop.status, HBUS_OPEN);
  cr_assert_eq(matching_best(f->book, HBUS_BUY), 104);
}

Test(matching, cancels_a_waiting_stop) {
  fixture *f = s_new(100);
  order stop = s_stop(f, HBUS_BUY, 105, 0, 4);
  s_submit(f, &stop);
  matching_cancel(f->book, &stop);
  matching_set_last(f->book, 106);
  cr_assert_null(matching_take_triggered(f->book));
  cr_assert_eq(stop.status, HBUS_CANCELLED);
}
