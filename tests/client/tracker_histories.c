/* Random histories of a lossy bus against the tracker: events, heartbeats and answers lost, answers late and out of
 * step with the live stream, restarts in the middle of a repair. Whatever happens, what was shown and what was told of
 * as lost are together what was published, in order, each number once.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tracker.h"

enum { TOPICS = 4, STEPS = 4000, NUMBERS_MAX = 8000, QUEUE_MAX = 8000, ASKED_MAX = 16 };

static const struct {
  hbus_stream stream;
  const char *text;
} s_topics[TOPICS] = {{HBUS_STREAM_MARKET, "market_data/ticker/binance/ETH-USDT/"},
                      {HBUS_STREAM_MARKET, "trade_update/binance/ETH-USDT/"},
                      {HBUS_STREAM_PRIVATE, "order_update/binance/ETH-USDT/"},
                      {HBUS_STREAM_PRIVATE, "trade_update/binance/ETH-USDT/"}};

typedef struct event_id {
  uint64_t epoch;
  uint64_t seq;
} event_id;

typedef enum item_kind { ITEM_EVENT, ITEM_BEAT } item_kind;

/* Something on its way over a stream. */
typedef struct item {
  item_kind kind;
  unsigned topic;
  event_id id;            /* of a heartbeat: its own */
  uint64_t known[TOPICS]; /* of a heartbeat; 0: did not move */
} item;

typedef struct line {
  item items[QUEUE_MAX];
  unsigned first, end;
} line;

/* An answer on its way. */
typedef struct answer {
  bool is_used;
  bool is_replay;
  uint64_t ticket;
  unsigned topic;
  uint64_t from, to, next, first; /* of a replay: what is in it */
  bool is_refused;
  hbus_stream stream; /* of sequences */
  uint64_t epoch;
  uint64_t known[TOPICS];
} answer;

typedef struct rates {
  unsigned lost_percent; /* of what goes over a stream, once a loss has begun */
  unsigned answers_lost_percent;
  unsigned restart_permille;
  unsigned ring; /* events that market replay reaches back; 0: all */
  unsigned held_max;
} rates;

typedef struct bus {
  rates rates;
  uint64_t random;
  tracker *tracker;
  uint64_t epoch;
  uint64_t last[TOPICS];
  uint64_t *private_epochs[TOPICS]; /* of each private number */
  bool moved[TOPICS];
  uint64_t beats[HBUS_STREAM_COUNT], heard_beats[HBUS_STREAM_COUNT], beat_epochs[HBUS_STREAM_COUNT];
  bool is_losing[HBUS_STREAM_COUNT];
  bool doubts[HBUS_STREAM_COUNT], asks[HBUS_STREAM_COUNT];
  line lines[HBUS_STREAM_COUNT];
  answer answers[ASKED_MAX];
  /* what the program was given */
  event_id shown[TOPICS];
  uint64_t lost_count, shown_count, repaired_count;
} bus;

static unsigned s_roll(bus *self, unsigned sides) {
  self->random ^= self->random << 13;
  self->random ^= self->random >> 7;
  self->random ^= self->random << 17;
  return (unsigned)(self->random % sides);
}

static tracker_policy s_policy(void *arg, hbus_stream stream, const char *topic, size_t size) {
  (void)arg;
  (void)stream;
  (void)topic;
  (void)size;
  return (tracker_policy){.is_based = true, .is_asked_for = true};
}

/* The broker */

static void s_send(bus *self, hbus_stream stream, const item *sent, bool may_lose) {
  line *to = &self->lines[stream];
  if (s_roll(self, 10) == 0) self->is_losing[stream] = s_roll(self, 100) < self->rates.lost_percent;
  if (may_lose && self->is_losing[stream]) return;
  cr_assert_lt(to->end, (unsigned)QUEUE_MAX);
  to->items[to->end++] = *sent;
}

static void s_publish(bus *self, bool may_lose) {
  unsigned topic = s_roll(self, TOPICS);
  uint64_t seq = ++self->last[topic];
  cr_assert_lt(seq, (uint64_t)NUMBERS_MAX);
  self->moved[topic] = true;
  if (self->private_epochs[topic] != NULL) self->private_epochs[topic][seq] = self->epoch;
  s_send(self, s_topics[topic].stream, &(item){.topic = topic, .id = {self->epoch, seq}}, may_lose);
}

static void s_beat(bus *self, hbus_stream stream, bool may_lose) {
  item beat = {.kind = ITEM_BEAT, .id = {self->epoch, ++self->beats[stream]}};
  for (unsigned i = 0; i < TOPICS; i++) {
    if (s_topics[i].stream != stream || !self->moved[i]) continue;
    beat.known[i] = self->last[i];
    self->moved[i] = false;
  }
  s_send(self, stream, &beat, may_lose);
}

static void s_restart(bus *self) {
  for (unsigned i = 0; i < TOPICS; i++)
    if (s_topics[i].stream == HBUS_STREAM_MARKET) self->last[i] = 0;
  self->epoch++;
  self->beats[HBUS_STREAM_MARKET] = 0;
  memset(self->answers, 0, sizeof(self->answers));
  self->asks[HBUS_STREAM_MARKET] = self->asks[HBUS_STREAM_PRIVATE] = false;
  self->doubts[HBUS_STREAM_MARKET] = self->doubts[HBUS_STREAM_PRIVATE] = true;
  tracker_lose_answers(self->tracker);
}

static answer *s_new_answer(bus *self) {
  for (unsigned i = 0; i < ASKED_MAX; i++)
    if (!self->answers[i].is_used) {
      self->answers[i] = (answer){.is_used = true, .epoch = self->epoch};
      return &self->answers[i];
    }
  cr_assert_fail("too many questions");
  return NULL;
}

static void s_answer_replay(bus *self, const tracker_question *question) {
  answer *made = s_new_answer(self);
  unsigned topic = 0;
  while (s_topics[topic].stream != question->stream || strcmp(s_topics[topic].text, question->topic->text) != 0)
    topic++;
  made->is_replay = true;
  made->ticket = question->ticket;
  made->topic = topic;
  made->is_refused = question->epoch != 0 && question->epoch != self->epoch;
  made->from = question->from;
  made->to = question->to < self->last[topic] ? question->to : self->last[topic];
  uint64_t ring = question->stream == HBUS_STREAM_MARKET ? self->rates.ring : 0;
  made->first = ring != 0 && self->last[topic] > ring ? self->last[topic] - ring + 1 : 1;
  if (made->from < made->first) made->from = made->first;
  enum { PAGE = 7 };
  if (made->to >= made->from + PAGE) {
    made->to = made->from + PAGE - 1;
    made->next = made->to + 1;
  }
}

static void s_ask(bus *self) {
  tracker_question question;
  while (tracker_ask(self->tracker, &question))
    s_answer_replay(self, &question);
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    if (!self->doubts[i] || self->asks[i]) continue;
    self->doubts[i] = false;
    self->asks[i] = true;
    answer *made = s_new_answer(self);
    made->stream = (hbus_stream)i;
    for (unsigned topic = 0; topic < TOPICS; topic++)
      if (s_topics[topic].stream == made->stream) made->known[topic] = self->last[topic];
  }
}

/* The client */

static void s_take_known(bus *self, hbus_stream stream, uint64_t epoch, const uint64_t known[TOPICS]) {
  for (unsigned i = 0; i < TOPICS; i++)
    if (known[i] != 0) tracker_known(self->tracker, stream, hbus_text_of(s_topics[i].text), epoch, known[i]);
}

static void s_check_given(bus *self, unsigned topic, event_id id, uint64_t to) {
  event_id *last = &self->shown[topic];
  bool is_private = s_topics[topic].stream == HBUS_STREAM_PRIVATE;
  if (!is_private && id.epoch > last->epoch) *last = (event_id){.epoch = id.epoch};
  cr_assert_eq(id.seq, last->seq + 1, "%s: %" PRIu64 " of epoch %" PRIu64 " after %" PRIu64, s_topics[topic].text,
               id.seq, id.epoch, last->seq);
  cr_assert(is_private || id.epoch == last->epoch, "an epoch that has ended");
  last->seq = to;
  last->epoch = id.epoch;
}

static void s_show(bus *self, unsigned topic, event_id id) {
  s_check_given(self, topic, id, id.seq);
  if (self->private_epochs[topic] != NULL) cr_assert_eq(self->private_epochs[topic][id.seq], id.epoch);
  self->shown_count++;
}

static void s_take_notice(bus *self, unsigned topic, const hbus_stream_notice *notice) {
  if (notice->kind == HBUS_NOTICE_LOST) {
    s_check_given(self, topic, (event_id){notice->epoch, notice->from}, notice->to);
    self->lost_count += notice->to - notice->from + 1;
  } else if (notice->kind == HBUS_NOTICE_REPAIRED) {
    cr_assert_eq(notice->to, self->shown[topic].seq, "just before");
    self->repaired_count += notice->to - notice->from + 1;
  }
}

static void s_pop(bus *self) {
  delivery *taken = tracker_pop(self->tracker);
  if (taken == NULL) return;
  unsigned topic = 0;
  while (taken->topic != NULL &&
         (s_topics[topic].stream != taken->topic->stream || strcmp(s_topics[topic].text, taken->topic->text) != 0))
    topic++;
  if (taken->kind == DELIVERY_NOTICE) {
    s_take_notice(self, topic, &taken->notice);
  } else {
    event_id id;
    cr_assert_eq(taken->size, sizeof(id));
    memcpy(&id, taken->body, sizeof(id));
    s_show(self, topic, id);
  }
  free(taken);
}

static void s_take_beat(bus *self, hbus_stream stream, const item *beat) {
  uint64_t before = tracker_epoch(self->tracker, stream);
  tracker_enter_epoch(self->tracker, stream, beat->id.epoch);
  bool is_next = beat->id.seq == self->heard_beats[stream] + 1 && beat->id.epoch == self->beat_epochs[stream];
  if (!is_next || before != beat->id.epoch) self->doubts[stream] = true;
  self->heard_beats[stream] = beat->id.seq;
  self->beat_epochs[stream] = beat->id.epoch;
  s_take_known(self, stream, beat->id.epoch, beat->known);
}

static void s_receive(bus *self, hbus_stream stream) {
  line *from = &self->lines[stream];
  if (from->first == from->end) return;
  const item *taken = &from->items[from->first++];
  if (taken->kind == ITEM_BEAT) {
    s_take_beat(self, stream, taken);
    return;
  }
  hbus_bytes body = {.data = (const uint8_t *)&taken->id, .size = sizeof(taken->id)};
  uint64_t before = tracker_epoch(self->tracker, stream);
  bool is_ours = tracker_event(self->tracker, stream, hbus_text_of(s_topics[taken->topic].text), taken->id.epoch,
                               taken->id.seq, body);
  if (before != tracker_epoch(self->tracker, stream)) self->doubts[stream] = true;
  if (is_ours) s_show(self, taken->topic, taken->id);
}

static void s_take_replay(bus *self, const answer *made) {
  for (uint64_t seq = made->from; seq <= made->to; seq++) {
    const uint64_t *epochs = self->private_epochs[made->topic];
    event_id id = {.epoch = epochs != NULL ? epochs[seq] : made->epoch, .seq = seq};
    tracker_replayed(self->tracker, made->ticket, id.epoch, seq,
                     (hbus_bytes){.data = (const uint8_t *)&id, .size = sizeof(id)});
  }
  tracker_answered(self->tracker, made->ticket, made->next);
}

static void s_take_answer(bus *self, bool may_lose) {
  unsigned start = s_roll(self, ASKED_MAX), i = 0;
  while (i < ASKED_MAX && !self->answers[(start + i) % ASKED_MAX].is_used)
    i++;
  if (i == ASKED_MAX) return;
  answer *taken = &self->answers[(start + i) % ASKED_MAX];
  bool is_lost = may_lose && s_roll(self, 100) < self->rates.answers_lost_percent;
  if (!taken->is_replay) {
    self->asks[taken->stream] = false;
    uint64_t epoch = tracker_epoch(self->tracker, taken->stream);
    if (is_lost || (epoch != 0 && epoch != taken->epoch))
      self->doubts[taken->stream] = true;
    else
      s_take_known(self, taken->stream, taken->epoch, taken->known);
  } else if (is_lost || taken->is_refused) {
    tracker_failed(self->tracker, taken->ticket, taken->is_refused ? TRACKER_NEVER : TRACKER_NO_ANSWER);
  } else {
    s_take_replay(self, taken);
  }
  taken->is_used = false;
}

/* What the program does first is to empty the outbox, at least now and then. */
static void s_step(bus *self, bool may_lose) {
  switch (s_roll(self, 8)) {
  case 0:
  case 1: s_publish(self, may_lose); break;
  case 2:
    if (s_roll(self, 6) == 0) s_beat(self, s_roll(self, 2) == 0 ? HBUS_STREAM_MARKET : HBUS_STREAM_PRIVATE, may_lose);
    break;
  case 3:
  case 4: s_receive(self, s_roll(self, 2) == 0 ? HBUS_STREAM_MARKET : HBUS_STREAM_PRIVATE); break;
  case 5: s_take_answer(self, may_lose); break;
  case 6: s_ask(self); break;
  default: s_pop(self); break;
  }
  if (may_lose && s_roll(self, 1000) < self->rates.restart_permille) s_restart(self);
}

/* Nothing is lost any more, and two heartbeats come: all must be told then. */
static void s_come_to_rest(bus *self) {
  for (unsigned round = 0; round < 2000; round++) {
    if (round % 1000 == 0)
      for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
        self->is_losing[i] = false;
        s_beat(self, (hbus_stream)i, false);
      }
    for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++)
      while (self->lines[i].first < self->lines[i].end)
        s_receive(self, (hbus_stream)i);
    s_ask(self);
    s_take_answer(self, false);
    while (tracker_waiting(self->tracker) > 0)
      s_pop(self);
  }
}

static void s_check_end(const bus *self, uint64_t seed) {
  hbus_client_stats stats = {0};
  tracker_add_stats(self->tracker, &stats);
  for (unsigned i = 0; i < TOPICS; i++)
    cr_assert(self->last[i] == 0 || self->shown[i].seq == self->last[i], "seed %" PRIu64 ", %s: the end was not told",
              seed, s_topics[i].text);
  cr_assert_eq(stats.lost, self->lost_count, "seed %" PRIu64, seed);
  cr_assert_eq(stats.repaired, self->repaired_count, "seed %" PRIu64, seed);
  cr_assert_not(tracker_wants_to_ask(self->tracker));
}

static uint64_t s_run(const rates *rates, uint64_t seed, hbus_client_stats *total) {
  bus *self = calloc(1, sizeof(*self));
  cr_assert_not_null(self);
  self->rates = *rates;
  self->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  self->epoch = 1;
  for (unsigned i = 0; i < TOPICS; i++)
    if (s_topics[i].stream == HBUS_STREAM_PRIVATE) self->private_epochs[i] = calloc(NUMBERS_MAX, sizeof(uint64_t));
  tracker_limits limits = {.topics = 100, .held_count = rates->held_max, .held_bytes = 1 << 20, .repairs = true};
  self->tracker = tracker_new(&limits);
  tracker_set_policy(self->tracker, s_policy, NULL);
  s_beat(self, HBUS_STREAM_MARKET, false);
  s_beat(self, HBUS_STREAM_PRIVATE, false);
  for (unsigned step = 0; step < STEPS; step++)
    s_step(self, true);
  s_come_to_rest(self);
  s_check_end(self, seed);
  tracker_add_stats(self->tracker, total);
  uint64_t lost = self->lost_count;
  tracker_destroy(&self->tracker);
  for (unsigned i = 0; i < TOPICS; i++)
    free(self->private_epochs[i]);
  free(self);
  return lost;
}

/* Enough histories that each thing happens many times; which the sums show. */
static void s_run_all(const rates *rates, uint64_t *lost, hbus_client_stats *total) {
  *lost = 0;
  *total = (hbus_client_stats){0};
  for (uint64_t seed = 1; seed <= 300; seed++)
    *lost += s_run(rates, seed, total);
  cr_assert_gt(total->gaps, 300u);
  cr_assert_gt(total->repaired, 300u);
}

Test(tracker_histories, losses_alone_are_all_repaired) {
  uint64_t lost;
  hbus_client_stats total;
  s_run_all(&(rates){.lost_percent = 50, .held_max = 100000}, &lost, &total);
  cr_assert_eq(lost, 0u, "what can be had is never called lost");
}

Test(tracker_histories, answers_lost_and_a_short_ring) {
  uint64_t lost;
  hbus_client_stats total;
  s_run_all(&(rates){.lost_percent = 50, .answers_lost_percent = 40, .ring = 20, .held_max = 100000}, &lost, &total);
  cr_assert_gt(lost, 0u);
}

Test(tracker_histories, restarts_in_the_middle_of_everything) {
  uint64_t lost;
  hbus_client_stats total;
  s_run_all(&(rates){.lost_percent = 50, .answers_lost_percent = 10, .restart_permille = 5, .held_max = 100000}, &lost,
            &total);
}

Test(tracker_histories, little_room_to_hold) {
  uint64_t lost;
  hbus_client_stats total;
  s_run_all(&(rates){.lost_percent = 70, .answers_lost_percent = 10, .restart_permille = 2, .ring = 50, .held_max = 5},
            &lost, &total);
  cr_assert_gt(lost, 0u);
}
