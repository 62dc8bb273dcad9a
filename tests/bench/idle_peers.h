/* Peers that are connected and do nothing: each has said hello, and watches a topic that is silent. */
#ifndef BENCH_IDLE_PEERS_H
#define BENCH_IDLE_PEERS_H

#include "tests/integration/rig.h"

typedef struct idle_peers {
  void *context;
  void **dealers;
  void **subscribers;
  size_t count;
} idle_peers;

/* Raises this process's own limit of descriptors to what it may be: children started afterwards have it too. */
void idle_peers_make_room(void);
/* Returns when all of them have been answered. */
void idle_peers_open(idle_peers *self, const rig *rig, size_t count);
void idle_peers_close(idle_peers *self);

#endif
