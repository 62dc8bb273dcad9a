/* The sessions, and the one way out to them: here faults are carried out, and answers are held back. */
#ifndef SIM_HUB_H
#define SIM_HUB_H

#include "tests/sim/fault.h"
#include "tests/sim/ledger.h"
#include "tests/sim/random.h"
#include "tests/sim/session.h"

#define HUB_SESSIONS_MAX    256
#define HUB_SHUFFLE_HOLD_MS 200 /* how long an answer waits for others to be shuffled with */
#define HUB_HELD_MAX        65536

typedef struct held_answer held_answer;

typedef struct hub {
  session *sessions;
  size_t session_count;
  fault_list *faults;
  ledger *truth;
  random_source random, cuts;
  uint64_t opened, cut; /* connections */
  uint64_t received;    /* requests */
  uint64_t sent;        /* frames */
  held_answer *held;    /* by due time, then by arrival */
  size_t held_count;
  held_answer *pool; /* collected to be shuffled, newest first */
  size_t pool_count;
  uint64_t pool_due_ms;
  uint64_t now_ms; /* monotonic */
} hub;

void hub_init(hub *self, fault_list *faults, uint64_t seed);
void hub_free(hub *self);

/* A new session in the hub. NULL: no memory, or HUB_SESSIONS_MAX. */
session *hub_add(hub *self, void (*wake)(void *arg), void *wake_arg);
/* Takes it out and frees it, with the answers that were held for it. */
void hub_remove(hub *self, session **removed);

/* Ends a connection without a close frame: see session_cut. `where` is for the ledger. */
void hub_cut(hub *self, session *ended, session_state how, const char *where);
/* Aborts all connections. Returns how many. */
size_t hub_cut_all(hub *self, const char *where);
/* To be called when a request has come in: where the faults cut it. */
cut_point hub_receive(hub *self, const session *from);
/* To be called when faults were set or cleared: the frames of every session are counted anew. */
void hub_on_faults(hub *self);

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
/* How many subscriptions all sessions have together. */
size_t hub_subscriptions(const hub *self);
/* Sends to every session that is subscribed. */
void hub_publish(hub *self, size_t market, hbus_channel channel, message *sent);
/* What is sent to a session that has just authenticated. */
void hub_greet(hub *self, session *to);

/* Sends the answers that have waited long enough. Returns in how many ms to call again, UINT64_MAX for never. */
uint64_t hub_tick(hub *self, uint64_t now_ms);

#endif
