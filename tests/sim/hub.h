/* The sessions, and the one way out to them: here faults are carried out, and answers are held back. */
#ifndef SIM_HUB_H
#define SIM_HUB_H

#include "tests/sim/fault.h"
#include "tests/sim/random.h"
#include "tests/sim/session.h"

#define HUB_SESSIONS_MAX    256
#define HUB_SHUFFLE_HOLD_MS 200 /* how long an answer waits for others to be shuffled with */
#define HUB_HELD_MAX        65536

typedef struct held_answer held_answer;

typedef struct hub {
  session *sessions;
  size_t session_count;
  uint64_t next_number;
  const fault_list *faults;
  random_source random;
  held_answer *held; /* by due time, then by arrival */
  size_t held_count;
  held_answer *pool; /* collected to be shuffled, newest first */
  size_t pool_count;
  uint64_t pool_due_ms;
  uint64_t now_ms; /* monotonic */
} hub;

void hub_init(hub *self, const fault_list *faults, uint64_t seed);
void hub_free(hub *self);

/* A new session in the hub. NULL: no memory, or HUB_SESSIONS_MAX. */
session *hub_add(hub *self, void (*wake)(void *arg), void *wake_arg);
/* Takes it out and frees it, with the answers that were held for it. */
void hub_remove(hub *self, session **removed);

/* Sends one frame that is no answer. */
void hub_send(hub *self, session *to, message *sent);
/* Sends a frame of a recording: the same, and counted by the session. */
void hub_send_replayed(hub *self, session *to, message *sent);
/* Sends the answer to a request of `type`, as the faults will have it. */
void hub_answer(hub *self, session *to, const char *type, message *answer);
/* Sends to every authenticated session. */
void hub_broadcast(hub *self, message *sent);
/* Someone is subscribed to it. */
bool hub_wanted(const hub *self, size_t market, hbus_channel channel);
/* Sends to every session that is subscribed. */
void hub_publish(hub *self, size_t market, hbus_channel channel, message *sent);
/* What is sent to a session that has just authenticated. */
void hub_greet(hub *self, session *to);

/* Sends the answers that have waited long enough. Returns in how many ms to call again, UINT64_MAX for never. */
uint64_t hub_tick(hub *self, uint64_t now_ms);

#endif
