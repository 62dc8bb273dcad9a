/* Everything that chaos_kill can kill, and what it watches: broker, simulator and peers as processes of their own,
 * which come up again on the same endpoints, with the same journal, state and notebooks. */
#ifndef CHAOS_STAGE_H
#define CHAOS_STAGE_H

#include "tests/chaos/audience.h"
#include "tests/chaos/chronicle.h"
#include "tests/chaos/ledger_reader.h"
#include "tests/integration/rig.h"

enum { STAGE_PEERS = 4 };

/* What can be counted while it happens. */
typedef enum stage_flow {
  STAGE_COMMANDS, /* that peers are about to send */
  STAGE_REPLIES,  /* that they have read */
  STAGE_EVENTS,   /* that were published */
  STAGE_LEDGER,   /* lines of the simulator's ledger */
  STAGE_LOG,      /* lines of the broker's log: most of them while it comes up */
  STAGE_FLOW_COUNT
} stage_flow;

typedef enum stage_actor { STAGE_BROKER, STAGE_SIM, STAGE_PEER, STAGE_ACTOR_COUNT } stage_actor;

typedef struct stage {
  bool keeps_ids;
  uint64_t seed;
  rig rig;
  process peers[STAGE_PEERS];
  uint64_t peer_starts;
  bool sim_ready, broker_ready;
  bool peer_ready[STAGE_PEERS]; /* it has begun to say something */
  bool still;                   /* the simulator's markets do not move */
  FILE *log;                    /* what all of them say on standard error */
  int ledger;                   /* for its lines */
  int ledger_grows;             /* inotify's */
  uint64_t flow[STAGE_FLOW_COUNT];
  uint64_t ended_alone[STAGE_ACTOR_COUNT]; /* without being killed */
  ticket_table tickets;                    /* filled when the storm is over */
  chronicle chronicle;
  audience audience;
} stage;

/* Starts all of them, and waits until the link is up. */
void stage_open(stage *self, bool keeps_ids, uint64_t seed);
/* `keep`: ledger, journal, notebooks and log stay where they are. Broker and peers have ended. */
void stage_close(stage *self, bool keep);

/* Takes what comes, for at most that long. */
void stage_pump(stage *self, int timeout_ms);

/* kill -9, if it has not ended by itself. `peer` is which of them. */
void stage_kill(stage *self, stage_actor actor, unsigned peer);
/* Starts it again; does not wait until it is up. */
void stage_launch(stage *self, stage_actor actor, unsigned peer);
/* Waits until all of them are up. */
void stage_await(stage *self);
/* Tells the peers to come to an end, waits for them, and returns how many did so, knowing all. */
unsigned stage_finish_peers(stage *self);
/* Ends the broker with SIGTERM. Returns its exit status. */
int stage_stop_broker(stage *self);

void stage_path(const stage *self, const char *name, char *out, size_t size);
/* Where a peer keeps its notes. */
void stage_notebook(const stage *self, unsigned peer, char *out, size_t size);

#endif
