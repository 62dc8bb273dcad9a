/* Everything on the stage: simulator, broker, traders, audience, and what is known of all of them. */
#ifndef CHAOS_SCENE_H
#define CHAOS_SCENE_H

#include "tests/chaos/ledger_reader.h"
#include "tests/chaos/trader.h"
#include "tests/chaos/weather.h"
#include "tests/integration/rig.h"

enum { SCENE_TRADERS = 4 };

typedef struct scene {
  bool keeps_ids;
  uint64_t cuts; /* that are wanted */
  uint64_t seed;
  rig rig;
  FILE *broker_log;
  sim_control control;
  weather weather;
  ledger_reader ledger;
  ticket_table tickets;
  call_log calls;
  audience audience;
  trader traders[SCENE_TRADERS];
  hbus_client *client; /* for `status` */
  uint64_t storm_ms;   /* how long it lasted */
} scene;

/* Starts all of them, and waits until every trader is subscribed. */
void scene_open(scene *self, bool keeps_ids);
/* `keep`: the ledger and the broker's log stay where they are. */
void scene_close(scene *self, bool keep);

/* Takes what comes, for at most that long. */
void scene_pump(scene *self, int timeout_ms);
/* Takes what comes until every command has its reply. False: one is missing still. */
bool scene_await_replies(scene *self);

#endif
