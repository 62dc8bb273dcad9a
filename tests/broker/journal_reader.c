/* Events read back from the journal. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_stage.h"

#define TOPIC       "order_update/binance/BTC-USDT/"
#define OTHER_TOPIC "trade_update/binance/BTC-USDT/"
#define BODY_SIZE   50

TestSuite(journal_reader, .timeout = 60);

/* What the last reading was answered with; its bodies copied. */
typedef struct answer {
  bool is_there;
  hbus_status status;
  journal_events events;
  char why[HBUS_ERROR_TEXT_SIZE];
  uint8_t bytes[JOURNAL_EVENTS_MAX * BODY_SIZE];
} answer;

static void s_on_events(void *arg, hbus_status status, const journal_events *events, const char *why) {
  answer *answer = arg;
  cr_expect_not(answer->is_there, "answered twice");
  answer->is_there = true;
  answer->status = status;
  cr_expect_eq(events == NULL, status != HBUS_OK);
  cr_expect_eq(why == NULL, status == HBUS_OK);
  if (why) snprintf(answer->why, sizeof answer->why, "%s", why);
  if (!events) return;
  answer->events = *events;
  for (size_t i = 0, at = 0; i < events->count; at += events->bodies[i++].size) {
    cr_assert_leq(at + events->bodies[i].size, sizeof answer->bytes);
    memcpy(answer->bytes + at, events->bodies[i].data, events->bodies[i].size);
  }
}

static journal_range s_range(const char *topic, uint64_t from, uint64_t to) {
  journal_range range = {.from = from, .to = to, .max_events = JOURNAL_EVENTS_MAX, .max_bytes = 1000000};
  snprintf(range.topic, sizeof range.topic, "%s", topic);
  return range;
}

static void s_ask(journal_stage *stage, const journal_range *range, answer *out) {
  *out = (answer){0};
  cr_assert_eq(journal_replay(stage->journal, range, s_on_events, out), HBUS_OK);
  cr_expect_not(out->is_there, "from within the call");
}

static void s_replay_range(journal_stage *stage, const journal_range *range, answer *out) {
  s_ask(stage, range, out);
  while (!out->is_there)
    uv_run(&stage->loop, UV_RUN_ONCE);
}

static void s_replay(journal_stage *stage, const char *topic, uint64_t from, uint64_t to, answer *out) {
  const journal_range range = s_range(topic, from, to);
  s_replay_range(stage, &range, out);
}

/* Each body is unlike any other. */
static void s_body(uint8_t out[BODY_SIZE], const char *topic, uint64_t seq) {
  memset(out, (int)('a' + seq % 26), BODY_SIZE);
  out[0] = (uint8_t)topic[0];
  memcpy(out + 1, &seq, sizeof seq);
}

static void s_put(journal_stage *stage, const char *topic, uint64_t seq) {
  uint8_t body[BODY_SIZE];
  journal_event event = journal_stage_event(topic, seq);
  s_body(body, topic, seq);
  event.body = (hbus_bytes){body, sizeof body};
  journal_put_event(stage->journal, &event);
}

static void s_put_all(journal_stage *stage, const char *topic, uint64_t from, uint64_t to) {
  for (uint64_t seq = from; seq <= to; seq++)
    s_put(stage, topic, seq);
}

/* The events numbered `from` to `to` but `without` (0: all of them), each as it was put. */
static void s_expect(const answer *answer, const char *topic, uint64_t from, uint64_t to, uint64_t without) {
  uint8_t body[BODY_SIZE];
  size_t at = 0;
  cr_assert_eq(answer->status, HBUS_OK, "%s", answer->why);
  for (uint64_t seq = from; seq <= to; seq++) {
    if (seq == without) continue;
    s_body(body, topic, seq);
    cr_expect_eq(memcmp(answer->bytes + BODY_SIZE * at++, body, BODY_SIZE), 0, "%s %lu", topic, seq);
  }
  cr_expect_eq(answer->events.count, at);
  cr_expect_eq(answer->events.last, at ? to : 0);
}

static void s_change(const journal_stage *stage, const char *sql) {
  free(journal_stage_query(stage, sql));
}

/* Asked in the turn in which they are put: the answer waits for them. */
Test(journal_reader, gives_what_was_put_before_it_as_it_was_put) {
  journal_stage *stage = journal_stage_new();
  answer *answer = malloc(sizeof *answer);
  journal_stage_open(stage);
  s_put_all(stage, TOPIC, 1, 20);
  s_put_all(stage, OTHER_TOPIC, 1, 5);
  s_replay(stage, TOPIC, 3, 18, answer);
  s_expect(answer, TOPIC, 3, 18, 0);
  cr_expect_eq(answer->events.first, 1);
  cr_expect_eq(answer->events.next, 0);
  cr_expect_eq(answer->events.last_put, 20);
  s_put_all(stage, OTHER_TOPIC, 6, 6);
  s_replay(stage, OTHER_TOPIC, 1, 1000000, answer);
  s_expect(answer, OTHER_TOPIC, 1, 6, 0);

  journal_stage_close(stage);
  journal_stage_open(stage);
  s_replay(stage, TOPIC, 1, 20, answer);
  s_expect(answer, TOPIC, 1, 20, 0);
  s_replay(stage, TOPIC, 21, 30, answer);
  s_expect(answer, TOPIC, 21, 20, 0);
  s_replay(stage, "order_update/binance/DOGE-USDT/", 1, 30, answer);
  cr_expect_eq(answer->status, HBUS_OK);
  cr_expect_eq(answer->events.first + answer->events.count + answer->events.last_put, 0);
  free(answer);
  journal_stage_destroy(&stage);
}

Test(journal_reader, goes_on_where_an_answer_is_full) {
  journal_stage *stage = journal_stage_new();
  answer *answer = malloc(sizeof *answer);
  journal_stage_open(stage);
  s_put_all(stage, TOPIC, 1, JOURNAL_EVENTS_MAX + 10);
  s_replay(stage, TOPIC, 1, 100000, answer);
  s_expect(answer, TOPIC, 1, JOURNAL_EVENTS_MAX, 0);
  cr_expect_eq(answer->events.next, JOURNAL_EVENTS_MAX + 1);
  s_replay(stage, TOPIC, answer->events.next, 100000, answer);
  s_expect(answer, TOPIC, JOURNAL_EVENTS_MAX + 1, JOURNAL_EVENTS_MAX + 10, 0);
  cr_expect_eq(answer->events.next, 0);

  journal_range range = s_range(TOPIC, 1, 10);
  range.max_events = 10;
  s_replay_range(stage, &range, answer);
  s_expect(answer, TOPIC, 1, 10, 0);
  cr_expect_eq(answer->events.next, 0, "it holds just all");
  range.max_bytes = 3 * BODY_SIZE + 1;
  s_replay_range(stage, &range, answer);
  s_expect(answer, TOPIC, 1, 3, 0);
  cr_expect_eq(answer->events.next, 4);
  range.max_bytes = 1;
  s_replay_range(stage, &range, answer);
  s_expect(answer, TOPIC, 1, 1, 0);
  cr_expect_eq(answer->events.next, 2, "one at least");
  free(answer);
  journal_stage_destroy(&stage);
}

Test(journal_reader, leaves_out_what_is_not_what_was_written) {
  journal_stage *stage = journal_stage_new();
  answer *answer = malloc(sizeof *answer);
  journal_stage_open(stage);
  s_put_all(stage, TOPIC, 1, 10);
  cr_assert_eq(journal_stage_settle(stage), HBUS_OK);
  s_change(stage, "UPDATE events SET body = x'80' WHERE seq = 5");
  s_replay(stage, TOPIC, 1, 10, answer);
  s_expect(answer, TOPIC, 1, 10, 5);
  cr_expect_eq(stage->counters.journal_damaged, 1);
  s_change(stage, "DELETE FROM events WHERE seq < 3");
  s_replay(stage, TOPIC, 1, 4, answer);
  s_expect(answer, TOPIC, 3, 4, 0);
  cr_expect_eq(answer->events.first, 3);
  s_change(stage, "UPDATE topics SET last_seq = 9");
  s_replay(stage, TOPIC, 1, 10, answer);
  cr_expect_eq(answer->status, HBUS_MALFORMED);
  cr_expect_not_null(strstr(answer->why, "is damaged (a row of topics is not what was written)"), "%s", answer->why);
  free(answer);
  journal_stage_destroy(&stage);
}

/* A PATH-wal that was damaged may have left one behind, whose number is given anew. */
Test(journal_reader, gives_no_event_above_the_last_number) {
  journal_stage *stage = journal_stage_new();
  answer *answer = malloc(sizeof *answer);
  journal_stage_open(stage);
  s_put_all(stage, TOPIC, 1, 3);
  s_put_all(stage, OTHER_TOPIC, 4, 4);
  cr_assert_eq(journal_stage_settle(stage), HBUS_OK);
  s_change(stage, "UPDATE events SET topic_n = (SELECT n FROM topics WHERE last_seq = 3) WHERE seq = 4");
  s_replay(stage, TOPIC, 1, 10, answer);
  s_expect(answer, TOPIC, 1, 3, 0);
  cr_expect_eq(stage->counters.journal_damaged, 0, "it was not looked at");
  s_put_all(stage, TOPIC, 4, 4);
  s_replay(stage, TOPIC, 1, 10, answer);
  s_expect(answer, TOPIC, 1, 4, 0);
  free(answer);
  journal_stage_destroy(&stage);
}

Test(journal_reader, an_event_without_a_body_is_a_number_alone) {
  journal_stage *stage = journal_stage_new();
  answer *answer = malloc(sizeof *answer);
  journal_stage_open(stage);
  for (uint64_t seq = 1; seq <= 3; seq++) {
    journal_event event = journal_stage_event("system/heartbeat/", seq);
    event.body = (hbus_bytes){0};
    journal_put_event(stage->journal, &event);
  }
  s_replay(stage, "system/heartbeat/", 1, 3, answer);
  cr_expect_eq(answer->status, HBUS_OK);
  cr_expect_eq(answer->events.count, 0);
  cr_expect_eq(answer->events.first, 0);
  cr_expect_eq(answer->events.last_put, 3);
  free(answer);
  journal_stage_destroy(&stage);
}

/* Many at once, while others are put: each is answered, in the order of asking. */
Test(journal_reader, readings_wait_for_each_other) {
  enum { READINGS = 50 };
  journal_stage *stage = journal_stage_new();
  answer *answers = calloc(READINGS, sizeof *answers);
  journal_stage_open(stage);
  for (uint64_t i = 0; i < READINGS; i++) {
    const journal_range range = s_range(TOPIC, 1, 1000);
    s_put(stage, TOPIC, i + 1);
    s_ask(stage, &range, &answers[i]);
    if (i % 7 == 0) uv_run(&stage->loop, UV_RUN_NOWAIT);
  }
  while (!answers[READINGS - 1].is_there)
    uv_run(&stage->loop, UV_RUN_ONCE);
  for (uint64_t i = 0; i < READINGS; i++) {
    cr_assert(answers[i].is_there);
    cr_expect_geq(answers[i].events.last, i + 1, "what was put before is there");
    s_expect(&answers[i], TOPIC, 1, answers[i].events.last, 0);
  }
  free(answers);
  journal_stage_destroy(&stage);
}

Test(journal_reader, the_end_answers_who_waits) {
  enum { READINGS = 5 };
  journal_stage *stage = journal_stage_new();
  answer *answers = calloc(READINGS, sizeof *answers);
  journal_stage_open(stage);
  s_put_all(stage, TOPIC, 1, 100);
  cr_assert_eq(journal_stage_settle(stage), HBUS_OK);
  const journal_range range = s_range(TOPIC, 1, 100);
  for (unsigned i = 0; i < READINGS; i++)
    s_ask(stage, &range, &answers[i]);
  uv_run(&stage->loop, UV_RUN_NOWAIT); /* the first may be under way, or even read */
  journal_stage_close(stage);
  for (unsigned i = 0; i < READINGS; i++) {
    cr_assert(answers[i].is_there, "%u", i);
    if (answers[i].status == HBUS_OK)
      s_expect(&answers[i], TOPIC, 1, 100, 0);
    else
      cr_expect_str_eq(answers[i].why, "the broker ends");
  }
  cr_expect_neq(answers[READINGS - 1].status, HBUS_OK);
  free(answers);
  journal_stage_destroy(&stage);
}
