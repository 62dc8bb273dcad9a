/* From the bytes of a frame to a msgpack map that can be believed: the first step of every decoder. */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include <msgpack.h>

#include "hbus/types.h"

/* Checks the frame and reads it into *out, whose objects lie in `zone` and whose text lies in `data`. HBUS_TOO_BIG past
 * size_max; what frame_check says; HBUS_MALFORMED: no map, or a key that is no string; HBUS_NO_MEMORY. */
hbus_status message_read(const uint8_t *data, size_t size, size_t size_max, msgpack_zone *zone, msgpack_object_map *out,
                         hbus_error *error);

#endif
