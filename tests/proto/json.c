/* The JSON reader: what it accepts, what it refuses, and what its nodes say. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/json.h"

#define SIZE_MAX_TEST 4096

static json_reader *s_reader;

static void s_setup(void) {
  s_reader = json_reader_new(SIZE_MAX_TEST);
}
static void s_teardown(void) {
  json_reader_destroy(&s_reader);
}

TestSuite(json, .init = s_setup, .fini = s_teardown);

static hbus_status s_status(const char *text) {
  const json_node *root = NULL;
  return json_read(s_reader, text, strlen(text), &root);
}

static const json_node *s_read(const char *text) {
  const json_node *root = NULL;
  cr_assert_eq(json_read(s_reader, text, strlen(text), &root), HBUS_OK, "refused: %s", text);
  return root;
}

static void s_expect_text(const json_node *node, json_type type, const char *text) {
  cr_assert_not_null(node);
  cr_assert_eq(node->type, type, "type %d for %s", (int)node->type, text);
  cr_assert_eq(node->size, strlen(text), "size %u for %s", node->size, text);
  cr_assert_eq(memcmp(node->text, text, node->size), 0, "%.*s is not %s", (int)node->size, node->text, text);
}

/* `depth` arrays around nothing, or around a 1. */
static size_t s_nest(char *out, size_t depth, bool filled) {
  memset(out, '[', depth);
  if (filled) out[depth] = '1';
  memset(out + depth + filled, ']', depth);
  out[2 * depth + filled] = '\0';
  return 2 * depth + filled;
}

Test(json, gives_nodes_in_document_order) {
  const json_node *root = s_read(" {\"a\": [1, \"x\", [], {}], \"b\": {\"c\": true, \"d\": false}, \"e\": null} ");
  cr_assert_eq(root->type, JSON_OBJECT);
  cr_assert_eq(root->size, 3);
  cr_assert_eq(root->next, 15);

  const json_node *list = json_get(root, "a");
  cr_assert_eq(list->type, JSON_ARRAY);
  cr_assert_eq(list->size, 4);
  const json_node *item = json_first(list);
  s_expect_text(item, JSON_NUMBER, "1");
  s_expect_text(item = json_next(item), JSON_STRING, "x");
  item = json_next(item);
  cr_assert(item->type == JSON_ARRAY && item->size == 0 && item->next == 1);
  item = json_next(item);
  cr_assert(item->type == JSON_OBJECT && item->size == 0 && item->next == 1);

  const json_node *map = json_get(root, "b");
  cr_assert_eq(json_get(map, "c")->type, JSON_TRUE);
  cr_assert_eq(json_get(map, "d")->type, JSON_FALSE);
  cr_assert_eq(json_get(root, "e")->type, JSON_NULL);
}

Test(json, looks_up_keys) {
  const json_node *root = s_read("{\"a\":1,\"ab\":2,\"a\":3,\"\":4}");
  s_expect_text(json_get(root, "a"), JSON_NUMBER, "1");
  s_expect_text(json_get(root, "ab"), JSON_NUMBER, "2");
  s_expect_text(json_get(root, ""), JSON_NUMBER, "4");
  cr_assert_null(json_get(root, "abc"));
  cr_assert_null(json_get(NULL, "a"));
  cr_assert_null(json_get(s_read("[\"a\",1]"), "a"));
}

Test(json, compares_strings_whole) {
  const json_node *root = s_read("[\"buy\",\"buys\",1]");
  const json_node *item = json_first(root);
  cr_assert(json_is(item, "buy"));
  cr_assert_not(json_is(item, "bu"));
  cr_assert_not(json_is(json_next(item), "buy"));
  cr_assert_not(json_is(json_next(json_next(item)), "1"));
  cr_assert_not(json_is(NULL, ""));
}

Test(json, keeps_numbers_digit_for_digit) {
  static const char *const numbers[] = {"0",
                                        "-0",
                                        "1e5",
                                        "1E-7",
                                        "1.50E+003",
                                        "0.10",
                                        "-12.5",
                                        "1e400",
                                        "12345678901234567890.123",
                                        "99999999999999999999999999999999999999"};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    char text[128];
    s_expect_text(s_read(numbers[i]), JSON_NUMBER, numbers[i]);
    snprintf(text, sizeof text, "[%s]", numbers[i]);
    s_expect_text(json_first(s_read(text)), JSON_NUMBER, numbers[i]);
    snprintf(text, sizeof text, "{\"k\" : %s \r\n\t}", numbers[i]);
    s_expect_text(json_get(s_read(text), "k"), JSON_NUMBER, numbers[i]);
  }
}

Test(json, unescapes_strings) {
  static const struct {
    const char *json, *text;
  } rows[] = {
      {"\"\"", ""},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
      {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
      {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
      {"\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80"},
      {"\"a string that is longer than one vector of bytes: \\u0041, and then some more of it\"",
       "a string that is longer than one vector of bytes: A, and then some more of it"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    s_expect_text(s_read(rows[i].json), JSON_STRING, rows[i].text);
  const json_node *nul = s_read("\"a\\u0000b\"");
  cr_assert(nul->size == 3 && memcmp(nul->text, "a\0b", 3) == 0);
  cr_assert(json_is(json_get(s_read("{\"\\u0061\\n\":\"x\"}"), "a\n"), "x"));
}

Test(json, refuses_what_is_not_json) {
  static const char *const rows[] = {
      "",
      " ",
      "[",
      "]",
      "{",
      "}",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1}",
      "{]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\" 1}",
      "{1:2}",
      "{\"a\":1,}",
      "{,}",
      "{a:1}",
      "{\"a\":1 \"b\":2}",
      "[[1]",
      "[{}",
      "{\"a\":{}",
      "{\"a\":[}",
      "[{]}",
      "[]]",
      "{}}",
      "{} {}",
      "[] 1",
      "1 1",
      "1,",
      "\"a\" 1",
      "\"a\"\"b\"",
      "\"a",
      "a",
      "'a'",
      "tru",
      "truee",
      "True",
      "nul",
      "nulll",
      "fals",
      "NaN",
      "Infinity",
      "[true\"a\"]",
      "[1\"a\"]",
      "01",
      "1.",
      ".5",
      "-",
      "+1",
      "1e",
      "1e+",
      "-.5",
      "--1",
      "0x10",
      "1_000",
      "[01]",
      "[1.]",
      "[-]",
      "{\"a\":1.e5}",
      "// c\n1",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"a\nb\"",
      "\"a\tb\"",
      "\"\x01\"",
      "1\f",
      "\xef\xbb\xbf",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_expect_eq(s_status(rows[i]), HBUS_MALFORMED, "not refused: %s", rows[i]);
}

Test(json, refuses_a_nul_behind_the_document) {
  const json_node *root = NULL;
  cr_assert_eq(json_read(s_reader, "1\0", 2, &root), HBUS_MALFORMED);
  cr_assert_eq(json_read(s_reader, "[]\0", 3, &root), HBUS_MALFORMED);
  cr_assert_eq(json_read(s_reader, "\"a\"\0", 4, &root), HBUS_MALFORMED);
  cr_assert_null(root);
}

/* Half a surrogate pair stands for no character: simdjson refuses it, and so do we. */
Test(json, refuses_lone_surrogates) {
  static const char *const rows[] = {"\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"",
                                     "{\"\\ud83d\":1}"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_expect_eq(s_status(rows[i]), HBUS_MALFORMED, "not refused: %s", rows[i]);
}

Test(json, refuses_bad_utf8) {
  static const char *const rows[] = {
      "\"\x80\"", "\"\xc3\"",        "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
      "\"\xff\"", "{\"\xe2\x82\":1}"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    cr_expect_eq(s_status(rows[i]), HBUS_MALFORMED, "row %zu", i);
}

Test(json, bounds_depth) {
  char text[SIZE_MAX_TEST];
  for (int filled = 0; filled < 2; filled++) {
    s_nest(text, HBUS_DEPTH_MAX, filled);
    cr_assert_eq(s_status(text), HBUS_OK);
    s_nest(text, HBUS_DEPTH_MAX + 1, filled);
    cr_assert_eq(s_status(text), HBUS_TOO_DEEP);
    s_nest(text, 1500, filled);
    cr_assert_eq(s_status(text), HBUS_TOO_DEEP);
  }
}

Test(json, bounds_size) {
  char text[SIZE_MAX_TEST + 1];
  const json_node *root = NULL;
  memset(text, ' ', sizeof text);
  text[0] = '1';
  cr_assert_eq(json_read(s_reader, text, SIZE_MAX_TEST, &root), HBUS_OK);
  cr_assert_eq(json_read(s_reader, text, SIZE_MAX_TEST + 1, &root), HBUS_TOO_BIG);
}

Test(json, grows_to_many_nodes) {
  char text[SIZE_MAX_TEST] = "[0";
  size_t size = 2;
  while (size + 3 < sizeof text)
    size += (size_t)snprintf(text + size, sizeof text - size, ",%zu", size % 10);
  text[size++] = ']';
  const json_node *root = NULL;
  cr_assert_eq(json_read(s_reader, text, size, &root), HBUS_OK);
  cr_assert_eq(root->size, (size - 1) / 2);
  cr_assert_eq(root->next, root->size + 1);
  const json_node *item = json_first(root);
  for (uint32_t i = 1; i < root->size; i++) {
    item = json_next(item);
    cr_assert_eq(item->text[0], (char)('0' + 2 * i % 10));
  }
}

Test(json, is_whole_again_after_a_refusal) {
  cr_assert_eq(s_status("{\"a\":[1,2,"), HBUS_MALFORMED);
  s_expect_text(json_get(s_read("{\"a\":\"b\"}"), "a"), JSON_STRING, "b");
}

/* The text may end at the end of a page: nothing behind it is ours to read. */
Test(json, reads_no_byte_behind_the_text_and_survives_every_truncation) {
  static const char document[] =
      "{\"type\":\"order_book_update\",\"data\":{\"bids\":[[\"14.7693\",\"27.51\"]],\"n\":-1.5e+3,\"u\":\"\\u20ac\"}}";
  size_t size = sizeof document - 1;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(map, MAP_FAILED);
  cr_assert_eq(mprotect(map + page, page, PROT_NONE), 0);
  for (size_t cut = 0; cut <= size; cut++) {
    const json_node *root = NULL;
    memcpy(map + page - cut, document, cut);
    hbus_status status = json_read(s_reader, map + page - cut, cut, &root);
    cr_assert_eq(status, cut == size ? HBUS_OK : HBUS_MALFORMED, "cut at %zu", cut);
  }
  munmap(map, 2 * page);
}

Test(json, survives_every_corrupted_byte) {
  static const char document[] = "{\"a\":[{\"b\":\"\\u20ac\\n\",\"c\":[1,-2.5e3,true,null]},\"x\"],\"d\":{}}";
  char text[sizeof document];
  for (size_t at = 0; at + 1 < sizeof document; at++) {
    for (int byte = 0; byte < 256; byte++) {
      const json_node *root = NULL;
      memcpy(text, document, sizeof document);
      text[at] = (char)byte;
      if (json_read(s_reader, text, sizeof document - 1, &root) == HBUS_OK) cr_assert_eq(root->type, JSON_OBJECT);
    }
  }
}
