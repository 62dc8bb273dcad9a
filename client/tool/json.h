/* Any msgpack value as JSON: text as it is, numbers as numbers, every key, also those that this version does not know.
 *
 * Signals may hold what JSON has no word for. It becomes an object of one key: bytes {"base64": "..."}, an extension
 * {"ext": [7, "..."]} with its type and its bytes in base64, a float that is no number {"float": "nan"} (or "inf",
 * "-inf"), and a map with a key that is no text {"map": [[key, value], ...]}.
 */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <msgpack.h>

#include "proto/json_writer.h"

void json_write(json_writer *writer, const msgpack_object *object);
/* The pairs of a map, into an object that is open; those whose key is no text are left out. */
void json_write_pairs(json_writer *writer, const msgpack_object *map);
/* One value and a newline on stdout. */
void json_print(const msgpack_object *object);
/* What was written, and a newline. */
void json_print_buffer(const buffer *text);

#endif
