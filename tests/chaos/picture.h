/* The live orders, as one client of chaos_herd knows them: of each no more than its name, its rev, and what it adds to
 * the hash of all. */
#ifndef CHAOS_PICTURE_H
#define CHAOS_PICTURE_H

#include <stddef.h>

#include "hbus/order.h"

typedef struct picture_order {
  uint64_t key; /* 0: no order */
  uint64_t rev;
  uint64_t part; /* of the hash; 0 where it is not live */
} picture_order;

typedef struct picture {
  picture_order *orders; /* a table with open addressing */
  size_t capacity, count;
} picture;

/* All begin as zero. */
void picture_free(picture *self);
/* Nothing is known any more. */
void picture_clear(picture *self);
/* Takes what a snapshot or an event says of an order, unless more is known. */
void picture_take(picture *self, const hbus_order *order);
void picture_hash(const picture *self, hbus_orders_hash out);

#endif
