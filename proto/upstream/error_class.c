/* The one table of upstream's errors. Rows are tried from the top, so what is more particular stands first. */
#include "proto/upstream/error_class.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A code is compared whole, in any case. Codes of HTTP stand for themselves where they can mean one thing only: 404 may
 * be an order, a market or a path, and 503 any trouble at all, so their text decides. */
typedef struct code_row {
  const char *code;
  hbus_status status;
} code_row;

static const code_row s_codes[] = {
    {"INSUFFICIENT_FUNDS", HBUS_INSUFFICIENT_FUNDS},
    {"INSUFFICIENT_BALANCE", HBUS_INSUFFICIENT_FUNDS},
    {"INSUFFICIENT_MARGIN", HBUS_INSUFFICIENT_FUNDS},
    {"PRICE_OUT_OF_RANGE", HBUS_PRICE_OUT_OF_RANGE},
    {"INVALID_PRICE", HBUS_PRICE_OUT_OF_RANGE},
    {"MIN_ORDER_SIZE", HBUS_MIN_ORDER_SIZE},
    {"MIN_NOTIONAL", HBUS_MIN_ORDER_SIZE},
    {"LOT_SIZE", HBUS_MIN_ORDER_SIZE},
    {"MARKET_CLOSED", HBUS_MARKET_CLOSED},
    {"UNKNOWN_ORDER", HBUS_UNKNOWN_ORDER},
    {"ORDER_NOT_FOUND", HBUS_UNKNOWN_ORDER},
    {"UNKNOWN_MARKET", HBUS_UNKNOWN_MARKET},
    {"MARKET_NOT_FOUND", HBUS_UNKNOWN_MARKET},
    {"UNKNOWN_SYMBOL", HBUS_UNKNOWN_MARKET},
    {"UNKNOWN_EXCHANGE", HBUS_UNKNOWN_MARKET},
    {"DUPLICATE_ORDER", HBUS_DUPLICATE_ORDER},
    {"INVALID_ORDER", HBUS_INVALID_ORDER},
    {"INVALID_REQUEST", HBUS_INVALID_REQUEST},
    {"RATE_LIMITED", HBUS_RATE_LIMITED},
    {"RATE_LIMIT", HBUS_RATE_LIMITED},
    {"TOO_MANY_REQUESTS", HBUS_RATE_LIMITED},
    {"429", HBUS_RATE_LIMITED},
    {"UNAUTHENTICATED", HBUS_UNAUTHENTICATED},
    {"UNAUTHORIZED", HBUS_UNAUTHENTICATED},
    {"AUTHENTICATION_FAILED", HBUS_UNAUTHENTICATED},
    {"INVALID_API_KEY", HBUS_UNAUTHENTICATED},
    {"401", HBUS_UNAUTHENTICATED},
    {"FORBIDDEN", HBUS_FORBIDDEN},
    {"403", HBUS_FORBIDDEN},
    {"TIMEOUT", HBUS_TIMEOUT},
    {"408", HBUS_TIMEOUT},
    {"504", HBUS_TIMEOUT},
    {"UNSUPPORTED", HBUS_UNSUPPORTED},
    {"NOT_SUPPORTED", HBUS_UNSUPPORTED},
    {"NOT_IMPLEMENTED", HBUS_UNSUPPORTED},
    {"501", HBUS_UNSUPPORTED},
};

/* A text matches when all words of the pattern stand in it, in this order. A blank in a pattern is one blank, '_' or
 * '-';
 * '*' is anything at all. Each piece begins at the beginning of a word, so that "rate limit" is not found in "generate
 * limit order", but may end within one: "fund" finds "funds". Lower case. */
typedef struct text_row {
  const char *pattern;
  hbus_status status;
} text_row;

static const text_row s_texts[] = {
    {"insufficient*fund", HBUS_INSUFFICIENT_FUNDS},
    {"insufficient*balance", HBUS_INSUFFICIENT_FUNDS},
    {"insufficient*margin", HBUS_INSUFFICIENT_FUNDS},
    {"not enough*fund", HBUS_INSUFFICIENT_FUNDS},
    {"not enough*balance", HBUS_INSUFFICIENT_FUNDS},
    {"not enough*margin", HBUS_INSUFFICIENT_FUNDS},
    {"balance*insufficient", HBUS_INSUFFICIENT_FUNDS},
    {"funds*insufficient", HBUS_INSUFFICIENT_FUNDS},
    {"exceeds*balance", HBUS_INSUFFICIENT_FUNDS},
    {"balance*too low", HBUS_INSUFFICIENT_FUNDS},

    {"insufficient*permission", HBUS_FORBIDDEN},
    {"permission denied", HBUS_FORBIDDEN},
    {"forbidden", HBUS_FORBIDDEN},
    {"authentication", HBUS_UNAUTHENTICATED},
    {"not authenticated", HBUS_UNAUTHENTICATED},
    {"unauthenticated", HBUS_UNAUTHENTICATED},
    {"unauthorized", HBUS_UNAUTHENTICATED},
    {"unauthorised", HBUS_UNAUTHENTICATED},
    {"not authorized", HBUS_UNAUTHENTICATED},
    {"invalid api key", HBUS_UNAUTHENTICATED},
    {"api key*invalid", HBUS_UNAUTHENTICATED},
    {"invalid*signature", HBUS_UNAUTHENTICATED},
    {"invalid nonce", HBUS_UNAUTHENTICATED},

    {"rate limit", HBUS_RATE_LIMITED},
    {"too many requests", HBUS_RATE_LIMITED},
    {"too many new orders", HBUS_RATE_LIMITED},
    {"request limit", HBUS_RATE_LIMITED},
    {"throttl", HBUS_RATE_LIMITED},

    {"market closed", HBUS_MARKET_CLOSED},
    {"market is closed", HBUS_MARKET_CLOSED},
    {"market is currently closed", HBUS_MARKET_CLOSED},
    {"market not open", HBUS_MARKET_CLOSED},
    {"market is not open", HBUS_MARKET_CLOSED},
    {"exchange is closed", HBUS_MARKET_CLOSED},
    {"not open for trading", HBUS_MARKET_CLOSED},
    {"outside*trading hours", HBUS_MARKET_CLOSED},
    {"trading*halted", HBUS_MARKET_CLOSED},
    {"trading*suspended", HBUS_MARKET_CLOSED},
    {"trading*disabled", HBUS_MARKET_CLOSED},
    {"market*halted", HBUS_MARKET_CLOSED},
    {"market*suspended", HBUS_MARKET_CLOSED},

    {"price*out of range", HBUS_PRICE_OUT_OF_RANGE},
    {"price*outside", HBUS_PRICE_OUT_OF_RANGE},
    {"price*out of*band", HBUS_PRICE_OUT_OF_RANGE},
    {"price*too far", HBUS_PRICE_OUT_OF_RANGE},
    {"price*too high", HBUS_PRICE_OUT_OF_RANGE},
    {"price*too low", HBUS_PRICE_OUT_OF_RANGE},
    {"price*deviat", HBUS_PRICE_OUT_OF_RANGE},
    {"price band", HBUS_PRICE_OUT_OF_RANGE},
    {"price collar", HBUS_PRICE_OUT_OF_RANGE},
    {"price limit", HBUS_PRICE_OUT_OF_RANGE},
    {"percent price", HBUS_PRICE_OUT_OF_RANGE},
    {"minimum price", HBUS_PRICE_OUT_OF_RANGE},
    {"maximum price", HBUS_PRICE_OUT_OF_RANGE},

    {"min notional", HBUS_MIN_ORDER_SIZE},
    {"minimum notional", HBUS_MIN_ORDER_SIZE},
    {"min order", HBUS_MIN_ORDER_SIZE},
    {"minimum order", HBUS_MIN_ORDER_SIZE},
    {"min*size", HBUS_MIN_ORDER_SIZE},
    {"minimum amount", HBUS_MIN_ORDER_SIZE},
    {"minimum quantity", HBUS_MIN_ORDER_SIZE},
    {"minimum trade", HBUS_MIN_ORDER_SIZE},
    {"below*minimum", HBUS_MIN_ORDER_SIZE},
    {"less than*minimum", HBUS_MIN_ORDER_SIZE},
    {"smaller than*minimum", HBUS_MIN_ORDER_SIZE},
    {"lot size", HBUS_MIN_ORDER_SIZE},
    {"order*too small", HBUS_MIN_ORDER_SIZE},
    {"size*too small", HBUS_MIN_ORDER_SIZE},
    {"amount*too small", HBUS_MIN_ORDER_SIZE},

    {"duplicate order", HBUS_DUPLICATE_ORDER},
    {"duplicate client", HBUS_DUPLICATE_ORDER},
    {"duplicate clord", HBUS_DUPLICATE_ORDER},
    {"order*already exists", HBUS_DUPLICATE_ORDER},
    {"client order id*already", HBUS_DUPLICATE_ORDER},

    {"unknown order type", HBUS_UNSUPPORTED},
    {"unknown order", HBUS_UNKNOWN_ORDER},
    {"no such order", HBUS_UNKNOWN_ORDER},
    {"order*not found", HBUS_UNKNOWN_ORDER},
    {"order*does not exist", HBUS_UNKNOWN_ORDER},
    {"order*doesn't exist", HBUS_UNKNOWN_ORDER},
    {"invalid order id", HBUS_UNKNOWN_ORDER},

    {"invalid market order", HBUS_INVALID_ORDER},
    {"unknown market", HBUS_UNKNOWN_MARKET},
    {"unknown symbol", HBUS_UNKNOWN_MARKET},
    {"unknown exchange", HBUS_UNKNOWN_MARKET},
    {"unknown connector", HBUS_UNKNOWN_MARKET},
    {"unknown trading pair", HBUS_UNKNOWN_MARKET},
    {"unknown pair", HBUS_UNKNOWN_MARKET},
    {"unknown instrument", HBUS_UNKNOWN_MARKET},
    {"unknown product", HBUS_UNKNOWN_MARKET},
    {"invalid market", HBUS_UNKNOWN_MARKET},
    {"invalid symbol", HBUS_UNKNOWN_MARKET},
    {"invalid exchange", HBUS_UNKNOWN_MARKET},
    {"invalid trading pair", HBUS_UNKNOWN_MARKET},
    {"invalid instrument", HBUS_UNKNOWN_MARKET},
    {"no such market", HBUS_UNKNOWN_MARKET},
    {"no such symbol", HBUS_UNKNOWN_MARKET},
    {"no such exchange", HBUS_UNKNOWN_MARKET},
    {"market*not found", HBUS_UNKNOWN_MARKET},
    {"symbol*not found", HBUS_UNKNOWN_MARKET},
    {"pair*not found", HBUS_UNKNOWN_MARKET},
    {"exchange*not found", HBUS_UNKNOWN_MARKET},
    {"market*does not exist", HBUS_UNKNOWN_MARKET},
    {"symbol*does not exist", HBUS_UNKNOWN_MARKET},
    {"pair*does not exist", HBUS_UNKNOWN_MARKET},
    {"exchange*does not exist", HBUS_UNKNOWN_MARKET},
    {"trading pair*not supported", HBUS_UNKNOWN_MARKET},
    {"unsupported trading pair", HBUS_UNKNOWN_MARKET},
    {"unsupported symbol", HBUS_UNKNOWN_MARKET},
    {"unsupported exchange", HBUS_UNKNOWN_MARKET},

    {"unknown request", HBUS_UNSUPPORTED},
    {"unknown message type", HBUS_UNSUPPORTED},
    {"unknown type", HBUS_UNSUPPORTED},
    {"unknown command", HBUS_UNSUPPORTED},
    {"not supported", HBUS_UNSUPPORTED},
    {"unsupported", HBUS_UNSUPPORTED},
    {"not implemented", HBUS_UNSUPPORTED},

    {"timed out", HBUS_TIMEOUT},
    {"timeout", HBUS_TIMEOUT},
    {"time out", HBUS_TIMEOUT},
    {"deadline exceeded", HBUS_TIMEOUT},

    {"invalid order", HBUS_INVALID_ORDER},
    {"invalid amount", HBUS_INVALID_ORDER},
    {"invalid quantity", HBUS_INVALID_ORDER},
    {"invalid price", HBUS_INVALID_ORDER},
    {"invalid side", HBUS_INVALID_ORDER},
    {"tick size", HBUS_INVALID_ORDER},
    {"precision", HBUS_INVALID_ORDER},
    {"invalid request", HBUS_INVALID_REQUEST},
    {"invalid parameter", HBUS_INVALID_REQUEST},
    {"bad request", HBUS_INVALID_REQUEST},
    {"missing field", HBUS_INVALID_REQUEST},
    {"missing parameter", HBUS_INVALID_REQUEST},
    {"missing required", HBUS_INVALID_REQUEST},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool s_code_equals(hbus_text text, const char *code) {
  return text.size == strlen(code) && strncasecmp(text.data, code, text.size) == 0;
}

/* Whether the character of the text can stand for that of the pattern. */
static bool s_character_fits(char pattern, char text) {
  if (pattern == ' ') return text == ' ' || text == '_' || text == '-';
  return pattern == tolower((unsigned char)text);
}

/* Where the first `size` characters of `piece` are found at the beginning of a word, from `at` on; gives the place
 * behind them. */
static bool s_find_piece(hbus_text text, size_t *at, const char *piece, size_t size) {
  for (size_t start = *at; start + size <= text.size; start++) {
    if (start > 0 && isalnum((unsigned char)text.data[start - 1])) continue;
    size_t same = 0;
    while (same < size && s_character_fits(piece[same], text.data[start + same]))
      same++;
    if (same < size) continue;
    *at = start + size;
    return true;
  }
  return false;
}

static bool s_text_fits(hbus_text text, const char *pattern) {
  size_t at = 0;
  while (*pattern != '\0') {
    size_t size = strcspn(pattern, "*");
    if (!s_find_piece(text, &at, pattern, size)) return false;
    pattern += size;
    if (*pattern == '*') pattern++;
  }
  return true;
}

hbus_status error_class(hbus_text code, hbus_text message) {
  if (code.size > 0) {
    for (size_t i = 0; i < COUNT(s_codes); i++)
      if (s_code_equals(code, s_codes[i].code)) return s_codes[i].status;
  }
  if (message.size > HBUS_MESSAGE_MAX) message.size = HBUS_MESSAGE_MAX;
  for (size_t i = 0; i < COUNT(s_texts); i++)
    if (s_text_fits(message, s_texts[i].pattern)) return s_texts[i].status;
  return HBUS_UPSTREAM_ERROR;
}
