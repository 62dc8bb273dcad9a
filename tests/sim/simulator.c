#include "tests/sim/simulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/request.h"

#define S_REQUEST_MAX   HBUS_FRAME_MAX
#define S_ANSWER_MAX    (16u * 1024 * 1024)
#define S_CATCH_UP_MS   1000 /* how far the random market may fall behind before it skips */
#define S_MS_PER_SECOND 1000

static hbus_status s_fill_markets(simulator *self) {
  world *all = &self->exchanges;
  self->crowds = calloc(all->market_count, sizeof *self->crowds);
  if (!self->crowds) return HBUS_NO_MEMORY;
  for (size_t i = 0; i < all->market_count; i++) {
    if (all->markets[i]->rules.recorded || all->markets[i]->rules.closed) continue;
    liquidity *crowd = &self->crowds[self->crowd_count++];
    liquidity_init(crowd, all->markets[i], self->options.seed, i);
    liquidity_fill(crowd);
  }
  return HBUS_OK;
}

/* The state is written before the ledger: what ended the simulator may have come between the two. */
static void s_catch_up(simulator *self) {
  const state_last *last = state_last_read(self->kept);
  const ledger_event events[] = {[STATE_PLACED] = LEDGER_CREATE, [STATE_CANCELLED] = LEDGER_CANCEL};
  if (last->news == STATE_NO_NEWS) return;
  if (last->news == STATE_FILLED) {
    if (!ledger_was_told(self->truth, LEDGER_FILL, last->about->id, last->fill.id))
      ledger_fill(self->truth, &last->fill, last->about);
  } else if (!ledger_was_told(self->truth, events[last->news], last->about->id, 0)) {
    ledger_order(self->truth, events[last->news], LEDGER_ACCEPTED, last->about);
  }
}

/* Goes on from what was before. */
static hbus_status s_remember(simulator *self, hbus_error *error) {
  hbus_status status = state_open(self->options.state_path, &self->exchanges, &self->kept, error);
  if (status != HBUS_OK) return status;
  self->events.kept = self->kept;
  s_catch_up(self);
  for (size_t i = 0; i < self->exchanges.exchange_count; i++)
    exchange_restore_books(self->exchanges.exchanges[i]);
  return HBUS_OK;
}

static void s_set_time(simulator *self, uint64_t now_ns) {
  self->now_ns = now_ns;
  self->events.now_ns = now_ns;
  world_set_time(&self->exchanges, now_ns);
  ledger_set_time(self->truth, now_ns);
}

hbus_status simulator_init(simulator *self, const simulator_options *options, hbus_error *error) {
  *self = (simulator){.options = *options, .faults = options->faults};
  hub_init(&self->sessions, &self->faults, options->seed);
  buffer_init(&self->answer, S_ANSWER_MAX);
  feed_init(&self->events, &self->sessions, !options->no_client_ids);
  exchange_listener listener = feed_listener(&self->events);
  world_init(&self->exchanges, &listener, options->first_id);

  hbus_status status = ledger_open(options->ledger_path, &self->truth, error);
  self->events.truth = self->sessions.truth = self->truth;
  if (status == HBUS_OK && options->replay.path)
    status = replay_open(&options->replay, &self->exchanges, &self->recording, error);
  if (status != HBUS_OK) goto out;
  status = world_add_defaults(&self->exchanges);
  s_set_time(self, options->start_ns);
  if (status == HBUS_OK) status = feed_open(&self->events, self->exchanges.market_count);
  if (status == HBUS_OK && options->state_path) status = s_remember(self, error);
  if (status == HBUS_INVALID_REQUEST) goto out;
  if (status == HBUS_OK) status = s_fill_markets(self);
  if (status == HBUS_OK && !(self->reader = json_reader_new(S_REQUEST_MAX))) status = HBUS_NO_MEMORY;
  if (status != HBUS_OK) hbus_fail(error, status, "out of memory");

out:
  if (status != HBUS_OK) simulator_free(self);
  return status;
}

void simulator_free(simulator *self) {
  hub_free(&self->sessions);
  feed_free(&self->events);
  world_free(&self->exchanges);
  replay_close(&self->recording);
  ledger_close(&self->truth);
  state_close(&self->kept);
  backlog_free(&self->kept_requests);
  json_reader_destroy(&self->reader);
  buffer_free(&self->answer);
  free(self->crowds);
  *self = (simulator){0};
}

void simulator_step(simulator *self) {
  for (size_t i = 0; i < self->crowd_count; i++)
    liquidity_step(&self->crowds[i]);
}

/* Does the steps that are due, and returns when the next one is. */
static uint64_t s_step_due(simulator *self, uint64_t now_ms) {
  if (self->options.rate == 0 || self->recording) return UINT64_MAX;
  if (self->stepped_ms == 0 || now_ms > self->stepped_ms + S_CATCH_UP_MS) self->stepped_ms = now_ms;
  uint64_t due = (now_ms - self->stepped_ms) * self->options.rate / S_MS_PER_SECOND;
  for (uint64_t step = 0; step < due; step++)
    simulator_step(self);
  self->stepped_ms += due * S_MS_PER_SECOND / self->options.rate;
  uint64_t next_ms = self->stepped_ms + (S_MS_PER_SECOND + self->options.rate - 1) / self->options.rate;
  return next_ms > now_ms ? next_ms - now_ms : 1;
}

/* --- faults --- */

bool simulator_is_up(const simulator *self) {
  return self->up_at_ms == 0;
}

hbus_status simulator_set_fault(simulator *self, const char *spec, hbus_error *error) {
  hbus_status status = fault_parse(&self->faults, spec, error);
  if (status != HBUS_OK) return status;
  ledger_note(self->truth, LEDGER_FAULT, "set", spec);
  hub_on_faults(&self->sessions);
  return HBUS_OK;
}

size_t simulator_clear_faults(simulator *self, const char *name) {
  size_t count = fault_clear(&self->faults, name);
  /* One that is under way ends as well. */
  if (!simulator_is_up(self) && (!name || strncmp(name, "restart", strlen("restart")) == 0))
    self->up_at_ms = self->now_ms;
  ledger_note(self->truth, LEDGER_FAULT, "cleared", name ? name : "all");
  hub_on_faults(&self->sessions);
  request_handle_kept(self);
  return count;
}

/* Hummingbot ends, and comes back. The exchanges behind it go on trading meanwhile: what still stands in their books
 * may be filled, and nobody is told. */
static void s_restart(simulator *self, const restart_plan *plan) {
  char detail[64];
  snprintf(detail, sizeof detail, "down for %llu ms", (unsigned long long)plan->down_ms);
  ledger_note(self->truth, LEDGER_RESTART, plan->orders_lost ? "orders lost" : "orders kept", detail);
  hub_cut_all(&self->sessions, "restart");
  backlog_free(&self->kept_requests);
  if (plan->orders_lost) state_forget(self->kept);
  for (size_t i = 0; plan->orders_lost && i < self->exchanges.exchange_count; i++)
    exchange_forget_orders(self->exchanges.exchanges[i]);
  self->restarts++;
  self->up_at_ms = self->now_ms + plan->down_ms;
}

/* Returns when to look again. */
static uint64_t s_restart_due(simulator *self) {
  restart_plan plan;
  if (self->up_at_ms && self->now_ms >= self->up_at_ms) {
    self->up_at_ms = 0;
    ledger_note(self->truth, LEDGER_RESTART, "up", "");
  }
  if (!self->up_at_ms && fault_take_restart(&self->faults, &plan)) s_restart(self, &plan);
  return self->up_at_ms ? self->up_at_ms - self->now_ms : UINT64_MAX;
}

static uint64_t s_earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

uint64_t simulator_tick(simulator *self, uint64_t now_ns, uint64_t now_ms) {
  self->now_ms = now_ms;
  s_set_time(self, now_ns);
  uint64_t wait_ms = hub_tick(&self->sessions, now_ms);
  wait_ms = s_earlier(wait_ms, s_step_due(self, now_ms));
  if (self->recording) wait_ms = s_earlier(wait_ms, replay_tick(self->recording, &self->sessions, now_ms));
  return s_earlier(wait_ms, s_restart_due(self));
}
