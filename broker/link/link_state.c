#include "broker/link/link_state.h"

#include "broker/link/backoff.h"

/* The way up, and what to do on entering each phase of it. The way down is the same from everywhere. */
typedef struct rise {
  link_phase from;
  link_event event;
  link_phase to;
  unsigned actions;
} rise;

static const rise s_rises[] = {
    {LINK_PHASE_STOPPED, LINK_EVENT_START, LINK_PHASE_OPENING, LINK_DO_CONNECT},
    {LINK_PHASE_WAITING, LINK_EVENT_TIMER, LINK_PHASE_OPENING, LINK_DO_CONNECT},
    {LINK_PHASE_OPENING, LINK_EVENT_OPENED, LINK_PHASE_AUTHENTICATING, LINK_DO_AUTHENTICATE},
    {LINK_PHASE_AUTHENTICATING, LINK_EVENT_ACCEPTED, LINK_PHASE_RESUBSCRIBING, LINK_DO_RESUBSCRIBE},
    {LINK_PHASE_RESUBSCRIBING, LINK_EVENT_RESUBSCRIBED, LINK_PHASE_RECONCILING, LINK_DO_RECONCILE},
    {LINK_PHASE_RECONCILING, LINK_EVENT_RECONCILED, LINK_PHASE_UP, 0},
};

void link_state_init(link_state *self, uint64_t reconnect_min_ms, uint64_t reconnect_max_ms,
                     uint64_t refused_retry_ms) {
  *self = (link_state){
      .reconnect_min_ms = reconnect_min_ms, .reconnect_max_ms = reconnect_max_ms, .refused_retry_ms = refused_retry_ms};
}

/* A link that falls again as soon as it is up has not come back: its attempts go on counting. */
static link_step s_fall(link_state *self, uint64_t now_ms, uint32_t random) {
  if (self->phase == LINK_PHASE_UP && now_ms - self->up_since_ms >= self->reconnect_max_ms) self->attempt = 0;
  self->phase = LINK_PHASE_WAITING;
  uint64_t delay_ms = self->refused
                          ? backoff_delay_ms(self->refused_retry_ms, self->refused_retry_ms, 0, random)
                          : backoff_delay_ms(self->reconnect_min_ms, self->reconnect_max_ms, self->attempt, random);
  self->attempt++;
  return (link_step){.actions = LINK_DO_WAIT, .delay_ms = delay_ms};
}

static link_step s_take(link_state *self, link_event event, uint64_t now_ms, uint32_t random) {
  for (size_t i = 0; i < sizeof s_rises / sizeof *s_rises; i++) {
    const rise *rise = &s_rises[i];
    if (rise->from != self->phase || rise->event != event) continue;
    self->phase = rise->to;
    if (event == LINK_EVENT_ACCEPTED) self->refused = false;
    if (rise->to == LINK_PHASE_UP) self->up_since_ms = now_ms;
    return (link_step){.actions = rise->actions};
  }
  if (event == LINK_EVENT_REFUSED && self->phase == LINK_PHASE_AUTHENTICATING) {
    self->refused = true;
    return (link_step){.actions = LINK_DO_CLOSE};
  }
  if (event == LINK_EVENT_CLOSED && self->phase >= LINK_PHASE_OPENING) return s_fall(self, now_ms, random);
  if (event == LINK_EVENT_STOP) self->phase = LINK_PHASE_STOPPED;
  return (link_step){0};
}

link_step link_state_take(link_state *self, link_event event, uint64_t now_ms, uint32_t random) {
  hbus_link_status before = link_state_status(self);
  link_step step = s_take(self, event, now_ms, random);
  if (link_state_status(self) != before) step.actions |= LINK_DO_TELL;
  return step;
}

hbus_link_status link_state_status(const link_state *self) {
  switch (self->phase) {
  case LINK_PHASE_STOPPED: return HBUS_LINK_DISCONNECTED;
  case LINK_PHASE_WAITING: return self->refused ? HBUS_LINK_ERROR : HBUS_LINK_DISCONNECTED;
  case LINK_PHASE_UP: return HBUS_LINK_CONNECTED;
  default: return HBUS_LINK_CONNECTING;
  }
}

bool link_state_is_open(const link_state *self) {
  return self->phase >= LINK_PHASE_RESUBSCRIBING;
}

const char *link_phase_name(link_phase phase) {
  static const char *const names[LINK_PHASE_COUNT] = {"stopped",       "waiting",     "opening", "authenticating",
                                                      "resubscribing", "reconciling", "up"};
  return names[phase];
}
