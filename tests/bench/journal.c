/* A commit of the journal alone: one order is put and asked for in a turn of its own, as a create does.
 *
 *   bench_journal CONFIG COUNT
 *
 * Opens the journal that the configuration names, and commits COUNT times, one after the other. Prints a line for each
 * time: its nanoseconds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/journal.h"
#include "tests/bench/resting_order.h"
#include "tests/bench/samples.h"

#define WARM_UP 16 /* commits that are not measured */

typedef struct bench {
  uv_loop_t loop;
  config *config;
  counters counters;
  logger *log;
  journal *journal;
  journal_order order;
  bool is_done;
} bench;

static bool s_open(bench *self, const char *path) {
  hbus_error error;
  uv_loop_init(&self->loop);
  self->log = log_new(stderr, LOG_LEVEL_ERROR, LOG_TEXT);
  hbus_status status = config_load(path, getenv, &self->config, &error);
  if (status == HBUS_OK) {
    journal_options options = {
        .loop = &self->loop, .config = self->config, .log = self->log, .counters = &self->counters};
    status = journal_open(&self->journal, &options, &error);
  }
  if (status != HBUS_OK) fprintf(stderr, "bench_journal: %s\n", error.text);
  return status == HBUS_OK;
}

static void s_close(bench *self) {
  journal_close(&self->journal);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  uv_loop_close(&self->loop);
  log_destroy(&self->log);
  config_destroy(&self->config);
}

/* What the broker knows of an order when it writes its intent. */
static void s_fill_order(journal_order *order) {
  hbus_order *state = &order->state;
  snprintf(state->exchange, sizeof state->exchange, RESTING_ORDER_EXCHANGE);
  snprintf(state->market, sizeof state->market, RESTING_ORDER_MARKET);
  snprintf(state->owner, sizeof state->owner, "bench");
  state->side = HBUS_BUY;
  state->order_type = HBUS_LIMIT;
  state->status = HBUS_PENDING;
  state->rev = 1;
  hbus_decimal_parse(RESTING_ORDER_AMOUNT, strlen(RESTING_ORDER_AMOUNT), &state->amount);
  hbus_decimal_parse(RESTING_ORDER_PRICE, strlen(RESTING_ORDER_PRICE), &state->price);
  order->asked = (hbus_command){.kind = HBUS_CREATE_ORDER,
                                .side = state->side,
                                .order_type = state->order_type,
                                .amount = state->amount,
                                .price = state->price};
  memcpy(order->asked.exchange, state->exchange, sizeof state->exchange);
  memcpy(order->asked.market, state->market, sizeof state->market);
}

static void s_number_order(journal_order *order, uint64_t number) {
  snprintf(order->upstream_id, sizeof order->upstream_id, "bench-%" PRIu64, number);
  snprintf(order->state.client_order_id, sizeof order->state.client_order_id, "create-%" PRIu64, number);
  memcpy(order->asked.id, order->state.client_order_id, sizeof order->asked.id);
  memcpy(order->asked.client_order_id, order->state.client_order_id, sizeof order->asked.client_order_id);
  order->intent_ns = order->updated_ns = order->state.created_at_ns = number;
}

static void s_on_safe(void *arg, hbus_status status) {
  bench *self = arg;
  if (status != HBUS_OK) {
    fprintf(stderr, "bench_journal: a commit failed: %s\n", hbus_status_text(status));
    exit(EXIT_FAILURE);
  }
  self->is_done = true;
}

static uint64_t s_commit(bench *self, uint64_t number) {
  s_number_order(&self->order, number);
  self->is_done = false;
  uint64_t start_ns = samples_now_ns();
  journal_put_order(self->journal, &self->order);
  journal_when(self->journal, s_on_safe, self);
  while (!self->is_done)
    uv_run(&self->loop, UV_RUN_ONCE);
  return samples_now_ns() - start_ns;
}

int main(int argc, char *argv[]) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s CONFIG COUNT\n", argv[0]);
    return 2;
  }
  bench self = {0};
  samples commits = {0};
  if (!s_open(&self, argv[1])) return EXIT_FAILURE;
  s_fill_order(&self.order);
  size_t count = strtoul(argv[2], NULL, 10);
  uint64_t first = journal_this_start(self.journal)->epoch; /* another one each time */
  for (size_t i = 0; i < WARM_UP + count; i++)
    samples_add(&commits, s_commit(&self, first + i));
  s_close(&self);
  for (size_t i = WARM_UP; i < commits.count; i++)
    printf("%" PRIu64 "\n", commits.items[i]);
  samples_free(&commits);
  return EXIT_SUCCESS;
}
