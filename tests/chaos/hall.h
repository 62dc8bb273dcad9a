/* The scene of chaos_events: an upstream that numbers what it sends, a broker, a peer that talks, and readers of their
 * own processes, which are stopped, stalled and killed. */
#ifndef CHAOS_HALL_H
#define CHAOS_HALL_H

#include <stdio.h>

#include "tests/bench/feeder.h"
#include "tests/chaos/canon.h"
#include "tests/chaos/reader_plan.h"
#include "tests/chaos/talker.h"
#include "tests/integration/rig.h"

enum { HALL_READERS = 6 };

/* How a reader is kept from reading. */
typedef enum hall_pause {
  HALL_RUNS,
  HALL_STOPPED, /* SIGSTOP */
  HALL_STALLED, /* it does not call the library */
} hall_pause;

typedef struct hall_reader {
  process process;
  hall_pause pause;
  unsigned starts;
} hall_reader;

/* What differs from run to run. */
typedef struct hall_setting {
  uint64_t seed;
  unsigned ring_mb;
  unsigned high_water_mark;
} hall_setting;

typedef struct hall {
  hall_setting setting;
  rig rig;
  feeder *feeder;
  talker talker;
  char *config;
  hall_reader readers[HALL_READERS];
  FILE *log;            /* what broker and readers say on standard error */
  uint64_t ended_alone; /* readers, without being told to */
} hall;

/* Returns when the link is up and the readers have been started. The first of them reads everything. */
void hall_open(hall *self, const hall_setting *setting);
/* `keep`: the folder stays as it is. */
void hall_close(hall *self, bool keep);

/* Takes what broker and readers say, and lets the talker talk in proportion to upstream; waits at most so long. */
void hall_pump(hall *self, int timeout_ms);

/* False: it is coming up, or paused already. */
bool hall_pause_reader(hall *self, unsigned reader, hall_pause pause);
void hall_resume_reader(hall *self, unsigned reader);
/* kill -9, and it is started again. */
void hall_kill_reader(hall *self, unsigned reader);
void hall_kill_broker(hall *self);

/* Nothing more is sent. Asks the broker where all topics stand, and puts it into *canon. */
void hall_calm(hall *self, canon *canon);
/* Tells the readers to come to an end. Returns how many did, knowing all. */
unsigned hall_finish_readers(hall *self);
/* Ends the broker with SIGTERM. Returns its exit status. */
int hall_stop_broker(hall *self);

/* Where the diary of a reader's start is. */
void hall_diary(const hall *self, unsigned reader, unsigned start, char *out, size_t size);

#endif
