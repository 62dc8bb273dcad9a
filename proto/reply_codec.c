/* Replies: the envelope by its table, `seen` by its own, the data as it comes. */
#include "proto/reply_codec.h"

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/pack.h"

#define COUNT(rows)     (sizeof(rows) / sizeof((rows)[0]))
#define ZONE_CHUNK_SIZE 8192

/* A reply on its way in. */
typedef struct reply_map {
  hbus_reply reply;
  const msgpack_object *seen;
  const msgpack_object *data;
} reply_map;

static const field s_fields[] = {
    {.key = "v", .key_size = 1, .type = FIELD_VERSION, .flags = FIELD_REQUIRED},
    FIELD_ROW(reply_map, reply.id, "id", .type = FIELD_NAME, .max = HBUS_COMMAND_ID_MAX, .flags = FIELD_REQUIRED),
    FIELD_ROW(reply_map, reply.status, "status", .type = FIELD_ENUM, .names = &names_reply_status,
              .flags = FIELD_REQUIRED),
    FIELD_ROW(reply_map, reply.code, "code", .type = FIELD_CODE),
    FIELD_ROW(reply_map, reply.message, "message", .type = FIELD_TEXT, .max = HBUS_MESSAGE_MAX),
    FIELD_ROW(reply_map, reply.repeat, "repeat", .type = FIELD_FLAG),
    FIELD_ROW(reply_map, seen, "seen", .type = FIELD_OBJECT),
    FIELD_ROW(reply_map, data, "data", .type = FIELD_OBJECT),
};

static const field s_seen_fields[] = {
    FIELD_OPEN_ENUM_ROW(hbus_seen, stream, names_stream, FIELD_REQUIRED),
    FIELD_NAME_ROW(hbus_seen, topic, FIELD_REQUIRED),
    FIELD_NUMBER_ROW(hbus_seen, epoch, "epoch", FIELD_REQUIRED),
    FIELD_NUMBER_ROW(hbus_seen, seq, "seq", FIELD_REQUIRED),
};

static const field_table s_table = {s_fields, COUNT(s_fields)};
static const field_table s_seen_table = {s_seen_fields, COUNT(s_seen_fields)};

/* A code exactly when it is not ok, and one that travels. */
static bool s_is_consistent(const hbus_reply *reply) {
  return (reply->status == HBUS_REPLY_OK) == (reply->code == HBUS_OK) && reply->code < HBUS_WIRE_CODES;
}

hbus_status reply_pack(const hbus_reply *reply, buffer *out) {
  enum { ENVELOPE = 0x3f }; /* the rows before `seen` and `data` */
  if (!s_is_consistent(reply)) return HBUS_MALFORMED;
  size_t start = out->size;
  bool with_seen = reply->seen.stream != HBUS_STREAM_NONE;
  bool with_data = reply->data.size > 0;
  hbus_status status = field_pack(&s_table, ENVELOPE, field_select(&s_table, FIELD_REQUIRED), reply,
                                  (size_t)with_seen + (size_t)with_data, out);
  if (status == HBUS_OK && with_seen) {
    pack_string(out, "seen");
    status = field_pack(&s_seen_table, FIELD_ALL, FIELD_FIRST(COUNT(s_seen_fields)), &reply->seen, 0, out);
  }
  if (status == HBUS_OK && with_data) {
    pack_string(out, "data");
    status = buffer_append(out, reply->data.data, reply->data.size);
  }
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

static hbus_status s_unpack(const uint8_t *data, size_t size, msgpack_zone *zone, hbus_reply *out, hbus_error *error) {
  msgpack_object_map map;
  hbus_status status = message_read(data, size, HBUS_FRAME_MAX, zone, &map, error);
  if (status != HBUS_OK) return status;
  reply_map in = {0};
  if ((status = field_unpack_map(&s_table, &map, &in, error)) != HBUS_OK) return status;
  if (!s_is_consistent(&in.reply))
    return hbus_fail(error, HBUS_MALFORMED, "'code' must be there exactly when 'status' is not \"ok\"");
  if (in.seen) {
    status = field_unpack_record(&s_seen_table, "seen", in.seen, &in.reply.seen, error);
    if (status != HBUS_OK) return status;
  }
  if (in.data && frame_find(data, size, "data", &in.reply.data) != HBUS_OK)
    return hbus_fail(error, HBUS_INTERNAL, "'data' cannot be found"); /* the frame has been checked: never */
  *out = in.reply;
  return HBUS_OK;
}

hbus_status reply_unpack(const uint8_t *data, size_t size, hbus_reply *out, hbus_error *error) {
  msgpack_zone zone;
  if (!msgpack_zone_init(&zone, ZONE_CHUNK_SIZE)) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  hbus_status status = s_unpack(data, size, &zone, out, error);
  msgpack_zone_destroy(&zone);
  return status;
}
