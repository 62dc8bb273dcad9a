#include "client/tool/json.h"

#include <stdio.h>

#include "hbus/limits.h"

#define TEXT_MAX (HBUS_FRAME_MAX * 6) /* an escape takes six characters for one byte */

void json_write_pairs(json_writer *writer, const msgpack_object *map) {
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object_kv *pair = &map->via.map.ptr[i];
    if (pair->key.type != MSGPACK_OBJECT_STR) continue; /* not of our protocol, and JSON could not say it */
    json_key_text(writer, pair->key.via.str.ptr, pair->key.via.str.size);
    json_write(writer, &pair->val);
  }
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
  case MSGPACK_OBJECT_MAP:
    json_begin_object(writer);
    json_write_pairs(writer, object);
    json_end_object(writer);
    break;
  case MSGPACK_OBJECT_NIL:
  case MSGPACK_OBJECT_FLOAT32: /* the protocol has no floats, no bytes and no extensions */
  case MSGPACK_OBJECT_FLOAT64:
  case MSGPACK_OBJECT_BIN:
  case MSGPACK_OBJECT_EXT: json_null(writer); break;
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
