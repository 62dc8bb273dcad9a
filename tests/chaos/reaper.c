#include "tests/chaos/reaper.h"

#define LONGEST_MS     300 /* that a flow is waited for: it may have dried up */
#define TWO_AT_ONCE    10  /* in a hundred */
#define BROKER_PERCENT 60
#define SIM_PERCENT    20

typedef struct flow_row {
  unsigned percent;
  uint64_t max; /* how many more of it at most */
} flow_row;

static const flow_row s_flows[STAGE_FLOW_COUNT] = {
    [STAGE_COMMANDS] = {20, 50}, [STAGE_REPLIES] = {20, 50}, [STAGE_EVENTS] = {20, 150},
    [STAGE_LEDGER] = {20, 40},   [STAGE_LOG] = {20, 2},
};

static void s_draw_moment(reaper *self) {
  unsigned drawn = (unsigned)random_below(&self->random, 100);
  self->flow = 0;
  while (drawn >= s_flows[self->flow].percent)
    drawn -= s_flows[self->flow++].percent;
  self->until = self->stage->flow[self->flow] + random_below(&self->random, s_flows[self->flow].max + 1);
  self->latest_ms = (uint64_t)zclock_mono() + LONGEST_MS;
}

void reaper_init(reaper *self, stage *stage) {
  *self = (reaper){.stage = stage};
  random_init(&self->random, stage->seed, UINT64_MAX);
  s_draw_moment(self);
}

static stage_actor s_draw_actor(reaper *self) {
  uint64_t drawn = random_below(&self->random, 100);
  return drawn < BROKER_PERCENT ? STAGE_BROKER : drawn < BROKER_PERCENT + SIM_PERCENT ? STAGE_SIM : STAGE_PEER;
}

static void s_kill(reaper *self, stage_actor actor, unsigned peer) {
  const stage *all = self->stage;
  self->coming_up += (actor == STAGE_BROKER && !all->broker_ready) || (actor == STAGE_SIM && !all->sim_ready);
  self->by_actor[actor]++;
  self->kills++;
  stage_kill(self->stage, actor, peer);
}

void reaper_turn(reaper *self) {
  if (self->stage->flow[self->flow] < self->until && (uint64_t)zclock_mono() < self->latest_ms) return;
  stage_actor victims[2] = {s_draw_actor(self)};
  unsigned count = 1, peer = (unsigned)random_below(&self->random, STAGE_PEERS);
  if (random_chance(&self->random, TWO_AT_ONCE)) {
    victims[1] = (stage_actor)((victims[0] + 1 + random_below(&self->random, 2)) % STAGE_ACTOR_COUNT);
    self->at_once++;
    count = 2;
  }
  for (unsigned i = 0; i < count; i++)
    s_kill(self, victims[i], peer);
  for (unsigned i = 0; i < count; i++)
    stage_launch(self->stage, victims[i], peer);
  s_draw_moment(self);
}
