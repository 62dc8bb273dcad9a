/* What the tests of the simulator share: one without sockets, with a clock that stands where the test puts it. */
#ifndef SIM_TEST_SUPPORT_H
#define SIM_TEST_SUPPORT_H

#include "tests/sim/simulator.h"

#define SUPPORT_NOW_NS UINT64_C(1618677817077736000)

typedef struct support {
  simulator sim;
  session *client; /* authenticated unless asked otherwise */
  uint64_t now_ms;
} support;

/* Defaults: seed 1, no random market, ids from 1, API key "key", no faults, no recording. */
simulator_options support_options(void);
/* A simulator with one client that has authenticated (and whose queue is empty). Fails the test if it cannot. */
void support_init(support *self, const simulator_options *options);
void support_free(support *self);
/* Moves the monotonic clock, and lets what is due happen. */
void support_wait(support *self, uint64_t ms);

/* Sends a request of the client's; nothing is taken from its queue. */
void support_send(support *self, const char *text);
/* The next frame that the client gets, "" when there is none. Valid until the next call. */
const char *support_next(support *self);
/* Sends a request and gives its answer: the last frame in the queue then. Those before it are dropped. */
const char *support_ask(support *self, const char *text);
/* Fails the test unless `text` has `part` in it. */
void support_has(const char *text, const char *part);
/* The order_id in an answer, 0 when there is none. */
uint64_t support_order_id(const char *answer);

#endif
