/* What subscribers of the market stream make the broker ask of Hummingbot, without a word on the command socket. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "proto/repair_codec.h"
#include "tests/integration/rig.h"

#define TICKER "market_data/ticker/binance/ETH-USDT/"
#define BOOK   "market_data/order_book/binance/ETH-USDT/"

typedef struct stage {
  rig rig;
  hbus_client *reader;   /* watches */
  hbus_client *observer; /* asks for `status` */
  hbus_error error;
} stage;

static void s_join(stage *self) {
  self->reader = rig_connect(&self->rig, "reader");
  self->observer = rig_connect(&self->rig, "observer");
}

static void s_open(stage *self, const char *config) {
  static const char *const busy[] = {"--rate", "100", NULL};
  *self = (stage){0};
  rig_start(&self->rig, busy, config);
  s_join(self);
}

static void s_close(stage *self) {
  hbus_client_destroy(&self->reader);
  hbus_client_destroy(&self->observer);
  rig_stop(&self->rig);
}

static void s_watch(stage *self, const char *prefix) {
  cr_assert_eq(hbus_client_watch(self->reader, prefix, &self->error), HBUS_OK, "%s", self->error.text);
}

static void s_unwatch(stage *self, const char *prefix) {
  cr_assert_eq(hbus_client_unwatch(self->reader, prefix, &self->error), HBUS_OK, "%s", self->error.text);
}

static uint64_t s_held(stage *self) {
  return rig_number(self->observer, "subscription_count");
}

static void s_wait_held(stage *self, uint64_t count) {
  hbus_message message;
  for (int tries = 0; s_held(self) != count; tries++) {
    cr_assert_lt(tries, PROCESS_PATIENCE_MS / 10, "%d are held", (int)s_held(self));
    hbus_client_next(self->reader, 10, &message);
  }
}

static hbus_status s_snapshot(stage *self, const char *market) {
  hbus_command command;
  hbus_reply reply;
  cr_assert_eq(hbus_command_init(&command, HBUS_SNAPSHOT, "binance", market, &self->error), HBUS_OK);
  return hbus_client_call(self->observer, &command, 0, &reply, &self->error);
}

Test(demand, the_first_subscriber_makes_the_broker_subscribe_and_is_told_so) {
  stage stage;
  hbus_message message;
  s_open(&stage, NULL);
  s_watch(&stage, "info/hbusd/");
  s_watch(&stage, TICKER);
  rig_next_event(stage.reader, "info/hbusd/", &message);
  cr_expect_str_eq(message.event.data.notice.exchange, "binance");
  cr_expect_str_eq(message.event.data.notice.market, "ETH-USDT");
  cr_expect(memmem(message.event.data.notice.message.data, message.event.data.notice.message.size, "subscribed to",
                   strlen("subscribed to")));
  for (int i = 0; i < 10; i++)
    rig_next_event(stage.reader, TICKER, &message);
  cr_expect_eq(s_held(&stage), 1);
  cr_expect_eq(s_snapshot(&stage, "ETH-USDT"), HBUS_OK, "%s", stage.error.text);
  s_close(&stage);
}

Test(demand, prefixes_that_name_no_market_hold_nothing) {
  static const char *const prefixes[] = {"",
                                         "market_data/",
                                         "market_data/ticker/binance/",
                                         "market_data/ticker/binance/ETH-USDT",
                                         "market_data/ticker/binance/ETH-USDT/1m/",
                                         "market_data/candles/binance/ETH-USDT/1m/",
                                         "trade_update/",
                                         "order_update/binance/ETH-USDT/"};
  stage stage;
  hbus_message message;
  s_open(&stage, NULL);
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    hbus_client_watch(stage.reader, prefixes[i], &stage.error); /* some the library refuses itself */
  s_watch(&stage, TICKER); /* the broker takes the subscriptions of a connection in their order */
  rig_next_event(stage.reader, TICKER, &message);
  cr_expect_eq(s_held(&stage), 1);
  s_close(&stage);
}

Test(demand, the_last_one_to_leave_ends_it_after_a_while) {
  stage stage;
  hbus_message message;
  s_open(&stage, "events:\n  linger_ms: 50\n");
  hbus_client *other = rig_connect(&stage.rig, "other");
  s_watch(&stage, TICKER);
  cr_assert_eq(hbus_client_watch(other, TICKER, &stage.error), HBUS_OK);
  rig_next_event(stage.reader, TICKER, &message);
  rig_next_event(other, TICKER, &message);
  uint64_t requests = rig_counter(stage.observer, "upstream_requests");
  hbus_client_destroy(&other);
  for (int i = 0; i < 50; i++)
    rig_next_event(stage.reader, TICKER, &message);
  cr_expect_eq(rig_counter(stage.observer, "upstream_requests"), requests, "one is still there");
  s_unwatch(&stage, TICKER);
  s_wait_held(&stage, 0);
  rig_wait_number(stage.observer, "counters.upstream_requests", requests + 1);
  s_watch(&stage, TICKER);
  rig_next_event(stage.reader, TICKER, &message);
  cr_expect_eq(s_held(&stage), 1, "and begins anew");
  s_close(&stage);
}

Test(demand, one_who_comes_back_in_time_keeps_it) {
  stage stage;
  hbus_message message;
  s_open(&stage, "events:\n  linger_ms: 100000\n");
  s_watch(&stage, TICKER);
  rig_next_event(stage.reader, TICKER, &message);
  uint64_t requests = rig_counter(stage.observer, "upstream_requests");
  for (int i = 0; i < 3; i++) {
    s_unwatch(&stage, TICKER);
    s_watch(&stage, BOOK); /* known to the broker when it is held, and so is what was said before */
    s_wait_held(&stage, 2);
    s_watch(&stage, TICKER);
    rig_next_event(stage.reader, TICKER, &message);
  }
  rig_wait_number(stage.observer, "counters.upstream_requests", requests + 1);
  cr_expect_eq(rig_counter(stage.observer, "upstream_requests"), requests + 1, "for the book alone");
  s_close(&stage);
}

Test(demand, is_the_union_of_subscribers_and_commands) {
  stage stage;
  hbus_message message;
  s_open(&stage, "events:\n  linger_ms: 0\n");
  s_watch(&stage, TICKER);
  rig_next_event(stage.reader, TICKER, &message);
  cr_assert_eq(hbus_subscribe_market(stage.observer, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &stage.error),
               HBUS_OK);
  s_watch(&stage, BOOK);
  s_wait_held(&stage, 2);
  s_unwatch(&stage, TICKER);
  s_unwatch(&stage, BOOK);
  s_wait_held(&stage, 1);
  cr_assert_eq(hbus_unsubscribe_market(stage.observer, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &stage.error),
               HBUS_OK);
  cr_expect_eq(s_held(&stage), 0);
  s_close(&stage);
}

Test(demand, a_market_that_there_is_not_is_told_and_not_held) {
  stage stage;
  hbus_message message;
  s_open(&stage, NULL);
  cr_expect_eq(s_snapshot(&stage, "NO-SUCH"), HBUS_OK, "nobody has asked for it yet");
  s_watch(&stage, "error/hbusd/");
  s_watch(&stage, "market_data/ticker/binance/NO-SUCH/");
  do {
    rig_next_event(stage.reader, "error/hbusd/", &message);
  } while (message.stream != HBUS_STREAM_MARKET);
  cr_expect_eq(message.event.data.notice.code, HBUS_UNKNOWN_MARKET);
  cr_expect_str_eq(message.event.data.notice.exchange, "binance");
  cr_expect_str_eq(message.event.data.notice.market, "NO-SUCH");
  cr_expect_eq(s_held(&stage), 0);
  cr_expect_eq(s_snapshot(&stage, "NO-SUCH"), HBUS_UNKNOWN_MARKET);

  rig_control(&stage.rig, "cut"); /* on the next connection it is asked for again, and told again */
  do {
    rig_next_event(stage.reader, "error/hbusd/", &message);
  } while (message.event.data.notice.code != HBUS_UNKNOWN_MARKET);
  s_unwatch(&stage, "market_data/ticker/binance/NO-SUCH/");
  s_close(&stage);
}

Test(demand, lasts_over_a_lost_connection) {
  stage stage;
  hbus_message message;
  s_open(&stage, NULL);
  s_watch(&stage, TICKER);
  rig_next_event(stage.reader, TICKER, &message);
  rig_control(&stage.rig, "cut");
  s_watch(&stage, BOOK); /* perhaps with the link down */
  rig_wait_number(stage.observer, "counters.link_connects", 2);
  rig_wait_link(stage.observer, HBUS_LINK_CONNECTED);
  while (hbus_client_next(stage.reader, 0, &message) == HBUS_OK)
    ;
  rig_next_event(stage.reader, TICKER, &message);
  rig_next_event(stage.reader, BOOK, &message);
  cr_expect_eq(s_held(&stage), 2);
  s_close(&stage);
}

Test(demand, that_comes_before_the_link_is_asked_for_with_it) {
  stage stage = {0};
  hbus_message message;
  static const char *const busy[] = {"--rate", "100", NULL};
  rig_open(&stage.rig);
  rig_start_sim(&stage.rig, busy);
  cr_assert_eq(process_stop(&stage.rig.sim, SIGTERM), 0);
  rig_start_broker(&stage.rig, NULL);
  s_join(&stage);
  s_watch(&stage, TICKER);
  s_wait_held(&stage, 1);
  rig_start_sim(&stage.rig, busy);
  rig_next_event(stage.reader, TICKER, &message);
  s_close(&stage);
}

/* The requests wait for their turn: a window of them is under way, and a reconnection does not lose the rest. */
Test(demand, of_many_topics_at_once_is_asked_for_in_turn) {
  enum { MANY = 300 };
  stage stage;
  hbus_topic topic;
  s_open(&stage, NULL);
  for (int i = 0; i < MANY; i++) {
    char market[16];
    snprintf(market, sizeof market, "NO-%d", i);
    cr_assert_eq(hbus_topic_ticker("binance", market, &topic), HBUS_OK);
    s_watch(&stage, topic.text);
  }
  s_watch(&stage, TICKER);
  hbus_message message;
  rig_next_event(stage.reader, TICKER, &message);
  s_wait_held(&stage, 1);
  cr_expect_eq(s_snapshot(&stage, "NO-0"), HBUS_UNKNOWN_MARKET);
  cr_expect_eq(s_snapshot(&stage, "NO-299"), HBUS_UNKNOWN_MARKET);
  s_close(&stage);
}
