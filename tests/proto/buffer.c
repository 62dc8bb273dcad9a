#include "proto/buffer.h"

#include <criterion/criterion.h>
#include <string.h>

Test(buffer, holds_what_was_appended) {
  buffer self;
  buffer_init(&self, 1 << 20);
  for (int i = 0; i < 10000; i++)
    cr_assert_eq(buffer_append(&self, &(uint8_t){(uint8_t)i}, 1), HBUS_OK);
  cr_assert_eq(self.size, 10000);
  for (int i = 0; i < 10000; i++)
    cr_assert_eq(self.data[i], (uint8_t)i);
  buffer_free(&self);
  cr_assert_null(self.data);
}

Test(buffer, grows_to_its_limit_and_no_further) {
  uint8_t bytes[301] = {0};
  buffer self;
  buffer_init(&self, 300);
  cr_assert_eq(buffer_append(&self, bytes, 299), HBUS_OK);
  cr_assert_eq(buffer_append(&self, bytes, 1), HBUS_OK);
  cr_assert_leq(self.capacity, 300);
  cr_assert_eq(buffer_append(&self, bytes, 1), HBUS_TOO_BIG);
  cr_assert_eq(self.size, 300);
  buffer_reset(&self);
  cr_assert_eq(buffer_append(&self, bytes, 301), HBUS_TOO_BIG);
  buffer_free(&self);
}

Test(buffer, keeps_the_first_failure_until_reset) {
  buffer self;
  buffer_init(&self, 4);
  cr_assert_eq(buffer_append(&self, "12345", 5), HBUS_TOO_BIG);
  cr_assert_eq(buffer_append(&self, "1", 1), HBUS_TOO_BIG);
  cr_assert_eq(self.size, 0);
  cr_assert_eq(self.status, HBUS_TOO_BIG);
  buffer_reset(&self);
  cr_assert_eq(self.status, HBUS_OK);
  cr_assert_eq(buffer_append(&self, "1234", 4), HBUS_OK);
  cr_assert_eq(memcmp(self.data, "1234", 4), 0);
  buffer_free(&self);
}

Test(buffer, makes_room_without_counting_it) {
  buffer self;
  buffer_init(&self, 1000);
  cr_assert_eq(buffer_reserve(&self, 700), HBUS_OK);
  cr_assert_eq(self.size, 0);
  cr_assert_geq(self.capacity, 700);
  cr_assert_eq(buffer_reserve(&self, 1001), HBUS_TOO_BIG);
  buffer_free(&self);
}

Test(buffer, an_empty_append_needs_no_data) {
  buffer self;
  buffer_init(&self, 10);
  cr_assert_eq(buffer_append(&self, NULL, 0), HBUS_OK);
  cr_assert_eq(self.size, 0);
  buffer_free(&self);
}

Test(buffer, takes_back_what_came_last) {
  buffer self;
  buffer_init(&self, 10);
  buffer_append(&self, "abcdef", 6);
  buffer_truncate(&self, 2);
  buffer_append(&self, "X", 1);
  cr_assert_eq(self.size, 3);
  cr_assert_eq(memcmp(self.data, "abX", 3), 0);
  buffer_free(&self);
}
