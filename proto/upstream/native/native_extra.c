/* See native_extra.h. msgpack-c writes the shortest form of everything. */
#include "proto/upstream/native/native_extra.h"

#include <msgpack.h>
#include <string.h>

#define PREFIX_SIZE (sizeof NATIVE_EXTRA_PREFIX - 1)

/* ---- Values ---- */

static int s_write(void *data, const char *bytes, size_t size) {
  return buffer_append(data, bytes, size) == HBUS_OK ? 0 : -1;
}

static bool s_same_text(const json_node *a, const json_node *b) {
  return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static bool s_stood_before(const json_node *object, const json_node *key) {
  for (const json_node *at = json_first(object); at < key; at = json_next(json_next(at)))
    if (s_same_text(at, key)) return true;
  return false;
}

static void s_pack_text(msgpack_packer *packer, const json_node *node) {
  (void)msgpack_pack_str_with_body(packer, node->text, node->size); /* the buffer keeps a failure, here and below */
}

static hbus_status s_pack_value(msgpack_packer *packer, const json_node *node, unsigned depth);

static hbus_status s_pack_array(msgpack_packer *packer, const json_node *node, unsigned depth) {
  hbus_status status = HBUS_OK;
  (void)msgpack_pack_array(packer, node->size);
  const json_node *item = json_first(node);
  for (uint32_t i = 0; i < node->size && status == HBUS_OK; i++) {
    status = s_pack_value(packer, item, depth);
    item = json_next(item);
  }
  return status;
}

static hbus_status s_pack_map(msgpack_packer *packer, const json_node *node, unsigned depth) {
  if (node->size > NATIVE_EXTRA_PAIRS_MAX) return HBUS_TOO_BIG;
  bool repeated[NATIVE_EXTRA_PAIRS_MAX];
  uint32_t count = 0;
  const json_node *key = json_first(node);
  for (uint32_t i = 0; i < node->size; i++) {
    repeated[i] = s_stood_before(node, key);
    if (!repeated[i]) count++;
    key = json_next(json_next(key));
  }
  hbus_status status = HBUS_OK;
  (void)msgpack_pack_map(packer, count);
  key = json_first(node);
  for (uint32_t i = 0; i < node->size && status == HBUS_OK; i++) {
    if (!repeated[i]) {
      s_pack_text(packer, key);
      status = s_pack_value(packer, json_next(key), depth);
    }
    key = json_next(json_next(key));
  }
  return status;
}

static hbus_status s_pack_value(msgpack_packer *packer, const json_node *node, unsigned depth) {
  if (node->type >= JSON_ARRAY && depth == NATIVE_EXTRA_DEPTH_MAX) return HBUS_TOO_DEEP;
  switch (node->type) {
  case JSON_NULL: (void)msgpack_pack_nil(packer); break;
  case JSON_FALSE: (void)msgpack_pack_false(packer); break;
  case JSON_TRUE: (void)msgpack_pack_true(packer); break;
  case JSON_NUMBER:
  case JSON_STRING: s_pack_text(packer, node); break;
  case JSON_ARRAY: return s_pack_array(packer, node, depth + 1);
  case JSON_OBJECT: return s_pack_map(packer, node, depth + 1);
  }
  return HBUS_OK;
}

/* ---- Fields ---- */

static bool s_needs_prefix(const native_shape *shape, const json_node *key) {
  if (key->size >= PREFIX_SIZE && memcmp(key->text, NATIVE_EXTRA_PREFIX, PREFIX_SIZE) == 0) return true;
  for (const char *const *own = shape->own_keys; *own != NULL; own++)
    if (json_is(key, *own)) return true;
  return false;
}

static void s_pack_key(native_extra_writer *self, msgpack_packer *packer, const json_node *key) {
  if (!s_needs_prefix(self->shape, key)) {
    s_pack_text(packer, key);
    return;
  }
  (void)msgpack_pack_str(packer, PREFIX_SIZE + key->size);
  (void)msgpack_pack_str_body(packer, NATIVE_EXTRA_PREFIX, PREFIX_SIZE);
  (void)msgpack_pack_str_body(packer, key->text, key->size);
}

void native_extra_begin(native_extra_writer *self, const native_shape *shape, const json_node *object, buffer *out) {
  *self = (native_extra_writer){.shape = shape, .object = object, .out = out, .start = out != NULL ? out->size : 0};
}

hbus_status native_extra_add(native_extra_writer *self, const json_node *key, const json_node *value) {
  if (self->shape->extra_offset == NATIVE_NO_EXTRA) return HBUS_OK;
  if (++self->met > NATIVE_EXTRA_PAIRS_MAX) return HBUS_TOO_BIG;
  if (s_stood_before(self->object, key)) return HBUS_OK;
  msgpack_packer packer = {.data = self->out, .callback = s_write};
  s_pack_key(self, &packer, key);
  hbus_status status = s_pack_value(&packer, value, 0);
  self->count++;
  return status != HBUS_OK ? status : self->out->status;
}

hbus_extra native_extra_end(const native_extra_writer *self) {
  return (hbus_extra){.pairs = {.data = NULL, .size = self->out->size - self->start}, .count = self->count};
}

void native_extra_settle(const buffer *out, void *records, size_t count, size_t stride, size_t offset) {
  const uint8_t *at = out->data;
  for (size_t i = 0; i < count; i++) {
    hbus_extra *extra = (hbus_extra *)(void *)((char *)records + i * stride + offset);
    if (extra->count == 0) continue;
    extra->pairs.data = at;
    at += extra->pairs.size;
  }
}
