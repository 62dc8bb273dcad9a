/* Prefixes, numbers and stamps, each list in a bounded number of elements. */
#include "proto/repair_list.h"

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/pack.h"

#define COUNT(rows)     (sizeof(rows) / sizeof((rows)[0]))
#define ZONE_CHUNK_SIZE 8192 /* msgpack-c's objects of a list of some dozens of elements fit */

#define TOPIC_ROW(struct_)                                                                                             \
  FIELD_ROW(struct_, topic, "topic", .type = FIELD_TEXT, .min = 1, .max = HBUS_TOPIC_MAX, .flags = FIELD_REQUIRED)

/* Number 0 is said: of this topic nothing is included yet, or was shown. */
#define STAMP_SEQ_ROW                                                                                                  \
  FIELD_ROW(hbus_stamp, seq, "seq", .type = FIELD_COUNT, .max = FIELD_NUMBER_MAX, .flags = FIELD_REQUIRED)

static const field s_ack_fields[] = {
    FIELD_ENUM_ROW(hbus_stamp, stream, names_stream, FIELD_REQUIRED),
    TOPIC_ROW(hbus_stamp),
    STAMP_SEQ_ROW,
};
static const field s_stamp_fields[] = {
    FIELD_OPEN_ENUM_ROW(hbus_stamp, stream, names_stream, FIELD_REQUIRED),
    TOPIC_ROW(hbus_stamp),
    STAMP_SEQ_ROW,
};
static const field s_sequence_fields[] = {
    TOPIC_ROW(hbus_sequence),
    FIELD_NUMBER_ROW(hbus_sequence, seq, "seq", FIELD_REQUIRED),
};

static const field_table s_ack = {s_ack_fields, COUNT(s_ack_fields)};
static const field_table s_stamp = {s_stamp_fields, COUNT(s_stamp_fields)};
static const field_table s_sequence = {s_sequence_fields, COUNT(s_sequence_fields)};

/* ---- writing ---- */

/* What is too long would be cut, and a topic that is cut is another one. */
static hbus_status s_check_topic(const hbus_text *topic) {
  return topic->size <= HBUS_TOPIC_MAX ? HBUS_OK : HBUS_TOO_BIG;
}

typedef hbus_status pack_fn(const void *items, size_t index, buffer *out);

static hbus_status s_pack(const void *items, size_t count, size_t max, pack_fn *pack, buffer *out) {
  if (count > max) return HBUS_TOO_BIG;
  size_t start = out->size;
  pack_array(out, count);
  hbus_status status = out->status;
  for (size_t i = 0; i < count && status == HBUS_OK; i++)
    status = pack(items, i, out);
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

static hbus_status s_pack_prefix(const void *items, size_t index, buffer *out) {
  const hbus_text *prefix = (const hbus_text *)items + index;
  if (s_check_topic(prefix) != HBUS_OK) return HBUS_TOO_BIG;
  pack_text(out, prefix->size > 0 ? prefix->data : "", prefix->size);
  return out->status;
}

static hbus_status s_pack_stamp(const void *items, size_t index, buffer *out) {
  const hbus_stamp *stamp = (const hbus_stamp *)items + index;
  if (s_check_topic(&stamp->topic) != HBUS_OK) return HBUS_TOO_BIG;
  return field_pack(&s_stamp, FIELD_ALL, field_select(&s_stamp, FIELD_REQUIRED), stamp, 0, out);
}

static hbus_status s_pack_sequence(const void *items, size_t index, buffer *out) {
  const hbus_sequence *sequence = (const hbus_sequence *)items + index;
  if (s_check_topic(&sequence->topic) != HBUS_OK) return HBUS_TOO_BIG;
  return field_pack(&s_sequence, FIELD_ALL, field_select(&s_sequence, FIELD_REQUIRED), sequence, 0, out);
}

static hbus_status s_pack_pair(const void *items, size_t index, buffer *out) {
  const hbus_sequence *sequence = (const hbus_sequence *)items + index;
  if (s_check_topic(&sequence->topic) != HBUS_OK) return HBUS_TOO_BIG;
  if (sequence->topic.size == 0 || sequence->seq == 0) return HBUS_MALFORMED;
  pack_array(out, 2);
  pack_text(out, sequence->topic.data, sequence->topic.size);
  pack_unsigned(out, sequence->seq);
  return out->status;
}

hbus_status prefixes_pack(const hbus_text *prefixes, size_t count, buffer *out) {
  return s_pack(prefixes, count, HBUS_PREFIXES_MAX, s_pack_prefix, out);
}

hbus_status acks_pack(const hbus_stamp *acks, size_t count, buffer *out) {
  return s_pack(acks, count, HBUS_ACKS_MAX, s_pack_stamp, out);
}

hbus_status stamps_pack(const hbus_stamp *stamps, size_t count, buffer *out) {
  return s_pack(stamps, count, HBUS_STAMPS_MAX, s_pack_stamp, out);
}

hbus_status sequences_pack(const hbus_sequence *sequences, size_t count, buffer *out) {
  return s_pack(sequences, count, HBUS_PAGE_MAX, s_pack_sequence, out);
}

hbus_status sequence_pairs_pack(const hbus_sequence *sequences, size_t count, buffer *out) {
  return s_pack(sequences, count, HBUS_HEARTBEAT_TOPICS_MAX, s_pack_pair, out);
}

/* ---- reading ---- */

static hbus_status s_unpack_prefix(const msgpack_object *element, void *item, hbus_error *error) {
  uint32_t size = element->via.str.size;
  if (size > HBUS_TOPIC_MAX)
    return hbus_fail(error, HBUS_TOO_BIG, "it is too long: %u bytes, at most %d", size, HBUS_TOPIC_MAX);
  *(hbus_text *)item = (hbus_text){.data = size > 0 ? element->via.str.ptr : "", .size = size};
  return HBUS_OK;
}

static hbus_status s_unpack_ack(const msgpack_object *element, void *item, hbus_error *error) {
  return field_unpack_map(&s_ack, &element->via.map, item, error);
}

static hbus_status s_unpack_stamp(const msgpack_object *element, void *item, hbus_error *error) {
  return field_unpack_map(&s_stamp, &element->via.map, item, error);
}

static hbus_status s_unpack_sequence(const msgpack_object *element, void *item, hbus_error *error) {
  return field_unpack_map(&s_sequence, &element->via.map, item, error);
}

static hbus_status s_unpack_pair(const msgpack_object *element, void *item, hbus_error *error) {
  static const char *const keys[] = {"topic", "seq"};
  const msgpack_object_array *pair = &element->via.array;
  if (pair->size != COUNT(keys)) return hbus_fail(error, HBUS_MALFORMED, "it must be [topic, seq]");
  msgpack_object_kv values[COUNT(keys)];
  for (size_t i = 0; i < COUNT(keys); i++) {
    values[i].key = (msgpack_object){.type = MSGPACK_OBJECT_STR, .via.str = {(uint32_t)strlen(keys[i]), keys[i]}};
    values[i].val = pair->ptr[i];
  }
  const msgpack_object_map map = {.size = COUNT(keys), .ptr = values};
  return field_unpack_map(&s_sequence, &map, item, error);
}

static const array_kind s_prefixes_kind = {.key = "prefixes",
                                           .max = HBUS_PREFIXES_MAX,
                                           .type = MSGPACK_OBJECT_STR,
                                           .type_text = "a string",
                                           .item_size = sizeof(hbus_text),
                                           .unpack = s_unpack_prefix};
static const array_kind s_acks_kind = {.key = "acks",
                                       .max = HBUS_ACKS_MAX,
                                       .type = MSGPACK_OBJECT_MAP,
                                       .type_text = "a map",
                                       .item_size = sizeof(hbus_stamp),
                                       .unpack = s_unpack_ack};
const array_kind stamps_kind = {.key = "stamps",
                                .max = HBUS_STAMPS_MAX,
                                .type = MSGPACK_OBJECT_MAP,
                                .type_text = "a map",
                                .item_size = sizeof(hbus_stamp),
                                .unpack = s_unpack_stamp};
const array_kind sequences_kind = {.key = "items",
                                   .max = HBUS_PAGE_MAX,
                                   .type = MSGPACK_OBJECT_MAP,
                                   .type_text = "a map",
                                   .item_size = sizeof(hbus_sequence),
                                   .unpack = s_unpack_sequence};
const array_kind sequence_pairs_kind = {.key = "topics",
                                        .max = HBUS_HEARTBEAT_TOPICS_MAX,
                                        .type = MSGPACK_OBJECT_ARRAY,
                                        .type_text = "[topic, seq]",
                                        .item_size = sizeof(hbus_sequence),
                                        .unpack = s_unpack_pair};

/* A list that stands by itself: checked as a frame is before msgpack-c sees it. */
static hbus_status s_unpack_list(const array_kind *kind, hbus_bytes list, void *items, size_t *count,
                                 hbus_error *error) {
  hbus_status status = frame_check(list.data, list.size);
  if (status != HBUS_OK)
    return hbus_fail(error, status, "'%s' is not msgpack: %s", kind->key, hbus_status_text(status));
  msgpack_zone zone;
  if (!msgpack_zone_init(&zone, ZONE_CHUNK_SIZE)) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  msgpack_object array;
  size_t offset = 0;
  if (msgpack_unpack((const char *)list.data, list.size, &offset, &zone, &array) == MSGPACK_UNPACK_SUCCESS)
    status = array_unpack(kind, &array, items, count, error);
  else
    status = hbus_fail(error, HBUS_NO_MEMORY, "out of memory"); /* its form has been checked */
  msgpack_zone_destroy(&zone);
  return status;
}

hbus_status prefixes_unpack(hbus_bytes list, hbus_text out[HBUS_PREFIXES_MAX], size_t *count, hbus_error *error) {
  return s_unpack_list(&s_prefixes_kind, list, out, count, error);
}

hbus_status acks_unpack(hbus_bytes list, hbus_stamp out[HBUS_ACKS_MAX], size_t *count, hbus_error *error) {
  if (list.size > 0) return s_unpack_list(&s_acks_kind, list, out, count, error);
  *count = 0;
  return HBUS_OK;
}
