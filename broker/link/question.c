#include "broker/link/question.h"

#include <stdlib.h>

#include "broker/clock.h"
#include "broker/link/backoff.h"
#include "broker/timer.h"

#define PAUSE_MIN_MS 250
#define PAUSE_MAX_MS 4000

typedef struct question {
  questions *all;
  hbus_command what;
  hbus_name owner;
  question_fn *done;
  void *arg;
  unsigned attempts; /* made */
  unsigned requests; /* that the link still has an outcome for */
  bool answered;     /* `done` has been called */
  bool waiting;      /* in the list, for its next attempt */
  uint64_t due_ms;
  struct question *next;
} question;

struct questions {
  upstream_link *link;
  const config *config;
  counters *counters;
  uv_timer_t timer;
  question *waiting;
  bool stopped;
};

static void s_on_outcome(void *arg, const link_outcome *outcome);

static void s_free_when_over(question *self) {
  if (self->answered && self->requests == 0 && !self->waiting) free(self);
}

static void s_finish(question *self, const link_outcome *outcome) {
  self->answered = true;
  self->done(self->arg, outcome);
}

/* Waiting for the next attempt ------------------------------------------------------------------------------------- */

static void s_on_timer(uv_timer_t *timer);

static void s_set_timer(questions *all) {
  uint64_t due_ms = UINT64_MAX;
  for (const question *question = all->waiting; question; question = question->next) {
    if (question->due_ms < due_ms) due_ms = question->due_ms;
  }
  uv_timer_stop(&all->timer);
  if (due_ms == UINT64_MAX) return;
  timer_start_at(&all->timer, s_on_timer, due_ms);
}

static void s_wait(question *self) {
  uint32_t random = 0;
  uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
  self->due_ms = clock_monotonic_ms() + backoff_delay_ms(PAUSE_MIN_MS, PAUSE_MAX_MS, self->attempts - 1, random);
  self->waiting = true;
  self->next = self->all->waiting;
  self->all->waiting = self;
  s_set_timer(self->all);
}

static bool s_may_retry(const question *self) {
  if (self->all->stopped || self->attempts > self->all->config->upstream.retry_attempts) return false;
  return !self->what.expires_ms || self->what.expires_ms > clock_real_ms();
}

static void s_fail(question *self, const link_outcome *outcome) {
  if (s_may_retry(self)) {
    s_wait(self);
  } else {
    s_finish(self, outcome);
  }
}

static void s_ask_again(question *self) {
  self->waiting = false;
  if (self->answered) return; /* a late answer came while it waited */
  self->attempts++;
  self->all->counters->upstream_retries++;
  if (link_request(self->all->link, &self->what, self->owner, "", s_on_outcome, self)) {
    s_fail(self, &(link_outcome){.result = LINK_LOST});
  } else {
    self->requests++;
  }
}

/* The list is taken apart first: asking may put questions into it. */
static question *s_take_due(questions *all, uint64_t now_ms) {
  question *due = NULL;
  for (question **at = &all->waiting; *at;) {
    question *question = *at;
    if (question->due_ms > now_ms) {
      at = &question->next;
      continue;
    }
    *at = question->next;
    question->next = due;
    due = question;
  }
  return due;
}

static void s_on_timer(uv_timer_t *timer) {
  questions *all = timer->data;
  for (question *due = s_take_due(all, clock_monotonic_ms()), *next; due; due = next) {
    next = due->next;
    s_ask_again(due);
    s_free_when_over(due);
  }
  s_set_timer(all);
}

/* Outcomes --------------------------------------------------------------------------------------------------------- */

/* Whether an answer says no more than "not now". */
static bool s_is_passing(const link_outcome *outcome) {
  return outcome->answer->code == HBUS_TIMEOUT || outcome->answer->code == HBUS_RATE_LIMITED;
}

static void s_on_outcome(void *arg, const link_outcome *outcome) {
  question *self = arg;
  bool final = outcome->result != LINK_TIMED_OUT;
  if (final) self->requests--;
  if (!self->answered) {
    if (outcome->result == LINK_UNREADABLE || outcome->result == LINK_NOT_SENT ||
        (outcome->result == LINK_ANSWERED && !s_is_passing(outcome))) {
      s_finish(self, outcome);
    } else if (!self->waiting && !outcome->late) {
      s_fail(self, outcome);
    }
  }
  s_free_when_over(self);
}

hbus_status questions_ask(questions *self, const hbus_command *what, const char *owner, question_fn *done, void *arg) {
  question *question = calloc(1, sizeof *question);
  if (!question) return HBUS_OVERLOADED;
  question->all = self;
  question->what = *what;
  snprintf(question->owner, sizeof question->owner, "%s", owner);
  question->done = done;
  question->arg = arg;
  question->attempts = question->requests = 1;
  hbus_status status = link_request(self->link, &question->what, owner, "", s_on_outcome, question);
  if (status) free(question);
  return status;
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

questions *questions_new(uv_loop_t *loop, upstream_link *link, const config *config, counters *counters) {
  questions *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->link = link;
  self->config = config;
  self->counters = counters;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

void questions_stop(questions *self) {
  self->stopped = true;
  for (question *due = s_take_due(self, UINT64_MAX), *next; due; due = next) {
    next = due->next;
    due->waiting = false;
    if (!due->answered) s_finish(due, &(link_outcome){.result = LINK_LOST});
    s_free_when_over(due);
  }
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void questions_destroy(questions **self_p) {
  questions *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
