#include "tests/chaos/examiner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hbus/client.h"
#include "tests/bench/book_frames.h"
#include "tests/chaos/reader_plan.h"

#define SHOWN_MAX 20 /* violations that are told one by one */

/* Numbers in a row that a reader was told are lost. */
typedef struct hole {
  uint64_t from;
  uint64_t to;
} hole;

/* A topic, as one reader was shown it. */
typedef struct track {
  canon_topic *topic;
  canon_numbers *numbers;
  bool wanted;    /* watched; what comes of others is left over from before */
  bool has_base;  /* from some number on everything counts */
  uint64_t epoch; /* of market numbers */
  uint64_t last;  /* shown, told of as lost, or in a snapshot */
  uint64_t again; /* the event that a market's snapshot includes, and that comes all the same; 0: none */
  hole lost;      /* the last of them */
} track;

/* One diary. */
typedef struct reading {
  examiner *examiner;
  const char *path;
  diary diary;
  reader_plan plan;
  track *tracks; /* by the numbers of the names, market and private */
  size_t track_count;
  const char **wishes; /* prefixes that are watched */
  size_t wish_count;
  uint64_t epoch; /* of the market stream, as it was told */
  bool ended;
} reading;

void examiner_init(examiner *self, canon *canon, unsigned markets) {
  *self = (examiner){.canon = canon, .markets = markets};
}

static void s_violated(const reading *self, const track *track, const char *what, uint64_t from, uint64_t to) {
  if (self->examiner->told++ >= SHOWN_MAX) return;
  printf("    %s: %s %s %s: %" PRIu64 " to %" PRIu64 " of epoch %" PRIu64 ", last was %" PRIu64 "\n", self->path,
         hbus_stream_name(track->topic->stream), track->topic->text, what, from, to, track->epoch, track->last);
}

/* --- tracks --- */

static bool s_is_wanted(const reading *self, const char *topic) {
  for (size_t i = 0; i < self->wish_count; i++)
    if (strncmp(topic, self->wishes[i], strlen(self->wishes[i])) == 0) return true;
  return false;
}

static track *s_track_of(reading *self, const diary_record *record) {
  size_t index = (size_t)record->topic * 2 + (record->stream == HBUS_STREAM_PRIVATE);
  if (index >= self->track_count) {
    size_t count = 2 * index + 2;
    self->tracks = realloc(self->tracks, count * sizeof *self->tracks);
    assert(self->tracks);
    memset(self->tracks + self->track_count, 0, (count - self->track_count) * sizeof *self->tracks);
    self->track_count = count;
  }
  track *found = &self->tracks[index];
  if (!found->topic) {
    const char *name = self->diary.names[record->topic];
    found->topic = canon_topic_of(self->examiner->canon, (hbus_stream)record->stream, name);
    found->wanted = s_is_wanted(self, name);
  }
  return found;
}

/* Numbers of another epoch of the market stream: what was watched before counts from its first one on. */
static void s_enter_epoch(track *track, uint64_t epoch) {
  if (!track->numbers || track->epoch != epoch) {
    bool anew = track->topic->stream == HBUS_STREAM_MARKET;
    if (anew) track->last = track->again = 0;
    if (anew) track->lost = (hole){0};
    track->epoch = epoch;
  }
  track->numbers = canon_numbers_of(track->topic, epoch);
}

/* Everything up to `seq` is accounted for. */
static void s_reach(track *track, uint64_t seq) {
  track->has_base = true;
  if (seq > track->last) track->last = seq;
}

/* Books follow each other for who wants the newest alone. */
static bool s_may_skip(const reading *self, const track *track) {
  return self->plan == READER_NEWEST && strncmp(track->topic->text, "market_data/", 12) == 0;
}

/* What comes next is `seq`: whether something is missing that was not told of. */
static void s_expect(reading *self, track *track, uint64_t seq) {
  if (!track->has_base || seq <= track->last + 1) return;
  uint64_t missing = seq - track->last - 1;
  if (s_may_skip(self, track)) {
    uint64_t newest = self->ended; /* which is not to be left out in the end */
    self->examiner->skipped += missing - newest;
    missing = newest;
  }
  if (missing == 0) return;
  self->examiner->unreported += missing;
  s_violated(self, track, "LOST AND UNREPORTED", track->last + 1, seq - 1);
}

/* --- records --- */

/* A book says which one it is of all that upstream sent, one market after the other. */
static void s_check_content(reading *self, track *track, const diary_record *record) {
  char market[16], topic[HBUS_TOPIC_MAX + 1];
  unsigned markets = self->examiner->markets;
  uint64_t count = (record->number - 1) / markets;
  snprintf(topic, sizeof topic, "market_data/order_book/%s/%s/", BOOK_FRAMES_EXCHANGE,
           book_frames_market((record->number - 1) % markets, market));
  canon_numbers *numbers = track->numbers;
  if (!numbers->has_offset) numbers->offset = count - record->seq;
  numbers->has_offset = true;
  if (strcmp(topic, track->topic->text) == 0 && numbers->offset == count - record->seq) return;
  self->examiner->foreign++;
  s_violated(self, track, "NOT WHAT UPSTREAM SENT", record->seq, record->seq);
}

static void s_check_body(reading *self, track *track, const diary_record *record) {
  bool is_private = track->topic->stream == HBUS_STREAM_PRIVATE;
  bool is_kept = strcmp(track->topic->text, "system/heartbeat/") != 0; /* of heartbeats the number alone is */
  if (is_private && is_kept && !canon_has(track->numbers, record->seq)) {
    self->examiner->unjournaled++;
    s_violated(self, track, "NOT IN THE JOURNAL", record->seq, record->seq);
  }
  if (canon_take(track->numbers, record->seq, record->digest)) return;
  self->examiner->divergent++;
  s_violated(self, track, "DIVERGENT", record->seq, record->seq);
}

/* An event that is not later than the last one. */
static void s_check_old(reading *self, track *track, const diary_record *record) {
  bool was_lost = record->seq >= track->lost.from && record->seq <= track->lost.to;
  if (was_lost) {
    self->examiner->reordered++;
  } else {
    self->examiner->duplicated++;
  }
  s_violated(self, track, was_lost ? "SHOWN THOUGH LOST" : "DUPLICATED OR REORDERED", record->seq, record->seq);
}

static void s_take_event(reading *self, const diary_record *record) {
  track *track = s_track_of(self, record);
  bool is_market = track->topic->stream == HBUS_STREAM_MARKET;
  self->examiner->events++;
  if (is_market && track->numbers && record->epoch < track->epoch) {
    self->examiner->reordered++;
    s_violated(self, track, "OF AN EPOCH THAT HAS ENDED", record->seq, record->seq);
    return;
  }
  s_enter_epoch(track, record->epoch);
  if (track->wanted) {
    bool again = record->seq == track->again && record->seq == track->last;
    s_expect(self, track, record->seq);
    if (track->has_base && record->seq <= track->last && !again) s_check_old(self, track, record);
    track->again = 0;
    s_reach(track, record->seq);
  }
  s_check_body(self, track, record);
  if (record->number) s_check_content(self, track, record);
}

static void s_take_lost(reading *self, const diary_record *record) {
  examiner *examiner = self->examiner;
  track *track = s_track_of(self, record);
  examiner->notices_lost++;
  s_enter_epoch(track, record->epoch);
  if (!record->number) { /* the topic starts anew */
    track->has_base = false;
    track->last = 0;
    return;
  }
  uint64_t count = record->number - record->seq + 1;
  examiner->lost += count;
  bool is_kept = strcmp(track->topic->text, "system/heartbeat/") != 0;
  if (track->topic->stream == HBUS_STREAM_PRIVATE && is_kept) examiner->lost_private += count;
  s_expect(self, track, record->seq);
  if (track->has_base && record->seq <= track->last) {
    examiner->reordered++;
    s_violated(self, track, "SAID TO BE LOST AFTER IT WAS SHOWN", record->seq, record->number);
  }
  track->lost = (hole){record->seq, record->number};
  s_reach(track, record->number);
}

static void s_take_stamp(reading *self, const diary_record *record) {
  track *track = s_track_of(self, record);
  self->examiner->snapshots++;
  s_enter_epoch(track, record->epoch);
  if (record->seq > track->last && strncmp(track->topic->text, "market_data/", 12) == 0) track->again = record->seq;
  s_reach(track, record->seq);
}

static void s_take_repaired(reading *self, const diary_record *record) {
  const track *track = s_track_of(self, record);
  self->examiner->notices_repaired++;
  self->examiner->repaired += record->number - record->seq + 1;
  if (!track->wanted || track->last >= record->number) return;
  self->examiner->unreported += record->number - track->last;
  s_violated(self, track, "SAID TO BE REPAIRED, NOT SHOWN", record->seq, record->number);
}

static void s_take_notice(reading *self, const diary_record *record) {
  self->examiner->notices_other++;
  if (record->seq != HBUS_NOTICE_RESTARTED || record->stream != HBUS_STREAM_MARKET) return;
  self->epoch = record->epoch;
  for (size_t i = 0; i < self->track_count; i++) {
    track *each = &self->tracks[i];
    if (each->topic && each->topic->stream == HBUS_STREAM_MARKET) s_enter_epoch(each, record->epoch);
  }
}

/* From here on it counts anew, or not at all. */
static void s_take_wish(reading *self, const diary_record *record, bool watched) {
  const char *prefix = self->diary.names[record->topic];
  if (watched) {
    self->wishes = realloc(self->wishes, (self->wish_count + 1) * sizeof *self->wishes);
    assert(self->wishes);
    self->wishes[self->wish_count++] = prefix;
  }
  for (size_t i = 0; i < self->wish_count && !watched; i++) {
    if (self->wishes[i] != prefix) continue;
    self->wishes[i] = self->wishes[--self->wish_count];
    break;
  }
  for (size_t i = 0; i < self->track_count; i++) {
    track *each = &self->tracks[i];
    if (!each->topic || strncmp(each->topic->text, prefix, strlen(prefix)) != 0) continue;
    each->wanted = watched;
    each->has_base = false;
    each->last = each->again = 0;
  }
}

static void s_take(reading *self, const diary_record *record) {
  switch ((diary_kind)record->kind) {
  case DIARY_PLAN: self->plan = (reader_plan)record->seq; break;
  case DIARY_WATCH: s_take_wish(self, record, true); break;
  case DIARY_UNWATCH: s_take_wish(self, record, false); break;
  case DIARY_EVENT: s_take_event(self, record); break;
  case DIARY_STAMP: s_take_stamp(self, record); break;
  case DIARY_LOST: s_take_lost(self, record); break;
  case DIARY_REPAIRED: s_take_repaired(self, record); break;
  case DIARY_NOTICE: s_take_notice(self, record); break;
  case DIARY_END: self->ended = true; break;
  default: self->examiner->broken++; break;
  }
}

/* Who came to an end in order was shown, or told of, all there was. */
static void s_check_end(reading *self) {
  for (size_t i = 0; i < self->track_count; i++) {
    track *each = &self->tracks[i];
    if (!each->topic || !each->wanted || !each->topic->final) continue;
    bool is_market = each->topic->stream == HBUS_STREAM_MARKET;
    s_enter_epoch(each, is_market ? self->examiner->canon->epoch : each->epoch);
    s_expect(self, each, each->topic->final + 1);
  }
}

void examiner_read(examiner *self, const char *path) {
  reading reading = {.examiner = self, .path = path};
  diary_record record;
  if (!diary_open(&reading.diary, path)) return; /* it was killed before it began one */
  self->diaries++;
  while (diary_read(&reading.diary, &record))
    s_take(&reading, &record);
  self->ends += reading.ended;
  if (reading.ended) s_check_end(&reading);
  diary_close(&reading.diary);
  free(reading.tracks);
  free(reading.wishes);
}
