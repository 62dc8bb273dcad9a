/* A JSON text as one msgpack value: text as str, whole numbers as integers, other numbers as floats, null as nil. */
#ifndef TOOL_JSON_PACK_H
#define TOOL_JSON_PACK_H

#include "proto/buffer.h"

/* Appends the value to `out`. HBUS_INVALID_REQUEST: it is not JSON, nests deeper than HBUS_DEPTH_MAX, or has a number
 * that neither an integer of 64 bits nor a float can hold; HBUS_TOO_BIG: past the limit of `out`; HBUS_NO_MEMORY. */
hbus_status json_pack(const char *text, buffer *out, hbus_error *error);

#endif
