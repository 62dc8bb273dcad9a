/* The bare DEALER-ROUTER round trip: a ROUTER on a thread and a context of its own that answers each frame at once, and
 * a DEALER that waits for it, over TCP as the broker's peers do. */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include <pthread.h>

#include "tests/bench/samples.h"

typedef struct echo {
  void *router_context, *dealer_context;
  void *router, *dealer;
  pthread_t thread;
  size_t reply_bytes;
} echo;

/* Each answer has that size. */
void echo_open(echo *self, size_t reply_bytes);
void echo_close(echo *self);
/* `count` round trips, one after the other, of frames of that size. */
void echo_measure(echo *self, size_t count, size_t command_bytes, latency *trips);

#endif
