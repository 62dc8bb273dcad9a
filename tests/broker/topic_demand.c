/* What subscriptions on the market socket make the broker ask of a link that answers when it is told to. */
#include "broker/command/topic_demand.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/broker/event_stage.h"
#include "tests/broker/fake_link.h"

#define PATIENCE_TICKS 60000

typedef struct stage {
  event_stage *bus;
  fake_link fake;
  command_path path; /* as much of it as is looked at */
  topic_demand *topics;
  zsock_t *reader;
} stage;

static void s_open(stage *self, uint64_t linger_ms, uint64_t timeout_ms) {
  *self = (stage){.bus = event_stage_new_with(1000)};
  self->fake.config.events.linger_ms = linger_ms;
  self->fake.config.upstream.request_timeout_ms = timeout_ms;
  fake_link_open(&self->fake, &self->bus->loop);
  self->path.parts = (command_parts){.config = &self->fake.config,
                                     .log = self->fake.log,
                                     .counters = &self->fake.counters,
                                     .link = self->fake.link,
                                     .publisher = self->bus->publisher,
                                     .demand = demand_new(LIMIT_SUBSCRIPTIONS)};
  self->topics = topic_demand_new(&self->bus->loop, &self->path);
  self->reader = zsock_new(ZMQ_SUB);
  cr_assert_eq(zsock_connect(self->reader, "%s", publisher_market_addresses(self->bus->publisher)), 0);
}

static void s_close(stage *self) {
  zsock_destroy(&self->reader);
  fake_link_close(&self->fake);
  topic_demand_destroy(&self->topics);
  cr_expect_null(self->path.topics);
  demand_destroy(&self->path.parts.demand);
  event_stage_destroy(&self->bus);
}

/* Runs the loop until so many topics are held, and so many requests were sent. */
static void s_wait(stage *self, size_t held, size_t sent) {
  int ticks = 0;
  while (topic_demand_size(self->topics) != held || fake_link_total(&self->fake) < sent) {
    cr_assert_lt(ticks++, PATIENCE_TICKS, "%zu are held, %zu were sent", topic_demand_size(self->topics),
                 fake_link_total(&self->fake));
    uv_run(&self->bus->loop, UV_RUN_ONCE);
  }
  cr_expect_eq(fake_link_total(&self->fake), sent);
}

static void s_subscribe(stage *self, const char *market) {
  char topic[64];
  snprintf(topic, sizeof topic, "market_data/ticker/binance/%s/", market);
  zsock_set_subscribe(self->reader, topic);
}

static void s_unsubscribe(stage *self, const char *market) {
  char topic[64];
  snprintf(topic, sizeof topic, "market_data/ticker/binance/%s/", market);
  zsock_set_unsubscribe(self->reader, topic);
}

/* The next error or info on either stream. */
static void s_next_notice(stage *self, hbus_event *out) {
  do {
    event_stage_next(self->bus, out);
  } while (out->kind != HBUS_KIND_ERROR && out->kind != HBUS_KIND_INFO);
}

static const upstream_answer s_granted;

Test(topic_demand, asks_for_the_first_subscriber_and_ends_with_the_last) {
  stage stage;
  hbus_event event;
  s_open(&stage, 0, 60000);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 1);
  cr_expect_eq(fake_link_request(&stage.fake, 0)->kind, HBUS_SUBSCRIBE);
  cr_expect_eq(fake_link_request(&stage.fake, 0)->channel, HBUS_CHANNEL_TICKER);
  cr_expect_str_eq(fake_link_request(&stage.fake, 0)->market, "A");
  fake_link_answer(&stage.fake, 0, &s_granted);
  s_next_notice(&stage, &event);
  cr_expect_eq(event.kind, HBUS_KIND_INFO);
  cr_expect_str_eq(event.data.notice.market, "A");
  s_unsubscribe(&stage, "A");
  s_wait(&stage, 0, 2);
  cr_expect_eq(fake_link_request(&stage.fake, 0)->kind, HBUS_UNSUBSCRIBE);
  cr_expect_eq(demand_size(stage.path.parts.demand), 0);
  s_close(&stage);
}

Test(topic_demand, what_lingers_is_still_wanted_on_the_next_connection) {
  stage stage;
  s_open(&stage, 100000, 60000);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 1);
  fake_link_answer(&stage.fake, 0, &s_granted);
  s_unsubscribe(&stage, "A");
  s_subscribe(&stage, "B"); /* heard after the other */
  s_wait(&stage, 2, 2);
  fake_link_cut(&stage.fake);
  fake_link_connect(&stage.fake);
  topic_demand_on_link(stage.topics);
  cr_expect_eq(demand_size(stage.path.parts.demand), 2);
  s_close(&stage);
}

Test(topic_demand, a_refused_market_is_not_held_until_the_next_connection) {
  stage stage;
  hbus_event event;
  hbus_error error;
  s_open(&stage, 100000, 60000);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 1);
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_OK);
  fake_link_refuse(&stage.fake, 0, HBUS_UNKNOWN_MARKET, "there is no A");
  s_next_notice(&stage, &event);
  cr_expect_eq(event.kind, HBUS_KIND_ERROR);
  cr_expect_eq(event.data.notice.code, HBUS_UNKNOWN_MARKET);
  cr_expect_eq(demand_size(stage.path.parts.demand), 0);
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_UNKNOWN_MARKET);
  cr_expect_not_null(strstr(error.text, "there is no A"));
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "B", &error), HBUS_OK);
  topic_demand_on_link(stage.topics);
  cr_expect_eq(demand_size(stage.path.parts.demand), 1, "wanted again");
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_OK, "nobody can tell now");
  const link_outcome outcome = {.result = LINK_ANSWERED, .answer = &s_granted};
  const hbus_command what = {.channel = HBUS_CHANNEL_TICKER, .exchange = "binance", .market = "A"};
  topic_demand_heard(stage.topics, &what, &outcome); /* it was asked for with all that is wanted */
  do {
    s_next_notice(&stage, &event); /* the error comes once more, on the other stream */
  } while (event.kind != HBUS_KIND_INFO);
  s_unsubscribe(&stage, "A");
  s_subscribe(&stage, "B");
  s_wait(&stage, 2, 2);
  s_close(&stage);
}

/* A market of which something is held is there, whatever else of it upstream does not have. */
Test(topic_demand, a_market_is_refused_only_where_nothing_of_it_is_held) {
  stage stage;
  hbus_error error;
  const hbus_command book = {.channel = HBUS_CHANNEL_ORDER_BOOK, .exchange = "binance", .market = "A"};
  s_open(&stage, 0, 60000);
  cr_assert_eq(demand_hold(stage.path.parts.demand, &book, DEMAND_CONFIG), HBUS_OK);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 1);
  fake_link_refuse(&stage.fake, 0, HBUS_UNSUPPORTED, "no tickers here");
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_OK);
  demand_release(stage.path.parts.demand, &book, DEMAND_CONFIG);
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_UNSUPPORTED);
  s_close(&stage);
}

Test(topic_demand, what_has_no_answer_is_asked_again) {
  stage stage;
  hbus_error error;
  s_open(&stage, 100000, 20);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 1);
  fake_link_refuse(&stage.fake, 0, HBUS_RATE_LIMITED, "too many requests");
  s_wait(&stage, 1, 2);
  cr_expect_eq(topic_demand_refusal(stage.topics, "binance", "A", &error), HBUS_OK);
  fake_link_time_out(&stage.fake, 0);
  s_wait(&stage, 1, 3);
  cr_expect_eq(demand_size(stage.path.parts.demand), 1);
  fake_link_refuse(&stage.fake, 0, HBUS_UNKNOWN_MARKET, "late"); /* the one that timed out */
  cr_expect_eq(demand_size(stage.path.parts.demand), 0, "a late answer is an answer");
  s_close(&stage);
}

Test(topic_demand, asks_a_window_at_a_time) {
  enum { MANY = 100, WINDOW = 64 };
  stage stage;
  s_open(&stage, 100000, 60000);
  for (int i = 0; i < MANY; i++) {
    char market[16];
    snprintf(market, sizeof market, "M-%d", i);
    s_subscribe(&stage, market);
  }
  s_wait(&stage, MANY, WINDOW);
  fake_link_answer(&stage.fake, 0, &s_granted);
  cr_expect_eq(fake_link_total(&stage.fake), WINDOW + 1);
  for (int i = 1; i < MANY; i++)
    fake_link_answer(&stage.fake, 0, &s_granted);
  cr_expect_eq(fake_link_total(&stage.fake), MANY);
  cr_expect_eq(fake_link_count(&stage.fake), 0);
  cr_expect_eq(demand_size(stage.path.parts.demand), MANY);
  s_close(&stage);
}

Test(topic_demand, without_a_link_it_holds_and_asks_nothing) {
  stage stage;
  s_open(&stage, 100000, 60000);
  fake_link_cut(&stage.fake);
  s_subscribe(&stage, "A");
  s_wait(&stage, 1, 0);
  cr_expect_eq(demand_size(stage.path.parts.demand), 1);
  s_close(&stage);
}
