/* What a program is shown by libhbus against the real broker: joining while others trade, and a broker that is killed
 * and started again. tests/integration/burst.c has the burst that a stalled subscriber loses.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/rig.h"

#define BOOK    "market_data/order_book/binance/ETH-USDT/"
#define CONFIG  "events:\n  heartbeat_ms: 50\n"
#define PAUSE   50 /* ms to listen between two looks at the truth */
#define PATIENT (PROCESS_PATIENCE_MS / PAUSE)

enum { ORDERS_MAX = 64, TOPICS_MAX = 32 };

/* A listener that keeps the orders, and checks what it is shown. */
typedef struct picture {
  hbus_client *client;
  hbus_order orders[ORDERS_MAX];
  unsigned count;
  struct {
    hbus_stream stream;
    hbus_topic topic;
    uint64_t epoch, seq;
  } topics[TOPICS_MAX];
  unsigned topic_count;
  unsigned snapshots, restarts, lost, events;
  bool in_snapshot;
} picture;

typedef struct stage {
  rig rig;
  char state[96];
  hbus_client *trader;
  picture listener;
  hbus_error error;
} stage;

static void s_open(stage *self, const char *rate) {
  *self = (stage){0};
  rig_open(&self->rig);
  self->rig.lasting = true;
  snprintf(self->state, sizeof self->state, "%s/state", self->rig.folder);
  const char *arguments[] = {"--rate", rate, "--state", self->state, NULL};
  rig_start_sim(&self->rig, arguments);
  rig_start_broker(&self->rig, CONFIG);
  self->trader = rig_connect(&self->rig, "alice");
  self->listener.client = rig_connect(&self->rig, "bob");
  rig_wait_link(self->trader, HBUS_LINK_CONNECTED);
}

static void s_close(stage *self) {
  hbus_client_destroy(&self->trader);
  hbus_client_destroy(&self->listener.client);
  unlink(self->state);
  rig_stop(&self->rig);
}

static void s_kill_broker(stage *self) {
  hbus_client_destroy(&self->trader);
  rig_restart_broker(&self->rig, CONFIG);
  self->trader = rig_connect(&self->rig, "alice");
  rig_wait_link(self->trader, HBUS_LINK_CONNECTED);
}

static void s_create(stage *self, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    hbus_command order = rig_resting_order(HBUS_BUY, "0.1");
    hbus_order placed;
    cr_assert_eq(hbus_create_order(self->trader, &order, 0, &placed, &self->error), HBUS_OK, "%s", self->error.text);
  }
}

/* The listener */

static void s_learn_order(picture *self, const hbus_order *heard) {
  unsigned i = 0;
  while (i < self->count && strcmp(self->orders[i].client_order_id, heard->client_order_id) != 0)
    i++;
  cr_assert_lt(i, ORDERS_MAX);
  if (i == self->count) self->orders[self->count++] = (hbus_order){0};
  (void)hbus_order_update(&self->orders[i], heard);
}

static void s_check_number(picture *self, const hbus_message *message, uint64_t epoch, uint64_t from, uint64_t to) {
  unsigned i = 0;
  while (i < self->topic_count &&
         (self->topics[i].stream != message->stream || strcmp(self->topics[i].topic.text, message->topic) != 0))
    i++;
  cr_assert_lt(i, TOPICS_MAX);
  if (i == self->topic_count) {
    self->topics[i].stream = message->stream;
    snprintf(self->topics[i].topic.text, sizeof self->topics[i].topic.text, "%s", message->topic);
    self->topic_count++;
  } else if (message->stream == HBUS_STREAM_MARKET && epoch > self->topics[i].epoch) {
    cr_expect_gt(self->restarts, 0, "a new epoch is told before its first event");
  } else {
    cr_expect_eq(from, self->topics[i].seq + 1, "%s: %" PRIu64 " after %" PRIu64, message->topic, from,
                 self->topics[i].seq);
  }
  self->topics[i].epoch = epoch;
  self->topics[i].seq = to;
}

static void s_learn(picture *self, const hbus_message *message) {
  switch (message->kind) {
  case HBUS_MESSAGE_EVENT:
    self->events++;
    s_check_number(self, message, message->event.epoch, message->event.seq, message->event.seq);
    if (message->event.kind == HBUS_KIND_ORDER_UPDATE) s_learn_order(self, &message->event.data.order);
    break;
  case HBUS_MESSAGE_SNAPSHOT:
    cr_assert_not_null(message->snapshot, "%s", hbus_status_name(message->reply.code));
    if (message->is_last) self->snapshots++;
    self->topic_count = 0; /* what comes next is what follows it */
    for (size_t i = 0; i < message->snapshot->order_count; i++)
      s_learn_order(self, &message->snapshot->orders[i]);
    break;
  case HBUS_MESSAGE_NOTICE:
    if (message->notice.kind == HBUS_NOTICE_RESTARTED) self->restarts++;
    if (message->notice.kind == HBUS_NOTICE_LOST) {
      self->lost++;
      s_check_number(self, message, message->notice.epoch, message->notice.from, message->notice.to);
    }
    break;
  default: break;
  }
}

static void s_listen(picture *self, int timeout_ms) {
  hbus_message message;
  while (hbus_client_next(self->client, timeout_ms, &message) == HBUS_OK)
    s_learn(self, &message);
}

static unsigned s_live(const picture *self) {
  unsigned live = 0;
  for (unsigned i = 0; i < self->count; i++)
    live += hbus_order_is_live(&self->orders[i]);
  return live;
}

static bool s_has(const picture *self, const hbus_order *order) {
  for (unsigned i = 0; i < self->count; i++)
    if (strcmp(self->orders[i].client_order_id, order->client_order_id) == 0)
      return self->orders[i].rev == order->rev && self->orders[i].status == order->status;
  return false;
}

/* Whether the listener's picture is the broker's, which must be so soon when nothing moves. */
static bool s_agrees(stage *self) {
  hbus_order_list list = {0};
  cr_assert_eq(hbus_get_open_orders(self->trader, NULL, NULL, 0, &list, &self->error), HBUS_OK, "%s", self->error.text);
  bool same = list.count == s_live(&self->listener);
  for (size_t i = 0; same && i < list.count; i++)
    same = s_has(&self->listener, &list.items[i]);
  hbus_order_list_free(&list);
  return same;
}

static void s_agree(stage *self) {
  bool same = false;
  for (unsigned i = 0; i < PATIENT && !same; i++) {
    s_listen(&self->listener, PAUSE);
    same = s_agrees(self);
  }
  cr_assert(same, "%u live orders are not those of the broker", s_live(&self->listener));
}

Test(listening, rule_6_a_private_picture_is_the_brokers_through_a_restart) {
  stage stage;
  s_open(&stage, "0");
  s_create(&stage, 5);
  cr_assert_eq(hbus_client_join_private(stage.listener.client, &stage.error), HBUS_OK, "%s", stage.error.text);
  s_create(&stage, 5);
  s_agree(&stage);
  cr_expect_eq(stage.listener.snapshots, 1);
  hbus_cancel cancel;
  cr_assert_eq(hbus_cancel_order(stage.trader, "binance", "ETH-USDT", NULL, stage.listener.orders[0].client_order_id, 0,
                                 &cancel, &stage.error),
               HBUS_OK, "%s", stage.error.text);
  s_kill_broker(&stage); /* what came last may be on its way, or not */
  s_create(&stage, 3);
  s_agree(&stage);
  cr_expect_eq(s_live(&stage.listener), 12);
  cr_expect_eq(stage.listener.lost, 0, "the journal has all of it");
  for (unsigned i = 0; i < PATIENT && stage.listener.restarts == 0; i++)
    s_listen(&stage.listener, PAUSE);
  cr_expect_eq(stage.listener.restarts, 1);
  s_close(&stage);
}

static void s_listen_for(stage *self, unsigned events) {
  unsigned wanted = self->listener.events + events;
  hbus_message message;
  while (self->listener.events < wanted) {
    cr_assert_eq(hbus_client_next(self->listener.client, PROCESS_PATIENCE_MS, &message), HBUS_OK, "nothing comes");
    s_learn(&self->listener, &message);
  }
}

Test(listening, rule_6_a_market_is_joined_and_joined_again_after_a_restart) {
  stage stage;
  s_open(&stage, "500");
  cr_assert_eq(hbus_client_join_market(stage.listener.client, "binance", "ETH-USDT", &stage.error), HBUS_OK, "%s",
               stage.error.text);
  s_listen_for(&stage, 200);
  cr_expect_eq(stage.listener.snapshots, 1);
  s_kill_broker(&stage);
  while (stage.listener.snapshots < 2)
    s_listen_for(&stage, 1);
  s_listen_for(&stage, 200);
  cr_expect_gt(stage.listener.restarts, 0);
  s_close(&stage);
}

/* All topics from their first event: what is published before the subscription has reached the broker is had again. */
Test(listening, rule_5_what_is_watched_is_shown_from_the_moment_of_the_watch) {
  stage stage;
  s_open(&stage, "0");
  cr_assert_eq(hbus_client_watch(stage.listener.client, "order_update/", &stage.error), HBUS_OK);
  cr_assert_eq(hbus_ping(stage.listener.client, 0, NULL, &stage.error), HBUS_OK); /* the question of numbers has left */
  cr_assert_eq(hbus_ping(stage.listener.client, 0, NULL, &stage.error), HBUS_OK);
  s_create(&stage, 1); /* its first events, and the last ones */
  for (unsigned i = 0; i < PATIENT && s_live(&stage.listener) == 0; i++)
    s_listen(&stage.listener, PAUSE);
  s_agree(&stage);
  s_close(&stage);
}
