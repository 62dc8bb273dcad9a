#include "tests/chaos/hall.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/buffer.h"
#include "proto/repair_codec.h"
#include "proto/repair_list.h"
#include "tests/bench/book_frames.h"

#define PUMP_MS      5
#define CONFIG_MAX   8192
#define TALK_PERCENT 5 /* private events to a hundred of upstream's */
#define HEARTBEAT_MS 100

static uint64_t s_now_ms(void) {
  return feeder_now_ns() / 1000000;
}

static void s_path(const hall *self, const char *name, char *out, size_t size) {
  snprintf(out, size, "%s/%s", self->rig.folder, name);
}

void hall_diary(const hall *self, unsigned reader, unsigned start, char *out, size_t size) {
  snprintf(out, size, "%s/diary-%u-%u", self->rig.folder, reader, start);
}

/* --- starting --- */

static char *s_config(const hall_setting *setting) {
  char *text = malloc(CONFIG_MAX), name[16];
  cr_assert_not_null(text);
  size_t used = (size_t)snprintf(text, CONFIG_MAX,
                                 "  hang_up_ms: 60000\n"
                                 "  settle_ms: 300\n"
                                 "  stale_after_ms: 0\n"
                                 "  subscribe:\n");
  for (unsigned i = 0; i < READER_MARKETS; i++)
    used += (size_t)snprintf(text + used, CONFIG_MAX - used,
                             "    - { exchange: " BOOK_FRAMES_EXCHANGE ", market: %s, channel: order_book }\n",
                             book_frames_market(i, name));
  snprintf(text + used, CONFIG_MAX - used,
           "events: { heartbeat_ms: %d, ring_mb: %u, publish_per_second: 0 }\n"
           "log: { level: warn }\n",
           HEARTBEAT_MS, setting->ring_mb);
  return text;
}

static void s_launch_reader(hall *self, unsigned number) {
  static const reader_plan plans[HALL_READERS] = {READER_ALL,  READER_ALL,    READER_CHOICE,
                                                  READER_JOIN, READER_NEWEST, READER_JOIN};
  hall_reader *reader = &self->readers[number];
  char name[16], plan[8], seed[32], diary[128], last[128];
  snprintf(name, sizeof name, "reader-%u", number);
  snprintf(plan, sizeof plan, "%d", (int)plans[number]);
  snprintf(seed, sizeof seed, "%" PRIu64, self->setting.seed * 1000000 + number * 1000 + reader->starts);
  hall_diary(self, number, reader->starts, diary, sizeof diary);
  s_path(self, "last", last, sizeof last);
  reader->process =
      rig_start_peer(&self->rig, "chaos_reader", (const char *const[]){name, plan, seed, diary, last, NULL});
  fcntl(reader->process.err, F_SETFL, O_NONBLOCK);
  reader->pause = HALL_RUNS;
  reader->starts++;
}

static void s_start_broker(hall *self) {
  rig_start_broker(&self->rig, self->config);
  fcntl(self->rig.broker.err, F_SETFL, O_NONBLOCK);
}

static void s_wait_link(const hall *self) {
  hbus_client *client = rig_connect(&self->rig, "hall");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
}

void hall_open(hall *self, const hall_setting *setting) {
  char path[128];
  *self = (hall){.setting = *setting, .feeder = feeder_new(READER_MARKETS), .config = s_config(setting)};
  feeder_number(self->feeder);
  rig_open(&self->rig);
  self->rig.lasting = true;
  self->rig.high_water_mark = setting->high_water_mark;
  snprintf(self->rig.url, sizeof self->rig.url, "%s", feeder_url(self->feeder));
  s_path(self, "log", path, sizeof path);
  self->log = fopen(path, "we");
  cr_assert_not_null(self->log);
  s_start_broker(self);
  s_wait_link(self);
  feeder_wait_subscriptions(self->feeder, READER_MARKETS);
  talker_open(&self->talker, &self->rig);
  for (unsigned i = 0; i < HALL_READERS; i++)
    s_launch_reader(self, i);
}

/* --- watching --- */

static void s_drain(hall *self, const process *of) {
  char bytes[4096];
  ssize_t size;
  while (of->pid && (size = read(of->err, bytes, sizeof bytes)) > 0)
    fwrite(bytes, 1, (size_t)size, self->log);
}

void hall_pump(hall *self, int timeout_ms) {
  struct pollfd ready[HALL_READERS + 2] = {
      {.fd = self->rig.broker.pid ? self->rig.broker.err : -1, .events = POLLIN},
      {.fd = hbus_client_fd(self->talker.client), .events = POLLIN},
  };
  for (unsigned i = 0; i < HALL_READERS; i++) {
    const process *reader = &self->readers[i].process;
    ready[2 + i] = (struct pollfd){.fd = reader->pid ? reader->err : -1, .events = POLLIN};
  }
  poll(ready, HALL_READERS + 2, timeout_ms);
  s_drain(self, &self->rig.broker);
  for (unsigned i = 0; i < HALL_READERS; i++)
    s_drain(self, &self->readers[i].process);
  talker_turn(&self->talker, feeder_sent(self->feeder) * TALK_PERCENT / 100);
}

/* --- what is done to them --- */

bool hall_pause_reader(hall *self, unsigned number, hall_pause pause) {
  hall_reader *reader = &self->readers[number];
  if (reader->pause != HALL_RUNS || !process_has_output(&reader->process)) return false;
  if (pause == HALL_STOPPED) kill(reader->process.pid, SIGSTOP);
  if (pause == HALL_STALLED) kill(reader->process.pid, SIGUSR1);
  reader->pause = pause;
  return true;
}

void hall_resume_reader(hall *self, unsigned number) {
  hall_reader *reader = &self->readers[number];
  if (reader->pause == HALL_STOPPED) kill(reader->process.pid, SIGCONT);
  if (reader->pause == HALL_STALLED) kill(reader->process.pid, SIGUSR2);
  reader->pause = HALL_RUNS;
}

void hall_kill_reader(hall *self, unsigned number) {
  process *victim = &self->readers[number].process;
  self->ended_alone += process_has_ended(victim);
  kill(victim->pid, SIGKILL);
  s_drain(self, victim);
  process_wait(victim);
  s_launch_reader(self, number);
}

void hall_kill_broker(hall *self) {
  kill(self->rig.broker.pid, SIGKILL);
  s_drain(self, &self->rig.broker);
  process_wait(&self->rig.broker);
  s_start_broker(self);
}

/* --- the end --- */

/* The families of topics that rest now; those of the system go on. */
static bool s_rests(const char *topic) {
  static const char *const families[] = {"market_data/", "order_update/", "trade_update/", "strategy_update/"};
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (strncmp(topic, families[i], strlen(families[i])) == 0) return true;
  return false;
}

static void s_take_sequences(const hbus_sequences *page, hbus_stream stream, canon *canon, FILE *last) {
  for (size_t i = 0; i < page->count; i++) {
    char topic[HBUS_TOPIC_MAX + 1];
    snprintf(topic, sizeof topic, "%.*s", (int)page->items[i].topic.size, page->items[i].topic.data);
    if (!s_rests(topic)) continue;
    canon_set_final(canon, stream, topic, page->epoch, page->items[i].seq);
    fprintf(last, "%d %" PRIu64 " %s\n", (int)stream, page->items[i].seq, topic);
  }
}

static void s_ask_sequences(hbus_client *client, hbus_stream stream, canon *canon, FILE *last) {
  const hbus_text all = hbus_text_of("");
  hbus_sequences page = {0};
  hbus_error error;
  buffer prefixes;
  buffer_init(&prefixes, HBUS_COMMAND_FRAME_MAX);
  cr_assert_eq(prefixes_pack(&all, 1, &prefixes), HBUS_OK);
  repair_unpacker *unpacker = repair_unpacker_new();
  do {
    hbus_command command;
    hbus_reply reply;
    hbus_command_init(&command, HBUS_SEQUENCES, NULL, NULL, NULL);
    command.stream = stream;
    command.prefixes = (hbus_bytes){.data = prefixes.data, .size = prefixes.size};
    memcpy(command.cursor, page.cursor, sizeof command.cursor);
    cr_assert_eq(hbus_client_call(client, &command, 0, &reply, &error), HBUS_OK, "%s", error.text);
    cr_assert_eq(sequences_reply_unpack(unpacker, reply.data, &page, &error), HBUS_OK, "%s", error.text);
    s_take_sequences(&page, stream, canon, last);
  } while (page.cursor[0]);
  repair_unpacker_destroy(&unpacker);
  buffer_free(&prefixes);
}

/* Upstream answers behind all that it has sent. */
static void s_await_upstream(hbus_client *client) {
  char market[16];
  hbus_order_list none;
  hbus_error error;
  book_frames_market(0, market);
  cr_assert_eq(hbus_get_open_orders(client, BOOK_FRAMES_EXCHANGE, market, 0, &none, &error), HBUS_OK, "%s", error.text);
  hbus_order_list_free(&none);
}

void hall_calm(hall *self, canon *canon) {
  char path[128];
  uint64_t deadline_ms = s_now_ms() + PROCESS_PATIENCE_MS;
  feeder_stop(self->feeder);
  hbus_client *client = rig_connect(&self->rig, "hall");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  s_await_upstream(client);
  while (self->talker.open && s_now_ms() < deadline_ms)
    hall_pump(self, PUMP_MS);
  cr_expect_eq(self->talker.open, 0, "the broker does not answer: see %s/log", self->rig.folder);
  s_path(self, "last", path, sizeof path);
  FILE *last = fopen(path, "we");
  cr_assert_not_null(last);
  s_ask_sequences(client, HBUS_STREAM_MARKET, canon, last);
  s_ask_sequences(client, HBUS_STREAM_PRIVATE, canon, last);
  hbus_client_destroy(&client);
  fclose(last);
}

unsigned hall_finish_readers(hall *self) {
  unsigned running = HALL_READERS, finished = 0;
  uint64_t deadline_ms = s_now_ms() + PROCESS_PATIENCE_MS;
  for (unsigned i = 0; i < HALL_READERS; i++) {
    hall_resume_reader(self, i);
    while (!process_has_output(&self->readers[i].process) && s_now_ms() < deadline_ms)
      hall_pump(self, PUMP_MS); /* it hears no signals yet */
    kill(self->readers[i].process.pid, SIGTERM);
  }
  while (running && s_now_ms() < deadline_ms) {
    hall_pump(self, PUMP_MS);
    for (unsigned i = 0; i < HALL_READERS; i++) {
      process *reader = &self->readers[i].process;
      if (!reader->pid || !process_has_ended(reader)) continue;
      s_drain(self, reader);
      finished += process_wait(reader) == 0;
      running--;
    }
  }
  for (unsigned i = 0; i < HALL_READERS; i++)
    if (self->readers[i].process.pid) process_stop(&self->readers[i].process, SIGKILL);
  return finished;
}

int hall_stop_broker(hall *self) {
  kill(self->rig.broker.pid, SIGTERM);
  while (!process_has_ended(&self->rig.broker))
    hall_pump(self, PUMP_MS);
  hall_pump(self, 0);
  return process_wait(&self->rig.broker);
}

void hall_close(hall *self, bool keep) {
  static const char *const files[] = {"log", "last"};
  char path[128];
  talker_close(&self->talker);
  fclose(self->log);
  feeder_destroy(&self->feeder);
  free(self->config);
  if (keep) return;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    s_path(self, files[i], path, sizeof path);
    unlink(path);
  }
  for (unsigned i = 0; i < HALL_READERS; i++) {
    for (unsigned j = 0; j < self->readers[i].starts; j++) {
      hall_diary(self, i, j, path, sizeof path);
      unlink(path);
    }
  }
  rig_stop(&self->rig);
}
