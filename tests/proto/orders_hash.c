#include <criterion/criterion.h>

#include "hbus/order.h"

static const hbus_order s_own = {.owner = "maker-1",
                                 .client_order_id = "m1-000017",
                                 .exchange = "coinbase",
                                 .market = "BTC-USD",
                                 .order_id = "0d4eeca5-e7b7-4b35-b8ee-9dcd1a1d9b5e",
                                 .rev = 2,
                                 .status = HBUS_OPEN,
                                 .filled = {1, "0"}};
/* One of others, whose `filled` nobody has told. */
static const hbus_order s_foreign = {
    .exchange = "binance", .market = "ETH-USDT", .order_id = "77", .rev = 3, .status = HBUS_PARTIALLY_FILLED};

/* The beginnings of SHA-256 of
 * "maker-1\nm1-000017\ncoinbase\nBTC-USD\n0d4eeca5-e7b7-4b35-b8ee-9dcd1a1d9b5e\n2\nopen\n0\n" and of
 * "\n\nbinance\nETH-USDT\n77\n3\npartially_filled\n\n". */
#define OWN     UINT64_C(0xea12bb6ed10ae411)
#define FOREIGN UINT64_C(0xde3260c029698874)

Test(orders_hash, is_the_beginning_of_sha256_of_what_an_order_is) {
  uint64_t sum = 0;
  hbus_orders_hash_add(&sum, &s_own);
  cr_expect_eq(sum, OWN);
  sum = 0;
  hbus_orders_hash_add(&sum, &s_foreign);
  cr_expect_eq(sum, FOREIGN);
}

Test(orders_hash, is_the_same_in_whichever_order_they_come) {
  uint64_t one = 0, other = 0;
  hbus_orders_hash text;
  hbus_orders_hash_add(&one, &s_own);
  hbus_orders_hash_add(&one, &s_foreign);
  hbus_orders_hash_add(&other, &s_foreign);
  hbus_orders_hash_add(&other, &s_own);
  cr_expect_eq(one, other);
  cr_expect_eq(one, OWN + FOREIGN); /* modulo 2^64 */
  hbus_orders_hash_text(one, text);
  cr_expect_str_eq(text, "c8451c2efa746c85");
  hbus_orders_hash_text(0, text);
  cr_expect_str_eq(text, "0000000000000000");
}
