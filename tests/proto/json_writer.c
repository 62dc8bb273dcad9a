/* The JSON writer: commas, escapes, and that the reader gives back what was written. */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/json.h"
#include "proto/json_writer.h"

static buffer s_out;
static json_writer s_writer;

static void s_setup(void) {
  buffer_init(&s_out, 1 << 16);
  json_writer_init(&s_writer, &s_out);
}
static void s_teardown(void) {
  buffer_free(&s_out);
}

TestSuite(json_writer, .init = s_setup, .fini = s_teardown);

static void s_expect(const char *text) {
  cr_assert_eq(s_out.status, HBUS_OK);
  cr_assert(s_out.size == strlen(text) && memcmp(s_out.data, text, s_out.size) == 0, "%.*s is not %s", (int)s_out.size,
            (const char *)s_out.data, text);
  buffer_reset(&s_out);
  json_writer_init(&s_writer, &s_out);
}

Test(json_writer, places_commas) {
  json_begin_object(&s_writer);
  json_key(&s_writer, "a");
  json_begin_array(&s_writer);
  json_unsigned(&s_writer, 1);
  json_begin_array(&s_writer);
  json_end_array(&s_writer);
  json_begin_object(&s_writer);
  json_end_object(&s_writer);
  json_signed(&s_writer, -2);
  json_end_array(&s_writer);
  json_key_text(&s_writer, "bcd", 1);
  json_bool(&s_writer, true);
  json_key(&s_writer, "c");
  json_bool(&s_writer, false);
  json_key(&s_writer, "d");
  json_null(&s_writer);
  json_key(&s_writer, "e");
  json_number_text(&s_writer, "1.50", 4);
  json_key(&s_writer, "f");
  json_begin_object(&s_writer);
  json_key(&s_writer, "g");
  json_string(&s_writer, "h");
  json_end_object(&s_writer);
  json_end_object(&s_writer);
  s_expect("{\"a\":[1,[],{},-2],\"b\":true,\"c\":false,\"d\":null,\"e\":1.50,\"f\":{\"g\":\"h\"}}");
}

Test(json_writer, escapes_what_must_be_escaped_and_nothing_else) {
  json_text(&s_writer, "\"\\/\b\f\n\r\t\x01\x1f\x7f\0z", 13);
  s_expect("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\"");
  json_key(&s_writer, "a\"b");
  s_expect("\"a\\\"b\":");
  json_string(&s_writer, "");
  s_expect("\"\"");
}

Test(json_writer, keeps_utf8_and_replaces_the_rest) {
  static const struct {
    const char *text, *json;
  } rows[] = {
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {"a\x80z", "\"a\xef\xbf\xbdz\""},
      {"a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xc3\"", "\"\xef\xbf\xbd\\\"\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xff", "\"\xef\xbf\xbd\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_string(&s_writer, rows[i].text);
    s_expect(rows[i].json);
  }
}

Test(json_writer, writes_integers_whole) {
  json_unsigned(&s_writer, UINT64_MAX);
  s_expect("18446744073709551615");
  json_signed(&s_writer, INT64_MIN);
  s_expect("-9223372036854775808");
}

Test(json_writer, writes_seconds_exactly) {
  static const struct {
    uint64_t ns;
    const char *json;
  } rows[] = {{UINT64_C(1618677817077736000), "1618677817.077736"},
              {UINT64_C(1618677817000000000), "1618677817"},
              {UINT64_C(1000000000000000000), "1000000000"},
              {1, "0.000000001"},
              {0, "0"},
              {UINT64_MAX, "18446744073.709551615"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_seconds(&s_writer, rows[i].ns);
    s_expect(rows[i].json);
  }
}

Test(json_writer, is_read_back_by_the_reader) {
  char bytes[256];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)(i & 0x7f);
  json_text(&s_writer, bytes, sizeof bytes);
  json_reader *reader = json_reader_new(1 << 16);
  const json_node *root = NULL;
  cr_assert_eq(json_read(reader, (const char *)s_out.data, s_out.size, &root), HBUS_OK);
  cr_assert(root->size == sizeof bytes && memcmp(root->text, bytes, sizeof bytes) == 0);
  json_reader_destroy(&reader);
}

Test(json_writer, leaves_the_buffer_s_limit_to_the_buffer) {
  s_out.limit = 3;
  json_string(&s_writer, "abc");
  cr_assert_eq(s_out.status, HBUS_TOO_BIG);
}
