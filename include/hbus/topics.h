/* Topics to watch (PROTOCOL.md, "Topics"). Each ends with '/', so as a prefix it is exact: ETH-USD/ is not ETH-USDT/.
 *
 * market NULL: all markets of the exchange; both NULL: all of that kind. HBUS_TOO_BIG: the topic would not fit;
 * HBUS_MALFORMED: an empty name, or a market without an exchange. `out` is untouched on failure.
 */
#ifndef HBUS_TOPICS_H
#define HBUS_TOPICS_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hbus_topic {
  char text[HBUS_TOPIC_MAX + 1];
} hbus_topic;

/* market_data/order_book/EXCHANGE/MARKET/ */
hbus_status hbus_topic_order_book(const char *exchange, const char *market, hbus_topic *out);
/* market_data/ticker/EXCHANGE/MARKET/ */
hbus_status hbus_topic_ticker(const char *exchange, const char *market, hbus_topic *out);
/* trade_update/EXCHANGE/MARKET/: public prints on the market stream, fills of orders of ours on the private one. */
hbus_status hbus_topic_trades(const char *exchange, const char *market, hbus_topic *out);
/* order_update/EXCHANGE/MARKET/ */
hbus_status hbus_topic_orders(const char *exchange, const char *market, hbus_topic *out);
/* strategy_update/PEER/NAME/: the signals of a peer. name NULL: all of the peer's; both NULL: all. As of a market, a
 * name needs a peer. */
hbus_status hbus_topic_strategy(const char *peer, const char *name, hbus_topic *out);
/* system/NAME/: "link", "heartbeat", "slow"; NULL: all. */
hbus_status hbus_topic_system(const char *name, hbus_topic *out);

/* The other way: which channel of which market a topic names completely. HBUS_MALFORMED: none. */
hbus_status hbus_topic_channel(const char *text, hbus_channel *channel, hbus_name exchange, hbus_name market);

#ifdef __cplusplus
}
#endif
#endif
