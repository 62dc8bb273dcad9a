/* Fields that upstream sent and hbus does not know, on their way through: JSON in, msgpack pairs out.
 *
 * Numbers become text of the same digits. Of two fields of the same name the first is kept. A key that is one of hbus's
 * own in that record, or begins like the prefix itself, gets the prefix, so that nothing can pass as what it is not and
 * no two keys become one.
 */
#ifndef PROTO_UPSTREAM_NATIVE_EXTRA_H
#define PROTO_UPSTREAM_NATIVE_EXTRA_H

#include "hbus/types.h"
#include "proto/buffer.h"
#include "proto/json.h"
#include "proto/upstream/native/native_fields.h"

#define NATIVE_EXTRA_PREFIX    "upstream_"
#define NATIVE_EXTRA_PAIRS_MAX 256 /* in one map: looking for repeated keys takes their square */
/* How deep a value may nest: a record lies up to four maps and lists deep in a reply. */
#define NATIVE_EXTRA_DEPTH_MAX (HBUS_DEPTH_MAX - 4)

typedef struct native_extra_writer {
  const native_shape *shape;
  const json_node *object;
  buffer *out;
  size_t start;
  uint32_t met; /* unknown pairs, repeated ones too */
  uint32_t count;
} native_extra_writer;

/* Writing the unknown fields of one object at the end of `out`, which may be NULL for a shape that drops them. */
void native_extra_begin(native_extra_writer *self, const native_shape *shape, const json_node *object, buffer *out);
/* Adds one, unless its key stood before. HBUS_TOO_BIG, HBUS_TOO_DEEP, HBUS_NO_MEMORY. */
hbus_status native_extra_add(native_extra_writer *self, const json_node *key, const json_node *value);
/* What was added; `pairs.data` is NULL, since the buffer may still move. */
hbus_extra native_extra_end(const native_extra_writer *self);

/* Points the hbus_extra at `offset` of each of `count` records, `stride` bytes apart, to its pairs: they were written
 * one after the other from the start of `out`. */
void native_extra_settle(const buffer *out, void *records, size_t count, size_t stride, size_t offset);

#endif
