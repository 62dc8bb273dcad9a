/* Who is there, and what is cancelled when they are not. */
#include "broker/command/attendance.h"

#include <criterion/criterion.h>

#include "tests/broker/cancel_stage.h"

#define LONG_MS 3600000

static attendance *s_new(cancel_stage *stage) {
  const attendance_parts parts = {.config = &stage->fake.config,
                                  .log = stage->fake.log,
                                  .publisher = stage->bus->publisher,
                                  .journal = stage->bus->journal,
                                  .canceller = stage->canceller};
  attendance *self = attendance_new(&stage->bus->loop, &parts);
  cr_assert_not_null(self);
  return self;
}

static void s_destroy(attendance *self, cancel_stage *stage) {
  cancel_stage_stop(stage);
  attendance_destroy(&self);
  cancel_stage_destroy(&stage);
}

static void s_join(attendance *self, const char *name, uint64_t grace_ms) {
  cr_assert_eq(attendance_join(self, name, false, grace_ms), HBUS_OK);
}

/* The same connection says so once more. */
static void s_join_again(attendance *self, const char *name, uint64_t grace_ms) {
  cr_assert_eq(attendance_join(self, name, true, grace_ms), HBUS_OK);
}

Test(attendance, rule_16_orders_of_who_has_gone_are_cancelled_after_the_grace) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  order *mine = cancel_stage_order(stage, "alice", "1", "up-1"), *hers = cancel_stage_order(stage, "bob", "1", "up-2");
  s_join(self, "alice", 30);
  cancel_stage_let_pass(stage, 60);
  cr_expect_not(mine->state.cancel_requested, "she is there");
  attendance_leave(self, "alice");
  cr_expect_not(mine->state.cancel_requested, "not before the end of the grace");
  cr_expect_eq(attendance_size(self), 1);
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  cr_expect(mine->state.cancel_requested);
  cr_expect_not(hers->state.cancel_requested, "who did not ask for it keeps his orders");
  hbus_event event;
  cancel_stage_next(stage, HBUS_KIND_INFO, &event);
  cr_expect_str_eq(event.owner, "alice");
  cr_expect_eq(attendance_size(self), 0, "the wish is fulfilled");
  s_destroy(self, stage);
}

Test(attendance, rule_16_who_comes_back_in_time_keeps_its_orders) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  const order *order = cancel_stage_order(stage, "alice", "1", "up-1");
  s_join(self, "alice", 20);
  attendance_leave(self, "alice");
  s_join(self, "alice", 20);
  cancel_stage_let_pass(stage, 60);
  cr_expect_not(order->state.cancel_requested);
  s_destroy(self, stage);
}

Test(attendance, a_second_connection_of_the_name_keeps_it_there) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  const order *order = cancel_stage_order(stage, "alice", "1", "up-1");
  s_join(self, "alice", 5);
  s_join(self, "alice", 5);
  s_join_again(self, "alice", 5); /* a connection that says hello again is no third one */
  attendance_leave(self, "alice");
  cancel_stage_let_pass(stage, 30);
  cr_expect_not(order->state.cancel_requested);
  attendance_leave(self, "alice");
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  s_destroy(self, stage);
}

Test(attendance, who_asked_may_withdraw_it_or_ask_for_another_grace) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  const order *order = cancel_stage_order(stage, "alice", "1", "up-1");
  s_join(self, "alice", 5);
  s_join(self, "alice", 5);
  attendance_withdraw(self, "alice");
  cr_expect_eq(attendance_size(self), 1, "the other connection wishes it still");
  attendance_withdraw(self, "alice");
  cr_expect_eq(attendance_size(self), 0);
  s_join(self, "alice", 5);
  s_join_again(self, "alice", LONG_MS);
  attendance_leave(self, "alice");
  cancel_stage_let_pass(stage, 30);
  cr_expect_not(order->state.cancel_requested);
  s_destroy(self, stage);
}

Test(attendance, without_a_grace_the_configurations_holds) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  const order *order = cancel_stage_order(stage, "alice", "1", "up-1");
  s_join(self, "alice", 0);
  attendance_leave(self, "alice");
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  cr_expect(order->state.cancel_requested);
  s_destroy(self, stage);
}

Test(attendance, rule_16_after_a_restart_the_grace_begins) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  order *gone = cancel_stage_order(stage, "alice", "1", "up-1"), *back = cancel_stage_order(stage, "bob", "1", "up-2");
  journal_session alice = {.name = "alice", .cancel_on_disconnect = true, .grace_ms = 20};
  journal_session bob = {.name = "bob", .cancel_on_disconnect = true, .grace_ms = 20};
  cr_assert_eq(attendance_restore(self, &alice), HBUS_OK);
  cr_assert_eq(attendance_restore(self, &bob), HBUS_OK);
  s_join(self, "bob", 20);
  cancel_stage_wait(stage, HBUS_CANCEL_ORDER, 1);
  cr_expect(gone->state.cancel_requested);
  cr_expect_not(back->state.cancel_requested);
  s_destroy(self, stage);
}

Test(attendance, wishes_are_bounded) {
  cancel_stage *stage = cancel_stage_new(0);
  attendance *self = s_new(stage);
  char name[32];
  for (unsigned i = 0; i < LIMIT_ATTENDANCE; i++) {
    snprintf(name, sizeof name, "peer-%u", i);
    s_join(self, name, LONG_MS);
  }
  cr_expect_eq(attendance_join(self, "one more", false, LONG_MS), HBUS_OVERLOADED);
  cr_expect_eq(attendance_size(self), LIMIT_ATTENDANCE, "nothing was done");
  s_join_again(self, "peer-0", 5); /* one that wishes already may go on */
  attendance_withdraw(self, "peer-0");
  s_join(self, "one more", LONG_MS);
  s_destroy(self, stage);
}
