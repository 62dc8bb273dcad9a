#include "tests/broker/event_stage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_TICKS 60000

static void s_on_tick(uv_timer_t *timer) {
  (void)timer;
}

/* Of the next message that is there, on either stream. */
static zmsg_t *s_receive(event_stage *self) {
  for (self->stream = HBUS_STREAM_MARKET; self->stream < HBUS_STREAM_COUNT; self->stream++) {
    zmsg_t *message = zmsg_recv(self->subscribers[self->stream]);
    if (message) return message;
  }
  return NULL;
}

/* An XPUB drops what nobody has subscribed to yet, so the test begins once an event has come through. */
static void s_wait_for_subscriptions(event_stage *self) {
  unsigned heard = 0;
  const unsigned both = 1u << HBUS_STREAM_MARKET | 1u << HBUS_STREAM_PRIVATE;
  for (int i = 0; heard != both && i < PATIENCE_TICKS; i++) {
    hbus_event event = {.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_LINK, .src = "hbusd"};
    event.data.link.status = HBUS_LINK_CONNECTING;
    hbus_seen seen = {0};
    publisher_publish(self->publisher, &event, &seen);
    uv_run(&self->loop, UV_RUN_ONCE);
    for (zmsg_t *message; (message = s_receive(self)); zmsg_destroy(&message))
      heard |= 1u << self->stream;
  }
  cr_assert_eq(heard, both);
}

static void s_subscribe(event_stage *self, hbus_stream stream, const char *address) {
  zsock_t *subscriber = zsock_new(ZMQ_SUB);
  zsock_set_rcvhwm(subscriber, 0);
  zsock_set_rcvtimeo(subscriber, 0);
  zsock_set_subscribe(subscriber, "");
  cr_assert_eq(zsock_connect(subscriber, "%s", address), 0);
  self->subscribers[stream] = subscriber;
}

event_stage *event_stage_new(void) {
  return event_stage_new_with(STAGE_TOPICS);
}

event_stage *event_stage_new_with(uint64_t topics) {
  event_stage *self = calloc(1, sizeof *self);
  char text[] = "tcp://127.0.0.1:*", *address = text;
  config config = {.endpoints = {.market = {.items = &address, .count = 1},
                                 .private_ = {.items = &address, .count = 1},
                                 .high_water_mark = 100000},
                   .journal = {.sync = JOURNAL_OFF},
                   .bounds = {.topics = topics}};
  hbus_error error;
  uv_loop_init(&self->loop);
  uv_timer_init(&self->loop, &self->tick);
  uv_timer_start(&self->tick, s_on_tick, 1, 1);
  self->sockets = socket_group_new(&self->loop);
  self->orders = order_table_new(STAGE_EPOCH, 10000, &self->counters);
  const journal_options options = {.loop = &self->loop, .config = &config, .counters = &self->counters};
  cr_assert_eq(journal_open(&self->journal, &options, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(publisher_new(&self->publisher, self->sockets, &config, self->journal, &self->counters, &error), HBUS_OK,
               "%s", error.text);
  self->positions = position_book_new(STAGE_POSITIONS, NULL);
  self->log = log_new(stderr, LOG_LEVEL_OFF, LOG_TEXT);
  const fill_book_parts fills = {.orders = self->orders,
                                 .positions = self->positions,
                                 .publisher = self->publisher,
                                 .log = self->log,
                                 .counters = &self->counters};
  self->fills = fill_book_new(&fills);
  self->unpacker = event_unpacker_new();
  s_subscribe(self, HBUS_STREAM_MARKET, publisher_market_addresses(self->publisher));
  s_subscribe(self, HBUS_STREAM_PRIVATE, publisher_private_addresses(self->publisher));
  s_wait_for_subscriptions(self);
  return self;
}

void event_stage_destroy(event_stage **self_p) {
  event_stage *self = *self_p;
  *self_p = NULL;
  zmsg_destroy(&self->last);
  event_unpacker_destroy(&self->unpacker);
  zsock_destroy(&self->subscribers[HBUS_STREAM_MARKET]);
  zsock_destroy(&self->subscribers[HBUS_STREAM_PRIVATE]);
  journal_close(&self->journal);
  socket_group_destroy(&self->sockets);
  uv_close((uv_handle_t *)&self->tick, NULL);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  cr_expect_eq(uv_loop_close(&self->loop), 0);
  publisher_destroy(&self->publisher);
  fill_book_destroy(&self->fills);
  position_book_destroy(&self->positions);
  log_destroy(&self->log);
  order_table_destroy(&self->orders);
  free(self);
}

void event_stage_next(event_stage *self, hbus_event *out) {
  for (int i = 0; i < PATIENCE_TICKS; i++) {
    zmsg_destroy(&self->last);
    self->last = s_receive(self);
    if (!self->last) {
      uv_run(&self->loop, UV_RUN_ONCE);
      continue;
    }
    zframe_t *body = zmsg_last(self->last);
    cr_assert_eq(event_unpack(self->unpacker, zframe_data(body), zframe_size(body), out, NULL), HBUS_OK);
    if (out->kind != HBUS_KIND_LINK) return;
  }
  cr_assert_fail("no event came");
}

hbus_order event_stage_order(const char *order_id, hbus_order_status status) {
  hbus_order order = {.status = status, .side = HBUS_BUY, .order_type = HBUS_MARKET};
  snprintf(order.exchange, sizeof order.exchange, "binance");
  snprintf(order.market, sizeof order.market, "ETH-USDT");
  snprintf(order.order_id, sizeof order.order_id, "%s", order_id);
  hbus_decimal_parse("1.0", 3, &order.amount);
  return order;
}

hbus_event event_stage_fill(const char *order_id, const char *trade_id) {
  hbus_event event = {.type = HBUS_EVENT_TRADE_UPDATE,
                      .kind = HBUS_KIND_TRADE,
                      .src = "hummingbot",
                      .origin = HBUS_PUSHED,
                      .rx_ns = STAGE_EPOCH};
  hbus_trade *fill = &event.data.trade;
  fill->side = HBUS_BUY;
  snprintf(fill->exchange, sizeof fill->exchange, "binance");
  snprintf(fill->market, sizeof fill->market, "ETH-USDT");
  snprintf(fill->order_id, sizeof fill->order_id, "%s", order_id);
  snprintf(fill->trade_id, sizeof fill->trade_id, "%s", trade_id);
  hbus_decimal_parse("0.1", 3, &fill->amount);
  hbus_decimal_parse("2000", 4, &fill->price);
  return event;
}
