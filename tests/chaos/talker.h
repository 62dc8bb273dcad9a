/* A peer that makes private events: signals, and orders that it cancels at once. */
#ifndef CHAOS_TALKER_H
#define CHAOS_TALKER_H

#include "tests/integration/rig.h"

typedef struct talker {
  hbus_client *client;
  uint64_t sent;    /* signals and creates */
  uint64_t open;    /* commands without a reply */
  uint64_t refused; /* replies that were no ok */
} talker;

void talker_open(talker *self, const rig *rig);
void talker_close(talker *self);
/* Goes on until so many have been sent, a few under way at a time; does not wait. */
void talker_turn(talker *self, uint64_t until);

#endif
