#include "hbus/topics.h"

#include <criterion/criterion.h>
#include <string.h>

Test(topics, are_built) {
  hbus_topic topic;
  cr_assert_eq(hbus_topic_order_book("binance", "ETH-USDT", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "market_data/order_book/binance/ETH-USDT/");
  cr_assert_eq(hbus_topic_ticker("binance", "BTC/USDT", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "market_data/ticker/binance/BTC%2FUSDT/");
  cr_assert_eq(hbus_topic_trades("binance", NULL, &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "trade_update/binance/");
  cr_assert_eq(hbus_topic_orders(NULL, NULL, &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "order_update/");
  cr_assert_eq(hbus_topic_strategy("maker 1", "mood", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "strategy_update/maker%201/mood/");
  cr_assert_eq(hbus_topic_strategy("maker", NULL, &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "strategy_update/maker/");
  cr_assert_eq(hbus_topic_strategy(NULL, NULL, &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "strategy_update/");
  cr_assert_eq(hbus_topic_system("heartbeat", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "system/heartbeat/");
  cr_assert_eq(hbus_topic_system("slow", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "system/slow/");
  cr_assert_eq(hbus_topic_system("link", &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "system/link/");
  cr_assert_eq(hbus_topic_system(NULL, &topic), HBUS_OK);
  cr_assert_str_eq(topic.text, "system/");
}

Test(topics, refuse_what_is_no_topic) {
  hbus_topic topic = {"before"};
  char name[HBUS_TOPIC_MAX + 1] = {0};
  memset(name, '/', HBUS_TOPIC_MAX);
  cr_assert_eq(hbus_topic_ticker("binance", "", &topic), HBUS_MALFORMED);
  cr_assert_eq(hbus_topic_ticker(NULL, "ETH-USDT", &topic), HBUS_MALFORMED);
  cr_assert_eq(hbus_topic_ticker("binance", name, &topic), HBUS_TOO_BIG);
  cr_assert_eq(hbus_topic_strategy(NULL, "mood", &topic), HBUS_MALFORMED);
  cr_assert_str_eq(topic.text, "before");
}

Test(topics, name_channels) {
  const struct {
    const char *text;
    hbus_channel channel; /* HBUS_CHANNEL_NONE: names none */
    const char *market;
  } rows[] = {
      {"market_data/order_book/binance/ETH-USDT/", HBUS_CHANNEL_ORDER_BOOK, "ETH-USDT"},
      {"market_data/ticker/binance/BTC%2FUSDT/", HBUS_CHANNEL_TICKER, "BTC/USDT"},
      {"trade_update/binance/ETH-USDT/", HBUS_CHANNEL_TRADES, "ETH-USDT"},
      {"order_update/binance/ETH-USDT/", HBUS_CHANNEL_NONE, NULL},
      {"market_data/order_book/binance/ETH-USDT", HBUS_CHANNEL_NONE, NULL},
      {"market_data/order_book/binance/", HBUS_CHANNEL_NONE, NULL},
      {"market_data/order_book/binance/ETH-USDT/more/", HBUS_CHANNEL_NONE, NULL},
      {"market_data/candles/binance/ETH-USDT/", HBUS_CHANNEL_NONE, NULL},
      {"market_data/", HBUS_CHANNEL_NONE, NULL},
      {"", HBUS_CHANNEL_NONE, NULL},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    hbus_channel channel = HBUS_CHANNEL_NONE;
    hbus_name exchange = "", market = "";
    hbus_status status = hbus_topic_channel(rows[i].text, &channel, exchange, market);
    cr_assert_eq(status, rows[i].market == NULL ? HBUS_MALFORMED : HBUS_OK, "%s", rows[i].text);
    cr_assert_eq(channel, rows[i].channel, "%s", rows[i].text);
    if (rows[i].market == NULL) continue;
    cr_assert_str_eq(exchange, "binance");
    cr_assert_str_eq(market, rows[i].market);
  }
}
