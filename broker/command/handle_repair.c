/* sequences and replay: what a reader asks that has missed events, or cannot know whether it has (PROTOCOL.md,
 * "Repair").
 *
 * What is told of the private stream is in the journal: the answer waits for what was put before it, so that no number
 * is told that could be given again, and no event is called lost that is only on its way.
 */
#include <inttypes.h>
#include <string.h>

#include "broker/command/handler.h"
#include "proto/repair_codec.h"
#include "proto/repair_list.h"

/* What a reply has besides the bodies of events, at most: a larger body than leaves room for it cannot be had again. */
#define REPLY_ROOM 4096

/* Replies ---------------------------------------------------------------------------------------------------------- */

static void s_reply(task *task, const void *data, size_t size) {
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = data, .size = size}};
  command_reply(task->path, task, &reply);
  command_end(task);
}

static void s_refuse(task *task, hbus_status code, const char *message) {
  command_refuse(task->path, task, code, message, NULL);
  command_end(task);
}

/* sequences -------------------------------------------------------------------------------------------------------- */

/* A cursor is the place of the first topic that was not looked at (sequence.h). */
static hbus_status s_read_cursor(const char *cursor, size_t places, size_t *out) {
  size_t place = 0;
  const char *at = cursor;
  for (; *at >= '0' && *at <= '9' && place <= places; at++)
    place = place * 10 + (size_t)(*at - '0');
  if (*at || place > places) return HBUS_INVALID_REQUEST;
  *out = place;
  return HBUS_OK;
}

static bool s_has_prefix(const numbered_topic *topic, const hbus_text *prefixes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const hbus_text *prefix = &prefixes[i];
    if (prefix->size <= topic->size && memcmp(prefix->data, topic->text, prefix->size) == 0) return true;
  }
  return false;
}

typedef struct page {
  hbus_sequence items[HBUS_PAGE_MAX];
  size_t count;
  size_t next; /* place of the first topic that was not looked at */
} page;

static void s_fill_page(const sequence *topics, const hbus_command *command, size_t place, page *out) {
  hbus_text prefixes[HBUS_PREFIXES_MAX];
  size_t prefix_count = 0;
  prefixes_unpack(command->prefixes, prefixes, &prefix_count, NULL); /* the gate has looked at them */
  size_t wanted = command->limit && command->limit < HBUS_PAGE_MAX ? (size_t)command->limit : HBUS_PAGE_MAX;
  size_t end = sequence_size(topics);
  if (end - place > LIMIT_SEQUENCES_LOOKED) end = place + LIMIT_SEQUENCES_LOOKED;
  out->count = 0;
  for (; place < end && out->count < wanted; place++) {
    const numbered_topic *topic = sequence_at(topics, place);
    if (topic->last == 0 || !s_has_prefix(topic, prefixes, prefix_count)) continue;
    out->items[out->count++] = (hbus_sequence){.topic = {.data = topic->text, .size = topic->size}, .seq = topic->last};
  }
  out->next = place;
}

void handle_sequences(command_path *path, session *session, task *task) {
  (void)session;
  const hbus_command *command = &task->command;
  const sequence *topics = publisher_topics(path->parts.publisher, command->stream);
  size_t place;
  if (s_read_cursor(command->cursor, sequence_size(topics), &place)) {
    s_refuse(task, HBUS_INVALID_REQUEST, "'cursor' is not one that a reply of this epoch gave; start again without it");
    return;
  }
  page page;
  s_fill_page(topics, command, place, &page);
  hbus_sequences sequences = {.epoch = path->parts.epoch, .items = page.items, .count = page.count};
  if (page.next < sequence_size(topics)) snprintf(sequences.cursor, sizeof sequences.cursor, "%zu", page.next);
  buffer_reset(&path->data);
  task->tells_private = command->stream == HBUS_STREAM_PRIVATE;
  if (sequences_reply_pack(&sequences, &path->data)) {
    s_refuse(task, HBUS_OVERLOADED, "no memory for the answer");
  } else {
    s_reply(task, path->data.data, path->data.size);
  }
}

/* replay ----------------------------------------------------------------------------------------------------------- */

static void s_reply_replay(task *task, const hbus_replay *replay) {
  buffer *data = &task->path->data;
  buffer_reset(data);
  if (replay_reply_pack(replay, data)) {
    s_refuse(task, HBUS_OVERLOADED, "no memory for the answer");
  } else {
    s_reply(task, data->data, data->size);
  }
}

/* The events from `seq` to `end` that the publisher still has, as far as one answer goes. */
static void s_recall(const task *task, const numbered_topic *topic, uint64_t seq, uint64_t end,
                     hbus_bytes items[HBUS_REPLAY_EVENTS_MAX], hbus_replay *out) {
  const publisher *publisher = task->path->parts.publisher;
  size_t bytes = 0;
  for (; seq <= end; seq++) {
    hbus_bytes body;
    if (!publisher_recall(publisher, task->command.stream, topic, seq, &body)) continue;
    if (body.size > HBUS_FRAME_MAX - REPLY_ROOM) continue;
    if (out->count == HBUS_REPLAY_EVENTS_MAX || (out->count && bytes + body.size > HBUS_REPLAY_BYTES_MAX)) {
      out->next = seq;
      return;
    }
    bytes += body.size;
    items[out->count++] = body;
    out->last = seq;
  }
}

static void s_replay_from_memory(task *task) {
  const command_parts *parts = &task->path->parts;
  const hbus_command *command = &task->command;
  hbus_bytes items[HBUS_REPLAY_EVENTS_MAX];
  hbus_replay replay = {.epoch = parts->epoch, .topic = hbus_text_of(command->topic), .items = items};
  const numbered_topic *topic = sequence_find(publisher_topics(parts->publisher, command->stream), command->topic);
  if (topic && topic->track.first <= topic->track.last && topic->track.first) {
    replay.first = topic->track.first;
    uint64_t from = command->from > replay.first ? command->from : replay.first;
    uint64_t to = command->to < topic->track.last ? command->to : topic->track.last;
    s_recall(task, topic, from, to, items, &replay);
  }
  s_reply_replay(task, &replay);
}

/* Numbers that could not be written yet are not lost: who asks for them is told to come back. */
static void s_on_read(void *arg, hbus_status status, const journal_events *events, const char *why) {
  task *task = arg;
  const command_parts *parts = &task->path->parts;
  const hbus_command *command = &task->command;
  if (status) {
    s_refuse(task, HBUS_INTERNAL, why);
    return;
  }
  bool is_cut = !events->next && command->to > events->last_put;
  if (is_cut && command->from > events->last_put) {
    if (!journal_state(parts->journal, &why)) why = "these events are on their way into the journal; ask again";
    s_refuse(task, HBUS_INTERNAL, why);
    return;
  }
  const hbus_replay replay = {.epoch = parts->epoch,
                              .topic = hbus_text_of(command->topic),
                              .first = events->first,
                              .last = events->last,
                              .next = is_cut ? events->last_put + 1 : events->next,
                              .items = events->bodies,
                              .count = events->count};
  s_reply_replay(task, &replay);
}

static void s_replay_from_journal(task *task) {
  const command_parts *parts = &task->path->parts;
  hbus_command *command = &task->command;
  const numbered_topic *topic = sequence_find(publisher_topics(parts->publisher, command->stream), command->topic);
  uint64_t last = topic ? topic->last : 0; /* what is numbered from now on was not asked for */
  if (command->to > last) command->to = last;
  journal_range range = {.from = command->from,
                         .to = command->to,
                         .max_events = HBUS_REPLAY_EVENTS_MAX,
                         .max_bytes = HBUS_REPLAY_BYTES_MAX};
  memcpy(range.topic, command->topic, sizeof range.topic);
  if (journal_replay(parts->journal, &range, s_on_read, task)) {
    s_refuse(task, HBUS_OVERLOADED, "no memory to read events");
  }
}

static bool s_is_of_another_epoch(const command_path *path, const hbus_command *command) {
  return command->stream == HBUS_STREAM_MARKET && command->epoch && command->epoch != path->parts.epoch;
}

void handle_replay(command_path *path, session *session, task *task) {
  (void)session;
  const hbus_command *command = &task->command;
  if (s_is_of_another_epoch(path, command)) {
    char why[HBUS_ERROR_TEXT_SIZE];
    snprintf(why, sizeof why, "epoch %" PRIu64 " has ended, and its market events went with it; it is %" PRIu64 " now",
             command->epoch, path->parts.epoch);
    s_refuse(task, HBUS_EXPIRED, why);
  } else if (command->stream == HBUS_STREAM_MARKET || path->parts.config->journal.sync == JOURNAL_OFF) {
    s_replay_from_memory(task);
  } else {
    s_replay_from_journal(task);
  }
}
