/* In the manner of Jepsen's log tests: numbered facts are published, and readers that are stopped, stalled and killed,
 * that join and leave, keep a diary of what the library shows them, while the broker is killed as well. In the end the
 * diaries are held against what was published. README.md says how to run it for long.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/bench/samples.h"
#include "tests/chaos/examiner.h"
#include "tests/chaos/figure.h"
#include "tests/chaos/hall.h"
#include "tests/sim/random.h"

#define SHORT_EVENTS 40000
#define PUMP_MS      2
#define FAULTS       24 /* in a run; of them */
#define BROKER_KILLS 3  /* ... of the broker, where it is killed at all */
#define FLOOD_MAX    20000
#define PATIENCE_MS  60000 /* and as much again for so many events: */
#define EVENTS_A_MS  1

/* What can happen. */
typedef enum fault { FAULT_STOP, FAULT_STALL, FAULT_KILL, FAULT_BROKER, FAULT_COUNT } fault;

typedef struct storm {
  hall *hall;
  random_source random;
  uint64_t events; /* frames that upstream is to send */
  bool kills_broker;
  uint64_t resume_at[HALL_READERS]; /* when so many have been sent */
  uint64_t faults[FAULT_COUNT];
  uint64_t floods;
} storm;

static uint64_t s_now_ms(void) {
  return samples_now_ns() / 1000000;
}

static uint64_t s_setting(const char *name, uint64_t standard) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : standard;
}

/* --- the storm --- */

/* Pumps until upstream has sent so many, and lets readers go on that have paused for long enough. */
static void s_await(storm *self, uint64_t sent) {
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS + self->events / EVENTS_A_MS;
  while (feeder_sent(self->hall->feeder) < sent) {
    cr_assert_lt(s_now_ms(), deadline_ms, "events stand still: see %s/log", self->hall->rig.folder);
    hall_pump(self->hall, PUMP_MS);
    for (unsigned i = 0; i < HALL_READERS; i++)
      if (feeder_sent(self->hall->feeder) >= self->resume_at[i]) hall_resume_reader(self->hall, i);
  }
}

/* From here on upstream sends at another pace, until `sent` have been sent. */
static void s_feed(storm *self, uint64_t sent) {
  static const uint64_t paces[] = {5000, 10000, 20000, FEEDER_FLAT_OUT};
  uint64_t now = feeder_sent(self->hall->feeder), pace = paces[random_below(&self->random, 4)];
  if (sent <= now) return;
  uint64_t flood = pace == FEEDER_FLAT_OUT && sent - now > FLOOD_MAX ? FLOOD_MAX : sent - now;
  self->floods += pace == FEEDER_FLAT_OUT;
  feeder_start(self->hall->feeder, pace, flood);
  s_await(self, now + flood);
  if (now + flood == sent) return;
  feeder_start(self->hall->feeder, paces[1], sent - now - flood);
  s_await(self, sent);
}

/* The first reader is left alone: it can be trusted to keep up. */
static void s_strike(storm *self) {
  unsigned reader = 1 + (unsigned)random_below(&self->random, HALL_READERS - 1);
  fault drawn = (fault)random_below(&self->random, FAULT_BROKER);
  if (self->kills_broker && random_below(&self->random, FAULTS) < BROKER_KILLS) drawn = FAULT_BROKER;
  self->resume_at[reader] = feeder_sent(self->hall->feeder) + random_below(&self->random, self->events / FAULTS * 2);
  self->faults[drawn]++;
  switch (drawn) {
  case FAULT_STOP: hall_pause_reader(self->hall, reader, HALL_STOPPED); break;
  case FAULT_STALL: hall_pause_reader(self->hall, reader, HALL_STALLED); break;
  case FAULT_KILL: hall_kill_reader(self->hall, reader); break;
  default: hall_kill_broker(self->hall); break;
  }
}

static void s_storm(storm *self) {
  uint64_t step = self->events / (FAULTS + 1);
  for (unsigned i = 1; i <= FAULTS; i++) {
    s_feed(self, step * i + random_below(&self->random, step));
    s_strike(self);
  }
  s_feed(self, self->events);
}

/* --- the figures --- */

static void s_tell_storm(const storm *self) {
  printf(" faults\n");
  figure_tell("readers stopped", self->faults[FAULT_STOP]);
  figure_tell("readers that did not call the library", self->faults[FAULT_STALL]);
  figure_tell("readers killed", self->faults[FAULT_KILL]);
  figure_tell("kills of the broker", self->faults[FAULT_BROKER]);
  figure_tell("bursts, as fast as they go", self->floods);
}

static unsigned s_tell(const examiner *found, const canon *canon, const hall *hall, unsigned finished, int status) {
  unsigned violated = 0;
  printf(" readers\n");
  figure_tell("diaries", found->diaries);
  violated += figure_must_be("diaries that cannot be read", found->broken, 0);
  violated += figure_must_be("readers that came to an end, knowing all", finished, HALL_READERS);
  violated += figure_must_be("ends of a reader by itself", hall->ended_alone, 0);
  violated += figure_must_be("exit status of the broker in the end", (uint64_t)status, 0);
  printf(" events\n");
  figure_tell("published", canon_published(canon));
  figure_tell("signals and orders sent", hall->talker.sent);
  figure_tell("checked", found->events);
  violated += figure_must_be("lost and unreported", found->unreported, 0);
  violated += figure_must_be("duplicated", found->duplicated, 0);
  violated += figure_must_be("reordered", found->reordered, 0);
  violated += figure_must_be("divergent", found->divergent, 0);
  violated += figure_must_be("not what upstream sent", found->foreign, 0);
  violated += figure_must_be("private, and not in the journal", found->unjournaled, 0);
  violated += figure_must_be("private, and said to be lost", found->lost_private, 0);
  violated += figure_must_be("bodies of one number in the journal that differ", canon->journal_broken, 0);
  figure_tell("said to be lost", found->lost);
  figure_tell("... by notices", found->notices_lost);
  figure_tell("missed and repaired", found->repaired);
  figure_tell("... by notices", found->notices_repaired);
  figure_tell("other notices", found->notices_other);
  figure_tell("stamps of snapshots", found->snapshots);
  figure_tell("left out for who wants the newest alone", found->skipped);
  return violated;
}

static void s_examine(examiner *found, canon *canon, const hall *hall) {
  char path[128];
  examiner_init(found, canon, READER_MARKETS);
  for (unsigned i = 0; i < HALL_READERS; i++) {
    for (unsigned j = 0; j < hall->readers[i].starts; j++) {
      hall_diary(hall, i, j, path, sizeof path);
      examiner_read(found, path);
    }
  }
}

/* Some runs can repair much, some little. */
static hall_setting s_draw_setting(uint64_t seed) {
  hall_setting setting = {.seed = seed};
  setting.ring_mb = seed % 2 ? 64 : 1;
  setting.high_water_mark = seed / 2 % 2 ? 2000 : 200;
  return setting;
}

static void s_run(bool kills_broker) {
  hall hall;
  canon canon = {0};
  examiner found;
  char path[128];
  const char *why;
  uint64_t seed = s_setting("HBUS_CHAOS_SEED", 1), began_ms = s_now_ms();
  storm storm = {.hall = &hall, .events = s_setting("HBUS_CHAOS_EVENTS", SHORT_EVENTS), .kills_broker = kills_broker};
  hall_setting setting = s_draw_setting(seed);
  random_init(&storm.random, seed, UINT64_MAX);
  hall_open(&hall, &setting);
  s_storm(&storm);
  hall_calm(&hall, &canon);
  unsigned finished = hall_finish_readers(&hall);
  int status = hall_stop_broker(&hall);
  snprintf(path, sizeof path, "%s/hbus.db", hall.rig.folder);
  bool journal_read = canon_read_journal(&canon, path, &why);
  printf("chaos_events, the broker is %s: seed %" PRIu64 ", ring of %u MiB, high-water mark %u\n",
         kills_broker ? "killed" : "left alone", seed, setting.ring_mb, setting.high_water_mark);
  s_examine(&found, &canon, &hall);
  s_tell_storm(&storm);
  unsigned violated = s_tell(&found, &canon, &hall, finished, status);
  if (!journal_read) printf("  the journal cannot be read: %s\n", why);
  violated += !journal_read;
  printf(" %.1f s\n", (double)(s_now_ms() - began_ms) / 1000);
  if (violated) printf(" %u VIOLATED; diaries, journal and log are in %s\n", violated, hall.rig.folder);
  fflush(stdout);
  hall_close(&hall, violated > 0);
  canon_free(&canon);
  cr_assert_eq(violated, 0);
}

Test(chaos_events, readers_are_stopped_and_killed) {
  s_run(false);
}

Test(chaos_events, the_broker_is_killed_too) {
  s_run(true);
}
