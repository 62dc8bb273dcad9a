#include "tests/sim/hub.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct held_answer {
  session *to;
  message *answer;
  uint64_t due_ms;
  held_answer *next;
};

void hub_init(hub *self, fault_list *faults, uint64_t seed) {
  *self = (hub){.faults = faults};
  random_init(&self->random, seed, UINT64_MAX);
  random_init(&self->cuts, seed, UINT64_MAX - 1);
}

static void s_drop_held(held_answer *dropped) {
  message_drop(dropped->answer);
  free(dropped);
}

/* Drops what a list holds for one session, or for all (NULL). Returns how many. */
static size_t s_drop_for(held_answer **list, const session *to) {
  size_t count = 0;
  while (*list) {
    held_answer *at = *list;
    if (!to || at->to == to) {
      *list = at->next;
      s_drop_held(at);
      count++;
    } else {
      list = &at->next;
    }
  }
  return count;
}

void hub_free(hub *self) {
  s_drop_for(&self->held, NULL);
  s_drop_for(&self->pool, NULL);
  while (self->sessions) {
    session *gone = self->sessions;
    self->sessions = gone->next;
    session_destroy(&gone);
  }
}

static void s_tell(const hub *self, const char *outcome, const session *about, const char *detail) {
  ledger_connection(self->truth, outcome, about->number, detail);
}

/* Does to a session what the faults have for one that got so many frames. */
static void s_meet_fate(hub *self, session *met) {
  unsigned code = 0;
  session_fate fate = fault_fate(self->faults, met->sent_total, &code);
  if (fate == FATE_GOES_ON || !session_takes(met)) return;
  if (fate == FATE_CUT) {
    hub_cut(self, met, SESSION_CUT, "after a frame");
  } else if (fate == FATE_CLOSED) {
    s_tell(self, "closed", met, "with a code");
    session_close(met, code, "a fault");
  } else {
    bool silent = fate == FATE_SILENT;
    s_tell(self, "muted", met, silent ? "silent" : "half-open");
    session_silence(met, silent ? SESSION_SILENT : SESSION_HALF_OPEN);
  }
}

session *hub_add(hub *self, void (*wake)(void *arg), void *wake_arg) {
  if (self->session_count == HUB_SESSIONS_MAX) return NULL;
  session *added = session_new(self->opened + 1, wake, wake_arg);
  if (!added) return NULL;
  self->opened++;
  self->session_count++;
  /* At the end, so that sessions hear of things in the order in which they came. */
  session **link = &self->sessions;
  while (*link)
    link = &(*link)->next;
  *link = added;
  s_tell(self, "opened", added, "");
  s_meet_fate(self, added);
  return added;
}

void hub_remove(hub *self, session **removed) {
  session **link = &self->sessions;
  while (*link && *link != *removed)
    link = &(*link)->next;
  assert(*link);
  *link = (*removed)->next;
  self->session_count--;
  self->held_count -= s_drop_for(&self->held, *removed);
  self->pool_count -= s_drop_for(&self->pool, *removed);
  s_tell(self, "ended", *removed, "");
  session_destroy(removed);
}

/* --- faults --- */

void hub_cut(hub *self, session *ended, session_state how, const char *where) {
  if (ended->state < SESSION_CUT) {
    self->cut++;
    s_tell(self, "cut", ended, where);
  }
  session_cut(ended, how);
}

size_t hub_cut_all(hub *self, const char *where) {
  size_t count = 0;
  for (session *open = self->sessions; open; open = open->next) {
    if (open->state == SESSION_ABORTED) continue;
    hub_cut(self, open, SESSION_ABORTED, where);
    count++;
  }
  return count;
}

cut_point hub_receive(hub *self, const session *from) {
  self->received++;
  return session_takes(from) ? fault_cut_request(self->faults, &self->cuts) : CUT_NONE;
}

void hub_on_faults(hub *self) {
  for (session *open = self->sessions; open; open = open->next) {
    open->sent_total = 0;
    s_meet_fate(self, open);
  }
}

/* --- sending --- */

static void s_push_text(session *to, const char *text) {
  message *pushed = message_new(text, strlen(text));
  if (pushed) session_push(to, pushed);
  message_drop(pushed);
}

static void s_send_with_faults(hub *self, session *to, message *sent) {
  frame_plan plan = fault_plan_frame(self->faults, to->sent_total);
  for (size_t i = 0; i < plan.before_count; i++)
    s_push_text(to, plan.before[i]);
  session_push(to, sent);
  if (fault_cut_frame(self->faults, &self->cuts))
    hub_cut(self, to, SESSION_TORN, "in a frame");
  else
    s_meet_fate(self, to);
}

void hub_send(hub *self, session *to, message *sent) {
  if (!session_takes(to)) return;
  to->sent_total++;
  self->sent++;
  if (self->faults->count > 0)
    s_send_with_faults(self, to, sent);
  else
    session_push(to, sent);
}

void hub_send_replayed(hub *self, session *to, message *sent) {
  to->replayed++;
  hub_send(self, to, sent);
}

/* Puts an answer among those that wait, behind all that are due no later. */
static void s_hold(hub *self, held_answer *waiting) {
  held_answer **link = &self->held;
  while (*link && (*link)->due_ms <= waiting->due_ms)
    link = &(*link)->next;
  waiting->next = *link;
  *link = waiting;
  self->held_count++;
}

static void s_flush_pool(hub *self) {
  while (self->pool_count > 0) {
    held_answer **link = &self->pool;
    for (uint64_t skip = random_below(&self->random, self->pool_count); skip > 0; skip--)
      link = &(*link)->next;
    held_answer *drawn = *link;
    *link = drawn->next;
    self->pool_count--;
    hub_send(self, drawn->to, drawn->answer);
    s_drop_held(drawn);
  }
}

static void s_collect(hub *self, held_answer *waiting, uint64_t enough) {
  if (self->pool_count == 0) self->pool_due_ms = self->now_ms + HUB_SHUFFLE_HOLD_MS;
  waiting->next = self->pool;
  self->pool = waiting;
  self->pool_count++;
  if (self->pool_count >= enough) s_flush_pool(self);
}

/* One copy of an answer, as planned. What cannot be held for want of memory or room is lost, as a fault would have it.
 */
static void s_answer_once(hub *self, session *to, message *answer, const answer_plan *plan) {
  if (plan->delay_ms == 0 && plan->shuffle == 0) {
    hub_send(self, to, answer);
    return;
  }
  held_answer *waiting = self->held_count + self->pool_count < HUB_HELD_MAX ? malloc(sizeof *waiting) : NULL;
  if (!waiting) return;
  *waiting = (held_answer){.to = to, .answer = message_keep(answer), .due_ms = self->now_ms + plan->delay_ms};
  if (plan->delay_ms > 0)
    s_hold(self, waiting);
  else
    s_collect(self, waiting, plan->shuffle);
}

void hub_answer(hub *self, session *to, const char *type, message *answer) {
  static const char garbage[] = "{\"id\": this was an answer";
  answer_plan plan = fault_plan_answer(self->faults, type);
  message *sent = plan.garbage ? message_new(garbage, sizeof garbage - 1) : message_keep(answer);
  if (plan.stranger_before) s_push_text(to, "{\"id\":\"never-issued\",\"status\":\"success\",\"data\":{}}");
  for (unsigned copy = 0; sent && copy < plan.copies; copy++)
    s_answer_once(self, to, sent, &plan);
  message_drop(sent);
}

void hub_broadcast(hub *self, message *sent) {
  for (session *to = self->sessions; to; to = to->next) {
    if (to->authenticated) hub_send(self, to, sent);
  }
}

bool hub_wanted(const hub *self, size_t market, hbus_channel channel) {
  for (const session *to = self->sessions; to; to = to->next) {
    if (session_wants(to, market, channel)) return true;
  }
  return false;
}

size_t hub_subscriptions(const hub *self) {
  size_t count = 0;
  for (const session *to = self->sessions; to; to = to->next)
    count += to->subscriptions;
  return count;
}

void hub_publish(hub *self, size_t market, hbus_channel channel, message *sent) {
  for (session *to = self->sessions; to; to = to->next) {
    if (session_wants(to, market, channel)) hub_send(self, to, sent);
  }
}

void hub_greet(hub *self, session *to) {
  message *greetings[FAULT_COUNT_MAX];
  size_t count = fault_greet(self->faults, greetings);
  for (size_t i = 0; i < count; i++) {
    session_push(to, greetings[i]);
    message_drop(greetings[i]);
  }
}

uint64_t hub_tick(hub *self, uint64_t now_ms) {
  self->now_ms = now_ms;
  while (self->held && self->held->due_ms <= now_ms) {
    held_answer *due = self->held;
    self->held = due->next;
    self->held_count--;
    hub_send(self, due->to, due->answer);
    s_drop_held(due);
  }
  if (self->pool_count > 0 && self->pool_due_ms <= now_ms) s_flush_pool(self);
  uint64_t wait_ms = self->held ? self->held->due_ms - now_ms : UINT64_MAX;
  if (self->pool_count > 0 && self->pool_due_ms - now_ms < wait_ms) wait_ms = self->pool_due_ms - now_ms;
  return wait_ms;
}
