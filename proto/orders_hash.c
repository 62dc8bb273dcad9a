/* The hash by which two pictures of the live orders can be compared (PROTOCOL.md, "Repair"). */
#include <assert.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "hbus/order.h"

/* Eight texts and their ends. */
#define TEXT_MAX                                                                                                       \
  (3 * HBUS_NAME_MAX + HBUS_CLIENT_ORDER_ID_MAX + HBUS_ORDER_ID_MAX + 20 + sizeof "partially_filled" +                 \
   HBUS_DECIMAL_MAX + 8)

void hbus_orders_hash_add(uint64_t *sum, const hbus_order *order) {
  char text[TEXT_MAX + 1];
  int size = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s\n%" PRIu64 "\n%s\n%.*s\n", order->owner,
                      order->client_order_id, order->exchange, order->market, order->order_id, order->rev,
                      hbus_order_status_name(order->status), (int)order->filled.size, order->filled.text);
  assert(size > 0 && (size_t)size < sizeof text);
  uint8_t hash[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)text, (size_t)size, hash);
  uint64_t part = 0;
  for (size_t i = 0; i < sizeof part; i++)
    part = part << 8 | hash[i];
  *sum += part;
}

void hbus_orders_hash_text(uint64_t sum, hbus_orders_hash out) {
  snprintf(out, sizeof(hbus_orders_hash), "%016" PRIx64, sum);
}
