#include "client/roll_call.h"

#include <string.h>

#include "proto/repair_list.h"

#define AGAIN_MS  250   /* before a question is put again */
#define NEVER_MS  60000 /* ... where the broker cannot answer it: it may be another one by then */
#define PAGES_MAX 10000

static bool s_begin(roll_call *self, watches *watches) {
  hbus_text prefixes[HBUS_PREFIXES_MAX];
  self->round = ++self->rounds;
  self->pages = 0;
  self->cursor[0] = '\0';
  size_t count = watches_begin_round(watches, self->round, prefixes);
  buffer_reset(&self->prefixes);
  if (count > 0 && prefixes_pack(prefixes, count, &self->prefixes) == HBUS_OK) return true;
  roll_call_lose(self, watches);
  return false;
}

bool roll_call_question(roll_call *self, watches *watches, uint64_t now_ms, hbus_command *out) {
  if (now_ms < roll_call_deadline(self, watches)) return false;
  if (self->round == 0 && !s_begin(self, watches)) return false;
  *out = (hbus_command){.kind = HBUS_SEQUENCES,
                        .stream = self->stream,
                        .limit = HBUS_PAGE_MAX,
                        .prefixes = {.data = self->prefixes.data, .size = self->prefixes.size}};
  memcpy(out->cursor, self->cursor, sizeof(out->cursor));
  return true;
}

void roll_call_asked(roll_call *self) {
  self->is_asked = true;
}

static void s_end(roll_call *self, watches *watches, bool answered) {
  self->is_asked = false;
  watches_end_round(watches, self->round, answered);
  self->round = 0;
}

void roll_call_lose(roll_call *self, watches *watches) {
  if (self->round != 0) s_end(self, watches, false);
}

static bool s_is_passing(hbus_status code) {
  return code == HBUS_RATE_LIMITED || code == HBUS_OVERLOADED || code == HBUS_TIMEOUT || code == HBUS_INVALID_REQUEST;
}

void roll_call_learn(roll_call *self, watches *watches, tracker *tracker, repair_unpacker *unpacker,
                     const hbus_reply *reply, uint64_t now_ms) {
  if (!self->is_asked) return;
  self->is_asked = false;
  hbus_sequences page;
  bool is_read =
      reply->status == HBUS_REPLY_OK && sequences_reply_unpack(unpacker, reply->data, &page, NULL) == HBUS_OK;
  uint64_t epoch = is_read ? tracker_epoch(tracker, self->stream) : 0;
  if (!is_read || (epoch != 0 && page.epoch != epoch) || ++self->pages > PAGES_MAX) {
    /* Another epoch: the stream will tell of it, or has already; until then its numbers are of no use. */
    self->due_ms = now_ms + (is_read || s_is_passing(reply->code) ? AGAIN_MS : NEVER_MS);
    s_end(self, watches, false);
    return;
  }
  if (page.count == 0 && epoch == 0) tracker_enter_epoch(tracker, self->stream, page.epoch);
  for (size_t i = 0; i < page.count; i++)
    tracker_known(tracker, self->stream, page.items[i].topic, page.epoch, page.items[i].seq);
  memcpy(self->cursor, page.cursor, sizeof(self->cursor));
  if (*self->cursor == '\0') s_end(self, watches, true);
}

uint64_t roll_call_deadline(const roll_call *self, const watches *watches) {
  bool is_waiting = self->round != 0 || watches->due_count > 0;
  return is_waiting && !self->is_asked ? self->due_ms : UINT64_MAX;
}
