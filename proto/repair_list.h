/* The lists that repair works with: prefixes of topics, topics with their last numbers, and stamps.
 *
 * A pack call writes one array at the end of `out`; on failure nothing is written: HBUS_TOO_BIG, too many elements or
 * too long a topic; HBUS_MALFORMED, an element that lacks something. An unpack call fails with HBUS_MALFORMED,
 * HBUS_TOO_BIG, HBUS_TRUNCATED, HBUS_TOO_DEEP or HBUS_NO_MEMORY, and `error` names the field. What is unpacked borrows
 * its text from where it was unpacked from.
 */
#ifndef PROTO_REPAIR_LIST_H
#define PROTO_REPAIR_LIST_H

#include "hbus/types.h"
#include "proto/array.h"
#include "proto/buffer.h"

/* hbus_command.prefixes: strings of up to HBUS_TOPIC_MAX bytes; the empty one is a prefix of every topic. */
hbus_status prefixes_pack(const hbus_text *prefixes, size_t count, buffer *out);
hbus_status prefixes_unpack(hbus_bytes list, hbus_text out[HBUS_PREFIXES_MAX], size_t *count, hbus_error *error);

/* hbus_command.acks: maps of stream, topic and seq. No bytes are no acks. */
hbus_status acks_pack(const hbus_stamp *acks, size_t count, buffer *out);
hbus_status acks_unpack(hbus_bytes list, hbus_stamp out[HBUS_ACKS_MAX], size_t *count, hbus_error *error);

/* The stamps of a snapshot: the same maps. A stream that is not known here reads as absent. */
hbus_status stamps_pack(const hbus_stamp *stamps, size_t count, buffer *out);
extern const array_kind stamps_kind; /* of hbus_stamp */

/* Topics with their last numbers: as maps of topic and seq in a page of sequences, as pairs in a heartbeat. */
hbus_status sequences_pack(const hbus_sequence *sequences, size_t count, buffer *out);
extern const array_kind sequences_kind; /* of hbus_sequence */
hbus_status sequence_pairs_pack(const hbus_sequence *sequences, size_t count, buffer *out);
extern const array_kind sequence_pairs_kind; /* of hbus_sequence */

#endif
