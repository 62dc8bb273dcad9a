#include "client/repair.h"

#include <string.h>

#include "client/session.h"
#include "proto/repair_list.h"

#define PING_MS          1000
#define REPLAY_MS        2000 /* for an answer; events wait for it */
#define AGAIN_MS         100  /* after a refusal that passes */
#define OUTBOX_MAX       1000 /* with more waiting for the program, nothing more is asked for */
#define HELD_BYTES_MAX   (64u * 1024 * 1024)
#define TOPICS_MAX       1000000
#define IMPLICIT_JOIN_MS 1000 /* between snapshots that nobody asked for */

/* Life */

/* What the tracker must know of a topic that it meets. */
static tracker_policy s_policy(void *arg, hbus_stream stream, const char *topic, size_t size) {
  const hbus_client *self = arg;
  static const char *const newest[] = {"market_data/order_book/", "market_data/ticker/"};
  tracker_policy policy = {.holds = joins_holds(&self->joins, stream, topic, size)};
  (void)watches_match(&self->watches[stream], topic, size, &policy.is_based);
  policy.is_asked_for = size != strlen(CLIENT_HEARTBEAT) || memcmp(topic, CLIENT_HEARTBEAT, size) != 0;
  for (size_t i = 0; i < sizeof(newest) / sizeof(newest[0]) && self->settings.newest_only; i++)
    if (size >= strlen(newest[i]) && memcmp(topic, newest[i], strlen(newest[i])) == 0) policy.is_newest_only = true;
  return policy;
}

hbus_status repair_open(hbus_client *self, const hbus_options *options) {
  tracker_limits limits = {.topics = TOPICS_MAX,
                           .held_count = (size_t)options->high_water_mark,
                           .held_bytes = HELD_BYTES_MAX,
                           .repairs = options->repair};
  self->tracker = tracker_new(&limits);
  self->repair_unpacker = repair_unpacker_new();
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    self->roll_calls[i].stream = (hbus_stream)i;
    buffer_init(&self->roll_calls[i].prefixes, HBUS_COMMAND_FRAME_MAX);
  }
  buffer_init(&self->acks, HBUS_COMMAND_FRAME_MAX);
  if (self->tracker == NULL || self->repair_unpacker == NULL) return HBUS_NO_MEMORY;
  tracker_set_policy(self->tracker, s_policy, self);
  tracker_queue_all(self->tracker, options->newest_only);
  return HBUS_OK;
}

void repair_close(hbus_client *self) {
  tracker_destroy(&self->tracker);
  repair_unpacker_destroy(&self->repair_unpacker);
  joins_free(&self->joins);
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    watches_free(&self->watches[i]);
    buffer_free(&self->roll_calls[i].prefixes);
  }
  buffer_free(&self->acks);
}

/* Asking */

static bool s_send(hbus_client *self, hbus_command *command, uint64_t ticket, int timeout_ms) {
  pending_command *slot = NULL;
  if (session_send(self, PENDING_INTERNAL, command, timeout_ms, &slot, NULL) != HBUS_OK) {
    self->ask_again_ms = client_monotonic_ms() + AGAIN_MS;
    return false;
  }
  slot->ticket = ticket;
  return true;
}

static void s_ask_sequences(hbus_client *self, uint64_t now_ms) {
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
    hbus_command command;
    if (!roll_call_question(&self->roll_calls[i], &self->watches[i], now_ms, &command)) continue;
    if (!s_send(self, &command, i, self->settings.request_timeout_ms)) return;
    roll_call_asked(&self->roll_calls[i]);
  }
}

/* What was lost of orders and fills must be found in the state. */
static void s_join_after_loss(hbus_client *self, uint64_t now_ms) {
  if (!tracker_take_lost_private(self->tracker) || !self->settings.repair) return;
  join *item = joins_find(&self->joins, "", "");
  if (item == NULL && joins_add(&self->joins, "", "", &item) != HBUS_OK) return;
  if (item->state != JOIN_DONE) return;
  uint64_t due_ms = self->implicit_join_ms > now_ms ? self->implicit_join_ms : now_ms;
  self->implicit_join_ms = due_ms + IMPLICIT_JOIN_MS;
  joins_begin(&self->joins, item, self->tracker, due_ms);
}

static void s_ask_snapshots(hbus_client *self, uint64_t now_ms) {
  hbus_command command;
  join *item = NULL;
  while ((item = joins_question(&self->joins, now_ms, &command)) != NULL)
    if (s_send(self, &command, self->joins.last_ticket + 1, self->settings.request_timeout_ms))
      (void)joins_asked(&self->joins, item);
    else
      return;
}

static void s_ask_replays(hbus_client *self) {
  tracker_question question;
  while (tracker_waiting(self->tracker) < OUTBOX_MAX && tracker_ask(self->tracker, &question)) {
    hbus_command command = {.kind = HBUS_REPLAY,
                            .stream = question.stream,
                            .from = question.from,
                            .to = question.to,
                            .epoch = question.epoch};
    memcpy(command.topic, question.topic->text, question.topic->size + 1);
    if (s_send(self, &command, question.ticket, REPLAY_MS)) continue;
    tracker_failed(self->tracker, question.ticket, TRACKER_NOT_NOW);
    return;
  }
}

/* A ping with the numbers that the program has had. */
static void s_send_acks(hbus_client *self, uint64_t now_ms) {
  if (self->ping_under_way || now_ms < self->acks_ms || !tracker_has_acks(self->tracker)) return;
  hbus_stamp stamps[HBUS_ACKS_MAX];
  size_t count = tracker_take_acks(self->tracker, stamps, HBUS_ACKS_MAX);
  self->acks_ms = now_ms + PING_MS;
  buffer_reset(&self->acks);
  if (count == 0 || acks_pack(stamps, count, &self->acks) != HBUS_OK) return;
  hbus_command command = {.kind = HBUS_PING, .acks = {.data = self->acks.data, .size = self->acks.size}};
  if (s_send(self, &command, 0, self->settings.request_timeout_ms)) self->ping_under_way = true;
}

static bool s_may_ask(const hbus_client *self) {
  return self->stats.connected && self->greeted && !self->renew_due && !self->hello_under_way;
}

void repair_progress(hbus_client *self) {
  uint64_t now_ms = client_monotonic_ms();
  if (!s_may_ask(self) || now_ms < self->ask_again_ms) return;
  s_join_after_loss(self, now_ms);
  s_ask_snapshots(self, now_ms);
  if (!self->settings.repair) return;
  s_ask_sequences(self, now_ms);
  s_ask_replays(self);
  s_send_acks(self, now_ms);
}

uint64_t repair_deadline(const hbus_client *self) {
  if (!s_may_ask(self)) return UINT64_MAX;
  uint64_t due_ms = joins_deadline(&self->joins);
  if (self->settings.repair) {
    for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++) {
      uint64_t roll_call_ms = roll_call_deadline(&self->roll_calls[i], &self->watches[i]);
      if (roll_call_ms < due_ms) due_ms = roll_call_ms;
    }
    if (tracker_has_acks(self->tracker) && !self->ping_under_way && self->acks_ms < due_ms) due_ms = self->acks_ms;
    if (tracker_wants_to_ask(self->tracker)) due_ms = 0;
  }
  return due_ms > self->ask_again_ms ? due_ms : self->ask_again_ms;
}

/* Answers */

static void s_learn_replay(hbus_client *self, const pending_command *command) {
  const hbus_reply *reply = &command->reply;
  uint64_t ticket = command->ticket;
  hbus_replay replay;
  if (reply->status == HBUS_REPLY_OK &&
      replay_reply_unpack(self->repair_unpacker, reply->data, &replay, NULL) == HBUS_OK) {
    for (size_t i = 0; i < replay.count; i++) {
      hbus_event event;
      const hbus_bytes *body = &replay.items[i];
      if (event_unpack(self->unpacker, body->data, body->size, &event, NULL) == HBUS_OK)
        tracker_replayed(self->tracker, ticket, event.epoch, event.seq, *body);
      else
        self->stats.malformed++;
    }
    tracker_answered(self->tracker, ticket, replay.next);
  } else if (reply->code == HBUS_RATE_LIMITED || reply->code == HBUS_OVERLOADED) {
    self->ask_again_ms = client_monotonic_ms() + AGAIN_MS;
    tracker_failed(self->tracker, ticket, TRACKER_NOT_NOW);
  } else {
    bool may_come = reply->code == HBUS_TIMEOUT || reply->code == HBUS_UNAUTHENTICATED;
    tracker_failed(self->tracker, ticket, may_come ? TRACKER_NO_ANSWER : TRACKER_NEVER);
  }
}

void repair_learn(hbus_client *self, const pending_command *command) {
  uint64_t now_ms = client_monotonic_ms();
  switch (command->kind) {
  case HBUS_REPLAY: s_learn_replay(self, command); break;
  case HBUS_SEQUENCES:
    roll_call_learn(&self->roll_calls[command->ticket], &self->watches[command->ticket], self->tracker,
                    self->repair_unpacker, &command->reply, now_ms);
    break;
  case HBUS_SNAPSHOT:
    joins_learn(&self->joins, command->ticket, self->tracker, self->repair_unpacker, self->unpacker, &command->reply,
                now_ms);
    break;
  default: break;
  }
}

void repair_lose(hbus_client *self) {
  tracker_lose_answers(self->tracker);
  joins_lose(&self->joins, 0);
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++)
    roll_call_lose(&self->roll_calls[i], &self->watches[i]);
}

void repair_doubt(hbus_client *self, hbus_stream stream) {
  watches_set_due(&self->watches[stream]);
}

void repair_on_hello(hbus_client *self) {
  self->ask_again_ms = 0;
  for (unsigned i = HBUS_STREAM_MARKET; i < HBUS_STREAM_COUNT; i++)
    repair_doubt(self, (hbus_stream)i);
}
