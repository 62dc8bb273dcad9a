/* Books, tickers, trades, balances and positions through libhbus, hbusd and hbus-sim. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/integration/rig.h"

static void s_expect_sorted(const hbus_book *book) {
  for (size_t i = 1; i < book->bid_count; i++) {
    cr_expect_gt(hbus_decimal_compare(&book->bids[i - 1].price, &book->bids[i].price), 0);
  }
  for (size_t i = 1; i < book->ask_count; i++) {
    cr_expect_lt(hbus_decimal_compare(&book->asks[i - 1].price, &book->asks[i].price), 0);
  }
}

Test(market_data, what_can_be_asked_for) {
  hbus_error error;
  rig rig;
  rig_start(&rig, NULL, NULL);
  hbus_client *client = rig_connect(&rig, "alice");

  hbus_owned_book book = {0};
  cr_assert_eq(hbus_get_order_book(client, "binance", "ETH-USDT", 0, 0, &book, &error), HBUS_OK, "%s", error.text);
  cr_expect_eq(book.book.bid_count, 10, "the default depth");
  cr_expect_str_eq(book.book.exchange, "binance");
  cr_expect_str_eq(book.book.market, "ETH-USDT");
  cr_expect_gt(book.book.ts_ns, 0);
  s_expect_sorted(&book.book);
  hbus_owned_book_free(&book);
  cr_assert_eq(hbus_get_order_book(client, "binance", "ETH-USDT", 3, 0, &book, &error), HBUS_OK);
  cr_expect_eq(book.book.bid_count, 3);
  cr_expect_eq(book.book.ask_count, 3);
  hbus_owned_book_free(&book);
  cr_expect_eq(hbus_get_order_book(client, "binance", "NO-SUCH", 3, 0, &book, &error), HBUS_UNKNOWN_MARKET);
  cr_expect_eq(hbus_get_order_book(client, "binance", "ETH-USDT", 5001, 0, &book, &error), HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(error.text, "depth"));

  hbus_ticker ticker;
  cr_assert_eq(hbus_get_ticker(client, "coinbase", "ETH-BTC", 0, &ticker, &error), HBUS_OK);
  cr_expect_str_eq(ticker.market, "ETH-BTC");
  cr_expect_lt(hbus_decimal_compare(&ticker.bid, &ticker.ask), 0);
  cr_expect_eq(hbus_get_ticker(client, "coinbase", "NO-SUCH", 0, &ticker, &error), HBUS_UNKNOWN_MARKET);

  hbus_balance_list balances = {0};
  cr_assert_eq(hbus_get_balances(client, "binance", 0, &balances, &error), HBUS_OK);
  cr_expect_geq(balances.count, 3);
  for (size_t i = 0; i < balances.count; i++)
    cr_expect_str_eq(balances.items[i].exchange, "binance");
  hbus_balance_list_free(&balances);
  cr_expect_eq(hbus_get_balances(client, "nowhere", 0, &balances, &error), HBUS_UNKNOWN_MARKET);

  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(market_data, positions_of_futures) {
  hbus_error error;
  static const char *const quiet[] = {"--rate", "0", NULL};
  rig rig;
  rig_start(&rig, quiet, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_command order = rig_order("binance_perpetual", "ETH-USDT", HBUS_SELL, HBUS_MARKET, "0.100", NULL);
  hbus_order placed;
  cr_assert_eq(hbus_create_order(client, &order, 0, &placed, &error), HBUS_OK, "%s", error.text);
  hbus_position_list positions = {0};
  cr_assert_eq(hbus_get_positions(client, "binance_perpetual", 0, &positions, &error), HBUS_OK, "%s", error.text);
  cr_assert_eq(positions.count, 1);
  cr_expect_str_eq(positions.items[0].market, "ETH-USDT");
  cr_expect_eq(positions.items[0].side, HBUS_SELL);
  cr_expect_str_eq(positions.items[0].amount.text, "0.100");
  hbus_position_list_free(&positions);
  cr_expect_neq(hbus_get_positions(client, "binance", 0, &positions, &error), HBUS_OK);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(market_data, each_channel_brings_its_events_numbered_from_one) {
  hbus_error error;
  rig rig;
  static const char *const busy[] = {"--rate", "100", NULL};
  rig_start(&rig, busy, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  static const struct {
    hbus_channel channel;
    hbus_kind kind;
    const char *topic;
  } rows[] = {
      {HBUS_CHANNEL_ORDER_BOOK, HBUS_KIND_ORDER_BOOK_UPDATE, "market_data/order_book/binance/ETH-USDT/"},
      {HBUS_CHANNEL_TICKER, HBUS_KIND_TICKER_UPDATE, "market_data/ticker/binance/ETH-USDT/"},
      {HBUS_CHANNEL_TRADES, HBUS_KIND_TRADE, "trade_update/binance/ETH-USDT/"},
  };
  for (size_t i = 0; i < 3; i++) {
    cr_assert_eq(hbus_client_watch(client, rows[i].topic, &error), HBUS_OK);
    cr_assert_eq(hbus_subscribe_market(client, rows[i].channel, "binance", "ETH-USDT", 0, &error), HBUS_OK, "%s",
                 error.text);
    uint64_t last = 0, epoch = 0;
    for (int n = 0; n < 20; n++) {
      hbus_message message;
      rig_next_event(client, rows[i].topic, &message);
      cr_expect_eq(message.event.kind, rows[i].kind);
      cr_expect_eq(message.stream, HBUS_STREAM_MARKET);
      cr_expect_str_eq(message.event.src, "hummingbot");
      cr_expect_leq(message.event.rx_ns, message.event.tx_ns);
      cr_expect_gt(message.event.ts_ns, 0);
      /* The watch reaches the broker a moment after it is said, so the first number is any; from there on, each. */
      cr_expect(last == 0 || message.event.seq == last + 1, "%zu: %llu after %llu", i,
                (unsigned long long)message.event.seq, (unsigned long long)last);
      cr_expect(epoch == 0 || message.event.epoch == epoch);
      if (message.event.kind == HBUS_KIND_ORDER_BOOK_UPDATE) s_expect_sorted(&message.event.data.book);
      last = message.event.seq;
      epoch = message.event.epoch;
    }
    cr_assert_eq(hbus_unsubscribe_market(client, rows[i].channel, "binance", "ETH-USDT", 0, &error), HBUS_OK);
    cr_assert_eq(hbus_client_unwatch(client, rows[i].topic, &error), HBUS_OK);
  }
  cr_expect_eq(hbus_subscribe_market(client, HBUS_CHANNEL_TICKER, "binance", "NO-SUCH", 0, &error),
               HBUS_UNKNOWN_MARKET);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* What one peer wants does not end because another one leaves; what nobody wants any more does. */
Test(market_data, a_subscription_lives_as_long_as_its_last_holder) {
  hbus_error error;
  rig rig;
  static const char *const busy[] = {"--rate", "100", NULL};
  static const char topic[] = "market_data/ticker/binance/ETH-USDT/";
  rig_start(&rig, busy, "events:\n  linger_ms: 50\n");
  hbus_client *alice = rig_connect(&rig, "alice"), *beatrice = rig_connect(&rig, "beatrice");
  hbus_message message;
  cr_assert_eq(hbus_client_watch(alice, topic, &error), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(alice, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  cr_assert_eq(hbus_subscribe_market(beatrice, HBUS_CHANNEL_TICKER, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  rig_next_event(alice, topic, &message); /* what she watches is known to the broker, and asked for as well */
  uint64_t requests = rig_counter(alice, "upstream_requests");
  hbus_client_destroy(&beatrice);
  for (int i = 0; i < 50; i++)
    rig_next_event(alice, topic, &message);
  cr_expect_eq(rig_counter(alice, "upstream_requests"), requests, "nothing was ended");

  beatrice = rig_connect(&rig, "beatrice");
  hbus_client_destroy(&alice);
  while (rig_counter(beatrice, "upstream_requests") == requests)
    hbus_client_next(beatrice, 10, &message);
  hbus_client_destroy(&beatrice);
  rig_stop(&rig);
}

Test(market_data, the_configuration_holds_markets_from_the_start_and_after_a_reconnect) {
  hbus_error error;
  rig rig;
  rig_open(&rig);
  static const char *const arguments[] = {"--rate", "100", "--fault", "drop-after=50", NULL};
  rig_start_sim(&rig, arguments);
  rig_start_broker(&rig, "  subscribe:\n    - { exchange: binance, market: BTC-USDT, channel: ticker }\n");
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_message message;
  cr_assert_eq(hbus_client_watch(client, "market_data/ticker/binance/BTC-USDT/", &error), HBUS_OK);
  for (int i = 0; i < 120; i++)
    rig_next_event(client, "market_data/", &message);
  cr_expect_geq(rig_counter(client, "link_connects"), 2, "it was cut, came back, and was subscribed again");
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
