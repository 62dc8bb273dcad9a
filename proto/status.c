/* The names and sentences of every status, and the one way to fail with a sentence. */
#include "hbus/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"

typedef struct status_entry {
  const char *name;
  const char *text;
} status_entry;

static const status_entry s_entries[HBUS_STATUS_COUNT] = {
    [HBUS_OK] = {"OK", "done"},
    [HBUS_INVALID_REQUEST] = {"INVALID_REQUEST", "the request has a field that is missing or wrong"},
    [HBUS_INVALID_ORDER] = {"INVALID_ORDER", "the order makes no sense"},
    [HBUS_INSUFFICIENT_FUNDS] = {"INSUFFICIENT_FUNDS", "the account cannot pay for it"},
    [HBUS_PRICE_OUT_OF_RANGE] = {"PRICE_OUT_OF_RANGE", "the exchange does not take this price"},
    [HBUS_MIN_ORDER_SIZE] = {"MIN_ORDER_SIZE", "the order is smaller than the market's minimum"},
    [HBUS_MARKET_CLOSED] = {"MARKET_CLOSED", "the market does not trade now"},
    [HBUS_UNKNOWN_ORDER] = {"UNKNOWN_ORDER", "there is no such order"},
    [HBUS_UNKNOWN_MARKET] = {"UNKNOWN_MARKET", "there is no such exchange or market"},
    [HBUS_DUPLICATE_ORDER] = {"DUPLICATE_ORDER", "this client_order_id names another order"},
    [HBUS_RATE_LIMITED] = {"RATE_LIMITED", "too many requests"},
    [HBUS_RISK_LIMIT] = {"RISK_LIMIT", "past a configured limit"},
    [HBUS_HALTED] = {"HALTED", "trading is halted"},
    [HBUS_EXPIRED] = {"EXPIRED", "the command came after it had expired"},
    [HBUS_TIMEOUT] = {"TIMEOUT", "no answer in time"},
    [HBUS_LINK_DOWN] = {"LINK_DOWN", "there is no link to Hummingbot"},
    [HBUS_UNAUTHENTICATED] = {"UNAUTHENTICATED", "not authenticated"},
    [HBUS_FORBIDDEN] = {"FORBIDDEN", "the peer may not do this"},
    [HBUS_UNSUPPORTED] = {"UNSUPPORTED", "not supported"},
    [HBUS_OVERLOADED] = {"OVERLOADED", "a bound was reached and nothing was done"},
    [HBUS_UPSTREAM_ERROR] = {"UPSTREAM_ERROR", "Hummingbot refused"},
    [HBUS_INTERNAL] = {"INTERNAL", "an internal error"},
    [HBUS_TRUNCATED] = {"TRUNCATED", "the input ends too early"},
    [HBUS_MALFORMED] = {"MALFORMED", "the input is malformed"},
    [HBUS_TOO_BIG] = {"TOO_BIG", "longer than its limit"},
    [HBUS_TOO_DEEP] = {"TOO_DEEP", "nested deeper than its limit"},
    [HBUS_NO_MEMORY] = {"NO_MEMORY", "out of memory"},
    [HBUS_OUTCOME_UNKNOWN] = {"OUTCOME_UNKNOWN", "the command was sent and its outcome is not known"},
};

static const status_entry *s_entry(hbus_status status) {
  bool known = (int)status >= 0 && status < HBUS_STATUS_COUNT;
  return &s_entries[known ? status : HBUS_INTERNAL];
}

const char *hbus_status_name(hbus_status status) {
  return s_entry(status)->name;
}

const char *hbus_status_text(hbus_status status) {
  return s_entry(status)->text;
}

hbus_status hbus_status_from_name(const char *name, size_t size, hbus_status *out) {
  for (int i = 0; i < HBUS_WIRE_CODES; i++) {
    if (strlen(s_entries[i].name) == size && memcmp(s_entries[i].name, name, size) == 0) {
      *out = (hbus_status)i;
      return HBUS_OK;
    }
  }
  return HBUS_MALFORMED;
}

hbus_status hbus_fail(hbus_error *error, hbus_status status, const char *format, ...) {
  if (!error) return status;
  va_list arguments;
  va_start(arguments, format);
  int wanted = vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  assert(wanted >= 0);
  error->status = status;
  if ((size_t)wanted >= sizeof error->text) { /* a character cut in two would make a reply with this text unreadable */
    size_t last = sizeof error->text - 2;
    while (last > 0 && ((unsigned char)error->text[last] & 0xC0) == 0x80)
      last--;
    if (!utf8_is_valid(error->text + last, sizeof error->text - 1 - last)) error->text[last] = '\0';
  }
  return status;
}
