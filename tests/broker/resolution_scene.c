#include "tests/broker/resolution_scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define S_MARKET "ETH-USDT"

void scene_init(scene *self) {
  memset(self, 0, sizeof *self);
  self->question = (resolution_question){.unknowns = self->unknowns,
                                         .listed = self->listed,
                                         .instance = SCENE_INSTANCE,
                                         .ids = RESOLUTION_IDS_DROPPED,
                                         .exclusive = true,
                                         .clock_slack_ms = RESOLUTION_CLOCK_SLACK_MS};
}

uint64_t scene_time_ns(int64_t at_ms) {
  return (SCENE_START_MS + (uint64_t)at_ms) * 1000000;
}

hbus_decimal scene_decimal(const char *text) {
  hbus_decimal decimal = {0};
  if (text) cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK, "%s", text);
  return decimal;
}

static hbus_order s_order(const char *amount, const char *price) {
  return (hbus_order){.market = S_MARKET,
                      .side = HBUS_BUY,
                      .order_type = price ? HBUS_LIMIT : HBUS_MARKET,
                      .amount = scene_decimal(amount),
                      .price = scene_decimal(price)};
}

size_t scene_ask(scene *self, const char *owner, int64_t written_ms, const char *amount, const char *price) {
  size_t i = self->question.unknown_count++;
  cr_assert_lt(i, SCENE_ORDERS_MAX);
  self->asked[i] = s_order(amount, price);
  snprintf(self->asked[i].owner, sizeof self->asked[i].owner, "%s", owner);
  snprintf(self->upstream_ids[i], sizeof self->upstream_ids[i], SCENE_INSTANCE "-%zu", i + 1);
  self->unknowns[i] = (resolution_unknown){
      .asked = &self->asked[i], .upstream_id = self->upstream_ids[i], .written_ns = scene_time_ns(written_ms)};
  return i;
}

size_t scene_list(scene *self, const char *order_id, int64_t created_ms, const char *amount, const char *price) {
  size_t i = self->question.listed_count++;
  cr_assert_lt(i, SCENE_ORDERS_MAX);
  self->orders[i] = s_order(amount, price);
  self->orders[i].status = HBUS_OPEN;
  self->orders[i].created_at_ns = scene_time_ns(created_ms);
  snprintf(self->orders[i].order_id, sizeof self->orders[i].order_id, "%s", order_id);
  self->listed[i] = (resolution_listed){.order = &self->orders[i]};
  return i;
}

static void s_check_answer(const scene *self, size_t i) {
  const resolution *answer = &self->answers[i];
  cr_expect_eq(answer->verdict == RESOLUTION_ABSENT, answer->candidate_count == 0);
  cr_expect_eq(answer->verdict == RESOLUTION_BOUND, answer->reason != RESOLUTION_BY_NONE);
  for (size_t c = 0; c < answer->candidate_count && c < RESOLUTION_CANDIDATES_MAX; c++) {
    cr_assert_lt(answer->candidates[c], self->question.listed_count);
    const char *id = self->orders[answer->candidates[c]].order_id;
    for (size_t other = 0; other < c; other++)
      cr_expect_str_neq(self->orders[answer->candidates[other]].order_id, id, "a candidate is named once");
  }
  if (answer->verdict != RESOLUTION_BOUND) return;
  cr_expect_eq(answer->candidate_count, 1);
  cr_expect_eq(answer->candidates[0], answer->listed);
  for (size_t other = 0; other < i; other++)
    cr_expect(self->answers[other].verdict != RESOLUTION_BOUND ||
                  strcmp(self->orders[self->answers[other].listed].order_id, self->orders[answer->listed].order_id) !=
                      0,
              "an order is bound once");
}

void scene_resolve(scene *self) {
  memset(self->answers, 0xa5, sizeof self->answers); /* what is not written shows */
  cr_assert_eq(resolution_resolve(&self->question, self->answers, &self->ids), HBUS_OK);
  for (size_t i = 0; i < self->question.unknown_count; i++)
    s_check_answer(self, i);
}
