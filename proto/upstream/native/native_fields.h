/* Objects of the native dialect as structs, by tables: a row for each field says its key, its kind, whether it must be
 * there and where it goes. What a table does not name is passed on.
 */
#ifndef PROTO_UPSTREAM_NATIVE_FIELDS_H
#define PROTO_UPSTREAM_NATIVE_FIELDS_H

#include "hbus/types.h"
#include "proto/buffer.h"
#include "proto/json.h"
#include "proto/upstream/native/native_words.h"

typedef enum native_type {
  NATIVE_NAME,    /* char[max + 1]: text without control characters */
  NATIVE_ID,      /* the same; a number is taken with its digits */
  NATIVE_TEXT,    /* hbus_text, borrowed, cut at HBUS_MESSAGE_MAX */
  NATIVE_DECIMAL, /* hbus_decimal, from a string, or from a number that needs no exponent */
  NATIVE_SECONDS, /* uint64_t ns, from unix seconds with a fraction, as a number or a string */
  NATIVE_WORD,    /* an enumeration */
  NATIVE_BOOL,    /* bool */
  NATIVE_VALUE    /* const json_node *, whatever it is */
} native_type;

typedef enum native_need {
  NATIVE_OPTIONAL, /* absent or null is absent; anything of the wrong kind is refused */
  NATIVE_REQUIRED,
  NATIVE_IF_FIT /* what is of the wrong kind is passed on as if the field were not known */
} native_need;

typedef struct native_field {
  const char *key;
  size_t key_size;
  native_type type;
  native_need need;
  size_t offset;
  size_t max; /* bytes of a name or an id */
  const native_word *words;
} native_field;

#define NATIVE_FIELDS_MAX 32

/* What one kind of object looks like. */
typedef struct native_shape {
  const native_field *fields;
  size_t count;                /* at most NATIVE_FIELDS_MAX */
  const char *const *own_keys; /* keys of hbus's record, ends with NULL: a field of upstream's may not pass as one */
  size_t extra_offset;         /* of the hbus_extra in the struct; NATIVE_NO_EXTRA: unknown fields are dropped */
} native_shape;

#define NATIVE_NO_EXTRA SIZE_MAX

/* Where an object stands in its frame, for a sentence. */
typedef struct native_place {
  const char *frame; /* "order_update" */
  const char *path;  /* "data" */
  size_t index;      /* in a list; NATIVE_NO_INDEX */
} native_place;

#define NATIVE_NO_INDEX SIZE_MAX

/* Fills `error` with "FRAME: PATH[INDEX].KEY " and what follows. `key` may be NULL. */
hbus_status native_fail(hbus_error *error, hbus_status status, const native_place *place, const char *key,
                        const char *what);

/* Reads `object` into the zeroed struct `record`. Unknown fields go to the end of `extra`; the struct's hbus_extra has
 * their count and size, and gets its pointer from native_extra_settle when all is read.
 * HBUS_MALFORMED: no object, or a field that is missing, wrong, or there twice. HBUS_TOO_BIG, HBUS_TOO_DEEP: unknown
 * fields past their bounds. */
hbus_status native_fields_read(const native_shape *shape, const json_node *object, void *record, buffer *extra,
                               const native_place *place, hbus_error *error);

/* The text of a string or a number into out[max + 1]. False: too long, or with control characters. */
bool native_name_read(const json_node *node, size_t max, char *out);
/* One value into a decimal, as NATIVE_DECIMAL says. False: it is none. */
bool native_decimal_read(const json_node *node, hbus_decimal *out);

#endif
