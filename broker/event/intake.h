/* An upstream event's way onto the bus: from the link, past the orders, to the publisher. */
#ifndef BROKER_INTAKE_H
#define BROKER_INTAKE_H

#include "broker/event/publisher.h"
#include "broker/order/order_table.h"

/* Publishes what the link has received. Orders and fills get the names that only the broker knows: owner,
 * client_order_id and rev. */
void intake_event(order_table *orders, publisher *publisher, hbus_event *event);

#endif
