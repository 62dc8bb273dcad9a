/* A test rig: a simulated Hummingbot, a broker on it, and clients of that. */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "hbus/hbus.h"
#include "tests/integration/process.h"

#define RIG_API_KEY "a-key-for-tests"

typedef struct rig {
  char folder[64];          /* its own, removed at the end */
  bool lasting;             /* the broker's endpoints are files in the folder: one that is started again has the same */
  const char *sync;         /* journal.sync of the broker; NULL: its default. Set, if at all, behind rig_open */
  unsigned high_water_mark; /* endpoints.high_water_mark likewise; 0: its default */
  process sim;
  process broker;
  char url[256];    /* of the simulator */
  char control[96]; /* its control socket */
  char commands[128];
  char market[128];
  char private_[128];
} rig;

/* Starts both, with `sim_arguments` (NULL at the end) more for the simulator and `config` more for the broker (YAML,
 * each may be NULL), and waits until the link is up. Fails the test if one does not come up. */
void rig_start(rig *self, const char *const *sim_arguments, const char *config);
/* Ends all, and checks that each ends well. */
void rig_stop(rig *self);

/* The same in steps, for tests that need one alone. What is started again after its end finds the journal and the
 * folder as they were, a simulator also its port; `lasting` is set between rig_open and the first start. */
void rig_open(rig *self);
void rig_start_sim(rig *self, const char *const *arguments);
void rig_start_broker(rig *self, const char *config);
/* A start in two steps: when there is something to read on the program's standard output, _ready does not wait. */
void rig_launch_sim(rig *self, const char *const *arguments);
void rig_sim_ready(rig *self);
void rig_launch_broker(rig *self, const char *config);
void rig_broker_ready(rig *self);
/* Ends the broker with SIGKILL, and starts it again. */
void rig_restart_broker(rig *self, const char *config);
/* Writes the config that rig_start_broker uses, and gives its path. */
void rig_write_config(rig *self, const char *config, char *path, size_t size);
void rig_close(rig *self);

/* Starts a program of ours (its path from the folder of programs on), which finds the broker by its environment. */
process rig_start_peer(const rig *self, const char *program, const char *const *arguments);

/* A client of the broker. Fails the test if it cannot connect. */
hbus_client *rig_connect(const rig *self, const char *name);
/* Waits for the link to have that status, as `status` tells it. */
void rig_wait_link(hbus_client *client, hbus_link_status status);
/* What `status` has at a path such as "pace.waiting": a number, a text, or anything. */
uint64_t rig_number(hbus_client *client, const char *path);
void rig_text(hbus_client *client, const char *path, char *out, size_t size);
bool rig_has(hbus_client *client, const char *path);
/* One of its counters, and waiting for a number to be at least so high. */
uint64_t rig_counter(hbus_client *client, const char *name);
void rig_wait_number(hbus_client *client, const char *path, uint64_t at_least);

/* Reads the broker's log up to a line with this text. */
void rig_expect_log(rig *self, const char *text);
/* Reads it up to the next warning or error, which must have this text. */
void rig_expect_warning(rig *self, const char *text);

/* Gives the simulator a command on its control socket, and fails the test if it does not take it. */
void rig_control(const rig *self, const char *command);
/* One of the simulator's own counts: what really happened. */
uint64_t rig_truth(const rig *self, const char *name);
/* Waits for one of them to be at least so high: what the broker has written may not have been read there yet. */
void rig_wait_truth(const rig *self, const char *name, uint64_t at_least);

/* A limit order on binance ETH-USDT that rests far below the market (buy) or above it (sell). */
hbus_command rig_resting_order(hbus_side side, const char *amount);
hbus_command rig_order(const char *exchange, const char *market, hbus_side side, hbus_order_type type,
                       const char *amount, const char *price);
hbus_decimal rig_decimal(const char *text);

/* Waits until what the client watches on the private stream has reached the broker: a subscription travels for itself.
 * Cancels orders that there are not, as "hbus", which reaches all, and reads their errors, with every event before
 * them.
 */
void rig_settle(const rig *self, hbus_client *client);

/* The next event whose topic begins with `prefix`; others are passed over. Fails the test if none comes. */
void rig_next_event(hbus_client *client, const char *prefix, hbus_message *out);

#endif
