/* The life of a link: every event in every phase. */
#include <criterion/criterion.h>

#include "broker/link/link_state.h"

static link_state s_state(void) {
  link_state state;
  link_state_init(&state, 100, 1000, 60000);
  return state;
}

static const link_event s_way_up[] = {LINK_EVENT_START, LINK_EVENT_OPENED, LINK_EVENT_ACCEPTED, LINK_EVENT_RESUBSCRIBED,
                                      LINK_EVENT_RECONCILED};

/* The machine in a phase, reached by the way up (or, for waiting, by falling once). */
static link_state s_in(link_phase phase) {
  link_state state = s_state();
  if (phase == LINK_PHASE_WAITING) {
    link_state_take(&state, LINK_EVENT_START, 0, 0);
    link_state_take(&state, LINK_EVENT_CLOSED, 0, 0);
  }
  for (size_t i = 0; state.phase != phase; i++)
    link_state_take(&state, s_way_up[i], 0, 0);
  return state;
}

Test(link_state, the_way_up) {
  static const struct {
    link_event event;
    unsigned actions;
    link_phase phase;
    hbus_link_status status;
    bool open;
  } steps[] = {
      {LINK_EVENT_START, LINK_DO_CONNECT | LINK_DO_TELL, LINK_PHASE_OPENING, HBUS_LINK_CONNECTING, false},
      {LINK_EVENT_OPENED, LINK_DO_AUTHENTICATE, LINK_PHASE_AUTHENTICATING, HBUS_LINK_CONNECTING, false},
      {LINK_EVENT_ACCEPTED, LINK_DO_RESUBSCRIBE, LINK_PHASE_RESUBSCRIBING, HBUS_LINK_CONNECTING, true},
      {LINK_EVENT_RESUBSCRIBED, LINK_DO_RECONCILE, LINK_PHASE_RECONCILING, HBUS_LINK_CONNECTING, true},
      {LINK_EVENT_RECONCILED, LINK_DO_TELL, LINK_PHASE_UP, HBUS_LINK_CONNECTED, true},
  };
  link_state state = s_state();
  cr_expect_eq(link_state_status(&state), HBUS_LINK_DISCONNECTED);
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    link_step step = link_state_take(&state, steps[i].event, 0, 0);
    cr_expect_eq(step.actions, steps[i].actions, "%zu", i);
    cr_expect_eq(state.phase, steps[i].phase, "%zu", i);
    cr_expect_eq(link_state_status(&state), steps[i].status, "%zu", i);
    cr_expect_eq(link_state_is_open(&state), steps[i].open, "%zu", i);
  }
}

Test(link_state, the_way_down_is_the_same_from_everywhere) {
  for (link_phase phase = LINK_PHASE_OPENING; phase <= LINK_PHASE_UP; phase++) {
    link_state state = s_in(phase);
    link_step step = link_state_take(&state, LINK_EVENT_CLOSED, 0, 0);
    cr_expect_eq(step.actions, LINK_DO_WAIT | LINK_DO_TELL, "%s", link_phase_name(phase));
    cr_expect_eq(state.phase, LINK_PHASE_WAITING);
    cr_expect_eq(link_state_status(&state), HBUS_LINK_DISCONNECTED);
    step = link_state_take(&state, LINK_EVENT_TIMER, 0, 0);
    cr_expect_eq(step.actions, LINK_DO_CONNECT | LINK_DO_TELL);
  }
}

Test(link_state, what_a_phase_does_not_expect_changes_nothing) {
  static const unsigned expected[LINK_PHASE_COUNT] = {
      [LINK_PHASE_STOPPED] = 1u << LINK_EVENT_START,
      [LINK_PHASE_WAITING] = 1u << LINK_EVENT_TIMER,
      [LINK_PHASE_OPENING] = 1u << LINK_EVENT_OPENED | 1u << LINK_EVENT_CLOSED,
      [LINK_PHASE_AUTHENTICATING] = 1u << LINK_EVENT_ACCEPTED | 1u << LINK_EVENT_REFUSED | 1u << LINK_EVENT_CLOSED,
      [LINK_PHASE_RESUBSCRIBING] = 1u << LINK_EVENT_RESUBSCRIBED | 1u << LINK_EVENT_CLOSED,
      [LINK_PHASE_RECONCILING] = 1u << LINK_EVENT_RECONCILED | 1u << LINK_EVENT_CLOSED,
      [LINK_PHASE_UP] = 1u << LINK_EVENT_CLOSED,
  };
  for (link_phase phase = LINK_PHASE_STOPPED; phase < LINK_PHASE_COUNT; phase++) {
    for (link_event event = LINK_EVENT_START; event < LINK_EVENT_STOP; event++) {
      link_state state = s_in(phase);
      link_step step = link_state_take(&state, event, 0, 0);
      if (expected[phase] & 1u << event) {
        cr_expect_neq(step.actions, 0u, "%s %d", link_phase_name(phase), (int)event);
      } else {
        cr_expect_eq(step.actions, 0u, "%s %d", link_phase_name(phase), (int)event);
        cr_expect_eq(state.phase, phase);
      }
    }
  }
}

Test(link_state, a_refused_key_waits_longer_and_says_error) {
  link_state state = s_in(LINK_PHASE_AUTHENTICATING);
  cr_expect_eq(link_state_take(&state, LINK_EVENT_REFUSED, 0, 0).actions, (unsigned)LINK_DO_CLOSE);
  link_step step = link_state_take(&state, LINK_EVENT_CLOSED, 0, UINT32_MAX);
  cr_expect_gt(step.delay_ms, 59000);
  cr_expect_eq(link_state_status(&state), HBUS_LINK_ERROR);
  link_state_take(&state, LINK_EVENT_TIMER, 0, 0);
  link_state_take(&state, LINK_EVENT_OPENED, 0, 0);
  link_state_take(&state, LINK_EVENT_ACCEPTED, 0, 0);
  step = link_state_take(&state, LINK_EVENT_CLOSED, 0, 0);
  cr_expect_leq(step.delay_ms, 1000, "accepted, then lost: a lost network again");
  cr_expect_eq(link_state_status(&state), HBUS_LINK_DISCONNECTED);
}

Test(link_state, waits_grow_until_the_link_has_stood_for_a_while) {
  link_state state = s_state();
  link_state_take(&state, LINK_EVENT_START, 0, 0);
  uint64_t last_ms = 0;
  for (int i = 0; i < 4; i++) {
    link_step step = link_state_take(&state, LINK_EVENT_CLOSED, 0, 0);
    cr_expect_gt(step.delay_ms, last_ms);
    last_ms = step.delay_ms;
    link_state_take(&state, LINK_EVENT_TIMER, 0, 0);
  }
  for (size_t i = 1; i < 5; i++)
    link_state_take(&state, s_way_up[i], 5000, 0);
  cr_assert_eq(state.phase, LINK_PHASE_UP);
  cr_expect_geq(link_state_take(&state, LINK_EVENT_CLOSED, 5999, 0).delay_ms, last_ms, "it fell at once");
  link_state_take(&state, LINK_EVENT_TIMER, 0, 0);
  for (size_t i = 1; i < 5; i++)
    link_state_take(&state, s_way_up[i], 7000, 0);
  cr_expect_leq(link_state_take(&state, LINK_EVENT_CLOSED, 8000, 0).delay_ms, 100, "it stood for a second");
}

Test(link_state, stop_is_for_ever) {
  for (link_phase phase = LINK_PHASE_STOPPED; phase < LINK_PHASE_COUNT; phase++) {
    link_state state = s_in(phase);
    link_state_take(&state, LINK_EVENT_STOP, 0, 0);
    cr_expect_eq(state.phase, LINK_PHASE_STOPPED);
    cr_expect_eq(link_state_take(&state, LINK_EVENT_CLOSED, 0, 0).actions, 0u);
  }
}
