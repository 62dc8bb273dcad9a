#include "proto/array.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct number {
  uint64_t value;
  bool is_there;
} number;

static hbus_status s_unpack_number(const msgpack_object *element, void *item, hbus_error *error) {
  number *out = item;
  cr_assert_not(out->is_there, "it is zeroed");
  if (element->via.u64 == 7) return hbus_fail(error, HBUS_TOO_BIG, "seven is too much");
  *out = (number){.value = element->via.u64, .is_there = true};
  return HBUS_OK;
}

static const array_kind s_kind = {.key = "numbers",
                                  .max = 3,
                                  .type = MSGPACK_OBJECT_POSITIVE_INTEGER,
                                  .type_text = "a number",
                                  .item_size = sizeof(number),
                                  .unpack = s_unpack_number};

static msgpack_object s_number(uint64_t value) {
  return (msgpack_object){.type = MSGPACK_OBJECT_POSITIVE_INTEGER, .via.u64 = value};
}

static msgpack_object s_array(msgpack_object *elements, uint32_t count) {
  return (msgpack_object){.type = MSGPACK_OBJECT_ARRAY, .via.array = {count, elements}};
}

Test(array, is_read_into_the_callers_memory) {
  msgpack_object elements[] = {s_number(1), s_number(2), s_number(3)}, array = s_array(elements, 3);
  number numbers[3];
  memset(numbers, 0x5a, sizeof numbers);
  size_t count = 0;
  cr_assert_eq(array_unpack(&s_kind, &array, numbers, &count, NULL), HBUS_OK);
  cr_assert_eq(count, 3);
  cr_expect(numbers[0].value == 1 && numbers[1].value == 2 && numbers[2].value == 3);
}

Test(array, a_store_grows_and_is_used_again) {
  msgpack_object elements[] = {s_number(4), s_number(5), s_number(6)};
  array_store store = {0};
  size_t count = 77;
  for (uint32_t size = 0; size <= 3; size++) {
    msgpack_object array = s_array(elements, size);
    cr_assert_eq(array_unpack_stored(&s_kind, &array, &store, &count, NULL), HBUS_OK);
    cr_assert_eq(count, size);
    for (uint32_t i = 0; i < size; i++)
      cr_expect_eq(((number *)store.items)[i].value, 4 + i);
  }
  cr_expect_eq(store.size, 3 * sizeof(number));
  array_store_free(&store);
  array_store_free(&store);
  cr_expect_null(store.items);
}

Test(array, what_is_wrong_is_named) {
  msgpack_object elements[] = {s_number(1), s_number(7), s_number(3), s_number(4)};
  msgpack_object nothing = {.type = MSGPACK_OBJECT_NIL}, many = s_array(elements, 4), bad = s_array(elements, 3);
  number numbers[3];
  array_store store = {0};
  size_t count = 77;
  hbus_error error = {0};
  cr_expect_eq(array_unpack(&s_kind, &nothing, numbers, &count, &error), HBUS_MALFORMED);
  cr_expect_str_eq(error.text, "'numbers' must be an array");
  cr_expect_eq(array_unpack_stored(&s_kind, &many, &store, &count, &error), HBUS_TOO_BIG);
  cr_expect_str_eq(error.text, "'numbers' has 4 elements, at most 3");
  cr_expect_null(store.items, "before any memory is taken");
  cr_expect_eq(array_unpack(&s_kind, &bad, numbers, &count, &error), HBUS_TOO_BIG);
  cr_expect_str_eq(error.text, "'numbers': element 1: seven is too much");
  elements[0] = nothing;
  cr_expect_eq(array_unpack_stored(&s_kind, &bad, &store, &count, &error), HBUS_MALFORMED);
  cr_expect_str_eq(error.text, "'numbers': element 0 must be a number");
  cr_expect_eq(count, 77);
  array_store_free(&store);
}
