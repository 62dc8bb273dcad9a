/* What was missed is had again: heartbeats, sequences and replay, as a peer sees them that does by itself what libhbus
 * does for others. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event_codec.h"
#include "proto/repair_codec.h"
#include "proto/repair_list.h"
#include "tests/integration/rig.h"

#define BOOKS  "market_data/order_book/binance/ETH-USDT/"
#define ORDERS "order_update/binance/ETH-USDT/"
#define BEAT   "system/heartbeat/"
#define SLOW   "system/slow/"
#define CONFIG                                                                                                         \
  "events:\n"                                                                                                          \
  "  heartbeat_ms: 20\n"                                                                                               \
  "  repair_per_second: 0\n"                                                                                           \
  "  slow_events: 2\n"

enum { KEPT_MAX = 2000 };

/* Events of a topic as they came. */
typedef struct kept {
  unsigned count;
  uint64_t seqs[KEPT_MAX];
  uint8_t *bodies[KEPT_MAX];
  size_t sizes[KEPT_MAX];
} kept;

typedef struct stage {
  rig rig;
  hbus_client *listener;
  hbus_client *asker; /* another one, so that no event hides a reply */
  repair_unpacker *unpacker;
  hbus_error error;
} stage;

static const char *const s_still[] = {"--rate", "0", NULL};
static const char *const s_busy[] = {"--rate", "500", NULL};

/* Begins; the caller may still set what a rig has behind rig_open. */
static void s_open(stage *self) {
  *self = (stage){.unpacker = repair_unpacker_new()};
  rig_open(&self->rig);
}

static void s_connect(stage *self) {
  self->listener = rig_connect(&self->rig, "alice");
  self->asker = rig_connect(&self->rig, "alice");
  rig_wait_link(self->asker, HBUS_LINK_CONNECTED);
}

static void s_start(stage *self, const char *const *sim_arguments) {
  rig_start_sim(&self->rig, sim_arguments);
  rig_start_broker(&self->rig, CONFIG);
  s_connect(self);
}

static void s_leave(stage *self) {
  hbus_client_destroy(&self->listener);
  hbus_client_destroy(&self->asker);
}

static void s_close(stage *self) {
  s_leave(self);
  repair_unpacker_destroy(&self->unpacker);
  rig_stop(&self->rig);
}

static void s_watch(stage *self, const char *prefix) {
  cr_assert_eq(hbus_client_watch(self->listener, prefix, &self->error), HBUS_OK, "%s", self->error.text);
}

static void s_subscribe(stage *self) {
  cr_assert_eq(hbus_subscribe_market(self->asker, HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT", 0, &self->error),
               HBUS_OK, "%s", self->error.text);
}

static void s_keep(kept *kept, const hbus_message *message) {
  cr_assert_lt(kept->count, KEPT_MAX);
  kept->seqs[kept->count] = message->event.seq;
  kept->sizes[kept->count] = message->body.size;
  kept->bodies[kept->count] = malloc(message->body.size);
  memcpy(kept->bodies[kept->count++], message->body.data, message->body.size);
}

static void s_keep_events(stage *self, const char *topic, unsigned count, kept *kept) {
  hbus_message message;
  while (count--) {
    rig_next_event(self->listener, topic, &message);
    s_keep(kept, &message);
  }
}

static void s_forget(kept *kept) {
  while (kept->count)
    free(kept->bodies[--kept->count]);
}

/* --- asking --- */

static hbus_command s_replay_command(hbus_stream stream, const char *topic, uint64_t from, uint64_t to) {
  hbus_command command = {.kind = HBUS_REPLAY, .stream = stream, .from = from, .to = to};
  snprintf(command.topic, sizeof command.topic, "%s", topic);
  return command;
}

/* What *out points to is the client's until its next call. */
static void s_replay(stage *self, hbus_stream stream, const char *topic, uint64_t from, uint64_t to, hbus_replay *out) {
  hbus_command command = s_replay_command(stream, topic, from, to);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(self->asker, &command, 0, &reply, &self->error), HBUS_OK, "%s", self->error.text);
  cr_assert_eq(replay_reply_unpack(self->unpacker, reply.data, out, &self->error), HBUS_OK, "%s", self->error.text);
  cr_expect_eq(out->topic.size, strlen(topic));
}

static hbus_status s_ask_sequences(stage *self, hbus_stream stream, const char *prefix, uint64_t limit,
                                   const char *cursor, hbus_sequences *out) {
  const hbus_text prefixes[] = {hbus_text_of("no/such/topic/"), hbus_text_of(prefix)};
  hbus_command command = {.kind = HBUS_SEQUENCES, .stream = stream, .limit = limit};
  hbus_reply reply;
  buffer list;
  snprintf(command.cursor, sizeof command.cursor, "%s", cursor);
  buffer_init(&list, 4096);
  cr_assert_eq(prefixes_pack(prefixes, 2, &list), HBUS_OK);
  command.prefixes = (hbus_bytes){list.data, list.size};
  hbus_status status = hbus_client_call(self->asker, &command, 0, &reply, &self->error);
  if (status == HBUS_OK) status = sequences_reply_unpack(self->unpacker, reply.data, out, &self->error);
  buffer_free(&list);
  return status;
}

/* The last number of a topic; 0: there is none. */
static uint64_t s_last(stage *self, hbus_stream stream, const char *topic) {
  hbus_sequences sequences;
  cr_assert_eq(s_ask_sequences(self, stream, topic, 0, "", &sequences), HBUS_OK, "%s", self->error.text);
  cr_expect_str_eq(sequences.cursor, "");
  return sequences.count ? sequences.items[0].seq : 0;
}

static void s_wait_last(stage *self, hbus_stream stream, const char *topic, uint64_t at_least) {
  hbus_message message;
  while (s_last(self, stream, topic) < at_least)
    hbus_client_next(self->listener, 10, &message);
}

static uint64_t s_seq_of(hbus_bytes body) {
  event_unpacker *unpacker = event_unpacker_new();
  hbus_event event;
  cr_assert_eq(event_unpack(unpacker, body.data, body.size, &event, NULL), HBUS_OK);
  event_unpacker_destroy(&unpacker);
  return event.seq;
}

static void s_expect_kept(const kept *kept, const hbus_replay *replay) {
  cr_assert_eq(replay->count, kept->count);
  for (unsigned i = 0; i < kept->count; i++) {
    cr_expect_eq(replay->items[i].size, kept->sizes[i]);
    cr_expect_eq(memcmp(replay->items[i].data, kept->bodies[i], kept->sizes[i]), 0, "the %uth", i);
  }
  cr_expect_eq(replay->last, kept->seqs[kept->count - 1]);
  cr_expect_eq(replay->next, 0);
}

/* --- replay --- */

Test(repair, market_events_are_had_again_byte_for_byte) {
  stage stage;
  hbus_replay replay;
  kept kept = {0};
  s_open(&stage);
  s_start(&stage, s_busy);
  s_watch(&stage, BOOKS);
  s_subscribe(&stage);
  s_keep_events(&stage, BOOKS, 50, &kept);
  s_replay(&stage, HBUS_STREAM_MARKET, BOOKS, kept.seqs[0], kept.seqs[49], &replay);
  s_expect_kept(&kept, &replay);
  cr_expect_eq(replay.first, 1);
  cr_expect_eq(replay.epoch, hbus_client_hello(stage.asker)->epoch);
  cr_expect_gt(rig_number(stage.asker, "ring_bytes.market"), 0);

  /* Nothing lies above the last number, and nothing in a topic that never was. */
  s_replay(&stage, HBUS_STREAM_MARKET, BOOKS, 1000000, 2000000, &replay);
  cr_expect_eq(replay.count + replay.last + replay.next, 0);
  s_replay(&stage, HBUS_STREAM_MARKET, "market_data/order_book/binance/NO-SUCH/", 1, 10, &replay);
  cr_expect_eq(replay.count + replay.first + replay.next, 0);
  s_forget(&kept);
  s_close(&stage);
}

Test(repair, numbers_of_a_market_topic_end_with_their_epoch) {
  stage stage;
  s_open(&stage);
  s_start(&stage, s_still);
  hbus_command command = s_replay_command(HBUS_STREAM_MARKET, BOOKS, 1, 1);
  hbus_reply reply;
  command.epoch = hbus_client_hello(stage.asker)->epoch;
  cr_expect_eq(hbus_client_call(stage.asker, &command, 0, &reply, &stage.error), HBUS_OK, "%s", stage.error.text);
  command.id[0] = 0;
  command.epoch--;
  cr_expect_eq(hbus_client_call(stage.asker, &command, 0, &reply, &stage.error), HBUS_EXPIRED);
  cr_expect_not_null(strstr(stage.error.text, "has ended"), "%s", stage.error.text);
  command = s_replay_command(HBUS_STREAM_PRIVATE, ORDERS, 1, 1);
  command.epoch = 1;
  cr_expect_eq(hbus_client_call(stage.asker, &command, 0, &reply, &stage.error), HBUS_OK, "these never start anew");
  s_close(&stage);
}

/* An answer is bounded, and says where to go on. */
Test(repair, a_long_replay_comes_in_pieces) {
  enum { WANTED = HBUS_REPLAY_EVENTS_MAX + 100 };
  stage stage;
  hbus_replay replay;
  s_open(&stage);
  s_start(&stage, s_busy);
  s_subscribe(&stage);
  s_wait_last(&stage, HBUS_STREAM_MARKET, BOOKS, WANTED);
  uint64_t seq = 1;
  unsigned pieces = 0;
  for (uint64_t from = 1; from; from = replay.next, pieces++) {
    size_t bytes = 0;
    s_replay(&stage, HBUS_STREAM_MARKET, BOOKS, from, WANTED, &replay);
    cr_assert_leq(replay.count, HBUS_REPLAY_EVENTS_MAX);
    for (size_t i = 0; i < replay.count; i++) {
      cr_assert_eq(s_seq_of(replay.items[i]), seq++);
      bytes += replay.items[i].size;
    }
    cr_expect_leq(bytes, HBUS_REPLAY_BYTES_MAX);
    cr_expect_eq(replay.last, seq - 1);
    cr_expect(replay.next == 0 || replay.next == seq);
  }
  cr_expect_eq(seq, WANTED + 1);
  cr_expect_gt(pieces, 1);
  s_close(&stage);
}

static void s_place_orders(stage *self, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.1");
    hbus_order placed;
    cr_assert_eq(hbus_create_order(self->asker, &order, 0, &placed, &self->error), HBUS_OK, "%s", self->error.text);
  }
}

/* Whoever subscribes late misses what came before: that is had again too. */
Test(repair, private_events_are_had_again_across_kill_9) {
  stage stage;
  hbus_replay replay;
  kept kept = {0};
  s_open(&stage);
  stage.rig.lasting = true;
  s_start(&stage, s_still);
  s_watch(&stage, ORDERS);
  rig_settle(&stage.rig, stage.listener);
  s_place_orders(&stage, 3);
  uint64_t last = s_last(&stage, HBUS_STREAM_PRIVATE, ORDERS);
  cr_assert_geq(last, 3);
  s_keep_events(&stage, ORDERS, (unsigned)last, &kept);
  s_replay(&stage, HBUS_STREAM_PRIVATE, ORDERS, 1, 1000, &replay);
  s_expect_kept(&kept, &replay);
  cr_expect_eq(rig_number(stage.asker, "ring_bytes.private"), 0, "the journal has them");

  s_leave(&stage);
  rig_restart_broker(&stage.rig, CONFIG);
  s_connect(&stage);
  s_replay(&stage, HBUS_STREAM_PRIVATE, ORDERS, 1, last, &replay);
  s_expect_kept(&kept, &replay);
  cr_expect_eq(replay.first, 1);
  cr_expect_eq(replay.epoch, hbus_client_hello(stage.asker)->epoch);
  s_forget(&kept);

  s_place_orders(&stage, 1);
  cr_expect_gt(s_last(&stage, HBUS_STREAM_PRIVATE, ORDERS), last, "the numbers go on");
  s_replay(&stage, HBUS_STREAM_PRIVATE, ORDERS, last, last + 1, &replay);
  cr_assert_eq(replay.count, 2);
  cr_expect_eq(s_seq_of(replay.items[1]), last + 1);
  s_close(&stage);
}

/* The reply is the last thing that the create caused: its event is in the journal by then, or is waited for. */
Test(repair, an_event_can_be_had_as_soon_as_its_number_is_known) {
  enum { ORDER_COUNT = 20 };
  stage stage;
  s_open(&stage);
  s_start(&stage, s_still);
  for (unsigned i = 0; i < ORDER_COUNT; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.1");
    hbus_reply reply;
    hbus_replay replay;
    cr_assert_eq(hbus_client_call(stage.asker, &order, 0, &reply, &stage.error), HBUS_OK, "%s", stage.error.text);
    const hbus_seen seen = reply.seen;
    cr_assert_eq(seen.stream, HBUS_STREAM_PRIVATE);
    s_replay(&stage, seen.stream, seen.topic, seen.seq, seen.seq, &replay);
    cr_assert_eq(replay.count, 1);
    cr_expect_eq(s_seq_of(replay.items[0]), seen.seq);
  }
  s_close(&stage);
}

Test(repair, without_a_journal_private_events_are_had_again_while_the_broker_lives) {
  stage stage;
  hbus_replay replay;
  s_open(&stage);
  stage.rig.sync = "off";
  s_start(&stage, s_still);
  s_place_orders(&stage, 2);
  uint64_t last = s_last(&stage, HBUS_STREAM_PRIVATE, ORDERS);
  s_replay(&stage, HBUS_STREAM_PRIVATE, ORDERS, 1, 1000, &replay);
  cr_assert_eq(replay.count, last);
  for (size_t i = 0; i < replay.count; i++)
    cr_expect_eq(s_seq_of(replay.items[i]), i + 1);
  cr_expect_gt(rig_number(stage.asker, "ring_bytes.private"), 0);
  s_close(&stage);
}

Test(repair, a_damaged_event_is_left_out_and_told_of) {
  stage stage;
  hbus_replay replay;
  char path[128];
  sqlite3 *journal = NULL;
  s_open(&stage);
  s_start(&stage, s_still);
  s_place_orders(&stage, 3);
  uint64_t last = s_last(&stage, HBUS_STREAM_PRIVATE, ORDERS);
  snprintf(path, sizeof path, "%s/hbus.db", stage.rig.folder);
  cr_assert_eq(sqlite3_open_v2(path, &journal, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  sqlite3_busy_timeout(journal, PROCESS_PATIENCE_MS);
  const char *damage = "UPDATE events SET body = x'80' WHERE seq = 2 AND topic_n ="
                       " (SELECT n FROM topics WHERE topic = '" ORDERS "')";
  cr_assert_eq(sqlite3_exec(journal, damage, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(journal));
  cr_expect_eq(sqlite3_changes(journal), 1);
  sqlite3_close(journal);
  s_replay(&stage, HBUS_STREAM_PRIVATE, ORDERS, 1, last, &replay);
  cr_assert_eq(replay.count, last - 1);
  cr_expect_eq(s_seq_of(replay.items[0]), 1);
  cr_expect_eq(s_seq_of(replay.items[1]), 3);
  cr_expect_eq(rig_counter(stage.asker, "journal_damaged"), 1);
  rig_expect_log(&stage.rig, "is damaged: 1 events of " ORDERS);
  s_close(&stage);
}

/* --- sequences --- */

static unsigned s_count_topics(stage *self, hbus_stream stream, const char *prefix, uint64_t limit, unsigned *pages) {
  hbus_sequences page = {0};
  unsigned count = 0;
  *pages = 0;
  do {
    char cursor[HBUS_CURSOR_MAX + 1];
    memcpy(cursor, page.cursor, sizeof cursor);
    cr_assert_eq(s_ask_sequences(self, stream, prefix, limit, cursor, &page), HBUS_OK, "%s", self->error.text);
    cr_expect_leq(page.count, limit);
    cr_expect_eq(page.epoch, hbus_client_hello(self->asker)->epoch);
    count += (unsigned)page.count;
    ++*pages;
  } while (page.cursor[0]);
  return count;
}

Test(repair, sequences_come_in_pages) {
  stage stage;
  unsigned pages;
  hbus_sequences page;
  s_open(&stage);
  s_start(&stage, s_still);
  s_subscribe(&stage);
  s_wait_last(&stage, HBUS_STREAM_MARKET, BOOKS, 1);
  s_wait_last(&stage, HBUS_STREAM_MARKET, BEAT, 1);
  unsigned all = s_count_topics(&stage, HBUS_STREAM_MARKET, "", HBUS_PAGE_MAX, &pages);
  cr_expect_eq(pages, 1);
  cr_expect_geq(all, 3, "the book, the link, the heartbeat");
  cr_expect_eq(s_count_topics(&stage, HBUS_STREAM_MARKET, "", 1, &pages), all);
  cr_expect_geq(pages, all);
  cr_expect_eq(s_count_topics(&stage, HBUS_STREAM_MARKET, "market_data/", 1, &pages), 1);
  cr_expect_eq(s_count_topics(&stage, HBUS_STREAM_PRIVATE, "market_data/", 1, &pages), 0);
  static const char *const cursors[] = {"x", "1x", "-1", "99999999999999999999999999", "1000"};
  for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++)
    cr_expect_eq(s_ask_sequences(&stage, HBUS_STREAM_MARKET, "", 0, cursors[i], &page), HBUS_INVALID_REQUEST, "%s",
                 cursors[i]);
  s_close(&stage);
}

/* --- heartbeats --- */

/* How often the heartbeats of a stream from one number on name a topic, and with which number. */
static unsigned s_named(const hbus_message *message, const char *topic, uint64_t *seq) {
  const hbus_heartbeat *heartbeat = &message->event.data.heartbeat;
  unsigned times = 0;
  for (size_t i = 0; i < heartbeat->topic_count; i++) {
    const hbus_sequence *named = &heartbeat->topics[i];
    if (named->topic.size != strlen(topic) || memcmp(named->topic.data, topic, named->topic.size) != 0) continue;
    times++;
    *seq = named->seq;
  }
  return times;
}

/* The next heartbeats of both streams together name the topic once, with this number. */
static void s_expect_named_once(stage *self, const char *topic, uint64_t seq) {
  unsigned times = 0;
  uint64_t named = 0;
  hbus_message message;
  while (times == 0) {
    rig_next_event(self->listener, BEAT, &message);
    times += s_named(&message, topic, &named);
  }
  for (unsigned i = 0; i < 10; i++) {
    rig_next_event(self->listener, BEAT, &message);
    times += s_named(&message, topic, &named);
    cr_expect_eq(s_named(&message, BEAT, &named), 0, "its own number is the event's");
  }
  cr_expect_eq(times, 1);
  cr_expect_eq(named, seq);
}

Test(repair, heartbeats_name_what_moved_and_go_on_when_nothing_does) {
  stage stage;
  hbus_message message;
  s_open(&stage);
  s_start(&stage, s_still);
  s_watch(&stage, BEAT);
  rig_next_event(stage.listener, BEAT, &message);
  cr_expect_eq(message.event.data.heartbeat.interval_ms, 20);
  s_subscribe(&stage);
  s_expect_named_once(&stage, BOOKS, 1);
  s_place_orders(&stage, 1);
  s_expect_named_once(&stage, ORDERS, s_last(&stage, HBUS_STREAM_PRIVATE, ORDERS));
  s_close(&stage);
}

/* Numbers of the private stream never start anew, those of its heartbeats neither. */
Test(repair, the_numbers_of_private_heartbeats_survive_kill_9) {
  stage stage;
  s_open(&stage);
  stage.rig.lasting = true;
  s_start(&stage, s_still);
  s_wait_last(&stage, HBUS_STREAM_PRIVATE, BEAT, 10);
  uint64_t last = s_last(&stage, HBUS_STREAM_PRIVATE, BEAT);
  s_leave(&stage);
  rig_restart_broker(&stage.rig, CONFIG);
  s_connect(&stage);
  cr_expect_geq(s_last(&stage, HBUS_STREAM_PRIVATE, BEAT), last);
  hbus_replay replay;
  s_replay(&stage, HBUS_STREAM_PRIVATE, BEAT, 1, last, &replay);
  cr_expect_eq(replay.count, 0, "a heartbeat is not kept");
  s_close(&stage);
}

/* --- slow readers --- */

static void s_ping(stage *self, hbus_client *client, const char *topic, uint64_t seq) {
  const hbus_stamp ack = {.stream = HBUS_STREAM_MARKET, .topic = hbus_text_of(topic), .seq = seq};
  hbus_command command = {.kind = HBUS_PING};
  hbus_reply reply;
  buffer list;
  buffer_init(&list, 4096);
  cr_assert_eq(acks_pack(&ack, 1, &list), HBUS_OK);
  command.acks = (hbus_bytes){list.data, list.size};
  cr_assert_eq(hbus_client_call(client, &command, 0, &reply, &self->error), HBUS_OK, "%s", self->error.text);
  buffer_free(&list);
}

/* Of the two streams' events, the private one, which has the name. */
static void s_expect_slow(stage *self, bool is_behind) {
  hbus_message message;
  do {
    rig_next_event(self->listener, SLOW, &message);
  } while (strcmp(message.event.data.slow.name, "sloth") != 0);
  const hbus_slow *slow = &message.event.data.slow;
  cr_expect_eq(message.stream, HBUS_STREAM_PRIVATE);
  cr_expect_eq(slow->stream, HBUS_STREAM_MARKET);
  cr_expect_eq(slow->lag > 2, is_behind);
  cr_expect_eq(slow->lag > 0, is_behind);
  cr_expect(slow->topic.size == strlen(BEAT) && memcmp(slow->topic.data, BEAT, slow->topic.size) == 0);
}

Test(repair, a_reader_that_is_behind_is_named) {
  stage stage;
  s_open(&stage);
  s_start(&stage, s_still);
  s_watch(&stage, SLOW);
  rig_settle(&stage.rig, stage.listener);
  hbus_client *sloth = rig_connect(&stage.rig, "sloth");
  s_wait_last(&stage, HBUS_STREAM_MARKET, BEAT, 10);
  s_ping(&stage, sloth, BEAT, 1);
  s_expect_slow(&stage, true);
  rig_expect_log(&stage.rig, "sloth is ");
  s_ping(&stage, sloth, BEAT, 1000000000);
  s_expect_slow(&stage, false);
  cr_expect_geq(rig_counter(stage.asker, "readers_slow"), 1);
  hbus_client_destroy(&sloth);
  s_close(&stage);
}
