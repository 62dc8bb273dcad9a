#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/tool/event_line.h"
#include "client/tool/peer.h"
#include "hbus/topics.h"
#include "proto/event_codec.h"
#include "proto/field.h"
#include "proto/repair_codec.h"
#include "proto/repair_list.h"

/* A replay under way. */
typedef struct replay {
  hbus_client *client;
  hbus_command command; /* whose `from` goes on from answer to answer */
  uint64_t expected;    /* the next number to print */
  bool json;
  buffer scratch;
  event_unpacker *events;
  repair_unpacker *answers;
} replay;

static hbus_status s_read_number(const char *what, const char *text, uint64_t *out, hbus_error *error) {
  char *end = NULL;
  errno = 0;
  *out = strtoull(text, &end, 10);
  if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out >= 1 && *out <= FIELD_NUMBER_MAX)
    return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "%s \"%s\": expected a whole number from 1 to %" PRIu64, what, text,
                   FIELD_NUMBER_MAX);
}

/* Most topics are on one stream alone. */
static hbus_stream s_stream_of(const char *topic) {
  static const char *const market[] = {"market_data/"}, *const private_[] = {"order_update/", "strategy_update/"};
  for (size_t i = 0; i < sizeof(market) / sizeof(market[0]); i++)
    if (strncmp(topic, market[i], strlen(market[i])) == 0) return HBUS_STREAM_MARKET;
  for (size_t i = 0; i < sizeof(private_) / sizeof(private_[0]); i++)
    if (strncmp(topic, private_[i], strlen(private_[i])) == 0) return HBUS_STREAM_PRIVATE;
  return HBUS_STREAM_NONE;
}

/* The topic's last "/" may have been forgotten. */
static hbus_status s_read_topic(const arguments *arguments, hbus_command *out, hbus_error *error) {
  const char *text = arguments->positionals[0];
  size_t size = strlen(text);
  if (size == 0 || size + 1 > HBUS_TOPIC_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "TOPIC has 1 to %d bytes", HBUS_TOPIC_MAX);
  (void)snprintf(out->topic, sizeof(out->topic), "%s%s", text, text[size - 1] == '/' ? "" : "/");
  out->stream = arguments->stream != 0 ? (hbus_stream)arguments->stream : s_stream_of(text);
  if (out->stream == HBUS_STREAM_NONE)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s may be on both streams: say --stream market or private", text);
  out->epoch = out->stream == HBUS_STREAM_MARKET ? arguments->epoch : 0;
  return HBUS_OK;
}

static hbus_status s_read(const arguments *arguments, hbus_command *out, hbus_error *error) {
  *out = (hbus_command){.kind = HBUS_REPLAY, .to = FIELD_NUMBER_MAX};
  hbus_status status = s_read_topic(arguments, out, error);
  if (status == HBUS_OK) status = s_read_number("FROM", arguments->positionals[1], &out->from, error);
  if (status == HBUS_OK && arguments->positional_count > 2)
    status = s_read_number("TO", arguments->positionals[2], &out->to, error);
  if (status == HBUS_OK && out->to < out->from) status = hbus_fail(error, HBUS_INVALID_REQUEST, "TO comes before FROM");
  return status;
}

/* How far the topic has come, so that what is not there yet is not called lost. */
static hbus_status s_ask_last(replay *self, hbus_error *error) {
  hbus_command question = {.kind = HBUS_SEQUENCES, .stream = self->command.stream};
  hbus_text prefix = hbus_text_of(self->command.topic);
  uint64_t last = 0;
  hbus_status status = HBUS_OK;
  do {
    hbus_reply reply;
    hbus_sequences page;
    buffer_reset(&self->scratch);
    status = prefixes_pack(&prefix, 1, &self->scratch);
    question.prefixes = (hbus_bytes){self->scratch.data, self->scratch.size};
    if (status == HBUS_OK) status = hbus_client_call(self->client, &question, 0, &reply, error);
    if (status == HBUS_OK) status = sequences_reply_unpack(self->answers, reply.data, &page, error);
    if (status != HBUS_OK) return status;
    for (size_t i = 0; i < page.count; i++) /* no topic begins with another one, but who knows what is to come */
      if (page.items[i].topic.size == prefix.size) last = page.items[i].seq;
    memcpy(question.cursor, page.cursor, sizeof(question.cursor));
    if (self->command.stream == HBUS_STREAM_MARKET && self->command.epoch == 0) self->command.epoch = page.epoch;
  } while (*question.cursor != '\0');
  if (self->command.to > last) self->command.to = last;
  return HBUS_OK;
}

/* Says that the numbers from the one expected to `to` cannot be had, if there are any. */
static void s_print_lost(replay *self, uint64_t to) {
  if (to < self->expected) return;
  const event_notice notice = {.what = "lost",
                               .stream = self->command.stream,
                               .topic = self->command.topic,
                               .epoch = self->command.epoch,
                               .from = self->expected,
                               .to = to};
  if (self->json)
    event_line_print_notice_json(&notice, &self->scratch);
  else
    event_line_print_notice(&notice);
}

static hbus_status s_print_event(replay *self, hbus_bytes body, hbus_error *error) {
  hbus_message message = {
      .kind = HBUS_MESSAGE_EVENT, .stream = self->command.stream, .topic = self->command.topic, .body = body};
  hbus_status status = event_unpack(self->events, body.data, body.size, &message.event, error);
  if (status != HBUS_OK) return status;
  s_print_lost(self, message.event.seq - 1);
  self->expected = message.event.seq + 1;
  if (self->json)
    event_line_print_json(&message, &self->scratch);
  else
    event_line_print(&message, &self->scratch);
  return HBUS_OK;
}

static hbus_status s_print_all(replay *self, hbus_error *error) {
  hbus_status status = s_ask_last(self, error);
  self->expected = self->command.from;
  while (status == HBUS_OK && self->command.from <= self->command.to && peer_flush()) {
    hbus_reply reply;
    hbus_replay answer;
    status = hbus_client_call(self->client, &self->command, 0, &reply, error);
    if (status == HBUS_OK) status = replay_reply_unpack(self->answers, reply.data, &answer, error);
    for (size_t i = 0; status == HBUS_OK && i < answer.count; i++)
      status = s_print_event(self, answer.items[i], error);
    if (status != HBUS_OK || answer.next == 0) break;
    self->command.from = answer.next;
  }
  if (status == HBUS_OK) s_print_lost(self, self->command.to);
  return status;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  replay replay = {.json = arguments->json};
  hbus_error error = {0};
  if (s_read(arguments, &replay.command, &error) != HBUS_OK) return peer_report_usage(self, &error);
  outcome outcome = peer_connect(self, arguments, false, &replay.client);
  if (outcome != OUTCOME_DONE) return outcome;
  buffer_init(&replay.scratch, HBUS_FRAME_MAX * 6);
  replay.events = event_unpacker_new();
  replay.answers = repair_unpacker_new();
  hbus_status status = replay.events == NULL || replay.answers == NULL
                           ? hbus_fail(&error, HBUS_NO_MEMORY, "no memory for a replay")
                           : s_print_all(&replay, &error);
  if (status != HBUS_OK) outcome = peer_report(self, &error);
  event_unpacker_destroy(&replay.events);
  repair_unpacker_destroy(&replay.answers);
  buffer_free(&replay.scratch);
  hbus_client_destroy(&replay.client);
  return outcome;
}

const verb verb_replay = {
    .name = "replay",
    .parameters = "TOPIC FROM [TO]",
    .summary = "Prints events of a topic again",
    .details =
        "TOPIC is a whole one; FROM and TO are numbers of its events, without TO up to the last one. What the broker\n"
        "does not have any more is told as lost. Numbers of the market stream are of an epoch: --epoch says which, "
        "and\n"
        "is refused if that has ended.",
    .options = ARGUMENT_STREAM,
    .positionals_min = 2,
    .positionals_max = 3,
    .run = s_run};
