#include "broker/order/order_events.h"

#include <string.h>

static hbus_event s_event(hbus_event_type type, hbus_kind kind, const char *src, const hbus_order *order,
                          uint64_t rx_ns) {
  hbus_event event = {.type = type, .kind = kind, .rx_ns = rx_ns};
  snprintf(event.src, sizeof event.src, "%s", src);
  memcpy(event.owner, order->owner, sizeof event.owner);
  memcpy(event.client_order_id, order->client_order_id, sizeof event.client_order_id);
  return event;
}

bool order_is_news(const order *order) {
  return order->published_seq == 0 || order->published_rev != order->state.rev;
}

void order_publish_update(fill_book *fills, order *order, const order_cause *cause, hbus_seen *seen) {
  fill_book_catch_up(fills, order, &order->state, cause->ts_ns, cause->rx_ns);
  hbus_event event = s_event(HBUS_EVENT_ORDER_UPDATE, HBUS_KIND_ORDER_UPDATE,
                             cause->origin == HBUS_INFERRED ? "hbusd" : "hummingbot", &order->state, cause->rx_ns);
  event.ts_ns = cause->ts_ns;
  event.rev = order->state.rev;
  event.origin = cause->origin;
  event.data.order = order->state;
  if (cause->extra.count) event.data.order.extra = cause->extra;
  hbus_seen number = {0};
  publisher_publish(fill_book_publisher(fills), &event, &number);
  if (!number.stream) return;
  order->published_seq = number.seq;
  order->published_rev = order->state.rev;
  if (seen) *seen = number;
}

void order_learn(order_table *orders, fill_book *fills, hbus_order *said, uint64_t rx_ns, hbus_seen *seen) {
  order *order = order_table_find_upstream(orders, said->client_order_id);
  if (!order) order = order_table_find(orders, said->exchange, said->order_id);
  said->client_order_id[0] = 0;
  if (!order) return;
  const order_cause cause = {.origin = HBUS_POLLED, .rx_ns = rx_ns, .extra = said->extra};
  order_table_merge(orders, order, said);
  if (order_is_news(order)) order_publish_update(fills, order, &cause, seen);
  *said = order->state;
  said->extra = cause.extra;
}

void order_publish_error(publisher *publisher, const hbus_order *about, hbus_status code, hbus_text message,
                         uint64_t rx_ns, hbus_seen *seen) {
  hbus_event event = s_event(HBUS_EVENT_ERROR, HBUS_KIND_ERROR, "hummingbot", about, rx_ns);
  hbus_notice *notice = &event.data.notice;
  notice->code = code;
  notice->message = message;
  memcpy(notice->exchange, about->exchange, sizeof notice->exchange);
  memcpy(notice->market, about->market, sizeof notice->market);
  memcpy(notice->order_id, about->order_id, sizeof notice->order_id);
  publisher_publish(publisher, &event, seen);
}

void order_last_seen(const publisher *publisher, const order *order, hbus_seen *seen) {
  *seen = (hbus_seen){0};
  if (!order->published_seq) return;
  hbus_event event = {.kind = HBUS_KIND_ORDER_UPDATE};
  event.data.order = order->state;
  publisher_number(publisher, &event, order->published_seq, seen);
}
