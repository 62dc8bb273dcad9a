/* The shapes of the native dialect, from the server's side (hummingbot-native.md). */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include "proto/json_writer.h"
#include "tests/sim/exchange.h"

/* Levels a side in a pushed order book. */
#define WIRE_BOOK_DEPTH 10

/* A unix time as the dialect's timestamps are: seconds with six digits after the point. */
void wire_timestamp(json_writer *out, const char *key, uint64_t ns);

/* The data of a response. */
void wire_order(json_writer *out, const order *written, bool client_ids);
void wire_book(json_writer *out, const market *written, size_t depth, uint64_t now_ns);
void wire_ticker(json_writer *out, const market *written, uint64_t now_ns);
void wire_balances(json_writer *out, const exchange *written);
void wire_positions(json_writer *out, const exchange *written);

/* Whole event frames. */
void wire_order_update(json_writer *out, const order *written, bool client_ids, uint64_t now_ns);
/* `filled` is the trader's order that it is a fill of; NULL for a public print. */
void wire_trade(json_writer *out, const trade *written, const order *filled);
void wire_book_update(json_writer *out, const market *written, uint64_t now_ns);
void wire_ticker_update(json_writer *out, const market *written, uint64_t now_ns);
void wire_error(json_writer *out, const char *text, uint64_t now_ns);

#endif
