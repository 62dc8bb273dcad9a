/* Whether resident memory stands still. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "tests/bench/candidate.h"

/* Has the candidate publish 10,000 events a second for that long, looks at its memory every hundredth of it, and tells
 * the slope over the second half, with its noise: the standard error of the line that is laid through it. */
void memory_watch(candidate *watched, uint64_t duration_ms);

#endif
