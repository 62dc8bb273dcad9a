/* Any msgpack value as JSON: text as it is, integers as numbers, every key, also those that this version does not know.
 */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <msgpack.h>

#include "proto/json_writer.h"

void json_write(json_writer *writer, const msgpack_object *object);
/* The pairs of a map, into an object that is open. */
void json_write_pairs(json_writer *writer, const msgpack_object *map);
/* One value and a newline on stdout. */
void json_print(const msgpack_object *object);
/* What was written, and a newline. */
void json_print_buffer(const buffer *text);

#endif
