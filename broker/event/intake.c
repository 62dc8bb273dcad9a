#include "broker/event/intake.h"

#include <string.h>

#include "broker/order/order_events.h"

/* Every frame goes out, whether or not it changes what is known: the rev tells who cares. */
static void s_order_update(order_table *orders, publisher *publisher, hbus_event *event) {
  bool changed;
  const order_cause cause = {.origin = HBUS_PUSHED,
                             .ts_ns = event->ts_ns,
                             .rx_ns = event->rx_ns,
                             .extra = event->data.order.extra};
  order *order = order_table_apply(orders, &event->data.order, event->client_order_id, &changed);
  if (order) {
    order_publish_update(publisher, order, &cause, NULL);
  } else {
    event->client_order_id[0] = 0;
    publisher_publish(publisher, event, NULL);
  }
}

static void s_fill(const order_table *orders, publisher *publisher, hbus_event *event) {
  const order *order = order_table_find(orders, event->data.trade.exchange, event->data.trade.order_id);
  event->client_order_id[0] = 0;
  if (order) {
    memcpy(event->owner, order->state.owner, sizeof event->owner);
    memcpy(event->client_order_id, order->state.client_order_id, sizeof event->client_order_id);
    event->rev = order->state.rev;
  }
  publisher_publish(publisher, event, NULL);
}

void intake_event(order_table *orders, publisher *publisher, hbus_event *event) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_UPDATE: s_order_update(orders, publisher, event); break;
  case HBUS_KIND_TRADE:
    if (event->data.trade.order_id[0]) {
      s_fill(orders, publisher, event);
    } else {
      publisher_publish(publisher, event, NULL);
    }
    break;
  default: publisher_publish(publisher, event, NULL); break;
  }
}
