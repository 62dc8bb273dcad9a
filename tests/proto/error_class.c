/* The classes of upstream's errors: a message seen in the field for each, and what looks like one and is none. */
#include "proto/upstream/error_class.h"

#include <criterion/criterion.h>
#include <string.h>

static hbus_text s_text(const char *text) {
  return (hbus_text){text, strlen(text)};
}

static void s_expect(const char *code, const char *message, hbus_status expected) {
  hbus_status status = error_class(s_text(code), s_text(message));
  cr_expect_eq(status, expected, "[%s] \"%s\" is %s, not %s", code, message, hbus_status_name(status),
               hbus_status_name(expected));
}

typedef struct text_row {
  const char *message;
  hbus_status status;
} text_row;

Test(error_class, knows_the_messages_of_the_field) {
  static const text_row rows[] = {
      {"Insufficient funds", HBUS_INSUFFICIENT_FUNDS},
      {"Account has insufficient balance for requested action.", HBUS_INSUFFICIENT_FUNDS},
      {"insufficient USDT balance: need 100, have 3", HBUS_INSUFFICIENT_FUNDS},
      {"INSUFFICIENT_BALANCE", HBUS_INSUFFICIENT_FUNDS},
      {"Margin is insufficient? No: insufficient available margin", HBUS_INSUFFICIENT_FUNDS},
      {"You have not enough USD balance", HBUS_INSUFFICIENT_FUNDS},
      {"Not enough funds on the account", HBUS_INSUFFICIENT_FUNDS},
      {"not enough margin", HBUS_INSUFFICIENT_FUNDS},
      {"Balance insufficient", HBUS_INSUFFICIENT_FUNDS},
      {"EOrder:Funds are insufficient", HBUS_INSUFFICIENT_FUNDS},
      {"Order cost exceeds available balance", HBUS_INSUFFICIENT_FUNDS},
      {"balance too low", HBUS_INSUFFICIENT_FUNDS},
      {"Insufficient permissions for this key", HBUS_FORBIDDEN},
      {"EGeneral:Permission denied", HBUS_FORBIDDEN},
      {"403 Forbidden", HBUS_FORBIDDEN},
      {"Authentication failed", HBUS_UNAUTHENTICATED},
      {"Not authenticated", HBUS_UNAUTHENTICATED},
      {"client is unauthenticated", HBUS_UNAUTHENTICATED},
      {"401 Unauthorized", HBUS_UNAUTHENTICATED},
      {"Unauthorised request", HBUS_UNAUTHENTICATED},
      {"You are not authorized to do this", HBUS_UNAUTHENTICATED},
      {"Invalid API-key, IP, or permissions for action.", HBUS_UNAUTHENTICATED},
      {"API key is invalid", HBUS_UNAUTHENTICATED},
      {"EAPI:Invalid signature", HBUS_UNAUTHENTICATED},
      {"EAPI:Invalid nonce", HBUS_UNAUTHENTICATED},
      {"Rate limit exceeded", HBUS_RATE_LIMITED},
      {"EAPI:Rate-limit exceeded", HBUS_RATE_LIMITED},
      {"Too many requests", HBUS_RATE_LIMITED},
      {"Too many new orders; current limit is 50 orders per 10 SECOND.", HBUS_RATE_LIMITED},
      {"request limit reached", HBUS_RATE_LIMITED},
      {"EService:Throttled: 1618677817", HBUS_RATE_LIMITED},
      {"Market closed", HBUS_MARKET_CLOSED},
      {"MARKET_CLOSED", HBUS_MARKET_CLOSED},
      {"The market is closed.", HBUS_MARKET_CLOSED},
      {"Market is currently closed", HBUS_MARKET_CLOSED},
      {"market not open", HBUS_MARKET_CLOSED},
      {"Market is not open", HBUS_MARKET_CLOSED},
      {"The exchange is closed", HBUS_MARKET_CLOSED},
      {"ETH-USD is not open for trading", HBUS_MARKET_CLOSED},
      {"order is outside of trading hours", HBUS_MARKET_CLOSED},
      {"Trading is halted", HBUS_MARKET_CLOSED},
      {"Trading for this pair has been suspended", HBUS_MARKET_CLOSED},
      {"trading disabled", HBUS_MARKET_CLOSED},
      {"Market halted by operator", HBUS_MARKET_CLOSED},
      {"Market suspended", HBUS_MARKET_CLOSED},
      {"Price out of range", HBUS_PRICE_OUT_OF_RANGE},
      {"Invalid order: price 1 is outside the allowed range", HBUS_PRICE_OUT_OF_RANGE},
      {"price out of the price band", HBUS_PRICE_OUT_OF_RANGE},
      {"Limit price is too far from the market", HBUS_PRICE_OUT_OF_RANGE},
      {"Price too high", HBUS_PRICE_OUT_OF_RANGE},
      {"Price is too low", HBUS_PRICE_OUT_OF_RANGE},
      {"price deviates more than 5% from the mark", HBUS_PRICE_OUT_OF_RANGE},
      {"Outside of the price band", HBUS_PRICE_OUT_OF_RANGE},
      {"hit the price collar", HBUS_PRICE_OUT_OF_RANGE},
      {"Reached price limit", HBUS_PRICE_OUT_OF_RANGE},
      {"Filter failure: PERCENT_PRICE", HBUS_PRICE_OUT_OF_RANGE},
      {"below the minimum price", HBUS_PRICE_OUT_OF_RANGE},
      {"above maximum price of 10", HBUS_PRICE_OUT_OF_RANGE},
      {"Filter failure: MIN_NOTIONAL", HBUS_MIN_ORDER_SIZE},
      {"Order does not meet the minimum notional", HBUS_MIN_ORDER_SIZE},
      {"min order is 10 USD", HBUS_MIN_ORDER_SIZE},
      {"EOrder:Order minimum not met: minimum order 0.01", HBUS_MIN_ORDER_SIZE},
      {"Minimum size is 0.001", HBUS_MIN_ORDER_SIZE},
      {"min trade size not reached", HBUS_MIN_ORDER_SIZE},
      {"the minimum amount is 1", HBUS_MIN_ORDER_SIZE},
      {"minimum quantity is 1", HBUS_MIN_ORDER_SIZE},
      {"minimum trade amount is 1", HBUS_MIN_ORDER_SIZE},
      {"Amount below the minimum", HBUS_MIN_ORDER_SIZE},
      {"size is less than the minimum", HBUS_MIN_ORDER_SIZE},
      {"smaller than the minimum", HBUS_MIN_ORDER_SIZE},
      {"Filter failure: LOT_SIZE", HBUS_MIN_ORDER_SIZE},
      {"size is too small. Minimum size is 0.001", HBUS_MIN_ORDER_SIZE},
      {"Order is too small", HBUS_MIN_ORDER_SIZE},
      {"amount too small", HBUS_MIN_ORDER_SIZE},
      {"Duplicate order sent.", HBUS_DUPLICATE_ORDER},
      {"duplicate client order id", HBUS_DUPLICATE_ORDER},
      {"Duplicate clOrdId", HBUS_DUPLICATE_ORDER},
      {"an order with this id already exists", HBUS_DUPLICATE_ORDER},
      {"client_order_id was used already", HBUS_DUPLICATE_ORDER},
      {"Unknown order sent.", HBUS_UNKNOWN_ORDER},
      {"No such order", HBUS_UNKNOWN_ORDER},
      {"Order o-17 not found", HBUS_UNKNOWN_ORDER},
      {"Order does not exist.", HBUS_UNKNOWN_ORDER},
      {"the order doesn't exist", HBUS_UNKNOWN_ORDER},
      {"Invalid order id", HBUS_UNKNOWN_ORDER},
      {"Unknown market XYZ-USD", HBUS_UNKNOWN_MARKET},
      {"EQuery:Unknown symbol", HBUS_UNKNOWN_MARKET},
      {"unknown exchange: foo", HBUS_UNKNOWN_MARKET},
      {"unknown connector foo", HBUS_UNKNOWN_MARKET},
      {"unknown trading pair", HBUS_UNKNOWN_MARKET},
      {"unknown pair", HBUS_UNKNOWN_MARKET},
      {"unknown instrument", HBUS_UNKNOWN_MARKET},
      {"unknown product", HBUS_UNKNOWN_MARKET},
      {"Invalid market", HBUS_UNKNOWN_MARKET},
      {"Invalid symbol.", HBUS_UNKNOWN_MARKET},
      {"invalid exchange", HBUS_UNKNOWN_MARKET},
      {"invalid trading_pair", HBUS_UNKNOWN_MARKET},
      {"invalid instrument", HBUS_UNKNOWN_MARKET},
      {"no such market", HBUS_UNKNOWN_MARKET},
      {"no such symbol", HBUS_UNKNOWN_MARKET},
      {"no such exchange", HBUS_UNKNOWN_MARKET},
      {"Market XYZ-USD not found", HBUS_UNKNOWN_MARKET},
      {"symbol not found", HBUS_UNKNOWN_MARKET},
      {"pair not found", HBUS_UNKNOWN_MARKET},
      {"Exchange foo not found", HBUS_UNKNOWN_MARKET},
      {"market does not exist", HBUS_UNKNOWN_MARKET},
      {"symbol XYZ does not exist", HBUS_UNKNOWN_MARKET},
      {"the pair does not exist", HBUS_UNKNOWN_MARKET},
      {"exchange does not exist", HBUS_UNKNOWN_MARKET},
      {"Trading pair XYZ-USD is not supported", HBUS_UNKNOWN_MARKET},
      {"Unsupported trading pair", HBUS_UNKNOWN_MARKET},
      {"unsupported symbol", HBUS_UNKNOWN_MARKET},
      {"Unsupported exchange foo", HBUS_UNKNOWN_MARKET},
      {"Unknown order type: iceberg", HBUS_UNSUPPORTED},
      {"Unknown request type: get_positions", HBUS_UNSUPPORTED},
      {"unknown message type", HBUS_UNSUPPORTED},
      {"Unknown type", HBUS_UNSUPPORTED},
      {"unknown command", HBUS_UNSUPPORTED},
      {"Stop orders are not supported", HBUS_UNSUPPORTED},
      {"Unsupported order type", HBUS_UNSUPPORTED},
      {"not implemented", HBUS_UNSUPPORTED},
      {"The request timed out", HBUS_TIMEOUT},
      {"Timeout waiting for the exchange", HBUS_TIMEOUT},
      {"request time-out", HBUS_TIMEOUT},
      {"context deadline exceeded", HBUS_TIMEOUT},
      {"Invalid order", HBUS_INVALID_ORDER},
      {"Invalid order: amount must be positive", HBUS_INVALID_ORDER},
      {"invalid market order", HBUS_INVALID_ORDER},
      {"Invalid amount", HBUS_INVALID_ORDER},
      {"Invalid quantity.", HBUS_INVALID_ORDER},
      {"EOrder:Invalid price", HBUS_INVALID_ORDER},
      {"invalid side", HBUS_INVALID_ORDER},
      {"not a multiple of the tick size", HBUS_INVALID_ORDER},
      {"Precision is over the maximum defined for this asset.", HBUS_INVALID_ORDER},
      {"Invalid request", HBUS_INVALID_REQUEST},
      {"Invalid parameter: depth", HBUS_INVALID_REQUEST},
      {"400 Bad Request", HBUS_INVALID_REQUEST},
      {"missing field market", HBUS_INVALID_REQUEST},
      {"Missing parameter", HBUS_INVALID_REQUEST},
      {"missing required argument", HBUS_INVALID_REQUEST},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    s_expect("", rows[i].message, rows[i].status);
}

Test(error_class, is_not_taken_in_by_what_looks_alike) {
  static const text_row rows[] = {
      {"", HBUS_UPSTREAM_ERROR},
      {"Something went wrong", HBUS_UPSTREAM_ERROR},
      {"Internal server error", HBUS_UPSTREAM_ERROR},
      {"could not generate limit order", HBUS_UPSTREAM_ERROR}, /* no "rate limit" */
      {"insufficient liquidity", HBUS_UPSTREAM_ERROR},         /* not the account's fault */
      {"too many open orders", HBUS_UPSTREAM_ERROR},           /* no rate */
      {"position closed", HBUS_UPSTREAM_ERROR},                /* no market */
      {"order is not open", HBUS_UPSTREAM_ERROR},              /* nor here */
      {"supermarket closed", HBUS_UPSTREAM_ERROR},             /* not at the beginning of a word */
      {"refunds were sufficient", HBUS_UPSTREAM_ERROR},        /* words in the wrong order */
      {"funded, insufficiently", HBUS_UPSTREAM_ERROR},
      {"Rate of limits", HBUS_UPSTREAM_ERROR},
      {"Ratelimited", HBUS_UPSTREAM_ERROR},
      {"the order exists", HBUS_UPSTREAM_ERROR},
      {"invalid", HBUS_UPSTREAM_ERROR},
      {"Insufficient fun", HBUS_UPSTREAM_ERROR}, /* the text ends before the pattern does */
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    s_expect("", rows[i].message, rows[i].status);
}

Test(error_class, believes_a_code_before_the_text) {
  s_expect("INSUFFICIENT_FUNDS", "Market closed", HBUS_INSUFFICIENT_FUNDS);
  s_expect("unknown_order", "", HBUS_UNKNOWN_ORDER);
  s_expect("429", "Market closed", HBUS_RATE_LIMITED);
  s_expect("401", "no", HBUS_UNAUTHENTICATED);
  s_expect("403", "no", HBUS_FORBIDDEN);
  s_expect("504", "", HBUS_TIMEOUT);
  s_expect("Duplicate_Order", "", HBUS_DUPLICATE_ORDER);
}

Test(error_class, falls_back_to_the_text_for_codes_that_say_nothing) {
  s_expect("404", "Order not found", HBUS_UNKNOWN_ORDER);
  s_expect("404", "Market not found", HBUS_UNKNOWN_MARKET);
  s_expect("503", "down for maintenance", HBUS_UPSTREAM_ERROR);
  s_expect("-2010", "Account has insufficient balance", HBUS_INSUFFICIENT_FUNDS);
  s_expect("4290", "", HBUS_UPSTREAM_ERROR);
  s_expect("42", "", HBUS_UPSTREAM_ERROR);
  s_expect("INSUFFICIENT_FUNDS ", "", HBUS_UPSTREAM_ERROR);
}

Test(error_class, takes_absent_texts_and_any_bytes) {
  hbus_text none = {NULL, 0};
  cr_expect_eq(error_class(none, none), HBUS_UPSTREAM_ERROR);
  cr_expect_eq(error_class(none, (hbus_text){"\0\xff\xfeInsufficient\0 funds", 22}), HBUS_INSUFFICIENT_FUNDS);
}

Test(error_class, looks_only_as_far_as_a_message_goes) {
  char message[HBUS_MESSAGE_MAX + 64];
  memset(message, 'x', sizeof message);
  memcpy(message + HBUS_MESSAGE_MAX - 13, " Market closed", 14);
  cr_expect_eq(error_class((hbus_text){NULL, 0}, (hbus_text){message, sizeof message}), HBUS_UPSTREAM_ERROR);
  memcpy(message + HBUS_MESSAGE_MAX - 14, " Market closed", 14);
  cr_expect_eq(error_class((hbus_text){NULL, 0}, (hbus_text){message, sizeof message}), HBUS_MARKET_CLOSED);
}
