/* What is shown equals what was published less what was told of as lost; in order, and once. */
#include "client/tracker.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS "order_update/binance/ETH-USDT/"
#define TICKER "market_data/ticker/binance/ETH-USDT/"

static const tracker_limits s_wide = {.topics = 1000, .held_count = 1000, .held_bytes = 1 << 20, .repairs = true};

static tracker_policy s_policy = {.is_asked_for = true, .is_based = true};

static tracker_policy s_give_policy(void *arg, hbus_stream stream, const char *topic, size_t size) {
  (void)stream;
  (void)topic;
  (void)size;
  return *(const tracker_policy *)arg;
}

static tracker *s_new(const tracker_limits *limits, tracker_policy *policy) {
  tracker *self = tracker_new(limits);
  cr_assert_not_null(self);
  tracker_set_policy(self, s_give_policy, policy);
  return self;
}

/* The body of an event says which one it is. */
typedef struct body {
  uint64_t epoch;
  uint64_t seq;
} body;

static hbus_bytes s_body(const body *of) {
  return (hbus_bytes){.data = (const uint8_t *)of, .size = sizeof(*of)};
}

static bool s_event(tracker *self, hbus_stream stream, const char *topic, uint64_t epoch, uint64_t seq) {
  body of = {epoch, seq};
  return tracker_event(self, stream, hbus_text_of(topic), epoch, seq, s_body(&of));
}

static void s_replay(tracker *self, const tracker_question *question, uint64_t epoch, uint64_t from, uint64_t to) {
  for (uint64_t seq = from; seq <= to; seq++) {
    body of = {epoch, seq};
    tracker_replayed(self, question->ticket, epoch, seq, s_body(&of));
  }
}

/* What the outbox has, in words: "5 6 repaired:5-6 lost:7-9 10". Empties it. */
static const char *s_outbox(tracker *self) {
  static char text[4096];
  size_t size = 0;
  text[0] = '\0';
  for (delivery *item = NULL; (item = tracker_pop(self)) != NULL; free(item)) {
    const char *space = size > 0 ? " " : "";
    int written = 0;
    if (item->kind == DELIVERY_NOTICE && item->topic == NULL)
      written = snprintf(text + size, sizeof(text) - size, "%s%s:%" PRIu64, space,
                         hbus_stream_notice_name(item->notice.kind), item->notice.epoch);
    else if (item->kind == DELIVERY_NOTICE)
      written = snprintf(text + size, sizeof(text) - size, "%s%s:%" PRIu64 "-%" PRIu64, space,
                         hbus_stream_notice_name(item->notice.kind), item->notice.from, item->notice.to);
    else if (item->kind == DELIVERY_SNAPSHOT)
      written = snprintf(text + size, sizeof(text) - size, "%ssnapshot", space);
    else {
      body of;
      cr_assert_eq(item->size, sizeof(of));
      memcpy(&of, item->body, sizeof(of));
      cr_assert_eq(of.seq, item->seq);
      written = snprintf(text + size, sizeof(text) - size, "%s%" PRIu64, space, item->seq);
    }
    cr_assert(written > 0 && size + (size_t)written < sizeof(text));
    size += (size_t)written;
  }
  return text;
}

static hbus_client_stats s_stats(const tracker *self) {
  hbus_client_stats stats = {0};
  tracker_add_stats(self, &stats);
  return stats;
}

/* ---- scripted ---- */

Test(tracker, what_follows_is_the_callers) {
  tracker *self = s_new(&s_wide, &s_policy);
  for (uint64_t seq = 1; seq <= 100; seq++)
    cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, seq));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 100), "a duplicate");
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  cr_assert_eq(s_stats(self).duplicates, 2u);
  cr_assert_eq(tracker_waiting(self), 0u);
  tracker_destroy(&self);
}

Test(tracker, a_gap_is_repaired_in_its_place) {
  tracker *self = s_new(&s_wide, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 4));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 5));
  cr_assert_str_eq(s_outbox(self), "");
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert_eq(question.stream, HBUS_STREAM_PRIVATE);
  cr_assert_str_eq(question.topic->text, ORDERS);
  cr_assert_eq(question.epoch, 0u, "private numbers are of no epoch");
  cr_assert(question.from == 2 && question.to == 3);
  cr_assert_not(tracker_ask(self, &question), "once");
  s_replay(self, &question, 7, 2, 3);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "2 3 repaired:2-3 4 5");
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 6));
  cr_assert_eq(s_stats(self).gaps, 1u);
  cr_assert_eq(s_stats(self).repaired, 2u);
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_destroy(&self);
}

Test(tracker, the_last_of_a_burst_is_known_by_the_heartbeat) {
  tracker *self = s_new(&s_wide, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 1));
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 1);
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 3);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 2 && question.to == 3 && question.epoch == 7);
  s_replay(self, &question, 7, 2, 3);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "2 3 repaired:2-3");
  tracker_destroy(&self);
}

Test(tracker, a_topic_that_began_after_its_prefix_was_asked_about_is_owed_from_its_first_event) {
  tracker *self = s_new(&s_wide, &s_policy);
  tracker_enter_epoch(self, HBUS_STREAM_MARKET, 7);
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 1);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 1 && question.to == 1);
  tracker_destroy(&self);
}

Test(tracker, before_that_nobody_can_say_and_nothing_is_owed) {
  tracker_policy fresh = {.is_asked_for = true};
  tracker *self = s_new(&s_wide, &fresh);
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 10);
  cr_assert_not(tracker_wants_to_ask(self));
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 9), "it was on its way");
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 8), "not backwards");
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 10);
  tracker_question question;
  cr_assert(tracker_ask(self, &question), "from the first event on everything counts");
  cr_assert(question.from == 10 && question.to == 10);
  cr_assert(s_event(self, HBUS_STREAM_MARKET, ORDERS, 7, 5), "the first of another topic is no gap");
  cr_assert_eq(s_stats(self).gaps, 1u);
  tracker_destroy(&self);
}

Test(tracker, what_cannot_be_had_is_lost_with_its_range) {
  tracker *self = s_new(&s_wide, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 10);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  s_replay(self, &question, 7, 4, 5); /* 2 and 3 are gone */
  s_replay(self, &question, 7, 7, 7);
  tracker_answered(self, question.ticket, 9);
  cr_assert_str_eq(s_outbox(self), "lost:2-3 4 5 repaired:4-5 lost:6-6 7 repaired:7-7 lost:8-8");
  cr_assert(tracker_take_lost_private(self));
  cr_assert_not(tracker_take_lost_private(self));
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 9 && question.to == 9);
  tracker_failed(self, question.ticket, TRACKER_NEVER);
  cr_assert_str_eq(s_outbox(self), "lost:9-9 10");
  cr_assert_eq(s_stats(self).lost, 5u);
  cr_assert_eq(s_stats(self).gaps, 1u);
  tracker_destroy(&self);
}

Test(tracker, gaps_near_each_other_are_asked_for_at_once) {
  tracker *self = s_new(&s_wide, &s_policy);
  static const uint64_t came[] = {1, 3, 5, 600, 602};
  for (unsigned i = 0; i < 5; i++)
    s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, came[i]);
  tracker_known(self, HBUS_STREAM_PRIVATE, hbus_text_of(ORDERS), 7, 603);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 2 && question.to == 4);
  s_replay(self, &question, 7, 2, 4);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "2 repaired:2-2 3 4 repaired:4-4 5");
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 6 && question.to == 599, "a gap is asked for to its end");
  tracker_destroy(&self);
}

Test(tracker, no_answer_is_asked_again_and_not_for_ever) {
  tracker *self = s_new(&s_wide, &s_policy);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 2);
  tracker_question question;
  for (unsigned i = 0; i < 100; i++) {
    cr_assert(tracker_ask(self, &question));
    tracker_failed(self, question.ticket, TRACKER_NOT_NOW);
  }
  for (unsigned i = 0; i < 5; i++) {
    cr_assert_str_eq(s_outbox(self), "");
    cr_assert(tracker_ask(self, &question));
    if (i % 2 == 0)
      tracker_failed(self, question.ticket, TRACKER_NO_ANSWER);
    else
      tracker_answered(self, question.ticket, 1); /* leads nowhere */
  }
  cr_assert_str_eq(s_outbox(self), "lost:1-1 2");
  tracker_destroy(&self);
}

Test(tracker, what_is_asked_for_may_come_by_itself) {
  tracker *self = s_new(&s_wide, &s_policy);
  tracker_enter_epoch(self, HBUS_STREAM_MARKET, 7);
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 2); /* asked, and on its way */
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 1));
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 2));
  s_replay(self, &question, 7, 1, 2);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "");
  cr_assert_eq(s_stats(self).repaired, 0u);
  tracker_destroy(&self);
}

Test(tracker, without_repair_a_gap_is_lost_at_once) {
  tracker_limits limits = s_wide;
  limits.repairs = false;
  tracker *self = s_new(&limits, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 4));
  tracker_known(self, HBUS_STREAM_PRIVATE, hbus_text_of(ORDERS), 7, 6);
  cr_assert_str_eq(s_outbox(self), "lost:2-3 4 lost:5-6");
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_destroy(&self);
}

Test(tracker, market_numbers_start_anew_with_the_epoch) {
  tracker *self = s_new(&s_wide, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 1));
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 3);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 9, 1));
  s_replay(self, &question, 7, 2, 2);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "lost:2-2 3 restarted:9 1");
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 4), "of an epoch that has ended");
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 9, 2));
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 4);
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_enter_epoch(self, HBUS_STREAM_MARKET, 10);
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 10, 3));
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 1 && question.to == 2 && question.epoch == 10, "all of the new epoch counts");
  tracker_destroy(&self);
}

Test(tracker, private_numbers_go_on_through_epochs) {
  tracker *self = s_new(&s_wide, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 8, 3));
  cr_assert_str_eq(s_outbox(self), "restarted:8");
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  s_replay(self, &question, 7, 2, 2);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "2 repaired:2-2 3");
  tracker_destroy(&self);
}

Test(tracker, private_numbers_given_twice_start_anew) {
  tracker *self = s_new(&s_wide, &s_policy);
  for (uint64_t seq = 1; seq <= 5; seq++)
    cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, seq));
  cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 8, 2));
  cr_assert_str_eq(s_outbox(self), "restarted:8 lost:0-0 2");
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 8, 3));
  tracker_enter_epoch(self, HBUS_STREAM_PRIVATE, 9);
  tracker_known(self, HBUS_STREAM_PRIVATE, hbus_text_of(ORDERS), 9, 2);
  cr_assert_str_eq(s_outbox(self), "restarted:9 lost:0-0");
  cr_assert(tracker_take_lost_private(self));
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 1 && question.to == 2);
  tracker_destroy(&self);
}

Test(tracker, what_is_held_is_bounded_and_the_oldest_gap_of_a_market_goes_first) {
  tracker_limits limits = s_wide;
  limits.held_count = 3;
  tracker *self = s_new(&limits, &s_policy);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 2);
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 2);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 3);
  cr_assert_str_eq(s_outbox(self), "");
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 3);
  cr_assert_str_eq(s_outbox(self), "lost:1-1 2 3");
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert_eq(question.stream, HBUS_STREAM_PRIVATE, "orders are waited for");
  tracker_destroy(&self);
  limits.held_count = 100;
  limits.held_bytes = 2 * sizeof(body);
  self = s_new(&limits, &s_policy);
  for (uint64_t seq = 2; seq <= 4; seq++)
    s_event(self, HBUS_STREAM_MARKET, TICKER, 7, seq);
  cr_assert_str_eq(s_outbox(self), "lost:1-1 2 3 4");
  tracker_destroy(&self);
}

/* The journal has them all: what cannot be kept is asked for again. */
Test(tracker, a_private_event_is_never_given_up_for_want_of_room) {
  tracker_limits limits = s_wide;
  limits.held_count = 3;
  tracker *self = s_new(&limits, &s_policy);
  for (uint64_t seq = 2; seq <= 6; seq++)
    s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, seq);
  cr_assert_str_eq(s_outbox(self), "");
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert_eq(question.from, 1);
  s_replay(self, &question, 7, question.from, question.to);
  while (tracker_ask(self, &question))
    s_replay(self, &question, 7, question.from, question.to);
  cr_assert_str_eq(s_outbox(self), "1 2 3 4 5 repaired:1-5 6");
  cr_assert_eq(s_stats(self).lost, 0);
  tracker_destroy(&self);
}

Test(tracker, topics_are_bounded) {
  tracker_limits limits = s_wide;
  limits.topics = 1;
  tracker *self = s_new(&limits, &s_policy);
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1));
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 5), "as it came");
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 5));
  cr_assert_eq(s_stats(self).untracked, 2u);
  tracker_destroy(&self);
}

Test(tracker, of_newest_only_one_is_kept_and_numbers_jump) {
  tracker_policy newest = {.is_asked_for = true, .is_based = true, .is_newest_only = true};
  tracker *self = s_new(&s_wide, &newest);
  tracker_queue_all(self, true);
  for (uint64_t seq = 1; seq <= 9; seq += 2)
    cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, seq));
  cr_assert_eq(tracker_waiting(self), 1u);
  cr_assert_str_eq(s_outbox(self), "9");
  cr_assert_eq(s_stats(self).superseded, 8u);
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 20);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 20 && question.to == 20, "the newest alone");
  s_replay(self, &question, 7, 20, 20);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "20 repaired:20-20");
  tracker_known(self, HBUS_STREAM_MARKET, hbus_text_of(TICKER), 7, 22);
  cr_assert(tracker_ask(self, &question));
  tracker_failed(self, question.ticket, TRACKER_NEVER);
  cr_assert_str_eq(s_outbox(self), "lost:21-22");
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 23);
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 24);
  tracker_destroy(&self);
}

static bool s_everything(void *arg, hbus_stream stream, const char *topic, size_t size) {
  (void)arg;
  (void)stream;
  (void)topic;
  (void)size;
  return true;
}

static void s_stamp(tracker *self, uint64_t round, hbus_stream stream, const char *topic, uint64_t epoch, uint64_t seq,
                    bool has_body) {
  body of = {epoch, seq};
  hbus_stamp stamp = {.stream = stream, .topic = hbus_text_of(topic), .seq = seq};
  tracker_stamp(self, round, &stamp, epoch, has_body ? s_body(&of) : (hbus_bytes){0});
}

Test(tracker, a_snapshot_comes_first_and_then_what_it_does_not_include) {
  tracker_policy held = {.is_asked_for = true, .holds = 1};
  tracker *self = s_new(&s_wide, &held);
  tracker_hold(self, s_everything, NULL);
  for (uint64_t seq = 8; seq <= 12; seq++)
    cr_assert_not(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, seq));
  tracker_known(self, HBUS_STREAM_PRIVATE, hbus_text_of(ORDERS), 7, 12);
  cr_assert_not(tracker_wants_to_ask(self));
  cr_assert_eq(tracker_push_part(self, &(delivery_part){.part = 1}, (hbus_bytes){0}), HBUS_OK);
  s_stamp(self, 1, HBUS_STREAM_PRIVATE, ORDERS, 7, 10, false);
  s_stamp(self, 1, HBUS_STREAM_PRIVATE, ORDERS, 7, 12, false); /* of a later page */
  s_stamp(self, 1, HBUS_STREAM_MARKET, TICKER, 7, 5, true);
  tracker_release(self, s_everything, NULL);
  cr_assert_str_eq(s_outbox(self), "snapshot 11 12 5");
  cr_assert(s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 13));
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 5), "given with the snapshot");
  cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 6));
  tracker_destroy(&self);
}

Test(tracker, where_the_first_event_is_not_the_one_after_the_stamp_it_is_replayed_from_there) {
  tracker_policy held = {.is_asked_for = true, .holds = 1};
  tracker *self = s_new(&s_wide, &held);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 15);
  s_stamp(self, 1, HBUS_STREAM_PRIVATE, ORDERS, 7, 12, false);
  tracker_release(self, s_everything, NULL);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  cr_assert(question.from == 13 && question.to == 14);
  s_replay(self, &question, 7, 13, 14);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "13 14 repaired:13-14 15");
  tracker_destroy(&self);
}

Test(tracker, a_snapshot_that_is_refused_lets_events_come_as_they_do) {
  tracker_policy held = {.is_asked_for = true, .holds = 1};
  tracker *self = s_new(&s_wide, &held);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 15);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 16);
  tracker_release(self, s_everything, NULL);
  cr_assert_str_eq(s_outbox(self), "15 16");
  cr_assert_not(tracker_wants_to_ask(self));
  tracker_destroy(&self);
}

Test(tracker, a_later_snapshot_never_goes_back) {
  tracker *self = s_new(&s_wide, &s_policy);
  for (uint64_t seq = 1; seq <= 3; seq++)
    cr_assert(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, seq));
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 6);
  tracker_hold(self, s_everything, NULL);
  cr_assert_not(tracker_wants_to_ask(self), "the snapshot may include it");
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 8);
  s_stamp(self, 2, HBUS_STREAM_MARKET, TICKER, 7, 7, true);
  tracker_release(self, s_everything, NULL);
  cr_assert_str_eq(s_outbox(self), "7 8");
  tracker_hold(self, s_everything, NULL);
  s_stamp(self, 3, HBUS_STREAM_MARKET, TICKER, 7, 8, true);
  tracker_release(self, s_everything, NULL);
  cr_assert_str_eq(s_outbox(self), "", "it was given before");
  tracker_hold(self, s_everything, NULL);
  s_stamp(self, 4, HBUS_STREAM_MARKET, TICKER, 9, 2, true); /* the stream does not know of epoch 9 yet */
  tracker_release(self, s_everything, NULL);
  cr_assert_str_eq(s_outbox(self), "2");
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 9));
  cr_assert_not(s_event(self, HBUS_STREAM_MARKET, TICKER, 9, 3));
  cr_assert_str_eq(s_outbox(self), "restarted:9 3");
  tracker_destroy(&self);
}

Test(tracker, what_the_program_has_had_is_told_once) {
  tracker *self = s_new(&s_wide, &s_policy);
  hbus_stamp acks[4];
  hbus_seen seen = {.stream = HBUS_STREAM_PRIVATE, .topic = ORDERS, .epoch = 7, .seq = 2};
  cr_assert_not(tracker_has_acks(self));
  cr_assert_not(tracker_has_shown(self, &seen));
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1);
  cr_assert_not(tracker_has_shown(self, &seen));
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 3);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  s_replay(self, &question, 7, 2, 2);
  tracker_answered(self, question.ticket, 0);
  cr_assert_not(tracker_has_shown(self, &seen), "it waits in the outbox");
  cr_assert_eq(tracker_take_acks(self, acks, 4), 1u);
  cr_assert_eq(acks[0].seq, 1u);
  free(tracker_pop(self));
  cr_assert(tracker_has_shown(self, &seen));
  s_outbox(self);
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 1);
  cr_assert_eq(tracker_take_acks(self, acks, 1), 1u, "those that have waited longest");
  cr_assert_eq(acks[0].stream, HBUS_STREAM_PRIVATE);
  cr_assert_eq(acks[0].seq, 3u);
  cr_assert(tracker_has_acks(self));
  cr_assert_eq(tracker_take_acks(self, acks, 4), 1u);
  cr_assert_eq(acks[0].stream, HBUS_STREAM_MARKET);
  cr_assert_eq(tracker_take_acks(self, acks, 4), 0u);
  cr_assert_not(tracker_has_acks(self));
  tracker_destroy(&self);
}

static bool s_is_ticker(void *arg, hbus_stream stream, const char *topic, size_t size) {
  (void)arg;
  (void)size;
  return stream == HBUS_STREAM_MARKET && strcmp(topic, TICKER) == 0;
}

Test(tracker, what_is_not_watched_any_more_is_forgotten) {
  tracker *self = s_new(&s_wide, &s_policy);
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 1);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 1);
  s_event(self, HBUS_STREAM_PRIVATE, ORDERS, 7, 3);
  tracker_notice(self, HBUS_STREAM_MARKET, HBUS_NOTICE_SILENT);
  s_event(self, HBUS_STREAM_MARKET, TICKER, 7, 2);
  tracker_question question;
  cr_assert(tracker_ask(self, &question));
  tracker_forget(self, s_is_ticker, NULL);
  s_replay(self, &question, 7, 2, 2);
  tracker_answered(self, question.ticket, 0);
  cr_assert_str_eq(s_outbox(self), "silent:7 2");
  hbus_stamp acks[4];
  cr_assert_eq(tracker_take_acks(self, acks, 4), 1u);
  tracker_destroy(&self);
}
