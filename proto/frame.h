/* A msgpack frame before anything is believed of it.
 *
 * One bounded pass over the bytes, without allocation: is this exactly one well-formed value, no deeper than
 * HBUS_DEPTH_MAX, with no container that claims more elements than there are bytes left? Only then is it given to
 * msgpack-c, which allocates what a header claims.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "hbus/types.h"

/* HBUS_OK, HBUS_TRUNCATED, HBUS_MALFORMED (extra bytes, a reserved byte, text that is no UTF-8), HBUS_TOO_DEEP. A
 * container that claims more than is there is truncated. */
hbus_status frame_check(const uint8_t *data, size_t size);

/* The same of a value that nests at most `depth_max` deep, which is at most HBUS_DEPTH_MAX: what will stand inside of
 * other containers. */
hbus_status frame_check_value(hbus_bytes value, size_t depth_max);

/* The first value at top-level key `key` of a map, as it stands in the frame, as far as the frame can be read: it need
 * not have passed frame_check. HBUS_MALFORMED when it cannot be found. */
hbus_status frame_find(const uint8_t *data, size_t size, const char *key, hbus_bytes *out);

/* The string at top-level key `key` of a map, as far as it can be read in a frame that frame_check may have refused:
 * how a peer is told which of its commands was bad. HBUS_MALFORMED when it cannot be found. */
hbus_status frame_find_text(const uint8_t *data, size_t size, const char *key, hbus_text *out);

#endif
