/* Who is killed next, and when: drawn by lot. The moment is so many further commands, replies, events, lines of the
 * ledger or of the broker's log away, so that it lies anywhere in what the three do, also while they come up. */
#ifndef CHAOS_REAPER_H
#define CHAOS_REAPER_H

#include "tests/chaos/stage.h"
#include "tests/sim/random.h"

typedef struct reaper {
  random_source random;
  stage *stage;
  stage_flow flow;    /* that is counted */
  uint64_t until;     /* kill when it has come so far */
  uint64_t latest_ms; /* or when it does not come; monotonic */
  uint64_t kills;
  uint64_t by_actor[STAGE_ACTOR_COUNT];
  uint64_t at_once;   /* two of them */
  uint64_t coming_up; /* broker or simulator, which had not come up yet */
} reaper;

void reaper_init(reaper *self, stage *stage);
/* Kills and starts again, if it is time. To be called again and again. */
void reaper_turn(reaper *self);

#endif
