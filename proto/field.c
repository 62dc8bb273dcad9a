/* The one reader and the one writer of maps with known keys. */
#include "proto/field.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/frame.h"
#include "proto/pack.h"
#include "proto/utf8.h"

#define QUOTE_MAX 32 /* bytes of a wrong value that are shown to who sent it */

static const void *s_at(const field *self, const void *record) {
  return (const char *)record + self->offset;
}

/* An enumeration has the size of unsigned in every compiler that we build with; GCC's manual, 4.9, promises it. */
_Static_assert(sizeof(hbus_side) == sizeof(unsigned) && sizeof(hbus_status) == sizeof(unsigned), "enumerations");

static unsigned s_enum(const field *self, const void *record) {
  unsigned value;
  memcpy(&value, s_at(self, record), sizeof value);
  return value;
}

field_set field_select(const field_table *table, unsigned flags) {
  field_set set = 0;
  for (unsigned i = 0; i < table->count; i++)
    if (table->fields[i].flags & flags) set |= (field_set)1 << i;
  return set;
}

/* ---- writing ---- */

static bool s_is_present(const field *self, const void *record) {
  switch ((field_type)self->type) {
  case FIELD_NAME: return *(const char *)s_at(self, record) != '\0';
  case FIELD_TEXT: return ((const hbus_text *)s_at(self, record))->size > 0;
  case FIELD_DECIMAL: return !hbus_decimal_is_absent(s_at(self, record));
  case FIELD_ENUM:
  case FIELD_OPEN_ENUM:
  case FIELD_CODE: return s_enum(self, record) != 0;
  case FIELD_UNSIGNED: return *(const uint64_t *)s_at(self, record) != 0;
  case FIELD_FLAG: return *(const bool *)s_at(self, record);
  case FIELD_BIN:
  case FIELD_RAW:
  case FIELD_ARRAY: return ((const hbus_bytes *)s_at(self, record))->size > 0;
  case FIELD_VERSION:
  case FIELD_COUNT:
  case FIELD_BOOL: return true;
  case FIELD_OBJECT: break;
  }
  return false;
}

static void s_pack_decimal(const hbus_decimal *decimal, buffer *out) {
  if (buffer_reserve(out, PACK_DECIMAL_MAX) != HBUS_OK) return;
  out->size = (size_t)(pack_decimal_at(out->data + out->size, decimal) - out->data);
}

static void s_pack_bin(const hbus_bytes *bytes, buffer *out) {
  pack_bin(out, bytes->data, bytes->size);
}

static void s_pack_raw(const hbus_bytes *bytes, buffer *out) {
  buffer_append(out, bytes->data, bytes->size);
}

/* Whether what others have packed can stand where one value is due: half a value would swallow what comes after it. */
static bool s_is_whole(const field *self, const void *record) {
  if (self->type != FIELD_RAW && self->type != FIELD_ARRAY) return true;
  const hbus_bytes *bytes = s_at(self, record);
  return frame_check(bytes->data, bytes->size) == HBUS_OK;
}

static void s_pack_value(const field *self, const void *record, buffer *out) {
  switch ((field_type)self->type) {
  case FIELD_VERSION: pack_unsigned(out, HBUS_PROTOCOL_VERSION); break;
  case FIELD_NAME: pack_string(out, s_at(self, record)); break;
  case FIELD_TEXT: {
    const hbus_text *text = s_at(self, record);
    pack_text(out, text->data, utf8_cut(text->data, text->size, self->max));
    break;
  }
  case FIELD_DECIMAL: s_pack_decimal(s_at(self, record), out); break;
  case FIELD_ENUM:
  case FIELD_OPEN_ENUM: pack_string(out, name_of(self->names, s_enum(self, record))); break;
  case FIELD_CODE: pack_string(out, hbus_status_name((hbus_status)s_enum(self, record))); break;
  case FIELD_UNSIGNED:
  case FIELD_COUNT: pack_unsigned(out, *(const uint64_t *)s_at(self, record)); break;
  case FIELD_FLAG:
  case FIELD_BOOL: pack_bool(out, *(const bool *)s_at(self, record)); break;
  case FIELD_BIN: s_pack_bin(s_at(self, record), out); break;
  case FIELD_RAW:
  case FIELD_ARRAY: s_pack_raw(s_at(self, record), out); break;
  case FIELD_OBJECT: break;
  }
}

hbus_status field_pack(const field_table *table, field_set which, field_set required, const void *record, size_t more,
                       buffer *out) {
  field_set present = 0;
  size_t pairs = more;
  for (unsigned i = 0; i < table->count; i++) {
    field_set bit = (field_set)1 << i;
    if ((which & bit) && s_is_present(&table->fields[i], record)) {
      if (!s_is_whole(&table->fields[i], record)) return HBUS_MALFORMED;
      present |= bit;
      pairs++;
    }
  }
  if (required & ~present) return HBUS_MALFORMED;
  pack_map(out, pairs);
  for (field_set rest = present; rest != 0; rest &= rest - 1) {
    const field *self = &table->fields[__builtin_ctzll(rest)];
    pack_text(out, self->key, self->key_size);
    s_pack_value(self, record, out);
  }
  return out->status;
}

/* ---- reading ---- */

static hbus_status s_wrong(const field *self, const char *expected, hbus_error *error) {
  return hbus_fail(error, HBUS_MALFORMED, "'%s' must be %s", self->key, expected);
}

static hbus_status s_too_long(const field *self, size_t size, uint64_t max, hbus_error *error) {
  return hbus_fail(error, HBUS_TOO_BIG, "'%s' is too long: %zu bytes, at most %llu", self->key, size,
                   (unsigned long long)max);
}

static bool s_has_control_character(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return true;
  return false;
}

bool field_is_name(const char *text, size_t size, size_t max) {
  return size > 0 && size <= max && !s_has_control_character(text, size);
}

static hbus_status s_unpack_name(const field *self, const msgpack_object *value, char *out, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_STR) return s_wrong(self, "a string", error);
  const char *text = value->via.str.ptr;
  size_t size = value->via.str.size;
  if (size == 0) return hbus_fail(error, HBUS_MALFORMED, "'%s' is empty", self->key);
  if (size > self->max) return s_too_long(self, size, self->max, error);
  if (s_has_control_character(text, size))
    return hbus_fail(error, HBUS_MALFORMED, "'%s' has a control character in it", self->key);
  memcpy(out, text, size);
  out[size] = '\0';
  return HBUS_OK;
}

static hbus_status s_unpack_text(const field *self, const msgpack_object *value, hbus_text *out, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_STR) return s_wrong(self, "a string", error);
  if (value->via.str.size < self->min) return hbus_fail(error, HBUS_MALFORMED, "'%s' is empty", self->key);
  if (value->via.str.size > self->max) return s_too_long(self, value->via.str.size, self->max, error);
  *out = (hbus_text){.data = value->via.str.ptr, .size = value->via.str.size};
  return HBUS_OK;
}

static hbus_status s_unpack_decimal(const field *self, const msgpack_object *value, hbus_decimal *out,
                                    hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_STR) return s_wrong(self, "a decimal string", error);
  hbus_status status = hbus_decimal_parse(value->via.str.ptr, value->via.str.size, out);
  if (status == HBUS_TOO_BIG) return s_too_long(self, value->via.str.size, HBUS_DECIMAL_MAX, error);
  return status == HBUS_OK ? HBUS_OK : s_wrong(self, "a decimal string", error);
}

static hbus_status s_unpack_enum(const field *self, const msgpack_object *value, unsigned *out, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_STR) return s_wrong(self, "a string", error);
  unsigned found = name_find(self->names, value->via.str.ptr, value->via.str.size);
  if (found == 0 && self->type == FIELD_ENUM) {
    char names[HBUS_ERROR_TEXT_SIZE];
    name_list(self->names, names, sizeof names);
    int shown = (int)utf8_cut(value->via.str.ptr, value->via.str.size, QUOTE_MAX);
    return hbus_fail(error, HBUS_MALFORMED, "'%s' must be one of %s; got \"%.*s\"", self->key, names, shown,
                     value->via.str.ptr);
  }
  *out = found;
  return HBUS_OK;
}

static hbus_status s_unpack_code(const field *self, const msgpack_object *value, hbus_status *out, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_STR) return s_wrong(self, "a string", error);
  if (hbus_status_from_name(value->via.str.ptr, value->via.str.size, out) != HBUS_OK) *out = HBUS_INTERNAL;
  return HBUS_OK;
}

static hbus_status s_unpack_unsigned(const field *self, const msgpack_object *value, uint64_t *out, hbus_error *error) {
  bool fits =
      value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 >= self->min && value->via.u64 <= self->max;
  if (!fits) {
    char expected[80];
    snprintf(expected, sizeof expected, "an integer from %llu to %llu", (unsigned long long)self->min,
             (unsigned long long)self->max);
    return s_wrong(self, expected, error);
  }
  *out = value->via.u64;
  return HBUS_OK;
}

static hbus_status s_unpack_bin(const field *self, const msgpack_object *value, hbus_bytes *out, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_BIN) return s_wrong(self, "bytes (bin)", error);
  if (value->via.bin.size > self->max) return s_too_long(self, value->via.bin.size, self->max, error);
  *out = (hbus_bytes){.data = (const uint8_t *)value->via.bin.ptr, .size = value->via.bin.size};
  return HBUS_OK;
}

/* Its bytes are set by field_unpack_raw. */
static hbus_status s_check_array(const field *self, const msgpack_object *value, hbus_error *error) {
  if (value->type != MSGPACK_OBJECT_ARRAY) return s_wrong(self, "an array", error);
  if (value->via.array.size <= self->max) return HBUS_OK;
  return hbus_fail(error, HBUS_TOO_BIG, "'%s' has %u elements, at most %llu", self->key, value->via.array.size,
                   (unsigned long long)self->max);
}

static hbus_status s_unpack_value(const field *self, const msgpack_object *value, void *record, hbus_error *error) {
  void *out = (char *)record + self->offset;
  switch ((field_type)self->type) {
  case FIELD_VERSION:
    if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 == HBUS_PROTOCOL_VERSION) return HBUS_OK;
    return hbus_fail(error, HBUS_MALFORMED, "'%s' must be %d", self->key, HBUS_PROTOCOL_VERSION);
  case FIELD_NAME: return s_unpack_name(self, value, out, error);
  case FIELD_TEXT: return s_unpack_text(self, value, out, error);
  case FIELD_DECIMAL: return s_unpack_decimal(self, value, out, error);
  case FIELD_ENUM:
  case FIELD_OPEN_ENUM: return s_unpack_enum(self, value, out, error);
  case FIELD_CODE: return s_unpack_code(self, value, out, error);
  case FIELD_UNSIGNED:
  case FIELD_COUNT: return s_unpack_unsigned(self, value, out, error);
  case FIELD_FLAG:
  case FIELD_BOOL:
    if (value->type != MSGPACK_OBJECT_BOOLEAN) return s_wrong(self, "true or false", error);
    *(bool *)out = value->via.boolean;
    return HBUS_OK;
  case FIELD_BIN: return s_unpack_bin(self, value, out, error);
  case FIELD_RAW: return HBUS_OK; /* by field_unpack_raw */
  case FIELD_ARRAY: return s_check_array(self, value, error);
  case FIELD_OBJECT: *(const msgpack_object **)out = value; return HBUS_OK;
  }
  assert(!"a field type that does not exist");
  return HBUS_INTERNAL;
}

/* The row of that key, or NULL. Keys mostly come in the table's order, so the search begins where the last one ended.
 */
static const field *s_find(const field_table *table, const msgpack_object *key, unsigned *hint) {
  if (key->type != MSGPACK_OBJECT_STR) return NULL;
  for (unsigned i = 0; i < table->count; i++) {
    unsigned index = *hint + i < table->count ? *hint + i : *hint + i - table->count;
    const field *self = &table->fields[index];
    if (self->key_size == key->via.str.size && memcmp(self->key, key->via.str.ptr, self->key_size) == 0) {
      *hint = index + 1 < table->count ? index + 1 : 0;
      return self;
    }
  }
  return NULL;
}

hbus_status field_unpack(const field_table *table, field_set which, const msgpack_object_map *map, void *record,
                         field_set *seen, hbus_error *error) {
  assert(table->count <= FIELDS_MAX);
  unsigned hint = 0;
  for (uint32_t i = 0; i < map->size; i++) {
    const field *self = s_find(table, &map->ptr[i].key, &hint);
    if (!self) continue;
    field_set bit = (field_set)1 << (self - table->fields);
    if (!(which & bit)) continue;
    if (*seen & bit) return hbus_fail(error, HBUS_MALFORMED, "'%s' is there twice", self->key);
    *seen |= bit;
    hbus_status status = s_unpack_value(self, &map->ptr[i].val, record, error);
    if (status != HBUS_OK) return status;
  }
  return HBUS_OK;
}

hbus_status field_unpack_raw(const field_table *table, field_set which, hbus_bytes map, void *record,
                             hbus_error *error) {
  for (unsigned i = 0; i < table->count; i++) {
    const field *self = &table->fields[i];
    if (!(which & (field_set)1 << i) || (self->type != FIELD_RAW && self->type != FIELD_ARRAY)) continue;
    hbus_bytes value;
    if (frame_find(map.data, map.size, self->key, &value) != HBUS_OK) continue;
    if (self->type == FIELD_RAW && value.size > self->max) return s_too_long(self, value.size, self->max, error);
    *(hbus_bytes *)((char *)record + self->offset) = value;
  }
  return HBUS_OK;
}

hbus_status field_require(const field_table *table, field_set required, field_set seen, hbus_error *error) {
  field_set missing = required & ~seen;
  if (missing == 0) return HBUS_OK;
  return hbus_fail(error, HBUS_MALFORMED, "'%s' is missing", table->fields[__builtin_ctzll(missing)].key);
}

hbus_status field_unpack_map(const field_table *table, const msgpack_object_map *map, void *record, hbus_error *error) {
  field_set seen = 0;
  hbus_status status = field_unpack(table, FIELD_ALL, map, record, &seen, error);
  if (status != HBUS_OK) return status;
  return field_require(table, field_select(table, FIELD_REQUIRED), seen, error);
}

hbus_status field_unpack_record(const field_table *table, const char *what, const msgpack_object *object, void *record,
                                hbus_error *error) {
  if (object->type != MSGPACK_OBJECT_MAP) return hbus_fail(error, HBUS_MALFORMED, "'%s' must be a map", what);
  return field_unpack_map(table, &object->via.map, record, error);
}

/* ---- comparing ---- */

static bool s_same_text(const hbus_text *a, const hbus_text *b) {
  return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static bool s_same_bytes(const hbus_bytes *a, const hbus_bytes *b) {
  return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static bool s_same_decimal(const hbus_decimal *a, const hbus_decimal *b) {
  if (hbus_decimal_is_absent(a) || hbus_decimal_is_absent(b)) return a->size == b->size;
  return hbus_decimal_compare(a, b) == 0;
}

static bool s_same_value(const field *self, const void *a, const void *b) {
  const void *x = s_at(self, a), *y = s_at(self, b);
  switch ((field_type)self->type) {
  case FIELD_NAME: return strcmp(x, y) == 0;
  case FIELD_TEXT: return s_same_text(x, y);
  case FIELD_DECIMAL: return s_same_decimal(x, y);
  case FIELD_ENUM:
  case FIELD_OPEN_ENUM:
  case FIELD_CODE: return s_enum(self, a) == s_enum(self, b);
  case FIELD_UNSIGNED:
  case FIELD_COUNT: return *(const uint64_t *)x == *(const uint64_t *)y;
  case FIELD_FLAG:
  case FIELD_BOOL: return *(const bool *)x == *(const bool *)y;
  case FIELD_BIN:
  case FIELD_RAW:
  case FIELD_ARRAY: return s_same_bytes(x, y);
  case FIELD_VERSION: return true;
  case FIELD_OBJECT: break;
  }
  assert(!"a field that cannot be compared");
  return false;
}

bool field_equal(const field_table *table, field_set which, const void *a, const void *b) {
  for (unsigned i = 0; i < table->count; i++)
    if ((which & (field_set)1 << i) && !s_same_value(&table->fields[i], a, b)) return false;
  return true;
}
