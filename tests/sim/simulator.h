/* The whole simulated Hummingbot, but for sockets and clocks: text comes in, text is queued for the sessions. */
#ifndef SIM_SIMULATOR_H
#define SIM_SIMULATOR_H

#include "proto/json.h"
#include "tests/sim/backlog.h"
#include "tests/sim/feed.h"
#include "tests/sim/liquidity.h"
#include "tests/sim/replay.h"
#include "tests/sim/world.h"

#define SIMULATOR_RATE_MAX 1000 /* steps a second of each market */

typedef struct simulator_options {
  const char *api_key;
  uint64_t seed;
  uint64_t rate;         /* steps a second of each market of the random market; 0 is none */
  replay_options replay; /* path NULL: none */
  bool no_client_ids;
  const char *ledger_path; /* NULL: none */
  const char *state_path;  /* NULL: none */
  fault_list faults;       /* those of the start */
  uint64_t first_id;       /* of orders and trades */
  uint64_t start_ns;       /* unix time */
} simulator_options;

typedef struct simulator {
  simulator_options options;
  world exchanges;
  hub sessions;
  feed events;
  ledger *truth;
  state *kept;       /* NULL: none */
  fault_list faults; /* those that are set now */
  replay *recording; /* NULL: none */
  liquidity *crowds; /* one for each market that is not recorded */
  size_t crowd_count;
  backlog kept_requests; /* by a fault */
  json_reader *reader;
  buffer answer;       /* the one that is being written */
  uint64_t now_ns;     /* unix time */
  uint64_t now_ms;     /* monotonic time */
  uint64_t stepped_ms; /* monotonic time up to which the random market has been stepped; 0 is never */
  uint64_t restarts;
  uint64_t up_at_ms; /* monotonic time at which a restart is over; 0: it is up */
} simulator;

/* What `options` points at must stay. HBUS_INVALID_REQUEST with a sentence, HBUS_NO_MEMORY. The simulator must not be
 * moved in memory. */
hbus_status simulator_init(simulator *self, const simulator_options *options, hbus_error *error);
void simulator_free(simulator *self);

/* Tells the time, does what is due, and returns in how many ms to be called again, UINT64_MAX for never. To be called
 * before every request, and again after what may have changed what is due. */
uint64_t simulator_tick(simulator *self, uint64_t now_ns, uint64_t now_ms);
/* It takes connections and requests: no restart is under way. */
bool simulator_is_up(const simulator *self);
/* Sets and clears faults while it runs: see fault_parse and fault_clear. */
hbus_status simulator_set_fault(simulator *self, const char *spec, hbus_error *error);
size_t simulator_clear_faults(simulator *self, const char *name);
/* Does one step of the random market in every market, whatever the time. */
void simulator_step(simulator *self);

#endif
