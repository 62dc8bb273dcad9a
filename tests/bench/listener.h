/* A subscriber on a bare SUB socket that takes the feeder's order books: as events of hbusd's, or as the frames that
 * the pass-through hands on. What does not come fails the test. */
#ifndef BENCH_LISTENER_H
#define BENCH_LISTENER_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/feeder.h"
#include "tests/bench/samples.h"

/* The feeder's stamp in a message's body. */
typedef uint64_t listener_stamp_fn(const uint8_t *body, size_t size);
uint64_t listener_event_stamp(const uint8_t *body, size_t size);
uint64_t listener_frame_stamp(const uint8_t *body, size_t size);

typedef struct listener {
  void *context;
  void *socket;
  listener_stamp_fn *stamp;
  pthread_t thread;
  atomic_ullong until; /* the thread ends with a stamp that is not lower */
} listener;

/* Subscribes to topics that begin with `prefix`. */
void listener_open(listener *self, const char *endpoint, const char *prefix, listener_stamp_fn *stamp);
void listener_close(listener *self);

/* Returns when the subscription has reached the publisher and every frame that has been sent is taken. */
void listener_join(listener *self, feeder *feeder);
/* Takes `count` messages; unless `ages` is NULL, the age of each is a sample of a round of it. */
void listener_take(listener *self, uint64_t count, latency *ages);

/* Takes messages up to the one with this stamp. */
void listener_take_until(listener *self, uint64_t last);

/* Takes messages on a thread of its own, for as long as the feeder sends. The end of it ends the feeding too. */
void listener_begin_thread(listener *self);
void listener_end_thread(listener *self, feeder *feeder);

#endif
