#include "client/tool/json_pack.h"

#include <errno.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "hbus/limits.h"
#include "proto/json.h"

#define NUMBER_TEXT_MAX 400 /* the longest float in plain digits has 309 before its point */

static int s_append(void *data, const char *bytes, size_t size) {
  return buffer_append(data, bytes, size) == HBUS_OK ? 0 : -1;
}

static hbus_status s_bad_number(const json_node *node, hbus_error *error) {
  return hbus_fail(error, HBUS_INVALID_REQUEST, "the number %.*s cannot be told exactly enough: make it a text",
                   node->size < 40 ? (int)node->size : 40, node->text);
}

static hbus_status s_pack_number(const json_node *node, msgpack_packer *packer, hbus_error *error) {
  char text[NUMBER_TEXT_MAX + 1];
  if (node->size > NUMBER_TEXT_MAX) return s_bad_number(node, error);
  memcpy(text, node->text, node->size);
  text[node->size] = '\0';
  bool is_whole = strpbrk(text, ".eE") == NULL;
  errno = 0;
  if (!is_whole) {
    double value = strtod(text, NULL);
    if (!isfinite(value)) return s_bad_number(node, error);
    msgpack_pack_double(packer, value);
  } else if (*text == '-') {
    msgpack_pack_int64(packer, strtoll(text, NULL, 10));
  } else {
    msgpack_pack_uint64(packer, strtoull(text, NULL, 10));
  }
  return is_whole && errno != 0 ? s_bad_number(node, error) : HBUS_OK;
}

/* The reader has bounded how deep this goes. */
static hbus_status s_pack(const json_node *node, msgpack_packer *packer, hbus_error *error) {
  hbus_status status = HBUS_OK;
  uint32_t children = 0;
  switch (node->type) {
  case JSON_NULL: msgpack_pack_nil(packer); break;
  case JSON_FALSE: msgpack_pack_false(packer); break;
  case JSON_TRUE: msgpack_pack_true(packer); break;
  case JSON_NUMBER: return s_pack_number(node, packer, error);
  case JSON_STRING: msgpack_pack_str_with_body(packer, node->text, node->size); break;
  case JSON_ARRAY:
    msgpack_pack_array(packer, node->size);
    children = node->size;
    break;
  case JSON_OBJECT:
    msgpack_pack_map(packer, node->size);
    children = node->size * 2; /* keys and values */
    break;
  }
  const json_node *child = children > 0 ? json_first(node) : NULL;
  for (uint32_t i = 0; i < children && status == HBUS_OK; i++, child = json_next(child))
    status = s_pack(child, packer, error);
  return status;
}

hbus_status json_pack(const char *text, buffer *out, hbus_error *error) {
  const json_node *root = NULL;
  json_reader *reader = json_reader_new(HBUS_COMMAND_FRAME_MAX);
  if (reader == NULL) return hbus_fail(error, HBUS_NO_MEMORY, "no memory to read JSON");
  hbus_status status = json_read(reader, text, strlen(text), &root);
  if (status != HBUS_OK) {
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "this is no JSON: %s", hbus_status_text(status));
    goto out;
  }
  msgpack_packer packer;
  msgpack_packer_init(&packer, out, s_append);
  status = s_pack(root, &packer, error);
  if (status == HBUS_OK && out->status != HBUS_OK)
    status = hbus_fail(error, out->status, "as msgpack this is longer than %zu bytes", out->limit);
out:
  json_reader_destroy(&reader);
  return status;
}
