/* The order that every bench of commands places: it rests far below the market. */
#ifndef BENCH_RESTING_ORDER_H
#define BENCH_RESTING_ORDER_H

#define RESTING_ORDER_EXCHANGE "binance"
#define RESTING_ORDER_MARKET   "ETH-USDT"
#define RESTING_ORDER_AMOUNT   "0.010"
#define RESTING_ORDER_PRICE    "1500.00"

#endif
