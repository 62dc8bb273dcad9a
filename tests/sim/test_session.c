#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/session.h"

static void s_push(session *to, const char *text) {
  message *pushed = message_new(text, strlen(text));
  session_push(to, pushed);
  message_drop(pushed);
}

static void s_count_wake(void *arg) {
  ++*(unsigned *)arg;
}

Test(session, hands_out_messages_in_order_across_growth) {
  session *made = session_new(1, NULL, NULL);
  char text[16];
  unsigned out = 0;
  for (unsigned in = 0; in < 1000; in++) {
    snprintf(text, sizeof text, "%u", in);
    s_push(made, text);
    if (in % 3 == 0) {
      message *next = session_pop(made);
      snprintf(text, sizeof text, "%u", out++);
      cr_assert_arr_eq(message_text(next), text, next->size);
      message_drop(next);
    }
  }
  for (message *next; (next = session_pop(made)); message_drop(next)) {
    snprintf(text, sizeof text, "%u", out++);
    cr_assert_eq(next->size, strlen(text));
    cr_assert_arr_eq(message_text(next), text, next->size);
  }
  cr_assert_eq(out, 1000);
  cr_assert_eq(made->queue_bytes, 0);
  session_destroy(&made);
}

Test(session, wakes_once_for_an_empty_queue) {
  unsigned wakes = 0;
  session *made = session_new(1, s_count_wake, &wakes);
  s_push(made, "a");
  s_push(made, "b");
  cr_assert_eq(wakes, 1);
  session_destroy(&made);
}

Test(session, is_closed_when_its_queue_is_full) {
  session *made = session_new(1, NULL, NULL);
  for (unsigned i = 0; i < SESSION_QUEUE_MAX; i++)
    s_push(made, "x");
  cr_assert_eq(made->queue_count, SESSION_QUEUE_MAX);
  cr_assert_eq(made->close_code, 0);
  s_push(made, "x");
  cr_assert_eq(made->close_code, SESSION_CLOSE_OVERLOADED);
  cr_assert_eq(made->queue_count, 0);
  s_push(made, "x");
  cr_assert_eq(made->queue_count, 0, "one that closes takes nothing more");
  session_destroy(&made);
}

Test(session, keeps_the_first_reason_to_close_and_what_was_queued_before) {
  session *made = session_new(1, NULL, NULL);
  s_push(made, "last words");
  session_close(made, SESSION_CLOSE_POLICY, "first");
  session_close(made, SESSION_CLOSE_GOING_AWAY, "second");
  cr_assert_eq(made->close_code, SESSION_CLOSE_POLICY);
  cr_assert_str_eq(made->close_reason, "first");
  cr_assert_eq(made->queue_count, 1);
  session_destroy(&made);
}

Test(session, is_cut_once_and_aborted_always) {
  unsigned wakes = 0;
  session *made = session_new(1, s_count_wake, &wakes);
  s_push(made, "first");
  session_cut(made, SESSION_TORN);
  session_cut(made, SESSION_CUT);
  session_close(made, SESSION_CLOSE_POLICY, "too late");
  cr_assert_eq(made->state, SESSION_TORN);
  s_push(made, "nobody takes it");
  cr_assert_eq(made->queue_count, 1);
  session_cut(made, SESSION_ABORTED);
  cr_assert_eq(made->state, SESSION_ABORTED);
  cr_assert_eq(made->queue_count, 0);
  cr_assert_eq(wakes, 3);
  session_destroy(&made);
}

Test(session, stays_mute) {
  session *made = session_new(1, NULL, NULL);
  s_push(made, "said before");
  session_silence(made, SESSION_HALF_OPEN);
  session_silence(made, SESSION_SILENT);
  cr_assert_eq(made->mute, SESSION_HALF_OPEN);
  s_push(made, "unsaid");
  cr_assert_eq(made->queue_count, 1);
  session_destroy(&made);
}

Test(session, counts_each_subscription_once) {
  session *made = session_new(1, NULL, NULL);
  cr_assert(!session_wants(made, 2, HBUS_CHANNEL_TICKER));
  session_unsubscribe(made, 2, HBUS_CHANNEL_TICKER);
  cr_assert_eq(session_subscribe(made, 2, 3, HBUS_CHANNEL_TICKER), HBUS_OK);
  cr_assert_eq(session_subscribe(made, 2, 3, HBUS_CHANNEL_TICKER), HBUS_OK);
  cr_assert_eq(session_subscribe(made, 2, 3, HBUS_CHANNEL_TRADES), HBUS_OK);
  cr_assert_eq(made->subscriptions, 2);
  session_unsubscribe(made, 2, HBUS_CHANNEL_TICKER);
  session_unsubscribe(made, 2, HBUS_CHANNEL_TICKER);
  cr_assert_eq(made->subscriptions, 1);
  cr_assert(session_wants(made, 2, HBUS_CHANNEL_TRADES));
  cr_assert(!session_wants(made, 1, HBUS_CHANNEL_TRADES));
  session_destroy(&made);
}
