/* Which stream an event goes to, and its number there. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/broker/event_stage.h"

static hbus_event s_ticker(const char *market) {
  hbus_event event = {.type = HBUS_EVENT_MARKET_DATA, .kind = HBUS_KIND_TICKER_UPDATE, .src = "hummingbot"};
  snprintf(event.data.ticker.exchange, sizeof event.data.ticker.exchange, "binance");
  snprintf(event.data.ticker.market, sizeof event.data.ticker.market, "%s", market);
  return event;
}

Test(publisher, numbers_count_per_stream_and_topic_from_1) {
  event_stage *at = event_stage_new();
  hbus_event first = s_ticker("A"), other = s_ticker("B"), second = s_ticker("A"), got;
  hbus_seen seen = {0};
  publisher_publish(at->publisher, &first, NULL);
  publisher_publish(at->publisher, &other, NULL);
  publisher_publish(at->publisher, &second, &seen);
  cr_expect_eq(seen.stream, HBUS_STREAM_MARKET);
  cr_expect_str_eq(seen.topic, "market_data/ticker/binance/A/");
  cr_expect_eq(seen.seq, 2);
  cr_expect_eq(seen.epoch, journal_this_start(at->journal)->epoch);
  static const struct {
    const char *market;
    uint64_t seq;
  } wanted[] = {{"A", 1}, {"B", 1}, {"A", 2}};
  for (size_t i = 0; i < 3; i++) {
    event_stage_next(at, &got);
    cr_expect_str_eq(got.data.ticker.market, wanted[i].market);
    cr_expect_eq(got.seq, wanted[i].seq);
    cr_expect_eq(got.epoch, journal_this_start(at->journal)->epoch);
    cr_expect_geq(got.tx_ns, got.rx_ns);
    cr_expect_neq(got.rx_ns, 0, "what the broker says itself was received when it was said");
  }
  cr_expect_eq(at->counters.events_market - at->counters.events_private, 3);
  event_stage_destroy(&at);
}

Test(publisher, a_topic_too_many_is_counted_and_has_no_number) {
  event_stage *at = event_stage_new(); /* system/link/ is the first topic */
  hbus_seen seen = {0};
  for (int i = 1; i < STAGE_TOPICS; i++) {
    char market[8];
    snprintf(market, sizeof market, "M%d", i);
    hbus_event event = s_ticker(market);
    publisher_publish(at->publisher, &event, NULL);
  }
  cr_expect_eq(at->counters.events_unpublishable, 0);
  hbus_event event = s_ticker("X");
  publisher_publish(at->publisher, &event, &seen);
  cr_expect_eq(at->counters.events_unpublishable, 1);
  cr_expect_eq(seen.stream, HBUS_STREAM_NONE);
  event = s_ticker("M1");
  publisher_publish(at->publisher, &event, &seen);
  cr_expect_eq(seen.seq, 2, "the others go on");
  event_stage_destroy(&at);
}

Test(publisher, private_is_what_is_about_an_order_or_a_peer) {
  const unsigned market = 1u << HBUS_STREAM_MARKET, private_ = 1u << HBUS_STREAM_PRIVATE;
  hbus_event event = s_ticker("A");
  cr_expect_eq(publisher_streams(&event), market);
  event = (hbus_event){.kind = HBUS_KIND_ORDER_UPDATE};
  cr_expect_eq(publisher_streams(&event), private_);
  event = event_stage_fill("X1", "t");
  cr_expect_eq(publisher_streams(&event), private_);
  event = event_stage_fill("", "t");
  cr_expect_eq(publisher_streams(&event), market, "a public trade");
  event = (hbus_event){.kind = HBUS_KIND_ERROR};
  cr_expect_eq(publisher_streams(&event), market | private_);
  snprintf(event.owner, sizeof event.owner, "alice");
  cr_expect_eq(publisher_streams(&event), private_);
  event = (hbus_event){.kind = HBUS_KIND_INFO, .data.notice.order_id = "X1"};
  cr_expect_eq(publisher_streams(&event), private_);
}
