#include "tests/chaos/stage.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define PUMP_MS 5

/* Short times, so that much happens in little time. */
#define CONFIG                                                                                                         \
  "  request_timeout_ms: 500\n"                                                                                        \
  "  connect_timeout_ms: 1000\n"                                                                                       \
  "  settle_ms: 300\n"                                                                                                 \
  "  ping_ms: 100\n"                                                                                                   \
  "  hang_up_ms: 400\n"

void stage_path(const stage *self, const char *name, char *out, size_t size) {
  snprintf(out, size, "%s/%s", self->rig.folder, name);
}

void stage_notebook(const stage *self, unsigned peer, char *out, size_t size) {
  char name[32];
  snprintf(name, sizeof name, "peer-%u", peer);
  stage_path(self, name, out, size);
}

/* --- starting --- */

static void s_launch_sim(stage *self) {
  char ledger[128], state[128], seed[32];
  stage_path(self, "ledger", ledger, sizeof ledger);
  stage_path(self, "state", state, sizeof state);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)self->seed);
  const char *const arguments[] = {"--seed",
                                   seed,
                                   "--rate",
                                   self->still ? "0" : "20",
                                   "--ledger",
                                   ledger,
                                   "--state",
                                   state,
                                   self->keeps_ids ? NULL : "--no-client-ids",
                                   NULL};
  rig_launch_sim(&self->rig, arguments);
}

/* Each start of a peer draws other lots. */
static void s_launch_peer(stage *self, unsigned number) {
  char endpoint[128], name[8], notebook[128], seed[32];
  snprintf(endpoint, sizeof endpoint, "%s", self->rig.commands);
  snprintf(name, sizeof name, "%u", number);
  stage_notebook(self, number, notebook, sizeof notebook);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)(self->seed + 1000000 * self->peer_starts++));
  self->peer_ready[number] = false;
  self->peers[number] =
      process_start(HBUS_BIN_DIR "/chaos_peer", (const char *const[]){endpoint, name, notebook, seed, NULL}, NULL);
}

static process *s_process(stage *self, stage_actor actor, unsigned peer) {
  return actor == STAGE_BROKER ? &self->rig.broker : actor == STAGE_SIM ? &self->rig.sim : &self->peers[peer];
}

void stage_launch(stage *self, stage_actor actor, unsigned peer) {
  switch (actor) {
  case STAGE_BROKER: rig_launch_broker(&self->rig, CONFIG); break;
  case STAGE_SIM: s_launch_sim(self); break;
  case STAGE_PEER: s_launch_peer(self, peer); break;
  case STAGE_ACTOR_COUNT: break;
  }
  const process *started = s_process(self, actor, peer);
  fcntl(started->err, F_SETFL, O_NONBLOCK);
  if (actor == STAGE_PEER) fcntl(started->out, F_SETFL, O_NONBLOCK);
}

void stage_open(stage *self, bool keeps_ids, uint64_t seed) {
  char path[128];
  *self = (stage){.keeps_ids = keeps_ids, .seed = seed};
  rig_open(&self->rig);
  self->rig.lasting = true;
  stage_path(self, "log", path, sizeof path);
  self->log = fopen(path, "w");
  cr_assert_not_null(self->log);
  stage_launch(self, STAGE_SIM, 0);
  rig_sim_ready(&self->rig);
  stage_path(self, "ledger", path, sizeof path);
  self->ledger = open(path, O_RDONLY | O_CLOEXEC);
  self->ledger_grows = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  cr_assert(self->ledger >= 0 && inotify_add_watch(self->ledger_grows, path, IN_MODIFY) >= 0);
  stage_launch(self, STAGE_BROKER, 0);
  rig_broker_ready(&self->rig);
  self->sim_ready = self->broker_ready = true;
  hbus_client *client = rig_connect(&self->rig, "chaos");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
  ticket_table_init(&self->tickets);
  chronicle_init(&self->chronicle);
  audience_init(&self->audience, self->rig.market, self->rig.private_, &self->tickets);
  self->audience.chronicle = &self->chronicle;
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    stage_launch(self, STAGE_PEER, i);
}

/* --- watching --- */

static uint64_t s_count_lines(const char *bytes, ssize_t size) {
  uint64_t lines = 0;
  for (ssize_t i = 0; i < size; i++)
    lines += bytes[i] == '\n';
  return lines;
}

/* Returns the lines. */
static uint64_t s_drain_error(stage *self, const process *of) {
  char bytes[4096];
  ssize_t size;
  uint64_t lines = 0;
  while (of->pid && (size = read(of->err, bytes, sizeof bytes)) > 0) {
    fwrite(bytes, 1, (size_t)size, self->log);
    lines += s_count_lines(bytes, size);
  }
  return lines;
}

/* A peer's byte for each command and reply. */
static void s_drain_peer(stage *self, unsigned number) {
  const process *peer = &self->peers[number];
  char bytes[256];
  ssize_t size;
  while (peer->pid && (size = read(peer->out, bytes, sizeof bytes)) > 0) {
    for (ssize_t i = 0; i < size; i++)
      self->flow[bytes[i] == '.' ? STAGE_COMMANDS : STAGE_REPLIES]++;
    self->peer_ready[number] = true;
  }
  s_drain_error(self, peer);
}

static void s_count_ledger(stage *self) {
  char bytes[4096];
  ssize_t size;
  while (read(self->ledger_grows, bytes, sizeof bytes) > 0)
    continue;
  while ((size = read(self->ledger, bytes, sizeof bytes)) > 0)
    self->flow[STAGE_LEDGER] += s_count_lines(bytes, size);
}

static bool s_has_output(const process *of) {
  struct pollfd output = {.fd = of->out, .events = POLLIN};
  return of->pid && poll(&output, 1, 0) > 0 && (output.revents & POLLIN);
}

static void s_notice_ready(stage *self) {
  if (!self->sim_ready && s_has_output(&self->rig.sim)) {
    rig_sim_ready(&self->rig);
    self->sim_ready = true;
  }
  if (!self->broker_ready && s_has_output(&self->rig.broker)) {
    rig_broker_ready(&self->rig);
    self->broker_ready = true;
  }
}

void stage_pump(stage *self, int timeout_ms) {
  zmq_pollitem_t items[STAGE_PEERS + 4] = {
      {.socket = zsock_resolve(self->audience.market), .events = ZMQ_POLLIN},
      {.socket = zsock_resolve(self->audience.private_), .events = ZMQ_POLLIN},
      {.fd = self->ledger_grows, .events = ZMQ_POLLIN},
  };
  int count = 3;
  if (self->rig.broker.pid) items[count++] = (zmq_pollitem_t){.fd = self->rig.broker.err, .events = ZMQ_POLLIN};
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    if (self->peers[i].pid) items[count++] = (zmq_pollitem_t){.fd = self->peers[i].out, .events = ZMQ_POLLIN};
  zmq_poll(items, count, timeout_ms);
  self->flow[STAGE_LOG] += s_drain_error(self, &self->rig.broker);
  s_drain_error(self, &self->rig.sim);
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    s_drain_peer(self, i);
  audience_read(&self->audience);
  self->flow[STAGE_EVENTS] = self->audience.events;
  s_count_ledger(self);
  s_notice_ready(self);
}

/* --- ending --- */

void stage_kill(stage *self, stage_actor actor, unsigned peer) {
  process *victim = s_process(self, actor, peer);
  if (process_has_ended(victim)) {
    self->ended_alone[actor]++;
    fprintf(self->log, "--- ended by itself ---\n");
  }
  kill(victim->pid, SIGKILL);
  s_drain_error(self, victim);
  process_wait(victim);
  if (actor == STAGE_SIM) self->sim_ready = false;
  if (actor == STAGE_BROKER) self->broker_ready = false;
}

static bool s_all_ready(const stage *self) {
  bool ready = self->sim_ready && self->broker_ready;
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    ready &= self->peer_ready[i];
  return ready;
}

void stage_await(stage *self) {
  uint64_t deadline_ms = (uint64_t)zclock_mono() + PROCESS_PATIENCE_MS;
  while (!s_all_ready(self)) {
    stage_pump(self, PUMP_MS);
    bool ended = process_has_ended(&self->rig.broker) || process_has_ended(&self->rig.sim);
    cr_assert(!ended && (uint64_t)zclock_mono() < deadline_ms, "broker or simulator does not come up: see %s/log",
              self->rig.folder);
  }
}

unsigned stage_finish_peers(stage *self) {
  uint64_t deadline_ms = (uint64_t)zclock_mono() + PROCESS_PATIENCE_MS;
  unsigned running = STAGE_PEERS, finished = 0;
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    kill(self->peers[i].pid, SIGTERM);
  while (running && (uint64_t)zclock_mono() < deadline_ms) {
    stage_pump(self, PUMP_MS);
    for (unsigned i = 0; i < STAGE_PEERS; i++) {
      if (!self->peers[i].pid || !process_has_ended(&self->peers[i])) continue;
      s_drain_peer(self, i);
      finished += process_wait(&self->peers[i]) == 0;
      running--;
    }
  }
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    if (self->peers[i].pid) process_stop(&self->peers[i], SIGKILL);
  return finished;
}

int stage_stop_broker(stage *self) {
  kill(self->rig.broker.pid, SIGTERM);
  while (!process_has_ended(&self->rig.broker))
    stage_pump(self, PUMP_MS);
  stage_pump(self, 0);
  return process_wait(&self->rig.broker);
}

void stage_close(stage *self, bool keep) {
  static const char *const files[] = {"ledger", "state", "log"};
  char path[128];
  audience_free(&self->audience);
  chronicle_free(&self->chronicle);
  ticket_table_free(&self->tickets);
  fclose(self->log);
  close(self->ledger);
  close(self->ledger_grows);
  if (keep) {
    process_stop(&self->rig.sim, SIGTERM);
    return;
  }
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    stage_path(self, files[i], path, sizeof path);
    unlink(path);
  }
  for (unsigned i = 0; i < STAGE_PEERS; i++) {
    stage_notebook(self, i, path, sizeof path);
    unlink(path);
  }
  rig_stop(&self->rig);
}
