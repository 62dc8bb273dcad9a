/* How much one connection may have of what costs the others: repair, which reads much to answer little, and signals,
 * which everyone has to read. A token bucket each; it is a part of the session, and forgotten with it. */
#ifndef BROKER_PEER_BUDGET_H
#define BROKER_PEER_BUDGET_H

#include "broker/config.h"
#include "broker/counters.h"
#include "broker/link/token_bucket.h"
#include "hbus/command.h"

typedef struct peer_budget {
  token_bucket repair;  /* sequences, replay, snapshot */
  token_bucket signals; /* publish */
} peer_budget;

/* Full ones, as events.repair_per_second and events.publish_per_second say. `now_ms`: monotonic clock. */
void peer_budget_init(peer_budget *self, const config *config, uint64_t now_ms);

/* Takes what a command of this kind costs, nothing for most. HBUS_RATE_LIMITED: it is not there, and is counted;
 * `error` says in how many ms it will be. */
hbus_status peer_budget_take(peer_budget *self, hbus_command_kind kind, uint64_t now_ms, counters *counters,
                             hbus_error *error);

#endif
