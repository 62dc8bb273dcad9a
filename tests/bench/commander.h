/* A peer on a bare DEALER socket: creates and cancels orders and measures how long each takes, from the send of its
 * frame to the arrival of the reply. What it cannot do fails the test. */
#ifndef BENCH_COMMANDER_H
#define BENCH_COMMANDER_H

#include "hbus/command.h"
#include "proto/buffer.h"
#include "tests/bench/samples.h"

typedef struct commander {
  void *context;
  void *socket;
  buffer frame;
  uint64_t sent;        /* commands; what makes their ids */
  size_t command_bytes; /* of the last create, and of its reply: what the bare round trip is measured with */
  size_t reply_bytes;
} commander;

/* Connects and says hello under that name. */
void commander_open(commander *self, const char *endpoint, const char *name);
void commander_close(commander *self);

/* `count` times an order is created, then cancelled, one command after the other. */
void commander_measure(commander *self, size_t count, latency *creates, latency *cancels);
/* As many creates and cancels as `count` together, `in_flight` of them under way at any time. Returns how many a
 * second.
 */
uint64_t commander_flow(commander *self, size_t count, size_t in_flight);

#endif
