/* What a program is shown when events, heartbeats and answers are lost on the way to it. */
#include <poll.h>
#include <string.h>

#include "lossy.h"

Test(listening, a_gap_and_the_lost_end_of_a_burst_are_repaired) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, lossy_topics[TICKER].text);
  lossy_publish(&self, TICKER, 1, true);
  lossy_publish(&self, TICKER, 2, false);
  lossy_publish(&self, TICKER, 2, true);
  EXPECT(&self, "ticker 1", "ticker 2", "ticker 3", "ticker repaired 2-3", "ticker 4", "ticker 5");
  lossy_publish(&self, TICKER, 4, false);
  lossy_expect_nothing(&self);
  lossy_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 6", "ticker 7", "ticker 8", "ticker 9", "ticker repaired 6-9");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.gaps, 2u);
  cr_assert_eq(stats.repaired, 6u);
  cr_assert_eq(stats.lost, 0u);
  cr_assert_eq(stats.events, 9u);
  lossy_end(&self);
}

Test(listening, the_only_event_of_a_topic_is_owed) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 1, false);
  lossy_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 1", "ticker repaired 1-1");
  lossy_end(&self);
}

Test(listening, what_came_before_the_watch_is_not) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_publish(&self, TICKER, 5, false);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_beat(&self, HBUS_STREAM_MARKET, true);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 6");
  cr_assert_eq(lossy_asked(&self, HBUS_REPLAY), 0u);
  lossy_end(&self);
}

Test(listening, a_lost_heartbeat_is_missed_and_the_numbers_asked_for) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  lossy_publish(&self, ORDERS, 1, false);
  lossy_beat(&self, HBUS_STREAM_PRIVATE, false);
  lossy_expect_nothing(&self);
  lossy_beat_without(&self, HBUS_STREAM_PRIVATE, ORDERS);
  EXPECT(&self, "order 1", "order repaired 1-1");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.heartbeats_missed, 1u);
  lossy_end(&self);
}

/* With the end of a burst the heartbeat was lost that spoke of it, and the program had heard none before. */
Test(listening, what_was_lost_before_the_first_heartbeat_is_asked_for) {
  scene self;
  hbus_message message;
  lossy_begin(&self, true, true);
  cr_assert_eq(hbus_client_watch(self.client, "market_data/", NULL), HBUS_OK);
  lossy_await(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_await(&self, HBUS_STREAM_MARKET, FAKE_HEARTBEAT);
  while (lossy_asked(&self, HBUS_SEQUENCES) == 0)
    cr_assert_eq(hbus_client_next(self.client, 1, &message), HBUS_TIMEOUT);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1");
  lossy_publish(&self, TICKER, 2, false);
  lossy_beat(&self, HBUS_STREAM_MARKET, false);
  lossy_beat_without(&self, HBUS_STREAM_MARKET, TICKER);
  EXPECT(&self, "ticker 3");
  lossy_end(&self);
}

Test(listening, a_reconnect_asks_what_was_missed) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  lossy_publish(&self, ORDERS, 2, false);
  fake_broker_do(self.broker, lossy_do_reconnect, NULL);
  EXPECT(&self, "order 1", "order 2", "order repaired 1-2");
  lossy_end(&self);
}

Test(listening, what_the_broker_has_no_more_is_lost_and_for_orders_a_snapshot_follows) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  self.world.gone = 2;
  lossy_publish(&self, ORDERS, 3, false);
  lossy_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order lost 1-2", "order 3", "order repaired 3-3", "order 4", "snapshot 1 last of \"\" with o1");
  lossy_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 5");
  hbus_client_stats stats;
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.lost, 2u);
  lossy_end(&self);
}

Test(listening, a_refusal_that_passes_is_asked_again_and_another_is_not) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  self.world.refuses = HBUS_RATE_LIMITED;
  self.world.refusals = 3;
  lossy_publish(&self, TICKER, 1, false);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker repaired 1-1", "ticker 2");
  cr_assert_eq(lossy_asked(&self, HBUS_REPLAY), 4u);
  self.world.refuses = HBUS_EXPIRED;
  self.world.refusals = 1;
  fake_broker_meet(self.broker);
  lossy_publish(&self, TICKER, 1, false);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker lost 3-3", "ticker 4");
  lossy_end(&self);
}

Test(listening, without_repair_nothing_is_asked) {
  scene self;
  lossy_begin(&self, false, false);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 1, true);
  lossy_publish(&self, TICKER, 1, false);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker lost 2-2", "ticker 3");
  lossy_publish(&self, TICKER, 1, false);
  lossy_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker lost 4-4");
  cr_assert_eq(lossy_asked(&self, HBUS_REPLAY) + lossy_asked(&self, HBUS_SEQUENCES), 0u);
  lossy_end(&self);
}

Test(listening, a_restart_is_told_in_its_place) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 2, true);
  deed again = {.world = &self.world};
  fake_broker_do(self.broker, lossy_do_restart, &again);
  lossy_publish(&self, TICKER, 2, false); /* before the subscription is there again */
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1", "ticker 2", "market restarted", "ticker 1", "ticker 2", "ticker repaired 1-2", "ticker 3");
  lossy_end(&self);
}

Test(listening, silence_is_told_and_its_end) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  deed beat = {.world = &self.world, .stream = HBUS_STREAM_PRIVATE, .interval_ms = 40, .arrives = true};
  fake_broker_do(self.broker, lossy_do_beat, &beat);
  EXPECT(&self, "private silent");
  lossy_expect_nothing(&self);
  lossy_publish(&self, ORDERS, 1, false);
  lossy_beat(&self, HBUS_STREAM_PRIVATE, true);
  EXPECT(&self, "private back", "order 1", "order repaired 1-1");
  lossy_end(&self);
}

Test(listening, the_descriptor_wakes_for_silence) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  deed beat = {.world = &self.world, .stream = HBUS_STREAM_PRIVATE, .interval_ms = 30, .arrives = true};
  fake_broker_do(self.broker, lossy_do_beat, &beat);
  hbus_message message = {0};
  while (message.kind != HBUS_MESSAGE_NOTICE) {
    struct pollfd told = {.fd = hbus_client_fd(self.client), .events = POLLIN};
    cr_assert_eq(poll(&told, 1, 10000), 1);
    (void)hbus_client_next(self.client, 0, &message);
  }
  cr_assert_eq(message.notice.kind, HBUS_NOTICE_SILENT);
  lossy_end(&self);
}

/* A reply that names an event waits for it; one of a topic that nobody watches does not. */
Test(listening, rule_7_a_reply_comes_after_the_event_that_it_names) {
  scene self;
  lossy_begin(&self, false, true);
  self.world.seen =
      (hbus_seen){.stream = HBUS_STREAM_PRIVATE, .topic = "order_update/binance/ETH-USDT/", .epoch = 7, .seq = 1};
  fake_broker_meet(self.broker);
  hbus_command command;
  cr_assert_eq(hbus_command_init(&command, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  EXPECT(&self, "reply");
  lossy_watch(&self, HBUS_STREAM_PRIVATE, "order_update/");
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  cr_assert_eq(lossy_asked(&self, HBUS_GET_TICKER), 2u); /* the ping's answer came behind it */
  lossy_expect_nothing(&self);
  hbus_reply reply;
  cr_assert_eq(hbus_client_call(self.client, &command, 0, &reply, NULL), HBUS_UNKNOWN_MARKET, "a call does not wait");
  cr_assert_not(hbus_client_has_shown(self.client, &reply.seen));
  lossy_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 1", "reply");
  self.world.seen.seq = 2;
  fake_broker_meet(self.broker);
  cr_assert(hbus_client_has_shown(self.client, &(hbus_seen){.stream = HBUS_STREAM_NONE}));
  cr_assert_eq(hbus_client_send(self.client, &command, 50, NULL), HBUS_OK);
  EXPECT(&self, "reply"); /* at the end of its patience */
  lossy_publish(&self, ORDERS, 1, false);
  cr_assert_eq(hbus_client_send(self.client, &command, 0, NULL), HBUS_OK);
  lossy_beat(&self, HBUS_STREAM_PRIVATE, true);
  EXPECT(&self, "order 2", "order repaired 2-2", "reply");
  lossy_end(&self);
}

Test(listening, a_market_is_joined_without_a_hole) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_publish(&self, TICKER, 3, false);
  lossy_publish(&self, ORDERS, 4, false);
  lossy_publish(&self, BOOK, 2, false);
  self.world.stamps[TICKER] = 2; /* made when the third was not there yet */
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  lossy_await(&self, HBUS_STREAM_PRIVATE, lossy_topics[ORDERS].text);
  EXPECT(&self, "snapshot 1 last of \"ETH-USDT\" with o1");
  bool is_book = strcmp(lossy_next(&self), "book 2") == 0; /* and the ticker, in any order */
  cr_assert_str_eq(lossy_next(&self), is_book ? "ticker 2" : "book 2");
  lossy_await(&self, HBUS_STREAM_MARKET, "trade_update/binance/ETH-USDT/");
  lossy_await(&self, HBUS_STREAM_MARKET, lossy_topics[BOOK].text);
  lossy_await(&self, HBUS_STREAM_MARKET, lossy_topics[TICKER].text);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 3", "ticker repaired 3-3", "ticker 4");
  lossy_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "order 5");
  deed again = {.world = &self.world};
  self.world.stamps[TICKER] = 0;
  fake_broker_do(self.broker, lossy_do_restart, &again);
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "market restarted", "ticker 1", "snapshot 1 last of \"ETH-USDT\" with o1");
  cr_assert_eq(hbus_client_leave_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  cr_assert_eq(hbus_client_leave_market(self.client, "binance", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  lossy_end(&self);
}

Test(listening, a_market_that_there_is_not_is_said_to_be_none) {
  scene self;
  lossy_begin(&self, false, true);
  self.world.refuses = HBUS_UNKNOWN_MARKET;
  self.world.refusals = 1;
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  EXPECT(&self, "no snapshot of \"ETH-USDT\": UNKNOWN_MARKET, not so");
  cr_assert_eq(hbus_client_join_market(self.client, "", "ETH-USDT", NULL), HBUS_INVALID_REQUEST);
  lossy_end(&self);
}

Test(listening, private_state_is_joined_page_by_page) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_publish(&self, ORDERS, 4, false);
  self.world.pages = 3;
  self.world.lost_cursors = 1;
  fake_broker_meet(self.broker);
  cr_assert_eq(hbus_client_join_private(self.client, NULL), HBUS_OK);
  lossy_await(&self, HBUS_STREAM_PRIVATE, "order_update/");
  lossy_publish(&self, ORDERS, 1, true);
  EXPECT(&self, "snapshot 1 of \"\" with o1", "snapshot 1 of \"\" with o1", "snapshot 2 of \"\" with o2",
         "snapshot 3 last of \"\" with o2");
  lossy_publish(&self, ORDERS, 1, true);
  const char *first = lossy_next(&self); /* whether the snapshot included the fifth is a race that it won or lost */
  if (strcmp(first, "order 5") == 0) first = lossy_next(&self);
  cr_assert_str_eq(first, "order 6");
  cr_assert_eq(hbus_client_leave_private(self.client, NULL), HBUS_OK);
  cr_assert_eq(hbus_client_leave_private(self.client, NULL), HBUS_INVALID_REQUEST);
  lossy_end(&self);
}

Test(listening, newest_only_gives_the_newest_that_has_come) {
  scene self;
  lossy_begin(&self, true, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 5, true);
  lossy_publish(&self, BOOK, 2, true);
  hbus_client_stats stats = {0};
  hbus_message message = {0};
  uint64_t newest[TOPICS] = {0};
  while (newest[TICKER] < 5 || newest[BOOK] < 2) { /* how much has come when one asks is ZeroMQ's affair */
    cr_assert_eq(hbus_client_next(self.client, -1, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_EVENT);
    unsigned topic = strcmp(message.topic, lossy_topics[TICKER].text) == 0 ? TICKER : BOOK;
    cr_assert_gt(message.event.seq, newest[topic]);
    newest[topic] = message.event.seq;
  }
  hbus_client_get_stats(self.client, &stats);
  cr_assert_eq(stats.events + stats.superseded, 7u);
  lossy_publish(&self, TICKER, 3, false);
  lossy_beat(&self, HBUS_STREAM_MARKET, true);
  EXPECT(&self, "ticker 8", "ticker repaired 8-8");
  lossy_end(&self);
}

Test(listening, what_was_shown_is_told_to_the_broker) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 3, true);
  EXPECT(&self, "ticker 1", "ticker 2", "ticker 3");
  hbus_message message;
  unsigned seen = 0;
  for (hbus_bytes acks = {0}; acks.size == 0; fake_broker_meet(self.broker)) {
    cr_assert_eq(hbus_client_next(self.client, 10, &message), HBUS_TIMEOUT);
    for (; seen < self.broker->received_count && acks.size == 0; seen++)
      acks = fake_received(self.broker, seen)->command.acks;
  }
  lossy_end(&self);
}

Test(listening, prefixes_are_watched_and_unwatched) {
  scene self;
  lossy_begin(&self, false, true);
  cr_assert_eq(hbus_client_unwatch(self.client, "market_data/", NULL), HBUS_INVALID_REQUEST);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/");
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 1");
  cr_assert_eq(hbus_client_unwatch(self.client, "market_data/", NULL), HBUS_OK);
  fake_broker_do(self.broker, lossy_do_await_end, NULL);
  lossy_publish(&self, TICKER, 3, false);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/ticker/");
  lossy_publish(&self, TICKER, 1, true);
  EXPECT(&self, "ticker 5");
  lossy_end(&self);
}

Test(listening, what_is_left_is_given_no_more) {
  scene self;
  lossy_begin(&self, false, true);
  lossy_watch(&self, HBUS_STREAM_MARKET, "market_data/ticker/");
  cr_assert_eq(hbus_client_watch(self.client, "market_data/order_book/", NULL), HBUS_OK);
  lossy_await(&self, HBUS_STREAM_MARKET, "market_data/order_book/");
  lossy_publish(&self, TICKER, 1, true);
  lossy_publish(&self, BOOK, 1, true);
  cr_assert_eq(hbus_client_unwatch(self.client, "market_data/ticker/", NULL), HBUS_OK);
  EXPECT(&self, "book 1");
  cr_assert_eq(hbus_client_join_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  while (lossy_asked(&self, HBUS_SNAPSHOT) == 0)
    continue;
  (void)lossy_asked(&self, HBUS_SNAPSHOT); /* with this answer at the latest the snapshot's has been read */
  cr_assert_eq(hbus_client_leave_market(self.client, "binance", "ETH-USDT", NULL), HBUS_OK);
  lossy_expect_nothing(&self);
  lossy_publish(&self, BOOK, 1, true);
  EXPECT(&self, "book 2");
  lossy_end(&self);
}
