/* Which cancel goes next, and when one that had no effect is tried again. */
#include <criterion/criterion.h>

#include "broker/order/cancel_queue.h"

static void s_expect_next(cancel_queue *queue, const char *wanted) {
  const char *exchange = "", *order_id = "";
  cr_assert_eq(cancel_queue_next(queue, &exchange, &order_id), wanted != NULL);
  if (!wanted) return;
  cr_expect_str_eq(exchange, "binance");
  cr_expect_str_eq(order_id, wanted);
}

static uint64_t s_due(const cancel_queue *queue) {
  uint64_t due_ms = 0;
  cr_assert(cancel_queue_due(queue, &due_ms));
  return due_ms;
}

Test(cancel_queue, each_goes_once_in_the_order_of_asking) {
  cancel_queue *queue = cancel_queue_new();
  cancel_queue_add(queue, "binance", "1");
  cancel_queue_add(queue, "binance", "2");
  cancel_queue_add(queue, "binance", "1");
  cr_expect_eq(cancel_queue_size(queue), 2);
  s_expect_next(queue, "1");
  cancel_queue_add(queue, "binance", "1");
  s_expect_next(queue, "2");
  s_expect_next(queue, NULL);
  cr_expect(cancel_queue_has(queue, "binance", "1"), "sent is not done");
  cancel_queue_remove(queue, "binance", "1");
  cr_expect_not(cancel_queue_has(queue, "binance", "1"));
  cr_expect_eq(cancel_queue_size(queue), 1);
  cancel_queue_destroy(&queue);
}

Test(cancel_queue, what_is_not_wanted_any_more_does_not_go) {
  cancel_queue *queue = cancel_queue_new();
  cancel_queue_add(queue, "binance", "1");
  cancel_queue_add(queue, "binance", "2");
  cancel_queue_add(queue, "binance", "3");
  cancel_queue_remove(queue, "binance", "2");
  cancel_queue_remove(queue, "kucoin", "1");
  s_expect_next(queue, "1");
  s_expect_next(queue, "3");
  s_expect_next(queue, NULL);
  cancel_queue_destroy(&queue);
}

Test(cancel_queue, each_pause_is_twice_as_long_up_to_the_longest) {
  static const uint64_t pauses_ms[] = {250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
  cancel_queue *queue = cancel_queue_new();
  uint64_t now_ms = 1000;
  cancel_queue_add(queue, "binance", "1");
  for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
    s_expect_next(queue, "1");
    cancel_queue_pause(queue, "binance", "1", now_ms);
    cr_expect_eq(s_due(queue), now_ms + pauses_ms[i], "pause %zu", i);
    now_ms += pauses_ms[i];
    cancel_queue_wake(queue, now_ms - 1);
    s_expect_next(queue, NULL);
    cancel_queue_wake(queue, now_ms);
  }
  s_expect_next(queue, "1");
  cancel_queue_destroy(&queue);
}

Test(cancel_queue, the_next_pause_that_ends_is_the_shortest_one_left) {
  cancel_queue *queue = cancel_queue_new();
  uint64_t due_ms;
  cr_expect_not(cancel_queue_due(queue, &due_ms));
  cancel_queue_pause(queue, "binance", "late", 0);
  cancel_queue_pause(queue, "binance", "late", 0);
  cancel_queue_pause(queue, "binance", "soon", 100);
  cr_expect_eq(s_due(queue), 350);
  cancel_queue_wake(queue, 499);
  s_expect_next(queue, "soon");
  s_expect_next(queue, NULL);
  cr_expect_eq(s_due(queue), 500);
  cancel_queue_destroy(&queue);
}

Test(cancel_queue, a_new_beginning_forgets_the_pauses) {
  cancel_queue *queue = cancel_queue_new();
  for (int i = 0; i < 5; i++)
    cancel_queue_pause(queue, "binance", "1", 0);
  cancel_queue_wake_all(queue);
  s_expect_next(queue, "1");
  cancel_queue_pause(queue, "binance", "1", 1000);
  cr_expect_eq(s_due(queue), 1250);
  cancel_queue_destroy(&queue);
}
