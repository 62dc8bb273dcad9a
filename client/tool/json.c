#include "client/tool/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hbus/limits.h"

#define TEXT_MAX (HBUS_FRAME_MAX * 6) /* an escape takes six characters for one byte */

void json_write_pairs(json_writer *writer, const msgpack_object *map) {
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object_kv *pair = &map->via.map.ptr[i];
    if (pair->key.type != MSGPACK_OBJECT_STR) continue;
    json_key_text(writer, pair->key.via.str.ptr, pair->key.via.str.size);
    json_write(writer, &pair->val);
  }
}

/* Base64 with padding (RFC 4648, section 4). */
static void s_write_bytes(json_writer *writer, const char *data, size_t size) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t text_size = (size + 2) / 3 * 4;
  char *text = malloc(text_size + 1);
  if (text == NULL) {
    writer->out->status = HBUS_NO_MEMORY;
    return;
  }
  for (size_t i = 0, at = 0; i < size; i += 3) {
    uint32_t bits = 0;
    for (size_t j = i; j < i + 3; j++)
      bits = bits << 8 | (j < size ? (uint8_t)data[j] : 0);
    for (unsigned j = 0; j < 4; j++)
      text[at++] = alphabet[bits >> (18 - 6 * j) & 63];
  }
  for (size_t i = 0; i < (3 - size % 3) % 3; i++)
    text[text_size - 1 - i] = '=';
  json_text(writer, text, text_size);
  free(text);
}

/* The shortest digits that read as the same number again. */
static void s_write_float(json_writer *writer, double value, bool is_single) {
  if (!isfinite(value)) {
    json_begin_object(writer);
    json_key(writer, "float");
    json_string(writer, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    json_end_object(writer);
    return;
  }
  char text[40];
  int digits = 1, size = 0;
  bool is_same = false;
  while (!is_same) {
    size = snprintf(text, sizeof(text), "%.*g", digits, value);
    double again = is_single ? (double)strtof(text, NULL) : strtod(text, NULL);
    is_same = memcmp(&again, &value, sizeof(value)) == 0 || digits++ == 17;
  }
  json_number_text(writer, text, (size_t)size);
}

static void s_write_ext(json_writer *writer, const msgpack_object_ext *ext) {
  json_begin_object(writer);
  json_key(writer, "ext");
  json_begin_array(writer);
  json_signed(writer, ext->type);
  s_write_bytes(writer, ext->ptr, ext->size);
  json_end_array(writer);
  json_end_object(writer);
}

static bool s_has_text_keys(const msgpack_object *map) {
  for (uint32_t i = 0; i < map->via.map.size; i++)
    if (map->via.map.ptr[i].key.type != MSGPACK_OBJECT_STR) return false;
  return true;
}

static void s_write_map(json_writer *writer, const msgpack_object *map) {
  json_begin_object(writer);
  if (s_has_text_keys(map)) {
    json_write_pairs(writer, map);
  } else {
    json_key(writer, "map");
    json_begin_array(writer);
    for (uint32_t i = 0; i < map->via.map.size; i++) {
      json_begin_array(writer);
      json_write(writer, &map->via.map.ptr[i].key);
      json_write(writer, &map->via.map.ptr[i].val);
      json_end_array(writer);
    }
    json_end_array(writer);
  }
  json_end_object(writer);
}

static void s_write_array(json_writer *writer, const msgpack_object *array) {
  json_begin_array(writer);
  for (uint32_t i = 0; i < array->via.array.size; i++)
    json_write(writer, &array->via.array.ptr[i]);
  json_end_array(writer);
}

void json_write(json_writer *writer, const msgpack_object *object) {
  switch (object->type) {
  case MSGPACK_OBJECT_BOOLEAN: json_bool(writer, object->via.boolean); break;
  case MSGPACK_OBJECT_POSITIVE_INTEGER: json_unsigned(writer, object->via.u64); break;
  case MSGPACK_OBJECT_NEGATIVE_INTEGER: json_signed(writer, object->via.i64); break;
  case MSGPACK_OBJECT_STR: json_text(writer, object->via.str.ptr, object->via.str.size); break;
  case MSGPACK_OBJECT_ARRAY: s_write_array(writer, object); break;
  case MSGPACK_OBJECT_MAP: s_write_map(writer, object); break;
  case MSGPACK_OBJECT_NIL: json_null(writer); break;
  case MSGPACK_OBJECT_FLOAT32: s_write_float(writer, object->via.f64, true); break;
  case MSGPACK_OBJECT_FLOAT64: s_write_float(writer, object->via.f64, false); break;
  case MSGPACK_OBJECT_BIN:
    json_begin_object(writer);
    json_key(writer, "base64");
    s_write_bytes(writer, object->via.bin.ptr, object->via.bin.size);
    json_end_object(writer);
    break;
  case MSGPACK_OBJECT_EXT: s_write_ext(writer, &object->via.ext); break;
  }
}

void json_print_buffer(const buffer *text) {
  if (text->status != HBUS_OK) {
    (void)fprintf(stderr, "hbus: a value is left out: %s\n", hbus_status_text(text->status));
    return;
  }
  (void)fwrite(text->data, 1, text->size, stdout);
  (void)fputc('\n', stdout);
}

void json_print(const msgpack_object *object) {
  buffer text;
  json_writer writer;
  buffer_init(&text, TEXT_MAX);
  json_writer_init(&writer, &text);
  json_write(&writer, object);
  json_print_buffer(&text);
  buffer_free(&text);
}
