/* See native_vectors.h. */
#include "native_vectors.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE (1 << 20)

void native_vectors_each(const char *path, size_t count_min, void (*row)(const json_node *vector)) {
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "cannot open %s", path);
  char *line = NULL;
  size_t capacity = 0;
  size_t count = 0;
  ssize_t size;
  while ((size = getline(&line, &capacity, file)) > 0) {
    const json_node *vector = NULL;
    json_reader *reader = json_reader_new(LINE_MAX_SIZE);
    cr_assert_eq(json_read(reader, line, (size_t)size, &vector), HBUS_OK, "%s: line %zu is no JSON", path, count + 1);
    row(vector);
    json_reader_destroy(&reader);
    count++;
  }
  free(line);
  fclose(file);
  cr_assert_geq(count, count_min, "%s has only %zu vectors", path, count);
}

char *native_vectors_string(const json_node *vector, const char *key) {
  const json_node *node = json_get(vector, key);
  cr_assert(node != NULL && node->type == JSON_STRING, "a vector without %s", key);
  return strndup(node->text, node->size);
}

static void s_write(json_writer *json, const msgpack_object *object) {
  switch (object->type) {
  case MSGPACK_OBJECT_NIL: json_null(json); break;
  case MSGPACK_OBJECT_BOOLEAN: json_bool(json, object->via.boolean); break;
  case MSGPACK_OBJECT_POSITIVE_INTEGER: json_unsigned(json, object->via.u64); break;
  case MSGPACK_OBJECT_STR: json_text(json, object->via.str.ptr, object->via.str.size); break;
  case MSGPACK_OBJECT_ARRAY:
    json_begin_array(json);
    for (uint32_t i = 0; i < object->via.array.size; i++)
      s_write(json, &object->via.array.ptr[i]);
    json_end_array(json);
    break;
  case MSGPACK_OBJECT_MAP:
    json_begin_object(json);
    for (uint32_t i = 0; i < object->via.map.size; i++) {
      const msgpack_object_kv *pair = &object->via.map.ptr[i];
      cr_assert_eq(pair->key.type, MSGPACK_OBJECT_STR);
      json_key_text(json, pair->key.via.str.ptr, pair->key.via.str.size);
      s_write(json, &pair->val);
    }
    json_end_object(json);
    break;
  default: cr_assert_fail("msgpack of a type that the wire does not have: %d", (int)object->type);
  }
}

void native_vectors_write_msgpack(json_writer *json, const uint8_t *data, size_t size) {
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  size_t offset = 0;
  cr_assert_eq(msgpack_unpack_next(&unpacked, (const char *)data, size, &offset), MSGPACK_UNPACK_SUCCESS);
  cr_assert_eq(offset, size, "bytes behind the value");
  s_write(json, &unpacked.data);
  msgpack_unpacked_destroy(&unpacked);
}

void native_vectors_expect(const json_node *expected, const buffer *actual, const char *name) {
  cr_assert_eq(actual->status, HBUS_OK);
  json_reader *reader = json_reader_new(LINE_MAX_SIZE);
  const json_node *root = NULL;
  cr_assert_eq(json_read(reader, (const char *)actual->data, actual->size, &root), HBUS_OK);
  bool same = expected != NULL && expected->next == root->next;
  for (uint32_t i = 0; same && i < root->next; i++) {
    const json_node *a = &expected[i];
    const json_node *b = &root[i];
    same = a->type == b->type && a->size == b->size;
    if (same && (a->type == JSON_STRING || a->type == JSON_NUMBER)) same = memcmp(a->text, b->text, a->size) == 0;
  }
  json_reader_destroy(&reader);
  cr_expect(same, "%s: what came out is\t%.*s", name, (int)actual->size, (const char *)actual->data);
}
