#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/recording.h"

#define S_BOOK(symbol, price, amount)                                                                                  \
  "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"" symbol "\",\"exchange\":\"x\",\"bids\":[[\"" price         \
  "\",\"" amount "\"]],\"asks\":[]}}"

static hbus_status s_add(recording *self, const char *line, hbus_error *error) {
  json_reader *reader = json_reader_new(RECORDING_LINE_MAX);
  hbus_status status = recording_add_line(self, reader, line, strlen(line), error);
  json_reader_destroy(&reader);
  return status;
}

Test(recording, keeps_the_bytes_of_a_frame_as_they_are) {
  static const char *const lines[] = {
      "{\"t\":0.0,\"frame\":" S_BOOK("A-B", "1.50", "2") "}",
      "{ \"t\" : 1.25 , \"frame\" : " S_BOOK("A-B", "1.500", "2.0") "  } ",
  };
  static const char *const frames[] = {S_BOOK("A-B", "1.50", "2"), S_BOOK("A-B", "1.500", "2.0")};
  recording made = {0};
  for (size_t i = 0; i < 2; i++) {
    cr_assert_eq(s_add(&made, lines[i], NULL), HBUS_OK);
    cr_assert_eq(made.frames[i].text->size, strlen(frames[i]));
    cr_assert_arr_eq(message_text(made.frames[i].text), frames[i], strlen(frames[i]));
  }
  cr_assert_eq(made.frames[1].at_ns, 1250000000);
  cr_assert_eq(made.frames[1].channel, HBUS_CHANNEL_ORDER_BOOK);
  cr_assert_eq(made.market_count, 1);
  cr_assert_str_eq(made.markets[0].symbol, "A-B");
  cr_assert_eq(made.markets[0].price_digits, 3);
  cr_assert_eq(made.markets[0].amount_digits, 1);
  cr_assert_str_eq(made.markets[0].first_price.text, "1.50");
  recording_free(&made);
}

Test(recording, tells_many_markets_apart) {
  recording made = {0};
  char line[512];
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned i = 0; i < 200; i++) {
      snprintf(line, sizeof line,
               "{\"t\":%u,\"frame\":{\"type\":\"trade\",\"data\":{\"trade_id\":\"1\",\"symbol\":\"S%u-B\","
               "\"exchange\":\"x%u\",\"price\":\"1\",\"amount\":\"1\",\"side\":\"buy\"}}}",
               round, i / 2, i % 2);
      cr_assert_eq(s_add(&made, line, NULL), HBUS_OK);
      cr_assert_eq(made.frames[made.frame_count - 1].market, i);
    }
  }
  cr_assert_eq(made.market_count, 200);
  recording_free(&made);
}

Test(recording, says_what_is_wrong_with_a_line) {
  static const struct {
    const char *line, *text;
  } rows[] = {
      {"{\"t\":5", "no JSON"},
      {"[1]", "a line must be {\"t\":SECONDS,\"frame\":{...}}"},
      {"{\"frame\":{},\"t\":5}", "a line must be {\"t\":SECONDS,\"frame\":{...}}"},
      {"{\"t\":5,\"frame\":[]}", "a line must be {\"t\":SECONDS,\"frame\":{...}}"},
      {"{\"t\":\"5\",\"frame\":{}}", "t must be seconds, written without an exponent"},
      {"{\"t\":-1,\"frame\":{}}", "t must be seconds, written without an exponent"},
      {"{\"t\":1e-5,\"frame\":{}}", "t must be seconds, written without an exponent"},
      {"{\"t\":0.5,\"frame\":" S_BOOK("A-B", "1", "1") "}", "t falls"},
      {"{\"t\":5,\"frame\":{}}", "the frame's type is missing or not known"},
      {"{\"t\":5,\"frame\":{\"type\":\"order_update\",\"data\":{}}}", "the frame's type is missing or not known"},
      {"{\"t\":5,\"frame\":{\"type\":\"trade\"}}", "exchange must be a name"},
      {"{\"t\":5,\"frame\":{\"type\":\"trade\",\"data\":{\"exchange\":\"x\",\"symbol\":\"\"}}}",
       "symbol must be a name"},
      {"{\"t\":5,\"frame\":{\"type\":\"trade\",\"data\":{\"exchange\":\"x\",\"symbol\":\"A-B\",\"price\":1}}}",
       "price must be a decimal in a string"},
      {"{\"t\":5,\"frame\":{\"type\":\"order_book_update\",\"data\":{\"exchange\":\"x\",\"symbol\":\"A-B\"}}}",
       "bids and asks must be lists"},
      {"{\"t\":5,\"frame\":{\"type\":\"order_book_update\",\"data\":{\"exchange\":\"x\",\"symbol\":\"A-B\","
       "\"bids\":[[\"1\"]]}}}",
       "a level must be [price, amount]"},
      {"{\"t\":5,\"frame\":" S_BOOK("A-B", "1.0123456789", "1.0123456789") "}", "more than 18 digits after the points"},
  };
  recording made = {0};
  cr_assert_eq(s_add(&made, "{\"t\":1,\"frame\":" S_BOOK("Z-Z", "1", "1") "}", NULL), HBUS_OK);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_error error;
    cr_assert_eq(s_add(&made, rows[i].line, &error), HBUS_MALFORMED, "%s", rows[i].line);
    cr_assert_str_eq(error.text, rows[i].text);
  }
  cr_assert_eq(made.frame_count, 1);
  recording_free(&made);
}

Test(recording, survives_every_truncation_of_a_line) {
  static const char line[] = "{\"t\":1,\"frame\":" S_BOOK("A-B", "1", "1") "}";
  for (size_t size = 0; size < sizeof line - 1; size++) {
    char cut[sizeof line];
    memcpy(cut, line, size);
    cut[size] = '\0';
    recording made = {0};
    cr_assert_neq(s_add(&made, cut, NULL), HBUS_OK);
    recording_free(&made);
  }
}

Test(recording, names_file_and_line) {
  char path[] = "test-sim-recording-XXXXXX";
  FILE *file = fdopen(mkstemp(path), "w");
  fputs("{\"t\":1,\"frame\":" S_BOOK("A-B", "1", "1") "}\n\n{\"t\":0}\n", file);
  fclose(file);
  recording made = {0};
  hbus_error error;
  cr_assert_eq(recording_load(path, &made, &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, ":3: a line must be"), "%s", error.text);
  remove(path);
  cr_assert_eq(recording_load(path, &made, &error), HBUS_INVALID_REQUEST);
  cr_assert_not_null(strstr(error.text, "No such file"), "%s", error.text);
  cr_assert_eq(made.frame_count, 0);
}
