#include "tests/chaos/draw.h"

#include <string.h>

#define MARKET_PERCENT 20
#define CROSS_PERCENT  20 /* limit orders that trade at once */
#define TOUCH_PERCENT  30 /* limit orders at the best price */

void draw_order(random_source *random, const hbus_ticker *ticker, ticket *new_one) {
  const ticket_market *where = &ticket_markets[new_one->market];
  hbus_command *create = &new_one->create;
  bool buys = random_chance(random, 50), crosses = random_chance(random, CROSS_PERCENT);
  create->side = buys ? HBUS_BUY : HBUS_SELL;
  create->order_type = random_chance(random, MARKET_PERCENT) ? HBUS_MARKET : HBUS_LIMIT;
  if (create->order_type == HBUS_MARKET) return;
  const hbus_decimal *best = buys ? &ticker->bid : &ticker->ask;
  if (random_chance(random, TOUCH_PERCENT) && !hbus_decimal_is_absent(best)) {
    create->price = *best;
  } else {
    const char *price = buys == crosses ? where->high : where->low;
    hbus_decimal_parse(price, strlen(price), &create->price);
  }
}
