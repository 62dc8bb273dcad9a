/* Structs as msgpack maps, by tables: one row for each field says its key, its kind and where it lies in the struct.
 * Records, the envelopes of events and replies, and the arguments of commands are all read and written by these calls.
 */
#ifndef PROTO_FIELD_H
#define PROTO_FIELD_H

#include <msgpack.h>

#include "hbus/types.h"
#include "proto/buffer.h"
#include "proto/names.h"

typedef enum field_type {
  FIELD_VERSION,   /* not in the struct: HBUS_PROTOCOL_VERSION, and nothing else is read */
  FIELD_NAME,      /* char[max + 1]: not empty, no control characters */
  FIELD_TEXT,      /* hbus_text, borrowed, min (0 or 1) to max bytes; a longer one is cut on packing */
  FIELD_DECIMAL,   /* hbus_decimal */
  FIELD_ENUM,      /* an enumeration with absent 0, by its name */
  FIELD_OPEN_ENUM, /* the same; a name that a later version may have added reads as absent */
  FIELD_CODE,      /* hbus_status, absent HBUS_OK, by its name; one that is not known reads as HBUS_INTERNAL */
  FIELD_UNSIGNED,  /* uint64_t, absent 0, min to max */
  FIELD_COUNT,     /* uint64_t, always written, up to max */
  FIELD_FLAG,      /* bool, written only when true */
  FIELD_BOOL,      /* bool, always written */
  FIELD_BIN,       /* hbus_bytes, borrowed: msgpack's bin, up to max bytes */
  FIELD_RAW,       /* hbus_bytes, borrowed: any one value as it stands, up to max bytes; see field_unpack_raw */
  FIELD_ARRAY,     /* hbus_bytes, borrowed: the same, an array of up to max elements */
  FIELD_OBJECT     /* const msgpack_object *, whatever it is; read only: its writing is the caller's */
} field_type;

enum { FIELD_REQUIRED = 1, FIELD_IN_REPLY = 2 /* its place in an event is the envelope */ };

typedef struct field {
  const char *key;
  uint8_t key_size;
  uint8_t type; /* field_type */
  uint8_t flags;
  uint16_t offset;
  uint64_t min, max; /* bytes, elements, or values */
  const name_table *names;
} field;

#define FIELDS_MAX 64

typedef struct field_table {
  const field *fields;
  unsigned count; /* at most FIELDS_MAX */
} field_table;

/* A set of a table's fields: bit i is field i. */
typedef uint64_t field_set;
#define FIELD_ALL          UINT64_MAX
#define FIELD_FIRST(count) (FIELD_ALL >> (FIELDS_MAX - (count))) /* the first `count` rows, 1 to FIELDS_MAX */

#define FIELD_NUMBER_MAX ((UINT64_C(1) << 53) - 1) /* epochs and sequence numbers stay exact in every language */

/* Rows of tables. */
#define FIELD_ROW(struct_, member, key_, ...)                                                                          \
  { .key = (key_), .key_size = sizeof(key_) - 1, .offset = offsetof(struct_, member), __VA_ARGS__ }
#define FIELD_NAME_ROW(struct_, member, flags_)                                                                        \
  FIELD_ROW(struct_, member, #member, .type = FIELD_NAME, .max = sizeof(((struct_ *)0)->member) - 1, .flags = (flags_))
#define FIELD_DECIMAL_ROW(struct_, member, flags_)                                                                     \
  FIELD_ROW(struct_, member, #member, .type = FIELD_DECIMAL, .flags = (flags_))
#define FIELD_ENUM_ROW(struct_, member, names_, flags_)                                                                \
  FIELD_ROW(struct_, member, #member, .type = FIELD_ENUM, .names = &(names_), .flags = (flags_))
#define FIELD_OPEN_ENUM_ROW(struct_, member, names_, flags_)                                                           \
  FIELD_ROW(struct_, member, #member, .type = FIELD_OPEN_ENUM, .names = &(names_), .flags = (flags_))
#define FIELD_UNSIGNED_ROW(struct_, member, key_, max_, flags_)                                                        \
  FIELD_ROW(struct_, member, key_, .type = FIELD_UNSIGNED, .max = (max_), .flags = (flags_))
#define FIELD_NUMBER_ROW(struct_, member, key_, flags_)                                                                \
  FIELD_ROW(struct_, member, key_, .type = FIELD_UNSIGNED, .min = 1, .max = FIELD_NUMBER_MAX, .flags = (flags_))
#define FIELD_TEXT_ROW(struct_, member) FIELD_ROW(struct_, member, #member, .type = FIELD_TEXT, .max = HBUS_MESSAGE_MAX)

/* The fields with any of `flags`. */
field_set field_select(const field_table *table, unsigned flags);

/* Appends a map of those fields of `which` that are present, in the table's order. Its header counts `more` pairs
 * beside them, which the caller appends. With nothing written, HBUS_MALFORMED when a field of `required` is absent or a
 * FIELD_RAW or FIELD_ARRAY is not one whole value; else the buffer's status. */
hbus_status field_pack(const field_table *table, field_set which, field_set required, const void *record, size_t more,
                       buffer *out);

/* Reads those fields of `which` that the map has into a zeroed struct, and adds them to *seen. Other keys are ignored.
 * HBUS_MALFORMED: twice there, of the wrong kind, or not understood. HBUS_TOO_BIG: too long. `error` names the field.
 */
hbus_status field_unpack(const field_table *table, field_set which, const msgpack_object_map *map, void *record,
                         field_set *seen, hbus_error *error);

/* The second half of reading a FIELD_RAW or a FIELD_ARRAY, which the msgpack objects do not have the bytes of: sets
 * those of `which` that `map`, the bytes of the map that field_unpack has read, has at its top level. HBUS_TOO_BIG:
 * more than max bytes. What is set points into `map`. */
hbus_status field_unpack_raw(const field_table *table, field_set which, hbus_bytes map, void *record,
                             hbus_error *error);

/* HBUS_MALFORMED, naming the first one, when a field of `required` is not in `seen`. */
hbus_status field_require(const field_table *table, field_set required, field_set seen, hbus_error *error);

/* All fields of a map, and that none with FIELD_REQUIRED is missing. */
hbus_status field_unpack_map(const field_table *table, const msgpack_object_map *map, void *record, hbus_error *error);

/* The same for the value of key `what`, which must be a map. */
hbus_status field_unpack_record(const field_table *table, const char *what, const msgpack_object *object, void *record,
                                hbus_error *error);

/* Whether text can stand in a FIELD_NAME of `max` bytes: not empty, no control characters. It is UTF-8 already. */
bool field_is_name(const char *text, size_t size, size_t max);

/* Whether the fields of `which` are equal in two structs, decimals by value. Not for FIELD_OBJECT. */
bool field_equal(const field_table *table, field_set which, const void *a, const void *b);

#endif
