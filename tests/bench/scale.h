/* How much is measured: enough for figures, or as little as shows that the programs work. */
#ifndef BENCH_SCALE_H
#define BENCH_SCALE_H

#include <stddef.h>
#include <stdint.h>

typedef struct scale {
  const char *name;
  size_t rounds;
  size_t calls;           /* of each kind in a round: round trips, commits */
  size_t calls_in_flight; /* commands in a round that are sent without waiting for the one before */
  uint64_t events;        /* of each candidate in a round, as fast as they go */
  uint64_t pace_ms;       /* how long a round at a given pace lasts */
  size_t topics;          /* the many that are held against few */
  size_t idle_peers;
  uint64_t soak_ms; /* how long resident memory is watched */
} scale;

/* $HBUS_BENCH names it: `full`, `short`; anything else, or nothing, is `smoke`, which tells nothing but that the
 * programs work. */
const scale *scale_chosen(void);

#endif
