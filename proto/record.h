/* The nouns of hbus/types.h as msgpack maps: one pair of calls for each, used in events and in replies alike.
 *
 * A pack call writes one value at the end of `out`. Absent fields are left out. An unpack call fills *out whole,
 * ignores keys it does not know, and refuses duplicate ones that it does, fields of the wrong kind and text that is too
 * long (HBUS_MALFORMED, HBUS_TOO_BIG; `error` names the field). Where a record must have a field and has not:
 * HBUS_MALFORMED, also on packing, and then nothing is written. An enumeration's name that is not known reads as absent
 * and a code that is not known as HBUS_INTERNAL, since a later version may have added it.
 */
#ifndef PROTO_RECORD_H
#define PROTO_RECORD_H

#include <msgpack.h>

#include "hbus/types.h"
#include "proto/array.h"
#include "proto/buffer.h"

/* Fields whose place is the envelope in an event and the map itself in a reply: client_order_id, owner, rev. */
typedef enum record_place { RECORD_IN_EVENT, RECORD_IN_REPLY } record_place;

hbus_status record_pack_order(const hbus_order *order, record_place place, buffer *out);
hbus_status record_unpack_order(const msgpack_object *map, hbus_order *out, hbus_error *error);

hbus_status record_pack_trade(const hbus_trade *trade, buffer *out);
hbus_status record_unpack_trade(const msgpack_object *map, hbus_trade *out, hbus_error *error);

hbus_status record_pack_ticker(const hbus_ticker *ticker, record_place place, buffer *out);
hbus_status record_unpack_ticker(const msgpack_object *map, hbus_ticker *out, hbus_error *error);

/* Levels are arrays of [price, amount]. The unpacked levels lie in *levels, which the call grows as needed (free() it
 * once) and the next call overwrites. */
typedef struct record_levels {
  hbus_level *items;
  size_t capacity;
} record_levels;

hbus_status record_pack_book(const hbus_book *book, record_place place, buffer *out);
hbus_status record_unpack_book(const msgpack_object *map, record_levels *levels, hbus_book *out, hbus_error *error);

hbus_status record_pack_balance(const hbus_balance *balance, buffer *out);
hbus_status record_unpack_balance(const msgpack_object *map, hbus_balance *out, hbus_error *error);

hbus_status record_pack_position(const hbus_position *position, buffer *out);
hbus_status record_unpack_position(const msgpack_object *map, hbus_position *out, hbus_error *error);

hbus_status record_pack_cancel(const hbus_cancel *cancel, buffer *out);
hbus_status record_unpack_cancel(const msgpack_object *map, hbus_cancel *out, hbus_error *error);

hbus_status record_pack_cancels(const hbus_cancels *cancels, buffer *out);
hbus_status record_unpack_cancels(const msgpack_object *map, hbus_cancels *out, hbus_error *error);

hbus_status record_pack_notice(const hbus_notice *notice, buffer *out);
hbus_status record_unpack_notice(const msgpack_object *map, hbus_notice *out, hbus_error *error);

hbus_status record_pack_link(const hbus_link *link, buffer *out);
hbus_status record_unpack_link(const msgpack_object *map, hbus_link *out, hbus_error *error);

/* The unpacked topics lie in *topics, which the next call overwrites. */
hbus_status record_pack_heartbeat(const hbus_heartbeat *heartbeat, buffer *out);
hbus_status record_unpack_heartbeat(const msgpack_object *map, array_store *topics, hbus_heartbeat *out,
                                    hbus_error *error);

hbus_status record_pack_slow(const hbus_slow *slow, buffer *out);
hbus_status record_unpack_slow(const msgpack_object *map, hbus_slow *out, hbus_error *error);

/* The data must be one whole value of at most HBUS_SIGNAL_MAX bytes, nested HBUS_SIGNAL_DEPTH_MAX deep at most:
 * HBUS_MALFORMED, HBUS_TOO_BIG. `bytes` are those of the map, from which out->data is borrowed. */
hbus_status record_pack_signal(const hbus_signal *signal, buffer *out);
hbus_status record_unpack_signal(const msgpack_object *map, hbus_bytes bytes, hbus_signal *out, hbus_error *error);

#endif
