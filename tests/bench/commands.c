/* What a command costs: its round trip through the broker, each of its parts alone, and what the journal adds to it at
 * each setting. All of it in turn, round after round, so that whatever else the machine does strikes all alike. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/commander.h"
#include "tests/bench/echo.h"
#include "tests/bench/folder.h"
#include "tests/bench/part.h"
#include "tests/bench/scale.h"
#include "tests/bench/table.h"
#include "tests/integration/rig.h"

#define PARTS_BAR 1.25
#define IN_FLIGHT 64
#define SYNCS     3
#define INTERVAL  1 /* the default, of the settings below */

static const char *const s_syncs[SYNCS] = {"off", "interval", "always"};

/* A broker with one setting of the journal, on a simulator of its own, and the journal with that setting alone. */
typedef struct setting {
  rig rig;
  commander commander;
  char journal_config[128]; /* of the journal alone: the path of its configuration */
  latency creates, cancels, commits;
  samples flow; /* commands a second */
} setting;

typedef struct stage {
  const scale *scale;
  char folder[64]; /* of the journals */
  setting settings[SYNCS];
  rig exchange; /* a simulator without a broker */
  echo echo;
  latency exchange_creates, exchange_cancels, echoes;
} stage;

static const char *const s_still[] = {"--rate", "0", NULL};

/* --- life cycle --- */

static void s_write_journal_config(stage *self, size_t index) {
  char *path = self->settings[index].journal_config;
  snprintf(path, sizeof self->settings[index].journal_config, "%s/%s.yaml", self->folder, s_syncs[index]);
  FILE *file = fopen(path, "w");
  cr_assert_not_null(file);
  fprintf(file, "journal: { path: %s/alone-%s.db, sync: %s }\n", self->folder, s_syncs[index], s_syncs[index]);
  fclose(file);
}

static void s_open_setting(stage *self, size_t index) {
  setting *opened = &self->settings[index];
  rig_open(&opened->rig);
  opened->rig.sync = s_syncs[index];
  rig_start_sim(&opened->rig, s_still);
  rig_start_broker(&opened->rig, "log: { level: warn }\n");
  hbus_client *client = rig_connect(&opened->rig, "bench");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
  commander_open(&opened->commander, opened->rig.commands, "bench");
  s_write_journal_config(self, index);
}

/* Unmeasured; it also tells how large the frames are. */
static void s_warm_up(stage *self) {
  latency creates = {0}, cancels = {0};
  for (size_t i = 0; i < SYNCS; i++)
    commander_measure(&self->settings[i].commander, self->scale->calls, &creates, &cancels);
  latency_free(&creates);
  latency_free(&cancels);
}

static void s_open(stage *self) {
  *self = (stage){.scale = scale_chosen(), .folder = "/tmp/hbus-bench-XXXXXX"};
  cr_assert_not_null(mkdtemp(self->folder));
  for (size_t i = 0; i < SYNCS; i++)
    s_open_setting(self, i);
  rig_open(&self->exchange);
  rig_start_sim(&self->exchange, s_still);
  s_warm_up(self);
  echo_open(&self->echo, self->settings[INTERVAL].commander.reply_bytes);
}

static void s_close(stage *self) {
  for (size_t i = 0; i < SYNCS; i++) {
    setting *closed = &self->settings[i];
    commander_close(&closed->commander);
    rig_stop(&closed->rig);
    latency_free(&closed->creates);
    latency_free(&closed->cancels);
    latency_free(&closed->commits);
    samples_free(&closed->flow);
  }
  rig_stop(&self->exchange);
  echo_close(&self->echo);
  latency_free(&self->exchange_creates);
  latency_free(&self->exchange_cancels);
  latency_free(&self->echoes);
  folder_remove(self->folder);
}

/* --- measuring --- */

/* The settings come in another order each round: what goes before one may slow it. */
static void s_measure_round(stage *self, size_t round) {
  size_t calls = self->scale->calls;
  char count[24];
  snprintf(count, sizeof count, "%zu", calls);
  for (size_t i = 0; i < SYNCS; i++) {
    setting *measured = &self->settings[(round + i) % SYNCS];
    commander_measure(&measured->commander, calls, &measured->creates, &measured->cancels);
  }
  part_measure("bench_exchange", (const char *const[]){self->exchange.url, RIG_API_KEY, count, NULL},
               &self->exchange_creates, &self->exchange_cancels);
  echo_measure(&self->echo, calls, self->settings[INTERVAL].commander.command_bytes, &self->echoes);
  for (size_t i = 0; i < SYNCS; i++) {
    setting *measured = &self->settings[(round + i) % SYNCS];
    part_measure("bench_journal", (const char *const[]){measured->journal_config, count, NULL}, &measured->commits,
                 NULL);
  }
  for (size_t i = 0; i < SYNCS; i++) {
    setting *measured = &self->settings[(round + i) % SYNCS];
    samples_add(&measured->flow, commander_flow(&measured->commander, self->scale->calls_in_flight, IN_FLIGHT));
  }
}

/* --- telling --- */

/* Of each round, what the parts of a command take together. */
static void s_sum_parts(const stage *self, const latency *exchange, const latency *commits, samples *out) {
  for (size_t i = 0; i < exchange->p50.count; i++)
    samples_add(out, exchange->p50.items[i] + self->echoes.p50.items[i] + commits->p50.items[i]);
}

static void s_tell_bar(const stage *self, const char *what, const latency *trips, const latency *exchange) {
  samples sums = {0};
  s_sum_parts(self, exchange, &self->settings[INTERVAL].commits, &sums);
  table_at_most(what, samples_ratio(&trips->p50, &sums), PARTS_BAR);
  samples_free(&sums);
}

static void s_tell_latency(const char *what, const char *sync, const latency *measured) {
  char text[80];
  snprintf(text, sizeof text, "%s, journal %s", what, sync);
  table_pair(text, latency_p50_us(measured), latency_p99_us(measured));
}

static void s_tell_journal(const char *what, const latency *with, const latency *without) {
  table_pair(what, latency_p50_us(with) - latency_p50_us(without), samples_ratio(&with->p50, &without->p50));
}

static void s_tell(const stage *self) {
  const setting *off = &self->settings[0], *interval = &self->settings[INTERVAL], *always = &self->settings[2];
  table_heading("round trips, microseconds", "p50", "p99");
  table_pair("bare WebSocket, create_order", latency_p50_us(&self->exchange_creates),
             latency_p99_us(&self->exchange_creates));
  table_pair("bare WebSocket, cancel_order", latency_p50_us(&self->exchange_cancels),
             latency_p99_us(&self->exchange_cancels));
  table_pair("bare DEALER-ROUTER", latency_p50_us(&self->echoes), latency_p99_us(&self->echoes));
  for (size_t i = 0; i < SYNCS; i++)
    s_tell_latency("commit alone", s_syncs[i], &self->settings[i].commits);
  for (size_t i = 0; i < SYNCS; i++)
    s_tell_latency("create_order", s_syncs[i], &self->settings[i].creates);
  for (size_t i = 0; i < SYNCS; i++)
    s_tell_latency("cancel_order", s_syncs[i], &self->settings[i].cancels);

  table_heading("round trip / sum of parts, journal interval", "ratio", "");
  s_tell_bar(self, "create_order", &interval->creates, &self->exchange_creates);
  s_tell_bar(self, "cancel_order", &interval->cancels, &self->exchange_cancels);

  table_heading("what the journal costs, against journal off", "us more", "ratio");
  s_tell_journal("create_order, journal interval", &interval->creates, &off->creates);
  s_tell_journal("cancel_order, journal interval", &interval->cancels, &off->cancels);
  s_tell_journal("create_order, journal always", &always->creates, &off->creates);
  s_tell_journal("cancel_order, journal always", &always->cancels, &off->cancels);

  table_heading("commands with 64 in flight", "a second", "");
  for (size_t i = 0; i < SYNCS; i++) {
    char text[80];
    snprintf(text, sizeof text, "create_order and cancel_order, journal %s", s_syncs[i]);
    table_line(text, (double)samples_percentile(&self->settings[i].flow, 500));
  }
}

Test(bench_commands, against_their_parts) {
  stage stage;
  s_open(&stage);
  for (size_t i = 0; i < stage.scale->rounds; i++)
    s_measure_round(&stage, i);
  s_tell(&stage);
  s_close(&stage);
}
