/* A Hummingbot that costs next to nothing: it takes every request and sends order books, at a pace or as fast as they
 * are read, from frames made before. hbus-sim would be what a machine of two cores is busy with.
 *
 * It runs on a thread of its own, and serves one connection at a time. Every frame carries the time at which it was
 * handed to the kernel, in a timestamp that no other frame has. */
#ifndef BENCH_FEEDER_H
#define BENCH_FEEDER_H

#include <stddef.h>
#include <stdint.h>

typedef struct feeder feeder;

/* Listens, with order books of so many markets. */
feeder *feeder_new(size_t markets);
void feeder_destroy(feeder **self);

const char *feeder_url(const feeder *self);
/* Waits until there have been so many requests to subscribe. Fails the test if they do not come. */
void feeder_wait_subscriptions(feeder *self, size_t count);

#define FEEDER_FLAT_OUT 0
#define FEEDER_FOR_EVER UINT64_MAX
/* Sends `count` frames, so many a second, or as many as are read. What was under way ends. */
void feeder_start(feeder *self, uint64_t per_second, uint64_t count);
/* Ends it, and gives the stamp of the last frame; 0: there was none. */
uint64_t feeder_stop(feeder *self);
/* Frames are stamped from now on with this number, and each with one more than the one before, in place of the time: it
 * tells which frame it is, of which market, and which came before it. To be called while nothing is sent. */
#define FEEDER_FIRST_STAMP 1000000000000000000ull
void feeder_number(feeder *self);
/* Frames that were sent since the feeder was made, whatever became of them. */
uint64_t feeder_sent(const feeder *self);
/* How many a second went out before the last start or stop: fewer than were wanted where they were not read. */
uint64_t feeder_last_per_second(const feeder *self);

/* The real-time clock, which the stamps are of. */
uint64_t feeder_now_ns(void);

#endif
