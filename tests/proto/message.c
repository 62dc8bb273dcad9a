#include "proto/message.h"

#include <criterion/criterion.h>
#include <string.h>

static hbus_status s_read(const char *bytes, size_t size, size_t size_max, uint32_t *pairs, hbus_error *error) {
  msgpack_zone zone;
  msgpack_object_map map = {0};
  cr_assert(msgpack_zone_init(&zone, 1024));
  hbus_status status = message_read((const uint8_t *)bytes, size, size_max, &zone, &map, error);
  *pairs = map.size;
  msgpack_zone_destroy(&zone);
  return status;
}

#define READ(literal, error) s_read((literal), sizeof(literal) - 1, 64, &(uint32_t){0}, (error))

Test(message, a_map_with_keys_of_text_is_read) {
  uint32_t pairs;
  cr_assert_eq(s_read("\x82\xa1"
                      "a\x01\xa1"
                      "b\x80",
                      7, 64, &pairs, NULL),
               HBUS_OK);
  cr_assert_eq(pairs, 2);
  cr_assert_eq(s_read("\x80", 1, 64, &pairs, NULL), HBUS_OK);
  cr_assert_eq(pairs, 0);
}

Test(message, its_size_has_a_limit) {
  hbus_error error;
  uint32_t pairs;
  cr_assert_eq(s_read("\x80\x80", 2, 1, &pairs, &error), HBUS_TOO_BIG);
  cr_assert_str_eq(error.text, "the frame has 2 bytes, at most 1");
}

Test(message, what_is_no_map_is_refused) {
  hbus_error error;
  cr_assert_eq(READ("", &error), HBUS_TRUNCATED);
  cr_assert_eq(READ("\x81\xa1"
                    "a",
                    &error),
               HBUS_TRUNCATED);
  cr_assert_eq(READ("\xc1", &error), HBUS_MALFORMED);
  cr_assert_not_null(strstr(error.text, "not msgpack"));
  cr_assert_eq(READ("\x90", &error), HBUS_MALFORMED);
  cr_assert_str_eq(error.text, "the frame is not a map");
  cr_assert_eq(READ("\xa1"
                    "a",
                    &error),
               HBUS_MALFORMED);
  cr_assert_eq(READ("\x81\x01\x02", &error), HBUS_MALFORMED);
  cr_assert_str_eq(error.text, "the frame has a key that is not a string");
  cr_assert_eq(READ("\x81\xc4\x01z\x02", &error), HBUS_MALFORMED);
}
