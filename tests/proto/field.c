/* The generic reader and writer on a struct of one field of each type. */
#include "proto/field.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/message.h"

typedef struct thing {
  hbus_name name;
  hbus_text text;
  hbus_decimal number;
  hbus_side side;
  hbus_side open_side;
  hbus_status code;
  uint64_t count;
  bool flag;
  bool truth;
  uint64_t always;
  hbus_bytes bin;
  hbus_bytes raw;
  hbus_bytes list;
  const msgpack_object *object;
} thing;

static const field s_fields[] = {
    {.key = "v", .key_size = 1, .type = FIELD_VERSION, .flags = FIELD_REQUIRED},
    FIELD_NAME_ROW(thing, name, FIELD_REQUIRED),
    FIELD_ROW(thing, text, "text", .type = FIELD_TEXT, .max = 4),
    FIELD_DECIMAL_ROW(thing, number, FIELD_IN_REPLY),
    FIELD_ENUM_ROW(thing, side, names_side, 0),
    FIELD_OPEN_ENUM_ROW(thing, open_side, names_side, 0),
    FIELD_ROW(thing, code, "code", .type = FIELD_CODE),
    FIELD_ROW(thing, count, "count", .type = FIELD_UNSIGNED, .min = 3, .max = 5),
    FIELD_ROW(thing, flag, "flag", .type = FIELD_FLAG),
    FIELD_ROW(thing, truth, "truth", .type = FIELD_BOOL),
    FIELD_ROW(thing, always, "always", .type = FIELD_COUNT, .max = 7),
    FIELD_ROW(thing, bin, "bin", .type = FIELD_BIN, .max = 3),
    FIELD_ROW(thing, raw, "raw", .type = FIELD_RAW, .max = 4),
    FIELD_ROW(thing, list, "list", .type = FIELD_ARRAY, .max = 2),
    FIELD_ROW(thing, object, "object", .type = FIELD_OBJECT),
};
static const field_table s_table = {s_fields, sizeof s_fields / sizeof s_fields[0]};

static const thing s_full = {.name = "n",
                             .text = {"text", 4},
                             .number = {3, "1.0"},
                             .side = HBUS_BUY,
                             .open_side = HBUS_SELL,
                             .code = HBUS_HALTED,
                             .count = 4,
                             .flag = true,
                             .truth = true,
                             .always = 7,
                             .bin = {(const uint8_t *)"\x00\x01\x02", 3},
                             .raw = {(const uint8_t *)"\xa3ray", 4},
                             .list = {(const uint8_t *)"\x92\x01\xa0", 3}};
enum { WRITTEN = 14 }; /* rows that are written: all but the object */

static hbus_status s_read(const buffer *in, thing *out, hbus_error *error) {
  msgpack_zone zone;
  msgpack_object_map map;
  cr_assert(msgpack_zone_init(&zone, 1024));
  cr_assert_eq(message_read(in->data, in->size, HBUS_FRAME_MAX, &zone, &map, NULL), HBUS_OK);
  hbus_status status = field_unpack_map(&s_table, &map, out, error);
  if (status == HBUS_OK) status = field_unpack_raw(&s_table, FIELD_ALL, (hbus_bytes){in->data, in->size}, out, error);
  out->object = NULL; /* it lay in the zone */
  msgpack_zone_destroy(&zone);
  return status;
}

Test(field, every_type_makes_the_round_trip) {
  buffer out;
  thing read = {0};
  buffer_init(&out, 1000);
  cr_assert_eq(field_pack(&s_table, FIELD_ALL, FIELD_FIRST(WRITTEN), &s_full, 0, &out), HBUS_OK);
  cr_assert_eq(s_read(&out, &read, NULL), HBUS_OK);
  cr_assert(field_equal(&s_table, FIELD_FIRST(WRITTEN), &s_full, &read));
  cr_assert(read.raw.data > out.data && read.raw.data < out.data + out.size, "borrowed from where it was read");
  buffer_free(&out);
}

Test(field, every_difference_is_seen) {
  thing others[WRITTEN - 1];
  for (size_t i = 0; i < WRITTEN - 1; i++)
    others[i] = s_full;
  others[0].name[0] = 'm';
  others[1].text.data = "texx";
  others[2].number = (hbus_decimal){3, "1.1"};
  others[3].side = HBUS_SELL;
  others[4].open_side = HBUS_BUY;
  others[5].code = HBUS_EXPIRED;
  others[6].count = 5;
  others[7].flag = false;
  others[8].truth = false;
  others[9].always = 0;
  others[10].bin.size = 2;
  others[11].raw.data = (const uint8_t *)"\xa3rax";
  others[12].list.data = (const uint8_t *)"\x92\x02\xa0";
  for (unsigned i = 0; i < WRITTEN - 1; i++) {
    field_set bit = (field_set)1 << (i + 1);
    cr_assert_not(field_equal(&s_table, bit, &s_full, &others[i]), "%s", s_fields[i + 1].key);
    cr_assert(field_equal(&s_table, (FIELD_FIRST(WRITTEN)) & ~bit, &s_full, &others[i]), "%s", s_fields[i + 1].key);
  }
  thing same = s_full;
  same.number = (hbus_decimal){1, "1"};
  cr_assert(field_equal(&s_table, 1 << 3, &s_full, &same), "decimals by value");
  same.number = (hbus_decimal){0};
  cr_assert_not(field_equal(&s_table, 1 << 3, &s_full, &same));
}

Test(field, only_what_is_there_and_asked_for_is_written) {
  buffer out;
  buffer_init(&out, 1000);
  thing sparse = {.name = "n"};
  cr_assert_eq(field_pack(&s_table, FIELD_ALL, 0, &sparse, 2, &out), HBUS_OK);
  static const char written[] = "\x86\xa1v\x01\xa4name\xa1n\xa5truth\xc2\xa6"
                                "always\x00";
  cr_assert_eq(out.size, sizeof written - 1);
  cr_assert_eq(memcmp(out.data, written, out.size), 0);
  buffer_reset(&out);
  cr_assert_eq(field_pack(&s_table, 1 << 3 | 1 << 4, 0, &s_full, 0, &out), HBUS_OK);
  cr_assert_eq(memcmp(out.data,
                      "\x82\xa6number\xa3"
                      "1.0\xa4side\xa3"
                      "buy",
                      out.size),
               0);
  buffer_reset(&out);
  cr_assert_eq(field_pack(&s_table, FIELD_ALL, 1 << 4, &sparse, 0, &out), HBUS_MALFORMED);
  cr_assert_eq(out.size, 0);
  buffer_free(&out);
}

static void s_expect(const char *bytes, size_t size, hbus_status status, const char *text) {
  thing read = {0};
  hbus_error error = {0};
  buffer in = {.data = (uint8_t *)(uintptr_t)bytes, .size = size};
  cr_assert_eq(s_read(&in, &read, &error), status, "%s", error.text);
  cr_assert_str_eq(error.text, text);
}

#define EXPECT(literal, status, text) s_expect((literal), sizeof(literal) - 1, (status), (text))

Test(field, complaints_are_sentences) {
  EXPECT("\x80", HBUS_MALFORMED, "'v' is missing");
  EXPECT("\x81\xa1v\x01", HBUS_MALFORMED, "'name' is missing");
  EXPECT("\x81\xa1v\x02", HBUS_MALFORMED, "'v' must be 1");
  EXPECT("\x82\xa1v\x01\xa1v\x01", HBUS_MALFORMED, "'v' is there twice");
  EXPECT("\x81\xa4name\x01", HBUS_MALFORMED, "'name' must be a string");
  EXPECT("\x81\xa4name\xa0", HBUS_MALFORMED, "'name' is empty");
  EXPECT("\x81\xa4name\xa1\x1b", HBUS_MALFORMED, "'name' has a control character in it");
  EXPECT("\x81\xa4text\xa5"
         "12345",
         HBUS_TOO_BIG, "'text' is too long: 5 bytes, at most 4");
  EXPECT("\x81\xa6number\xa1x", HBUS_MALFORMED, "'number' must be a decimal string");
  EXPECT("\x81\xa4side\xa4hold", HBUS_MALFORMED, "'side' must be one of buy, sell; got \"hold\"");
  EXPECT("\x81\xa4side\xd9\x21"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9",
         HBUS_MALFORMED, "'side' must be one of buy, sell; got \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
  EXPECT("\x81\xa5"
         "count\x02",
         HBUS_MALFORMED, "'count' must be an integer from 3 to 5");
  EXPECT("\x81\xa5"
         "count\x06",
         HBUS_MALFORMED, "'count' must be an integer from 3 to 5");
  EXPECT("\x81\xa4"
         "flag\x01",
         HBUS_MALFORMED, "'flag' must be true or false");
  EXPECT("\x81\xa6"
         "always\x08",
         HBUS_MALFORMED, "'always' must be an integer from 0 to 7");
  EXPECT("\x81\xa3"
         "bin\xa1x",
         HBUS_MALFORMED, "'bin' must be bytes (bin)");
  EXPECT("\x81\xa3"
         "bin\xc4\x04"
         "1234",
         HBUS_TOO_BIG, "'bin' is too long: 4 bytes, at most 3");
  EXPECT("\x83\xa1v\x01\xa4name\xa1n\xa3raw\xa4yyyy", HBUS_TOO_BIG, "'raw' is too long: 5 bytes, at most 4");
  EXPECT("\x81\xa4list\x80", HBUS_MALFORMED, "'list' must be an array");
  EXPECT("\x81\xa4list\x93\x01\x02\x03", HBUS_TOO_BIG, "'list' has 3 elements, at most 2");
}

Test(field, names_that_came_later_read_as_absent) {
  thing read = {.open_side = HBUS_BUY};
  static const uint8_t bytes[] = "\x84\xa1v\x01\xa4name\xa1n\xa9open_side\xa4hold\xa4"
                                 "code\xa3NEW";
  buffer in = {.data = (uint8_t *)(uintptr_t)bytes, .size = sizeof bytes - 1};
  cr_assert_eq(s_read(&in, &read, NULL), HBUS_OK);
  cr_assert_eq(read.open_side, HBUS_SIDE_NONE);
  cr_assert_eq(read.code, HBUS_INTERNAL);
}

Test(field, sets_are_chosen_by_flags) {
  cr_assert_eq(field_select(&s_table, FIELD_REQUIRED), 3);
  cr_assert_eq(field_select(&s_table, FIELD_IN_REPLY), 1 << 3);
  cr_assert_eq(field_select(&s_table, FIELD_REQUIRED | FIELD_IN_REPLY), 11);
  cr_assert_eq(field_select(&s_table, 0), 0);
}

Test(field, what_is_packed_already_is_not_believed) {
  static const char *const bad[] = {"\xa3ra", "\x91", "\x01\x02", "\xc1"};
  buffer out;
  buffer_init(&out, 1000);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    thing wrong = {.raw = {(const uint8_t *)bad[i], strlen(bad[i])}};
    cr_expect_eq(field_pack(&s_table, FIELD_ALL, 0, &wrong, 0, &out), HBUS_MALFORMED, "case %zu", i);
    wrong = (thing){.list = wrong.raw};
    cr_expect_eq(field_pack(&s_table, FIELD_ALL, 0, &wrong, 0, &out), HBUS_MALFORMED, "case %zu", i);
    cr_expect_eq(out.size, 0);
  }
  buffer_free(&out);
}

Test(field, a_set_holds_the_last_of_64_fields) {
  static field rows[FIELDS_MAX];
  static char keys[FIELDS_MAX][2];
  for (unsigned i = 0; i < FIELDS_MAX; i++) {
    keys[i][0] = (char)('0' + i); /* one byte each, all different */
    rows[i] = (field){.key = keys[i], .key_size = 1, .type = FIELD_UNSIGNED, .offset = (uint16_t)(8 * i), .max = 99};
  }
  const field_table table = {rows, FIELDS_MAX};
  uint64_t values[FIELDS_MAX] = {[31] = 31, [32] = 32, [63] = 63}, read[FIELDS_MAX] = {0};
  buffer out;
  buffer_init(&out, 1000);
  cr_assert_eq(field_pack(&table, FIELD_ALL, (field_set)1 << 62, values, 0, &out), HBUS_MALFORMED, "one is missing");
  cr_assert_eq(field_pack(&table, FIELD_ALL, (field_set)1 << 63, values, 0, &out), HBUS_OK);
  msgpack_zone zone;
  msgpack_object_map map;
  field_set seen = 0;
  cr_assert(msgpack_zone_init(&zone, 1024));
  cr_assert_eq(message_read(out.data, out.size, HBUS_FRAME_MAX, &zone, &map, NULL), HBUS_OK);
  cr_assert_eq(field_unpack(&table, FIELD_ALL, &map, read, &seen, NULL), HBUS_OK);
  cr_assert_eq(seen, (field_set)1 << 31 | (field_set)1 << 32 | (field_set)1 << 63);
  cr_assert(field_equal(&table, FIELD_ALL, values, read));
  hbus_error error = {0};
  cr_assert_eq(field_require(&table, (field_set)1 << 62, seen, &error), HBUS_MALFORMED);
  cr_assert_str_eq(error.text, "'n' is missing"); /* '0' + 62 */
  msgpack_zone_destroy(&zone);
  buffer_free(&out);
}
