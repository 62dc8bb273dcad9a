/* Any bytes into the JSON reader: its nodes add up, and what the writer makes of them reads the same again. */
#include <assert.h>
#include <string.h>

#include "proto/json.h"
#include "proto/json_writer.h"

#define SIZE_LIMIT (1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const json_node *s_write(json_writer *json, const json_node *node);

static const json_node *s_write_container(json_writer *json, const json_node *node) {
  const json_node *at = json_first(node);
  if (node->type == JSON_OBJECT)
    json_begin_object(json);
  else
    json_begin_array(json);
  for (uint32_t i = 0; i < node->size; i++) {
    if (node->type == JSON_OBJECT) {
      assert(at->type == JSON_STRING && at->next == 1);
      json_key_text(json, at->text, at->size);
      at = json_next(at);
    }
    at = s_write(json, at);
  }
  if (node->type == JSON_OBJECT)
    json_end_object(json);
  else
    json_end_array(json);
  return at;
}

/* Gives the node behind the one that it has written. */
static const json_node *s_write(json_writer *json, const json_node *node) {
  const json_node *end = node + 1;
  switch (node->type) {
  case JSON_NULL: json_null(json); break;
  case JSON_FALSE: json_bool(json, false); break;
  case JSON_TRUE: json_bool(json, true); break;
  case JSON_NUMBER: json_number_text(json, node->text, node->size); break;
  case JSON_STRING: json_text(json, node->text, node->size); break;
  case JSON_ARRAY:
  case JSON_OBJECT: end = s_write_container(json, node); break;
  }
  assert(end == json_next(node));
  return end;
}

static void s_assert_same(const json_node *a, const json_node *b) {
  assert(a->next == b->next);
  for (uint32_t i = 0; i < a->next; i++) {
    assert(a[i].type == b[i].type && a[i].size == b[i].size && a[i].next == b[i].next);
    bool has_text = a[i].type == JSON_STRING || a[i].type == JSON_NUMBER;
    assert(!has_text || memcmp(a[i].text, b[i].text, a[i].size) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  json_reader *reader = json_reader_new(SIZE_LIMIT);
  const json_node *root = NULL;
  if (json_read(reader, (const char *)data, size, &root) == HBUS_OK) {
    buffer out;
    json_writer json;
    json_reader *again = json_reader_new(6 * SIZE_LIMIT); /* an escape is six bytes at most */
    const json_node *copy = NULL;
    buffer_init(&out, 6 * SIZE_LIMIT);
    json_writer_init(&json, &out);
    s_write(&json, root);
    assert(out.status == HBUS_OK);
    assert(json_read(again, (const char *)out.data, out.size, &copy) == HBUS_OK);
    s_assert_same(root, copy);
    buffer_free(&out);
    json_reader_destroy(&again);
  }
  json_reader_destroy(&reader);
  return 0;
}
