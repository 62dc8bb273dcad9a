/* Arrays: what each element is, is said by its kind. */
#include "proto/array.h"

#include <stdlib.h>
#include <string.h>

/* Whether it is an array of no more elements than it may have: before any memory is taken for them. */
static hbus_status s_check(const array_kind *kind, const msgpack_object *array, hbus_error *error) {
  if (array->type != MSGPACK_OBJECT_ARRAY) return hbus_fail(error, HBUS_MALFORMED, "'%s' must be an array", kind->key);
  if (array->via.array.size > kind->max)
    return hbus_fail(error, HBUS_TOO_BIG, "'%s' has %u elements, at most %u", kind->key, array->via.array.size,
                     kind->max);
  return HBUS_OK;
}

static hbus_status s_unpack(const array_kind *kind, const msgpack_object_array *array, void *items, hbus_error *error) {
  if (array->size > 0) memset(items, 0, array->size * kind->item_size);
  for (uint32_t i = 0; i < array->size; i++) {
    if (array->ptr[i].type != kind->type)
      return hbus_fail(error, HBUS_MALFORMED, "'%s': element %u must be %s", kind->key, i, kind->type_text);
    hbus_error cause = {0};
    hbus_status status = kind->unpack(&array->ptr[i], (char *)items + i * kind->item_size, &cause);
    if (status != HBUS_OK) return hbus_fail(error, status, "'%s': element %u: %s", kind->key, i, cause.text);
  }
  return HBUS_OK;
}

hbus_status array_unpack(const array_kind *kind, const msgpack_object *array, void *items, size_t *count,
                         hbus_error *error) {
  hbus_status status = s_check(kind, array, error);
  if (status == HBUS_OK) status = s_unpack(kind, &array->via.array, items, error);
  if (status == HBUS_OK) *count = array->via.array.size;
  return status;
}

void array_store_free(array_store *self) {
  free(self->items);
  *self = (array_store){0};
}

static hbus_status s_reserve(array_store *self, size_t size) {
  if (size <= self->size) return HBUS_OK;
  void *items = realloc(self->items, size);
  if (!items) return HBUS_NO_MEMORY;
  *self = (array_store){.items = items, .size = size};
  return HBUS_OK;
}

hbus_status array_unpack_stored(const array_kind *kind, const msgpack_object *array, array_store *store, size_t *count,
                                hbus_error *error) {
  hbus_status status = s_check(kind, array, error);
  if (status != HBUS_OK) return status;
  if (s_reserve(store, array->via.array.size * kind->item_size) != HBUS_OK)
    return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  status = s_unpack(kind, &array->via.array, store->items, error);
  if (status == HBUS_OK) *count = array->via.array.size;
  return status;
}
