/* 1,000 clients that have joined the private state reconnect at once, when the broker was killed and is started again.
 * Each must end with the live orders that the broker has: the hashes of their pictures are its own.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/repair_codec.h"
#include "tests/bench/idle_peers.h"
#include "tests/bench/samples.h"
#include "tests/integration/rig.h"

#define SHORT_CLIENTS 40
#define ORDERS        520 /* more than one page */
#define NEAR_EVERY    20  /* each so manieth order is at the market, and may be filled at any time */
#define LATER         20  /* orders that are created, and others cancelled, while they all come back */
#define PATIENCE_MS   120000

enum { HERDS = 4 };

typedef struct stage {
  rig rig;
  char state[96];
  process herds[HERDS];
  size_t clients;
  hbus_client *owner;
  hbus_client_order_id *ids; /* of the owner's orders */
  size_t id_count;
} stage;

static uint64_t s_now_ms(void) {
  return samples_now_ns() / 1000000;
}

static size_t s_clients(void) {
  const char *text = getenv("HBUS_CHAOS_CLIENTS");
  return text && *text ? strtoull(text, NULL, 10) : SHORT_CLIENTS;
}

/* --- orders --- */

static void s_place(stage *self) {
  hbus_error error;
  hbus_order placed;
  bool near = self->id_count % NEAR_EVERY == 0;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.0500");
  if (near) {
    hbus_ticker ticker;
    cr_assert_eq(hbus_get_ticker(self->owner, order.exchange, order.market, 0, &ticker, &error), HBUS_OK);
    order.price = ticker.bid;
  }
  cr_assert_eq(hbus_create_order(self->owner, &order, 0, &placed, &error), HBUS_OK, "%s", error.text);
  memcpy(self->ids[self->id_count++], placed.client_order_id, sizeof placed.client_order_id);
}

/* It may have been filled before. */
static void s_cancel(stage *self, size_t index) {
  hbus_cancel cancel;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.0500");
  hbus_cancel_order(self->owner, order.exchange, order.market, NULL, self->ids[index], 0, &cancel, NULL);
}

/* --- the herds --- */

static void s_expect_line(process *herd, char *line, size_t size) {
  cr_assert(process_read_line(herd, line, size), "a herd has ended, or says nothing");
}

static void s_start_herds(stage *self) {
  char name[16], count[24], line[128];
  snprintf(count, sizeof count, "%zu", self->clients / HERDS);
  for (unsigned i = 0; i < HERDS; i++) {
    snprintf(name, sizeof name, "herd-%u", i);
    self->herds[i] = rig_start_peer(&self->rig, "chaos_herd", (const char *const[]){name, count, NULL});
  }
  for (unsigned i = 0; i < HERDS; i++)
    s_expect_line(&self->herds[i], line, sizeof line);
}

/* Waits until all have a whole picture, and hear that start of the broker. */
static void s_await_epoch(stage *self, uint64_t epoch) {
  char line[128];
  for (unsigned i = 0; i < HERDS; i++) {
    do {
      s_expect_line(&self->herds[i], line, sizeof line);
      cr_assert_eq(strncmp(line, "joined ", 7), 0, "%s", line);
    } while (strtoull(line + 7, NULL, 10) != epoch);
  }
}

/* How many of the clients have this hash. */
static size_t s_count_alike(stage *self, const char *hash) {
  char line[128];
  size_t alike = 0;
  for (unsigned i = 0; i < HERDS; i++)
    kill(self->herds[i].pid, SIGUSR1);
  for (unsigned i = 0; i < HERDS; i++) {
    s_expect_line(&self->herds[i], line, sizeof line);
    for (; strcmp(line, "end") != 0; s_expect_line(&self->herds[i], line, sizeof line)) {
      size_t at = strlen("hash ");
      if (strncmp(line + at, hash, HBUS_ORDERS_HASH_SIZE) == 0)
        alike += strtoull(line + at + HBUS_ORDERS_HASH_SIZE, NULL, 10);
    }
  }
  return alike;
}

static void s_ask_hash(stage *self, hbus_orders_hash out) {
  hbus_command command;
  hbus_reply reply;
  hbus_snapshot snapshot;
  hbus_error error;
  repair_unpacker *unpacker = repair_unpacker_new();
  hbus_command_init(&command, HBUS_SNAPSHOT, NULL, NULL, NULL);
  cr_assert_eq(hbus_client_call(self->owner, &command, 0, &reply, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(snapshot_reply_unpack(unpacker, reply.data, &snapshot, &error), HBUS_OK, "%s", error.text);
  memcpy(out, snapshot.orders_hash, sizeof(hbus_orders_hash));
  repair_unpacker_destroy(&unpacker);
}

/* Returns how many have the broker's hash in the end. What was told last may be on its way to some. */
static size_t s_settle(stage *self) {
  hbus_orders_hash hash;
  size_t alike = 0;
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS;
  do {
    s_ask_hash(self, hash);
    alike = s_count_alike(self, hash);
  } while (alike < self->clients && s_now_ms() < deadline_ms);
  return alike;
}

/* --- the course of it --- */

static void s_start_sim(stage *self, const char *rate) {
  rig_start_sim(&self->rig, (const char *const[]){"--rate", rate, "--state", self->state, NULL});
}

static void s_open(stage *self) {
  *self = (stage){.clients = s_clients() / HERDS * HERDS};
  self->ids = calloc(ORDERS + LATER, sizeof *self->ids);
  cr_assert(self->ids && self->clients > 0);
  idle_peers_make_room();
  rig_open(&self->rig);
  self->rig.lasting = true;
  snprintf(self->state, sizeof self->state, "%s/state", self->rig.folder);
  s_start_sim(self, "20");
  rig_start_broker(&self->rig, "  settle_ms: 300\nlog: { level: error }\n");
  self->owner = rig_connect(&self->rig, "owner");
  rig_wait_link(self->owner, HBUS_LINK_CONNECTED);
  while (self->id_count < ORDERS)
    s_place(self);
  s_start_herds(self);
}

static void s_close(stage *self) {
  for (unsigned i = 0; i < HERDS; i++)
    cr_expect_eq(process_stop(&self->herds[i], SIGTERM), 0, "a herd did not end well");
  hbus_client_destroy(&self->owner);
  unlink(self->state);
  free(self->ids);
  rig_stop(&self->rig);
}

/* Upstream is started again as well, and its markets stand still from then on: what was filled meanwhile the broker has
 * to find out. */
static void s_restart(stage *self) {
  process_stop(&self->rig.broker, SIGKILL);
  process_stop(&self->rig.sim, SIGKILL);
  s_start_sim(self, "0");
  rig_start_broker(&self->rig, "  settle_ms: 300\nlog: { level: error }\n");
}

Test(chaos_reconnect, all_come_back_at_once_to_the_same_state) {
  stage stage;
  s_open(&stage);
  cr_expect_eq(s_settle(&stage), stage.clients, "before the broker was killed");
  uint64_t began_ms = s_now_ms();
  s_restart(&stage);
  uint64_t up_ms = s_now_ms();
  hbus_client_destroy(&stage.owner);
  stage.owner = rig_connect(&stage.rig, "owner");
  s_await_epoch(&stage, hbus_client_hello(stage.owner)->epoch);
  uint64_t back_ms = s_now_ms();
  rig_wait_link(stage.owner, HBUS_LINK_CONNECTED);
  for (size_t i = 0; i < LATER; i++) {
    s_place(&stage);
    s_cancel(&stage, i);
  }
  size_t alike = s_settle(&stage);
  printf(
      "chaos_reconnect: %zu clients, %d orders: all were back %.2f s after the broker was up again (%.2f s after it\n"
      "was killed); %zu have the hash of the broker\n",
      stage.clients, ORDERS, (double)(back_ms - up_ms) / 1000, (double)(back_ms - began_ms) / 1000, alike);
  fflush(stdout);
  cr_expect_eq(alike, stage.clients);
  s_close(&stage);
}
