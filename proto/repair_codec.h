/* The data of the replies that repair a reader's picture, both ways: sequences, replay and snapshot (hbus/repair.h).
 *
 * A pack call appends one value, or nothing at all: HBUS_TOO_BIG, more elements than a page may have, or past the
 * buffer's limit; HBUS_MALFORMED, something is missing; HBUS_NO_MEMORY.
 */
#ifndef PROTO_REPAIR_CODEC_H
#define PROTO_REPAIR_CODEC_H

#include "hbus/repair.h"
#include "proto/buffer.h"

hbus_status sequences_reply_pack(const hbus_sequences *sequences, buffer *out);
hbus_status replay_reply_pack(const hbus_replay *replay, buffer *out);
hbus_status snapshot_reply_pack(const hbus_snapshot *snapshot, buffer *out);

/* Scratch memory for unpacking, reused from call to call. Opaque. */
typedef struct repair_unpacker repair_unpacker;
repair_unpacker *repair_unpacker_new(void); /* NULL: no memory */
void repair_unpacker_destroy(repair_unpacker **self);

/* Unpack hbus_reply.data. What *out borrows stays valid until the next call of any of the three on the same unpacker,
 * and while `data` does; *out is untouched on failure. HBUS_MALFORMED, HBUS_TRUNCATED, HBUS_TOO_BIG, HBUS_TOO_DEEP,
 * HBUS_NO_MEMORY; `error` names the field. The bodies of events that stand in them are not looked into. */
hbus_status sequences_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_sequences *out, hbus_error *error);
hbus_status replay_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_replay *out, hbus_error *error);
hbus_status snapshot_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_snapshot *out, hbus_error *error);

#endif
