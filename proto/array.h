/* Arrays of msgpack as arrays of structs: one check and one loop for all of them. */
#ifndef PROTO_ARRAY_H
#define PROTO_ARRAY_H

#include <msgpack.h>

#include "hbus/types.h"

typedef struct array_kind {
  const char *key; /* how an error names it */
  uint32_t max;    /* elements */
  msgpack_object_type type;
  const char *type_text; /* what each element must be: "a map" */
  size_t item_size;
  /* Fills a zeroed struct from an element of that type; `error` need not say which one it is. */
  hbus_status (*unpack)(const msgpack_object *element, void *item, hbus_error *error);
} array_kind;

/* Reads into `items`, which has room for kind->max structs. HBUS_MALFORMED: no array, or an element that is not what it
 * should be; HBUS_TOO_BIG: too many, or too long; `error` names the array and the element. */
hbus_status array_unpack(const array_kind *kind, const msgpack_object *array, void *items, size_t *count,
                         hbus_error *error);

/* Memory for structs, reused from call to call: zeroed at first. It never grows past kind->max structs. */
typedef struct array_store {
  void *items;
  size_t size; /* bytes */
} array_store;

void array_store_free(array_store *self);

/* The same into a store, which the next call overwrites. HBUS_NO_MEMORY. */
hbus_status array_unpack_stored(const array_kind *kind, const msgpack_object *array, array_store *store, size_t *count,
                                hbus_error *error);

#endif
