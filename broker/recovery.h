/* What the journal has of earlier starts, given back to the parts that it is of, before anything is served. */
#ifndef BROKER_RECOVERY_H
#define BROKER_RECOVERY_H

#include "broker/command/attendance.h"
#include "broker/event/publisher.h"
#include "broker/journal/journal.h"
#include "broker/log.h"
#include "broker/order/fill_book.h"
#include "broker/order/id_set.h"
#include "broker/order/order_table.h"
#include "broker/order/position_book.h"

typedef struct recovery_parts {
  logger *log;
  journal *journal;
  order_table *orders;
  id_set *ids;
  publisher *publisher;
  fill_book *fills;
  position_book *positions;
  attendance *attendance;
} recovery_parts;

/* Blocks. HBUS_OVERLOADED: the journal has more than a bound of the configuration allows; HBUS_NO_MEMORY; and as
 * journal_load. `error` says which. */
hbus_status recovery_run(const recovery_parts *parts, hbus_error *error);

#endif
