/* Test vectors: files of JSON objects, one a line, and JSON made of what came out, to compare with what is written
 * there.
 */
#ifndef TESTS_PROTO_NATIVE_VECTORS_H
#define TESTS_PROTO_NATIVE_VECTORS_H

#include "proto/buffer.h"
#include "proto/json.h"
#include "proto/json_writer.h"

/* Calls `row` with each line's object, and asserts that there are at least `count_min`. */
void native_vectors_each(const char *path, size_t count_min, void (*row)(const json_node *vector));

/* A string of the vector, which must have it; its copy ends with NUL and is the caller's to free. */
char *native_vectors_string(const json_node *vector, const char *key);

/* Writes one msgpack value as JSON. */
void native_vectors_write_msgpack(json_writer *json, const uint8_t *data, size_t size);

/* Asserts that the JSON in `actual` has the same values in the same order as `expected`. */
void native_vectors_expect(const json_node *expected, const buffer *actual, const char *name);

#endif
