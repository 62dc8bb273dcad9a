#include "broker/event/staleness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"

#define STALE_AFTER_MS 1000

/* A publisher on free ports, and what it is fed with. */
typedef struct stage {
  uv_loop_t loop;
  config *config;
  counters counters;
  socket_group *sockets;
  journal *journal;
  publisher *publisher;
  demand *demand;
  logger *log;
  FILE *log_file;
  char *log_text;
  size_t log_size;
  staleness *staleness;
} stage;

static char *s_no_environment(const char *name) {
  (void)name;
  return NULL;
}

static void s_open(stage *self, uint64_t stale_after_ms) {
  *self = (stage){0};
  uv_loop_init(&self->loop);
  cr_assert_eq(config_load(NULL, s_no_environment, &self->config, NULL), HBUS_OK);
  config_list *const endpoints[] = {&self->config->endpoints.market, &self->config->endpoints.private_};
  for (size_t i = 0; i < 2; i++) {
    free(endpoints[i]->items[0]);
    endpoints[i]->items[0] = strdup("tcp://127.0.0.1:*");
  }
  self->sockets = socket_group_new(&self->loop);
  hbus_error error;
  self->config->journal.sync = JOURNAL_OFF;
  const journal_options options = {.loop = &self->loop, .config = self->config, .counters = &self->counters};
  cr_assert_eq(journal_open(&self->journal, &options, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(publisher_new(&self->publisher, self->sockets, self->config, self->journal, &self->counters, &error),
               HBUS_OK, "%s", error.text);
  self->demand = demand_new(LIMIT_SUBSCRIPTIONS);
  self->log_file = open_memstream(&self->log_text, &self->log_size);
  self->log = log_new(self->log_file, LOG_LEVEL_INFO, LOG_TEXT);
  self->staleness = staleness_new(&self->loop, self->demand, self->publisher, self->log, stale_after_ms);
}

static void s_close(stage *self) {
  staleness_destroy(&self->staleness);
  cr_expect_null(self->staleness);
  journal_close(&self->journal);
  socket_group_destroy(&self->sockets);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  cr_expect_eq(uv_loop_close(&self->loop), 0);
  publisher_destroy(&self->publisher);
  demand_destroy(&self->demand);
  log_destroy(&self->log);
  fclose(self->log_file);
  free(self->log_text);
  config_destroy(&self->config);
}

static hbus_command s_what(hbus_channel channel, const char *market) {
  hbus_command what = {.channel = channel};
  snprintf(what.exchange, sizeof what.exchange, "binance");
  snprintf(what.market, sizeof what.market, "%s", market);
  return what;
}

static void s_hold(stage *self, hbus_channel channel, const char *market) {
  hbus_command what = s_what(channel, market);
  cr_assert_eq(demand_hold(self->demand, &what, "a"), HBUS_OK);
}

/* A trade: a public print, or a fill. */
static void s_trade(stage *self, const char *market, const char *order_id) {
  hbus_event event = {.type = HBUS_EVENT_TRADE_UPDATE, .kind = HBUS_KIND_TRADE, .src = "hummingbot", .ts_ns = 1};
  hbus_trade *trade = &event.data.trade;
  snprintf(trade->exchange, sizeof trade->exchange, "binance");
  snprintf(trade->market, sizeof trade->market, "%s", market);
  snprintf(trade->trade_id, sizeof trade->trade_id, "t");
  snprintf(trade->order_id, sizeof trade->order_id, "%s", order_id);
  trade->side = HBUS_BUY;
  cr_assert_eq(hbus_decimal_parse("1.5", 3, &trade->price), HBUS_OK);
  cr_assert_eq(hbus_decimal_parse("2", 1, &trade->amount), HBUS_OK);
  uint64_t before = self->counters.events_market + self->counters.events_private;
  publisher_publish(self->publisher, &event, NULL);
  cr_assert_eq(self->counters.events_market + self->counters.events_private, before + 1);
}

static bool s_has_logged(stage *self, const char *words) {
  fflush(self->log_file);
  return strstr(self->log_text, words) != NULL;
}

typedef struct expected {
  const char *market;
  uint64_t quiet_ms;
} expected;

static void s_expect_one(void *arg, const hbus_command *what, uint64_t quiet_ms) {
  const expected *expected = arg;
  cr_expect_eq(what->channel, HBUS_CHANNEL_TRADES);
  cr_expect_str_eq(what->exchange, "binance");
  cr_expect_str_eq(what->market, expected->market);
  cr_expect_eq(quiet_ms, expected->quiet_ms);
}

Test(staleness, tells_who_is_quiet_and_who_is_back) {
  stage stage;
  s_open(&stage, STALE_AFTER_MS);
  s_hold(&stage, HBUS_CHANNEL_TRADES, "ETH/USDT"); /* percent-encoded in its topic */
  s_hold(&stage, HBUS_CHANNEL_TRADES, "BTC-USDT");
  staleness_look(stage.staleness, 5000);
  s_trade(&stage, "BTC-USDT", "");
  staleness_look(stage.staleness, 5500);
  cr_expect_eq(staleness_count(stage.staleness), 0);
  uint64_t market = stage.counters.events_market, private_ = stage.counters.events_private;
  staleness_look(stage.staleness, 6049);
  cr_expect_eq(staleness_count(stage.staleness), 1);
  cr_expect(s_has_logged(&stage, "no trades of ETH/USDT on binance for 1.0 s"));
  cr_expect(!s_has_logged(&stage, "BTC-USDT"));
  cr_expect_eq(stage.counters.events_market, market + 1);
  cr_expect_eq(stage.counters.events_private, private_ + 1);
  expected expected = {"ETH/USDT", 1500};
  staleness_each(stage.staleness, 6500, 10, s_expect_one, &expected);

  s_trade(&stage, "ETH/USDT", "");
  s_trade(&stage, "BTC-USDT", "");
  staleness_look(stage.staleness, 17399);
  cr_expect_eq(staleness_count(stage.staleness), 0);
  cr_expect(s_has_logged(&stage, "trades of ETH/USDT on binance is back after 12.3 s"));
  s_close(&stage);
}

/* Fills are on a topic of the same name, on the other stream. */
Test(staleness, a_fill_is_no_public_trade) {
  stage stage;
  s_open(&stage, STALE_AFTER_MS);
  s_hold(&stage, HBUS_CHANNEL_TRADES, "ETH-USDT");
  staleness_look(stage.staleness, 0);
  s_trade(&stage, "ETH-USDT", "order-1");
  staleness_look(stage.staleness, STALE_AFTER_MS);
  cr_expect_eq(staleness_count(stage.staleness), 1);
  s_close(&stage);
}

Test(staleness, each_channel_is_watched_by_itself) {
  stage stage;
  s_open(&stage, STALE_AFTER_MS);
  for (hbus_channel channel = HBUS_CHANNEL_ORDER_BOOK; channel < HBUS_CHANNEL_COUNT; channel++)
    s_hold(&stage, channel, "ETH-USDT");
  staleness_look(stage.staleness, 0);
  s_trade(&stage, "ETH-USDT", "");
  staleness_look(stage.staleness, STALE_AFTER_MS);
  cr_expect_eq(staleness_count(stage.staleness), 2);
  cr_expect(s_has_logged(&stage, "no order_book of"));
  cr_expect(s_has_logged(&stage, "no ticker of"));
  cr_expect(!s_has_logged(&stage, "no trades of"));
  s_close(&stage);
}

Test(staleness, what_nobody_wants_any_more_is_forgotten) {
  stage stage;
  s_open(&stage, STALE_AFTER_MS);
  s_hold(&stage, HBUS_CHANNEL_TRADES, "ETH-USDT");
  staleness_look(stage.staleness, 0);
  staleness_look(stage.staleness, STALE_AFTER_MS);
  cr_expect_eq(staleness_count(stage.staleness), 1);
  hbus_command what = s_what(HBUS_CHANNEL_TRADES, "ETH-USDT");
  cr_assert(demand_release(stage.demand, &what, "a"));
  cr_expect_eq(staleness_count(stage.staleness), 0);
  s_hold(&stage, HBUS_CHANNEL_TRADES, "ETH-USDT");
  staleness_look(stage.staleness, 3 * STALE_AFTER_MS);
  cr_expect_eq(staleness_count(stage.staleness), 0, "its time has just begun");
  s_close(&stage);
}

static void s_add_one(void *arg, const hbus_command *what, uint64_t quiet_ms) {
  (void)what, (void)quiet_ms;
  ++*(size_t *)arg;
}

/* However many go quiet together, one turn tells of some, and the next ones of the others. */
Test(staleness, a_turn_tells_of_so_many) {
  enum { COUNT = 2 * LIMIT_STALE_REPORTS + 1 };
  stage stage;
  s_open(&stage, STALE_AFTER_MS);
  for (unsigned i = 0; i < COUNT; i++) {
    char market[16];
    snprintf(market, sizeof market, "M%u", i);
    s_hold(&stage, HBUS_CHANNEL_TRADES, market);
  }
  cr_expect(!staleness_look(stage.staleness, 0));
  cr_expect(staleness_look(stage.staleness, STALE_AFTER_MS));
  cr_expect_eq(staleness_count(stage.staleness), LIMIT_STALE_REPORTS);
  cr_expect_eq(stage.counters.events_market, LIMIT_STALE_REPORTS);
  cr_expect(staleness_look(stage.staleness, STALE_AFTER_MS + 10));
  cr_expect(!staleness_look(stage.staleness, STALE_AFTER_MS + 20));
  cr_expect_eq(staleness_count(stage.staleness), COUNT);
  size_t given = 0;
  staleness_each(stage.staleness, STALE_AFTER_MS, 100, s_add_one, &given);
  cr_expect_eq(given, 100, "as many as were asked for");
  cr_expect_eq(stage.counters.events_market, COUNT);
  s_close(&stage);
}

static void s_find_timer(uv_handle_t *handle, void *arg) {
  if (handle->type == UV_TIMER) *(bool *)arg = uv_is_active(handle);
}

static bool s_is_looking(stage *self) {
  bool is_active = false;
  uv_walk(&self->loop, s_find_timer, &is_active);
  return is_active;
}

Test(staleness, looks_while_the_link_is_up) {
  stage stage;
  s_open(&stage, 20);
  s_hold(&stage, HBUS_CHANNEL_TRADES, "ETH-USDT");
  cr_expect(!s_is_looking(&stage));
  staleness_on_link(stage.staleness, true);
  cr_expect(s_is_looking(&stage));
  while (staleness_count(stage.staleness) == 0)
    uv_run(&stage.loop, UV_RUN_ONCE);
  cr_expect(s_is_looking(&stage), "it goes on looking");
  staleness_on_link(stage.staleness, false);
  cr_expect(!s_is_looking(&stage));
  s_close(&stage);
}

Test(staleness, zero_is_never) {
  stage stage;
  s_open(&stage, 0);
  staleness_on_link(stage.staleness, true);
  cr_expect(!s_is_looking(&stage));
  s_close(&stage);
}
