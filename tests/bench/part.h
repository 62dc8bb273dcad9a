/* A part that is measured alone, by a program of its own: each line that it prints is one time, as nanoseconds. */
#ifndef BENCH_PART_H
#define BENCH_PART_H

#include "tests/bench/samples.h"

/* Runs it (its name, beside this program; its arguments, NULL at the end), and takes the first number of each line for
 * a round of `first`, and the second for one of `second`, unless that is NULL. Fails the test if it does not end well.
 */
void part_measure(const char *program, const char *const *arguments, latency *first, latency *second);

#endif
