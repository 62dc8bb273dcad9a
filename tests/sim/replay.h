/* Plays a recording to the clients, at its own pace, faster, or as fast as they read; nothing is ever dropped. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "tests/sim/hub.h"
#include "tests/sim/world.h"

#define REPLAY_QUEUE_MAX 4096 /* a session's queue is kept below this */

typedef struct replay_options {
  const char *path;
  uint64_t speed_milli; /* 1000 is its own pace, 0 as fast as the clients read */
  uint64_t wait;        /* how many subscriptions must be in place before it starts; at least 1 */
  uint64_t repeat;      /* how often it is played; at least 1 */
} replay_options;

typedef struct replay replay;

/* Loads the recording and adds its markets to the world. HBUS_INVALID_REQUEST with file, line and what is wrong. */
hbus_status replay_open(const replay_options *options, world *into, replay **out, hbus_error *error);
void replay_close(replay **self);

/* Sends what is due and fits. It stands still while nobody is subscribed. Returns in how many ms to call again;
 * UINT64_MAX when it waits for clients to subscribe or to read, or is finished. */
uint64_t replay_tick(replay *self, hub *sessions, uint64_t now_ms);
/* Brings the book of a recorded market to where the recording is; does nothing for others. To be called before a
 * request looks at it. */
void replay_sync(replay *self, market *where);

#endif
