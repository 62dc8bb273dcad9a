#include "tests/chaos/scene.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#define SHORT_CUTS       50
#define REPLIES_PAUSE_MS 20

/* Short times, so that much happens in little time; the pace is one that the traders sometimes exceed. */
#define CONFIG                                                                                                         \
  "  request_timeout_ms: 1000\n"                                                                                       \
  "  connect_timeout_ms: 1000\n"                                                                                       \
  "  settle_ms: 500\n"                                                                                                 \
  "  ping_ms: 100\n"                                                                                                   \
  "  hang_up_ms: 400\n"                                                                                                \
  "  rate_limit:\n"                                                                                                    \
  "    creates_per_second: 60\n"                                                                                       \
  "    burst: 10\n"                                                                                                    \
  "    queue_ms: 50\n"

static uint64_t s_setting(const char *name, uint64_t standard) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : standard;
}

static void s_path(const scene *self, const char *name, char *out, size_t size) {
  snprintf(out, size, "%s/%s", self->rig.folder, name);
}

static void s_start_programs(scene *self) {
  char ledger[128], log[128], seed[32];
  rig_open(&self->rig);
  s_path(self, "ledger", ledger, sizeof ledger);
  s_path(self, "hbusd.log", log, sizeof log);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)self->seed);
  const char *const arguments[] = {
      "--seed", seed, "--rate", "20", "--ledger", ledger, self->keeps_ids ? NULL : "--no-client-ids", NULL};
  rig_start_sim(&self->rig, arguments);
  rig_start_broker(&self->rig, CONFIG);
  self->broker_log = fopen(log, "w");
  cr_assert_not_null(self->broker_log);
  ledger_reader_open(&self->ledger, ledger);
  sim_control_open(&self->control, self->rig.control);
}

void scene_open(scene *self, bool keeps_ids) {
  *self = (scene){.keeps_ids = keeps_ids,
                  .cuts = s_setting("HBUS_CHAOS_CUTS", SHORT_CUTS),
                  .seed = s_setting("HBUS_CHAOS_SEED", 1)};
  s_start_programs(self);
  self->client = rig_connect(&self->rig, "chaos");
  rig_wait_link(self->client, HBUS_LINK_CONNECTED);
  weather_init(&self->weather, &self->control, self->seed);
  ticket_table_init(&self->tickets);
  audience_init(&self->audience, self->rig.market, self->rig.private_, &self->tickets);
  for (unsigned i = 0; i < SCENE_TRADERS; i++)
    trader_init(&self->traders[i], i, self->rig.commands, self->seed, &self->audience, &self->tickets, &self->calls);
  cr_assert(scene_await_replies(self), "the broker does not answer");
  cr_assert_eq(self->calls.by_status[HBUS_REPLY_OK], self->calls.count, "a subscription was refused");
}

static void s_drain_log(scene *self) {
  char bytes[4096];
  ssize_t size = read(self->rig.broker.err, bytes, sizeof bytes);
  if (size > 0) fwrite(bytes, 1, (size_t)size, self->broker_log);
}

void scene_pump(scene *self, int timeout_ms) {
  zmq_pollitem_t items[SCENE_TRADERS + 3];
  for (unsigned i = 0; i < SCENE_TRADERS; i++)
    items[i] = (zmq_pollitem_t){.socket = zsock_resolve(self->traders[i].dealer), .events = ZMQ_POLLIN};
  items[SCENE_TRADERS] = (zmq_pollitem_t){.socket = zsock_resolve(self->audience.market), .events = ZMQ_POLLIN};
  items[SCENE_TRADERS + 1] = (zmq_pollitem_t){.socket = zsock_resolve(self->audience.private_), .events = ZMQ_POLLIN};
  items[SCENE_TRADERS + 2] = (zmq_pollitem_t){.fd = self->rig.broker.err, .events = ZMQ_POLLIN};
  if (zmq_poll(items, SCENE_TRADERS + 3, timeout_ms) <= 0) return;
  if (items[SCENE_TRADERS + 2].revents) s_drain_log(self);
  for (unsigned i = 0; i < SCENE_TRADERS; i++)
    trader_read(&self->traders[i]);
  audience_read(&self->audience);
}

bool scene_await_replies(scene *self) {
  uint64_t deadline_ms = (uint64_t)zclock_mono() + PROCESS_PATIENCE_MS;
  while (call_log_open(&self->calls) && (uint64_t)zclock_mono() < deadline_ms)
    scene_pump(self, REPLIES_PAUSE_MS);
  return call_log_open(&self->calls) == 0;
}

void scene_close(scene *self, bool keep) {
  static const char *const files[] = {"ledger", "hbusd.log"};
  hbus_client_destroy(&self->client);
  for (unsigned i = 0; i < SCENE_TRADERS; i++)
    trader_free(&self->traders[i]);
  audience_free(&self->audience);
  sim_control_close(&self->control);
  ledger_reader_close(&self->ledger);
  ticket_table_free(&self->tickets);
  call_log_free(&self->calls);
  fclose(self->broker_log);
  for (size_t i = 0; !keep && i < sizeof files / sizeof *files; i++) {
    char path[128];
    s_path(self, files[i], path, sizeof path);
    unlink(path);
  }
  rig_stop(&self->rig);
}
