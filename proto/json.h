/* Reading JSON: a document becomes a flat run of nodes in document order, each value read and checked.
 *
 * Strings come unescaped, numbers as the text that was written (nothing is ever turned into binary floating point).
 * simdjson is behind it, and only json.cpp knows.
 */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum json_type {
  JSON_NULL,
  JSON_FALSE,
  JSON_TRUE,
  JSON_NUMBER,
  JSON_STRING,
  JSON_ARRAY,
  JSON_OBJECT
} json_type;

/* A value. In an object, keys and values alternate: a key is a JSON_STRING node followed by its value's. */
typedef struct json_node {
  const char *text; /* string: unescaped, number: as written; not NUL-terminated */
  uint32_t size;    /* bytes of text; array: elements; object: pairs */
  uint32_t next;    /* nodes from this one to the one behind its whole subtree */
  json_type type;
} json_node;

typedef struct json_reader json_reader;
/* A reader of documents up to `size_max` bytes and HBUS_DEPTH_MAX deep. NULL: no memory. */
json_reader *json_reader_new(size_t size_max);
void json_reader_destroy(json_reader **self);

/* Parses `text`, which needs no padding, and gives the root. Nodes and their text are the reader's, until the next
 * call. HBUS_TOO_BIG, HBUS_TOO_DEEP, HBUS_MALFORMED (not JSON, or not UTF-8), HBUS_NO_MEMORY. */
hbus_status json_read(json_reader *self, const char *text, size_t size, const json_node **root);

/* The first child of an array or object (its first key), when size > 0; the one behind `node`. */
static inline const json_node *json_first(const json_node *node) {
  return node + 1;
}
static inline const json_node *json_next(const json_node *node) {
  return node + node->next;
}

/* The value of `key` in an object, or NULL (also when node is NULL or no object). The first, if it stands twice. */
const json_node *json_get(const json_node *node, const char *key);
bool json_is(const json_node *node, const char *text); /* a string that equals text */

#ifdef __cplusplus
}
#endif
#endif
