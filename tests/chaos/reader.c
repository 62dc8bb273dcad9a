/* chaos_reader: a subscriber of its own process, on libhbus, made to be stopped, stalled and killed:
 *
 *   chaos_reader NAME PLAN SEED DIARY LAST
 *
 * It writes into its diary what the library shows it, and nothing that the library does not. SIGUSR1 stalls it: it does
 * not call the library until SIGUSR2 comes. SIGTERM ends it, with 0, when it has been shown, or told of as lost, all
 * that the file LAST has: lines of stream, topic and the last number that there is.
 */
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hbus/hbus.h"
#include "tests/bench/book_frames.h"
#include "tests/bench/feeder.h"
#include "tests/chaos/diary.h"
#include "tests/chaos/reader_plan.h"
#include "tests/sim/random.h"

#define TURN_MESSAGES 256  /* before it looks at signals */
#define LOOK_MS       1000 /* the library is called that often at least */
#define ACT_MIN       200  /* messages between two acts */
#define ACT_MAX       5000
#define TOPICS_MAX    4096
#define SMALL_MARK    1000 /* a high-water mark that is soon reached */

/* Where a topic stands for this reader: the last number that it was shown or told of. */
typedef struct place {
  hbus_stream stream;
  diary_name topic;
  uint64_t last;
  uint64_t final;    /* the last that there is; 0: not known */
  bool has_base;     /* from some number on everything counts; a restart of the broker does not end that */
  bool unwanted;     /* it was left; orders of its market may be read all the same */
  uint64_t snapshot; /* the number of the last one that had a stamp of it */
} place;

typedef struct reader {
  reader_plan plan;
  random_source random;
  const char *last_path;
  hbus_client *client;
  diary diary;
  place *places;
  size_t place_count, place_lately;
  bool wants[READER_MARKETS]; /* watched or joined */
  bool wants_private;
  uint64_t messages, act_at;
  uint64_t market_epoch;
  uint64_t snapshots;
  bool stalled, finishing;
} reader;

/* --- where each topic stands --- */

static place *s_place_of(reader *self, hbus_stream stream, const char *topic) {
  for (size_t i = 0; i < self->place_count; i++) {
    place *found = &self->places[(self->place_lately + i) % self->place_count]; /* topics come in turn */
    if (found->stream != stream || strcmp(found->topic, topic) != 0) continue;
    self->place_lately = (size_t)(found - self->places) + 1;
    return found;
  }
  assert(self->place_count < TOPICS_MAX);
  place *added = &self->places[self->place_count++];
  *added = (place){.stream = stream};
  snprintf(added->topic, sizeof added->topic, "%s", topic);
  return added;
}

static void s_reach(reader *self, hbus_stream stream, const char *topic, uint64_t epoch, uint64_t seq) {
  if (stream == HBUS_STREAM_MARKET && epoch < self->market_epoch) return;
  if (stream == HBUS_STREAM_MARKET) self->market_epoch = epoch;
  place *reached = s_place_of(self, stream, topic);
  reached->has_base = true;
  if (seq > reached->last) reached->last = seq;
}

/* The numbers of the market stream begin anew, unless a snapshot has told of that before. */
static void s_restart(reader *self, hbus_stream stream, uint64_t epoch) {
  if (stream != HBUS_STREAM_MARKET || epoch <= self->market_epoch) return;
  self->market_epoch = epoch;
  for (size_t i = 0; i < self->place_count; i++)
    if (self->places[i].stream == HBUS_STREAM_MARKET) self->places[i].last = 0;
}

static void s_read_last(reader *self) {
  FILE *file = fopen(self->last_path, "re");
  unsigned stream;
  char line[HBUS_TOPIC_MAX + 64];
  assert(file);
  while (fgets(line, sizeof line, file)) {
    char *rest;
    stream = (unsigned)strtoul(line, &rest, 10);
    uint64_t last = strtoull(rest, &rest, 10);
    rest[strcspn(rest, "\n")] = 0;
    s_place_of(self, (hbus_stream)stream, rest + 1)->final = last;
  }
  fclose(file);
}

/* What it was never shown anything of may be older than its wish to see it. The last numbers of market topics are those
 * of the broker's last start: while it reads what is left of an earlier one, higher numbers say nothing. */
static bool s_knows_all(const reader *self) {
  bool is_behind = self->market_epoch < hbus_client_hello(self->client)->epoch;
  for (size_t i = 0; i < self->place_count; i++) {
    const place *each = &self->places[i];
    if (each->unwanted || !each->has_base) continue;
    if (each->last < each->final || (each->stream == HBUS_STREAM_MARKET && is_behind)) return false;
  }
  return true;
}

/* --- what it wants --- */

static void s_write_wish(reader *self, diary_kind kind, const char *prefix) {
  diary_write_about(&self->diary, (diary_record){.kind = (uint8_t)kind}, prefix);
}

/* From here on its numbers count anew, or not at all. */
static void s_set_wanted(reader *self, const char *prefix, bool wanted) {
  for (size_t i = 0; i < self->place_count; i++) {
    place *each = &self->places[i];
    if (strncmp(each->topic, prefix, strlen(prefix)) != 0) continue;
    each->last = 0;
    each->has_base = false;
    each->unwanted = !wanted;
  }
  s_write_wish(self, wanted ? DIARY_WATCH : DIARY_UNWATCH, prefix);
}

static void s_watch(reader *self, const char *prefix) {
  hbus_status status = hbus_client_watch(self->client, prefix, NULL);
  assert(!status);
  s_set_wanted(self, prefix, true);
}

static void s_toggle_watch(reader *self, unsigned number) {
  char market[16];
  hbus_topic topic;
  hbus_topic_order_book(BOOK_FRAMES_EXCHANGE, book_frames_market(number, market), &topic);
  self->wants[number] = !self->wants[number];
  if (self->wants[number]) {
    s_watch(self, topic.text);
    return;
  }
  hbus_status status = hbus_client_unwatch(self->client, topic.text, NULL);
  assert(!status);
  s_set_wanted(self, topic.text, false);
}

static void s_toggle_market(reader *self, unsigned number) {
  char market[16];
  hbus_topic topic;
  book_frames_market(number, market);
  hbus_topic_order_book(BOOK_FRAMES_EXCHANGE, market, &topic);
  self->wants[number] = !self->wants[number];
  if (self->wants[number]) {
    hbus_status status = hbus_client_join_market(self->client, BOOK_FRAMES_EXCHANGE, market, NULL);
    assert(!status);
    s_set_wanted(self, topic.text, true);
    return;
  }
  hbus_status status = hbus_client_leave_market(self->client, BOOK_FRAMES_EXCHANGE, market, NULL);
  assert(!status);
  s_set_wanted(self, topic.text, false);
}

static void s_begin(reader *self) {
  switch (self->plan) {
  case READER_JOIN: {
    hbus_status status = hbus_client_join_private(self->client, NULL);
    assert(!status);
    s_set_wanted(self, "order_update/", true);
    s_set_wanted(self, "trade_update/", true);
    s_watch(self, "strategy_update/");
    for (unsigned i = 0; i < READER_MARKETS; i += 2)
      s_toggle_market(self, i);
    break;
  }
  case READER_CHOICE:
    s_watch(self, "order_update/");
    s_watch(self, "strategy_update/");
    for (unsigned i = 0; i < READER_MARKETS; i += 2)
      s_toggle_watch(self, i);
    break;
  default: s_watch(self, ""); break;
  }
}

static void s_act(reader *self) {
  self->act_at = self->messages + (uint64_t)random_between(&self->random, ACT_MIN, ACT_MAX);
  unsigned market = (unsigned)random_below(&self->random, READER_MARKETS);
  if (self->finishing) return;
  if (self->plan == READER_CHOICE) s_toggle_watch(self, market);
  if (self->plan == READER_JOIN) s_toggle_market(self, market);
}

/* --- what it is shown --- */

static void s_take_event(reader *self, const hbus_message *message) {
  const hbus_event *event = &message->event;
  diary_record record = {.kind = DIARY_EVENT,
                         .stream = (uint8_t)message->stream,
                         .epoch = event->epoch,
                         .seq = event->seq,
                         .digest = diary_digest(message->body.data, message->body.size)};
  if (event->kind == HBUS_KIND_ORDER_BOOK_UPDATE) record.number = event->ts_ns - FEEDER_FIRST_STAMP + 1;
  diary_write_about(&self->diary, record, message->topic);
  s_reach(self, message->stream, message->topic, event->epoch, event->seq);
}

static void s_take_notice(reader *self, const hbus_message *message) {
  const hbus_stream_notice *notice = &message->notice;
  diary_record record = {.stream = (uint8_t)message->stream, .epoch = notice->epoch};
  switch (notice->kind) {
  case HBUS_NOTICE_LOST:
  case HBUS_NOTICE_REPAIRED:
    record.kind = notice->kind == HBUS_NOTICE_LOST ? DIARY_LOST : DIARY_REPAIRED;
    record.seq = notice->from;
    record.number = notice->to;
    s_reach(self, message->stream, message->topic, notice->epoch, notice->to);
    break;
  default:
    record.kind = DIARY_NOTICE;
    record.seq = (uint64_t)notice->kind;
    if (notice->kind == HBUS_NOTICE_RESTARTED) s_restart(self, message->stream, notice->epoch);
    break;
  }
  diary_write_about(&self->diary, record, message->topic);
}

/* A snapshot stamps more than is joined; of the rest the numbers are those from which on it was watched. */
static bool s_is_joined(const char *topic) {
  static const char *const families[] = {"market_data/", "order_update/", "trade_update/"};
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (strncmp(topic, families[i], strlen(families[i])) == 0) return true;
  return false;
}

/* Of the parts of a snapshot, the first that names a topic says from where on its events come. */
static void s_take_stamp(reader *self, const hbus_stamp *stamp, uint64_t epoch) {
  diary_name topic;
  snprintf(topic, sizeof topic, "%.*s", (int)stamp->topic.size, stamp->topic.data);
  if (!s_is_joined(topic)) return;
  place *stamped = s_place_of(self, stamp->stream, topic);
  if (stamped->snapshot == self->snapshots) return;
  stamped->snapshot = self->snapshots;
  diary_record record = {.kind = DIARY_STAMP, .stream = (uint8_t)stamp->stream, .epoch = epoch, .seq = stamp->seq};
  diary_write_about(&self->diary, record, topic);
  s_reach(self, stamp->stream, topic, epoch, stamp->seq);
}

static void s_take_snapshot(reader *self, const hbus_message *message) {
  if (message->reply.status != HBUS_REPLY_OK) return;
  self->snapshots += message->part == 1;
  for (size_t i = 0; i < message->snapshot->stamp_count; i++)
    s_take_stamp(self, &message->snapshot->stamps[i], message->snapshot->epoch);
}

static void s_take(reader *self, const hbus_message *message) {
  self->messages++;
  switch (message->kind) {
  case HBUS_MESSAGE_EVENT: s_take_event(self, message); break;
  case HBUS_MESSAGE_NOTICE: s_take_notice(self, message); break;
  case HBUS_MESSAGE_SNAPSHOT: s_take_snapshot(self, message); break;
  default: break;
  }
}

/* Returns whether there may be more. */
static bool s_read(reader *self) {
  hbus_message message;
  for (unsigned i = 0; i < TURN_MESSAGES; i++) {
    if (hbus_client_next(self->client, 0, &message) == HBUS_TIMEOUT) {
      diary_flush(&self->diary);
      return false;
    }
    s_take(self, &message);
    if (self->messages >= self->act_at) s_act(self);
  }
  return true;
}

/* --- signals, and the whole --- */

static void s_take_signals(reader *self, int signals) {
  struct signalfd_siginfo got;
  while (read(signals, &got, sizeof got) == sizeof got) {
    if (got.ssi_signo == SIGUSR1) self->stalled = true;
    if (got.ssi_signo == SIGUSR2) self->stalled = false;
    if (got.ssi_signo != SIGTERM || self->finishing) continue;
    self->finishing = true;
    s_read_last(self);
  }
}

static void s_run(reader *self, int signals) {
  bool more = false;
  while (!(self->finishing && s_knows_all(self))) {
    struct pollfd ready[] = {{.fd = signals, .events = POLLIN},
                             {.fd = self->stalled ? -1 : hbus_client_fd(self->client), .events = POLLIN}};
    poll(ready, 2, more && !self->stalled ? 0 : self->stalled ? -1 : LOOK_MS);
    s_take_signals(self, signals);
    if (!self->stalled) more = s_read(self);
  }
}

static int s_open_signals(void) {
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGUSR1);
  sigaddset(&heard, SIGUSR2);
  sigaddset(&heard, SIGTERM);
  sigprocmask(SIG_BLOCK, &heard, NULL);
  return signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool s_connect(reader *self, const char *name) {
  hbus_options options;
  hbus_error error;
  hbus_options_init(&options);
  hbus_options_from_environment(&options);
  options.name = name;
  options.recover_orders = false;
  options.connect_timeout_ms = 60000;
  options.newest_only = self->plan == READER_NEWEST;
  if (random_chance(&self->random, 50)) options.high_water_mark = SMALL_MARK;
  hbus_status status = hbus_client_connect(&options, &self->client, &error);
  if (status) fprintf(stderr, "chaos_reader: %s\n", error.text);
  return status == HBUS_OK;
}

int main(int argc, char *argv[]) {
  if (argc != 6) {
    fprintf(stderr, "usage: chaos_reader NAME PLAN SEED DIARY LAST\n");
    return 2;
  }
  reader self = {.plan = (reader_plan)strtoul(argv[2], NULL, 10), .last_path = argv[5]};
  int signals = s_open_signals(); /* before the client's threads begin, which inherit what is blocked */
  puts("ready");                  /* to be told by signals */
  fflush(stdout);
  random_init(&self.random, strtoull(argv[3], NULL, 10), 0);
  if (!s_connect(&self, argv[1])) return 1;
  self.places = calloc(TOPICS_MAX, sizeof *self.places);
  assert(self.places);
  diary_create(&self.diary, argv[4]);
  diary_write(&self.diary, &(diary_record){.kind = DIARY_PLAN, .seq = self.plan});
  s_begin(&self);
  s_act(&self);
  s_run(&self, signals);

  diary_write(&self.diary, &(diary_record){.kind = DIARY_END});
  diary_close(&self.diary);
  hbus_client_destroy(&self.client);
  free(self.places);
  close(signals);
  return 0;
}
