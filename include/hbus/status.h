/* The one error convention of hbus.
 *
 * A call that can fail in several ways returns hbus_status and leaves its outputs untouched on failure. A call whose
 * failure depends on what a person or a peer wrote also takes an hbus_error (which may be NULL) and puts into it a
 * sentence that names the field and what was expected.
 */
#ifndef HBUS_STATUS_H
#define HBUS_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* HBUS_OK, then the codes that travel in replies and ERROR events (PROTOCOL.md, "Codes"), then those that only a local
 * call returns. The wire carries the name without the prefix, never the number. */
typedef enum hbus_status {
  HBUS_OK = 0,
  HBUS_INVALID_REQUEST,    /* a field is missing, of the wrong kind, too long, or not understood */
  HBUS_INVALID_ORDER,      /* the order itself makes no sense */
  HBUS_INSUFFICIENT_FUNDS, /* the account cannot pay for it */
  HBUS_PRICE_OUT_OF_RANGE, /* the exchange does not take this price */
  HBUS_MIN_ORDER_SIZE,     /* smaller than the market's minimum */
  HBUS_MARKET_CLOSED,      /* the market does not trade now */
  HBUS_UNKNOWN_ORDER,      /* no such order */
  HBUS_UNKNOWN_MARKET,     /* no such exchange or market */
  HBUS_DUPLICATE_ORDER,    /* this client_order_id names another order */
  HBUS_RATE_LIMITED,       /* too many requests */
  HBUS_RISK_LIMIT,         /* past a configured limit */
  HBUS_HALTED,             /* trading is halted */
  HBUS_EXPIRED,            /* past the command's own `expires` */
  HBUS_TIMEOUT,            /* no answer in time */
  HBUS_LINK_DOWN,          /* no link to Hummingbot */
  HBUS_UNAUTHENTICATED,    /* Hummingbot refused the broker, or the peer has not said hello */
  HBUS_FORBIDDEN,          /* the peer may not do this */
  HBUS_UNSUPPORTED,        /* not built, or not offered by this upstream */
  HBUS_OVERLOADED,         /* a bound was reached; nothing was done */
  HBUS_UPSTREAM_ERROR,     /* Hummingbot refused, for a reason that no other code names */
  HBUS_INTERNAL,           /* the broker's own fault */
  HBUS_WIRE_CODES,         /* how many codes travel; not a code */

  HBUS_TRUNCATED = HBUS_WIRE_CODES, /* the input ends before the value does */
  HBUS_MALFORMED,                   /* not msgpack, JSON, a decimal or a topic */
  HBUS_TOO_BIG,                     /* longer than its limit */
  HBUS_TOO_DEEP,                    /* nested deeper than its limit */
  HBUS_NO_MEMORY,                   /* an allocation failed */
  HBUS_OUTCOME_UNKNOWN,             /* a command was sent and what became of it is not known: treat it as done */
  HBUS_STATUS_COUNT                 /* how many there are; not a status */
} hbus_status;

/* The name on the wire, "INVALID_REQUEST"; "OK" for HBUS_OK. Never NULL: a number that is no status gives "INTERNAL".
 */
const char *hbus_status_name(hbus_status status);

/* A short sentence for people. Never NULL. */
const char *hbus_status_text(hbus_status status);

/* Finds the wire code of that name (size bytes, no NUL needed). HBUS_MALFORMED when there is none. */
hbus_status hbus_status_from_name(const char *name, size_t size, hbus_status *out);

#define HBUS_ERROR_TEXT_SIZE 512

/* What went wrong, for people. `text` is always NUL-terminated, and cut where it would not fit. */
typedef struct hbus_error {
  hbus_status status;
  char text[HBUS_ERROR_TEXT_SIZE];
} hbus_error;

/* Fills *error (unless NULL) and returns `status`, so that a failing path is one line. */
hbus_status hbus_fail(hbus_error *error, hbus_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
