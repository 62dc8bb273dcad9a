/* The one reader of objects, and one small reader for each kind of field. */
#include "proto/upstream/native/native_fields.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/upstream/native/native_extra.h"
#include "proto/utf8.h"

#define NS_PER_SECOND   UINT64_C(1000000000)
#define FRACTION_DIGITS 9

/* ---- Values ---- */

static bool s_is_text(const json_node *node) {
  return node->type == JSON_STRING || node->type == JSON_NUMBER;
}

static bool s_has_control_characters(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return true;
  return false;
}

bool native_name_read(const json_node *node, size_t max, char *out) {
  if (node->size > max || s_has_control_characters(node->text, node->size)) return false;
  memcpy(out, node->text, node->size);
  out[node->size] = '\0';
  return true;
}

bool native_decimal_read(const json_node *node, hbus_decimal *out) {
  return s_is_text(node) && hbus_decimal_parse(node->text, node->size, out) == HBUS_OK;
}

/* The value of the digits from *at on, of which those past `max` are passed over; *count is how many there were. */
static bool s_read_digits(const json_node *node, size_t *at, size_t max, size_t *count, uint64_t *value) {
  size_t start = *at;
  *value = 0;
  for (; *at < node->size && node->text[*at] >= '0' && node->text[*at] <= '9'; ++*at) {
    if (*at - start >= max) continue;
    uint64_t digit = (uint64_t)(node->text[*at] - '0');
    if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, digit, value)) return false;
  }
  *count = *at - start;
  return *count > 0;
}

/* By digits: a double would be off by a hundred nanoseconds and more. What is finer than a nanosecond is cut. */
static bool s_read_seconds(const json_node *node, uint64_t *out) {
  if (!s_is_text(node)) return false;
  size_t at = 0;
  size_t count;
  uint64_t seconds;
  uint64_t fraction = 0;
  if (!s_read_digits(node, &at, SIZE_MAX, &count, &seconds)) return false;
  if (at < node->size && node->text[at] == '.') {
    at++;
    if (!s_read_digits(node, &at, FRACTION_DIGITS, &count, &fraction)) return false;
    for (; count < FRACTION_DIGITS; count++)
      fraction *= 10;
  }
  if (at < node->size) return false;
  return !__builtin_mul_overflow(seconds, NS_PER_SECOND, &seconds) && !__builtin_add_overflow(seconds, fraction, out);
}

static bool s_read_word(const json_node *node, const native_word *words, void *out) {
  unsigned value = node->type == JSON_STRING ? native_word_find(words, node->text, node->size) : 0;
  if (value == 0) return false;
  _Static_assert(sizeof(hbus_side) == sizeof value, "every enumeration is stored as an unsigned");
  memcpy(out, &value, sizeof value);
  return true;
}

static bool s_read_value(const native_field *field, const json_node *node, void *out) {
  switch (field->type) {
  case NATIVE_NAME: return node->type == JSON_STRING && native_name_read(node, field->max, out);
  case NATIVE_ID: return s_is_text(node) && native_name_read(node, field->max, out);
  case NATIVE_TEXT:
    if (node->type != JSON_STRING) return false;
    *(hbus_text *)out = (hbus_text){node->text, utf8_cut(node->text, node->size, HBUS_MESSAGE_MAX)};
    return true;
  case NATIVE_DECIMAL: return native_decimal_read(node, out);
  case NATIVE_SECONDS: return s_read_seconds(node, out);
  case NATIVE_WORD: return s_read_word(node, field->words, out);
  case NATIVE_BOOL: *(bool *)out = node->type == JSON_TRUE; return node->type == JSON_TRUE || node->type == JSON_FALSE;
  case NATIVE_VALUE: *(const json_node **)out = node; return true;
  }
  return false;
}

/* ---- Refusals ---- */

hbus_status native_fail(hbus_error *error, hbus_status status, const native_place *place, const char *key,
                        const char *what) {
  char index[32] = "";
  if (place->index != NATIVE_NO_INDEX) snprintf(index, sizeof index, "[%zu]", place->index);
  const char *point = key != NULL ? "." : "";
  return hbus_fail(error, status, "%s: %s%s%s%s %s", place->frame, place->path, index, point, key != NULL ? key : "",
                   what);
}

static hbus_status s_fail_value(hbus_error *error, const native_place *place, const native_field *field) {
  char what[160];
  int size = 0;
  switch (field->type) {
  case NATIVE_NAME:
  case NATIVE_ID:
    snprintf(what, sizeof what, "must be text of at most %zu bytes without control characters", field->max);
    break;
  case NATIVE_TEXT: snprintf(what, sizeof what, "must be text"); break;
  case NATIVE_DECIMAL:
    snprintf(what, sizeof what, "must be a decimal of at most %d characters, without an exponent", HBUS_DECIMAL_MAX);
    break;
  case NATIVE_SECONDS: snprintf(what, sizeof what, "must be unix seconds, without a sign or an exponent"); break;
  case NATIVE_BOOL: snprintf(what, sizeof what, "must be true or false"); break;
  case NATIVE_VALUE: snprintf(what, sizeof what, "must be a value"); break;
  case NATIVE_WORD:
    size = snprintf(what, sizeof what, "must be one of");
    for (const native_word *word = field->words; word->word != NULL; word++)
      size += snprintf(what + size, sizeof what - (size_t)size, " %s", word->word);
    break;
  }
  return native_fail(error, HBUS_MALFORMED, place, field->key, what);
}

/* ---- Objects ---- */

/* Upstream sends its fields in the order of our tables: the search begins behind the last one found. */
static const native_field *s_find_field(const native_shape *shape, const json_node *key, size_t *expected) {
  for (size_t i = 0; i < shape->count; i++) {
    size_t at = *expected + i < shape->count ? *expected + i : *expected + i - shape->count;
    const native_field *field = &shape->fields[at];
    if (field->key_size != key->size || memcmp(field->key, key->text, key->size) != 0) continue;
    *expected = at + 1;
    return field;
  }
  return NULL;
}

/* null says that there is none, and so does a name without characters. */
static bool s_is_absent(const native_field *field, const json_node *value) {
  if (value->type == JSON_NULL) return field->type != NATIVE_VALUE;
  bool is_name = field->type == NATIVE_NAME || field->type == NATIVE_ID;
  return is_name && value->type == JSON_STRING && value->size == 0;
}

static hbus_status s_require_all(const native_shape *shape, uint32_t present, const native_place *place,
                                 hbus_error *error) {
  for (size_t i = 0; i < shape->count; i++)
    if (shape->fields[i].need == NATIVE_REQUIRED && !(present & UINT32_C(1) << i))
      return native_fail(error, HBUS_MALFORMED, place, shape->fields[i].key, "is missing");
  return HBUS_OK;
}

hbus_status native_fields_read(const native_shape *shape, const json_node *object, void *record, buffer *extra,
                               const native_place *place, hbus_error *error) {
  assert(shape->count <= NATIVE_FIELDS_MAX);
  if (object == NULL || object->type != JSON_OBJECT)
    return native_fail(error, HBUS_MALFORMED, place, NULL, "must be an object");

  uint32_t seen = 0;    /* bit i: the key of field i was there */
  uint32_t present = 0; /* and had a value */
  size_t expected = 0;
  native_extra_writer writer;
  native_extra_begin(&writer, shape, object, extra);
  const json_node *key = json_first(object);
  for (uint32_t pair = 0; pair < object->size; pair++) {
    const json_node *value = json_next(key);
    const native_field *field = s_find_field(shape, key, &expected);
    if (field != NULL) {
      uint32_t bit = UINT32_C(1) << (field - shape->fields);
      if (seen & bit) return native_fail(error, HBUS_MALFORMED, place, field->key, "stands twice");
      seen |= bit;
      bool absent = s_is_absent(field, value);
      bool fits = absent || s_read_value(field, value, (char *)record + field->offset);
      if (fits && !absent) present |= bit;
      if (!fits && field->need != NATIVE_IF_FIT) return s_fail_value(error, place, field);
      if (!fits) field = NULL;
    }
    if (field == NULL) {
      hbus_status status = native_extra_add(&writer, key, value);
      if (status != HBUS_OK) return native_fail(error, status, place, NULL, "has unknown fields past a bound");
    }
    key = json_next(value);
  }
  if (shape->extra_offset != NATIVE_NO_EXTRA)
    *(hbus_extra *)(void *)((char *)record + shape->extra_offset) = native_extra_end(&writer);
  return s_require_all(shape, present, place, error);
}
