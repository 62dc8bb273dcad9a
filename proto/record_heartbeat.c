/* Heartbeats: their topics are an array, and may be many. */
#include "proto/field.h"
#include "proto/pack.h"
#include "proto/record.h"
#include "proto/repair_list.h"

/* A heartbeat on its way in. */
typedef struct heartbeat_map {
  hbus_heartbeat heartbeat;
  const msgpack_object *topics;
} heartbeat_map;

static const field s_fields[] = {
    FIELD_NUMBER_ROW(heartbeat_map, heartbeat.part, "part", FIELD_REQUIRED),
    FIELD_NUMBER_ROW(heartbeat_map, heartbeat.parts, "parts", FIELD_REQUIRED),
    FIELD_NUMBER_ROW(heartbeat_map, heartbeat.interval_ms, "interval_ms", FIELD_REQUIRED),
    FIELD_ROW(heartbeat_map, topics, "topics", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
};
enum { NUMBERS = 1 << 0 | 1 << 1 | 1 << 2 }; /* what the table writes: part, parts and interval_ms */

static const field_table s_table = {s_fields, sizeof s_fields / sizeof s_fields[0]};

hbus_status record_pack_heartbeat(const hbus_heartbeat *heartbeat, buffer *out) {
  if (heartbeat->part > heartbeat->parts) return HBUS_MALFORMED;
  size_t start = out->size;
  hbus_status status = field_pack(&s_table, NUMBERS, NUMBERS, heartbeat, 1, out); /* heartbeat_map's first member */
  if (status == HBUS_OK) {
    pack_string(out, "topics");
    status = sequence_pairs_pack(heartbeat->topics, heartbeat->topic_count, out);
  }
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

hbus_status record_unpack_heartbeat(const msgpack_object *map, array_store *topics, hbus_heartbeat *out,
                                    hbus_error *error) {
  heartbeat_map in = {0};
  hbus_status status = field_unpack_record(&s_table, "data", map, &in, error);
  if (status != HBUS_OK) return status;
  if (in.heartbeat.part > in.heartbeat.parts) return hbus_fail(error, HBUS_MALFORMED, "'part' is greater than 'parts'");
  size_t count = 0;
  status = array_unpack_stored(&sequence_pairs_kind, in.topics, topics, &count, error);
  if (status != HBUS_OK) return status;
  *out = in.heartbeat;
  out->topics = topics->items;
  out->topic_count = count;
  return HBUS_OK;
}
