/* The tables of native_words.h; their source is the dialect's description of orders, positions and channels. */
#include "proto/upstream/native/native_words.h"

#include <string.h>

native_words native_words_side = {{"buy", HBUS_BUY}, {"sell", HBUS_SELL}, {NULL, 0}};

native_words native_words_position_side = {
    {"buy", HBUS_BUY}, {"sell", HBUS_SELL}, {"long", HBUS_BUY}, {"short", HBUS_SELL}, {NULL, 0}};

native_words native_words_order_type = {
    {"limit", HBUS_LIMIT}, {"market", HBUS_MARKET}, {"stop", HBUS_STOP}, {"stop_limit", HBUS_STOP_LIMIT}, {NULL, 0}};

native_words native_words_order_status = {{"open", HBUS_OPEN},     {"partially_filled", HBUS_PARTIALLY_FILLED},
                                          {"filled", HBUS_FILLED}, {"cancelled", HBUS_CANCELLED},
                                          {"failed", HBUS_FAILED}, {NULL, 0}};

native_words native_words_market_type = {{"spot", HBUS_SPOT}, {"futures", HBUS_FUTURES}, {NULL, 0}};

native_words native_words_position_action = {{"open", HBUS_POSITION_OPEN}, {"close", HBUS_POSITION_CLOSE}, {NULL, 0}};

native_words native_words_channel = {{"order_book", HBUS_CHANNEL_ORDER_BOOK},
                                     {"trades", HBUS_CHANNEL_TRADES},
                                     {"ticker", HBUS_CHANNEL_TICKER},
                                     {NULL, 0}};

unsigned native_word_find(const native_word *words, const char *text, size_t size) {
  for (; words->word != NULL; words++)
    if (strlen(words->word) == size && memcmp(words->word, text, size) == 0) return words->value;
  return 0;
}

const char *native_word_of(const native_word *words, unsigned value) {
  for (; words->word != NULL; words++)
    if (words->value == value) return words->word;
  return NULL;
}
