#include "tests/broker/cancel_stage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"

#define PATIENCE_MS 60000

cancel_stage *cancel_stage_new(uint64_t creates_per_second) {
  cancel_stage *self = calloc(1, sizeof *self);
  cr_assert_not_null(self);
  self->bus = event_stage_new();
  uv_loop_t *loop = &self->bus->loop;
  self->fake.config.upstream.rate_limit.creates_per_second = creates_per_second;
  self->fake.config.upstream.rate_limit.burst = 1;
  self->fake.config.upstream.rate_limit.queue_ms = PATIENCE_MS;
  self->fake.config.access.cancel_grace_ms = 5;
  fake_link_open(&self->fake, loop);
  self->questions = questions_new(loop, self->fake.link, &self->fake.config, &self->fake.counters);
  self->intake =
      intake_new(loop, self->bus->orders, self->bus->publisher, self->bus->fills, PATIENCE_MS, &self->fake.counters);
  const market_check_parts checks = {.config = &self->fake.config,
                                     .log = self->fake.log,
                                     .questions = self->questions,
                                     .publisher = self->bus->publisher,
                                     .fills = self->bus->fills,
                                     .intake = self->intake,
                                     .orders = self->bus->orders};
  self->reconcile = reconcile_new(loop, self->fake.link, &checks);
  const canceller_parts parts = {.log = self->fake.log,
                                 .counters = &self->fake.counters,
                                 .link = self->fake.link,
                                 .publisher = self->bus->publisher,
                                 .orders = self->bus->orders,
                                 .fills = self->bus->fills,
                                 .reconcile = self->reconcile};
  self->canceller = canceller_new(loop, &parts);
  cr_assert(self->questions && self->intake && self->reconcile && self->canceller);
  return self;
}

void cancel_stage_stop(cancel_stage *self) {
  canceller_stop(self->canceller);
  reconcile_stop(self->reconcile);
  questions_stop(self->questions);
  fake_link_close(&self->fake);
  questions_destroy(&self->questions);
  canceller_destroy(&self->canceller);
  reconcile_destroy(&self->reconcile);
  intake_destroy(&self->intake);
}

void cancel_stage_destroy(cancel_stage **self_p) {
  cancel_stage *self = *self_p;
  *self_p = NULL;
  if (self->canceller) cancel_stage_stop(self);
  event_stage_destroy(&self->bus);
  free(self);
}

static void s_on_wake(void *arg) {
  (void)arg;
}

order *cancel_stage_order(cancel_stage *self, const char *owner, const char *client_order_id, const char *order_id) {
  hbus_command create = {.kind = HBUS_CREATE_ORDER, .side = HBUS_BUY, .order_type = HBUS_LIMIT};
  snprintf(create.exchange, sizeof create.exchange, "binance");
  snprintf(create.market, sizeof create.market, "ETH-USDT");
  snprintf(create.client_order_id, sizeof create.client_order_id, "%s", client_order_id);
  hbus_decimal_parse("1.0", 3, &create.amount);
  hbus_decimal_parse("2000", 4, &create.price);
  order_table_on_change(self->bus->orders, s_on_wake, self);
  order *order = order_table_add_own(self->bus->orders, owner, &create);
  cr_assert_not_null(order);
  order->written = true;
  if (order_id[0]) cancel_stage_open_order(self, order, order_id);
  return order;
}

void cancel_stage_open_order(cancel_stage *self, order *order, const char *order_id) {
  hbus_order said = event_stage_order(order_id, HBUS_OPEN);
  order_table_merge(self->bus->orders, order, &said);
  order_table_set_outcome(self->bus->orders, order, HBUS_REPLY_OK, HBUS_OK, hbus_text_of(""));
}

static void s_on_changed(void *arg, order *order) {
  cancel_stage *self = arg;
  canceller_look(self->canceller, order);
}

void cancel_stage_turn(cancel_stage *self) {
  order_table_take_changed(self->bus->orders, s_on_changed, self);
  uv_run(&self->bus->loop, UV_RUN_ONCE);
}

static size_t s_count(const cancel_stage *self, hbus_command_kind kind) {
  size_t count = 0;
  for (size_t i = 0; i < fake_link_count(&self->fake); i++)
    count += fake_link_request(&self->fake, i)->kind == kind;
  return count;
}

void cancel_stage_wait(cancel_stage *self, hbus_command_kind kind, size_t count) {
  uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
  while (s_count(self, kind) < count) {
    cr_assert_lt(clock_monotonic_ms(), end_ms, "it was never sent");
    cancel_stage_turn(self);
  }
}

void cancel_stage_let_pass(cancel_stage *self, uint64_t ms) {
  for (uint64_t end_ms = clock_monotonic_ms() + ms; clock_monotonic_ms() < end_ms;)
    cancel_stage_turn(self);
}

size_t cancel_stage_cancels(const cancel_stage *self) {
  return s_count(self, HBUS_CANCEL_ORDER);
}

size_t cancel_stage_first(const cancel_stage *self) {
  size_t index = 0;
  while (fake_link_request(&self->fake, index)->kind != HBUS_CANCEL_ORDER)
    index++;
  return index;
}

void cancel_stage_next(cancel_stage *self, hbus_kind kind, hbus_event *out) {
  do {
    event_stage_next(self->bus, out);
  } while (out->kind != kind);
}
