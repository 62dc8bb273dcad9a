#include "hbus/status.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/utf8.h"

Test(status, every_status_has_a_name_and_a_sentence_of_its_own) {
  for (int i = 0; i < HBUS_STATUS_COUNT; i++) {
    const char *name = hbus_status_name((hbus_status)i);
    cr_assert_not_null(name);
    cr_assert_gt(strlen(hbus_status_text((hbus_status)i)), 3);
    for (int j = 0; j < i; j++)
      cr_assert_str_neq(name, hbus_status_name((hbus_status)j));
  }
}

Test(status, the_wire_codes_are_those_of_the_protocol) {
  const char *codes[] = {"OK",
                         "INVALID_REQUEST",
                         "INVALID_ORDER",
                         "INSUFFICIENT_FUNDS",
                         "PRICE_OUT_OF_RANGE",
                         "MIN_ORDER_SIZE",
                         "MARKET_CLOSED",
                         "UNKNOWN_ORDER",
                         "UNKNOWN_MARKET",
                         "DUPLICATE_ORDER",
                         "RATE_LIMITED",
                         "RISK_LIMIT",
                         "HALTED",
                         "EXPIRED",
                         "TIMEOUT",
                         "LINK_DOWN",
                         "UNAUTHENTICATED",
                         "FORBIDDEN",
                         "UNSUPPORTED",
                         "OVERLOADED",
                         "UPSTREAM_ERROR",
                         "INTERNAL"};
  cr_assert_eq(sizeof codes / sizeof codes[0], HBUS_WIRE_CODES);
  for (int i = 0; i < HBUS_WIRE_CODES; i++) {
    hbus_status found = HBUS_STATUS_COUNT;
    cr_assert_str_eq(hbus_status_name((hbus_status)i), codes[i]);
    cr_assert_eq(hbus_status_from_name(codes[i], strlen(codes[i]), &found), HBUS_OK);
    cr_assert_eq(found, (hbus_status)i);
  }
}

Test(status, a_name_that_does_not_travel_is_not_found) {
  const char *names[] = {"TRUNCATED", "MALFORMED", "TOO_BIG", "", "invalid_order", "INVALID_ORDER ", "INVALID_ORDE"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    hbus_status found = HBUS_HALTED;
    cr_assert_eq(hbus_status_from_name(names[i], strlen(names[i]), &found), HBUS_MALFORMED, "%s", names[i]);
    cr_assert_eq(found, HBUS_HALTED);
  }
}

Test(status, a_number_that_is_no_status_reads_as_internal) {
  cr_assert_str_eq(hbus_status_name((hbus_status)HBUS_STATUS_COUNT), "INTERNAL");
  cr_assert_str_eq(hbus_status_name((hbus_status)-1), "INTERNAL");
  cr_assert_str_eq(hbus_status_text((hbus_status)9999), hbus_status_text(HBUS_INTERNAL));
}

Test(status, fail_says_and_returns_it) {
  hbus_error error = {0};
  cr_assert_eq(hbus_fail(&error, HBUS_TIMEOUT, "after %d ms", 20), HBUS_TIMEOUT);
  cr_assert_eq(error.status, HBUS_TIMEOUT);
  cr_assert_str_eq(error.text, "after 20 ms");
  cr_assert_eq(hbus_fail(NULL, HBUS_HALTED, "%s", "nobody listens"), HBUS_HALTED);
}

Test(status, fail_cuts_long_sentences_between_characters) {
  char long_text[600];
  for (size_t shift = 0; shift < 4; shift++) {
    memset(long_text, 'a', shift);
    for (size_t i = shift; i + 4 < sizeof long_text; i += 4)
      memcpy(long_text + i, "\xf0\x9f\x92\xb6", 5);
    hbus_error error;
    hbus_fail(&error, HBUS_INTERNAL, "%s", long_text);
    size_t size = strlen(error.text);
    cr_assert_eq(size, (HBUS_ERROR_TEXT_SIZE - 1 - shift) / 4 * 4 + shift);
    cr_assert(utf8_is_valid(error.text, size));
  }
  hbus_error error;
  memset(long_text, 'a', sizeof long_text);
  hbus_fail(&error, HBUS_INTERNAL, "%.*s", HBUS_ERROR_TEXT_SIZE - 1, long_text);
  cr_assert_eq(strlen(error.text), HBUS_ERROR_TEXT_SIZE - 1);
  hbus_fail(&error, HBUS_INTERNAL, "%.*s", HBUS_ERROR_TEXT_SIZE, long_text);
  cr_assert_eq(strlen(error.text), HBUS_ERROR_TEXT_SIZE - 1);
}
