/* Repair: each reply's numbers by its table, its arrays behind them. */
#include "proto/repair_codec.h"

#include <stdlib.h>

#include "proto/array.h"
#include "proto/field.h"
#include "proto/message.h"
#include "proto/pack.h"
#include "proto/record.h"
#include "proto/repair_list.h"

#define COUNT(rows)     (sizeof(rows) / sizeof((rows)[0]))
#define ZONE_CHUNK_SIZE 16384

struct repair_unpacker {
  msgpack_zone zone;
  array_store items; /* sequences, or bodies */
  array_store stamps;
  array_store orders;
  array_store positions;
  array_store balances;
};

repair_unpacker *repair_unpacker_new(void) {
  repair_unpacker *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  if (!msgpack_zone_init(&self->zone, ZONE_CHUNK_SIZE)) {
    free(self);
    return NULL;
  }
  return self;
}

void repair_unpacker_destroy(repair_unpacker **self_p) {
  repair_unpacker *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  msgpack_zone_destroy(&self->zone);
  array_store_free(&self->items);
  array_store_free(&self->stamps);
  array_store_free(&self->orders);
  array_store_free(&self->positions);
  array_store_free(&self->balances);
  free(self);
}

static hbus_status s_read(repair_unpacker *self, hbus_bytes data, const field_table *table, void *map,
                          hbus_error *error) {
  msgpack_object_map pairs;
  msgpack_zone_clear(&self->zone);
  hbus_status status = message_read(data.data, data.size, HBUS_FRAME_MAX, &self->zone, &pairs, error);
  return status == HBUS_OK ? field_unpack_map(table, &pairs, map, error) : status;
}

/* All or nothing: what a failure has left behind is taken back. */
static hbus_status s_close(buffer *out, size_t start, hbus_status status) {
  if (status == HBUS_OK) status = out->status;
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

/* ---- sequences ---- */

typedef struct sequences_map {
  hbus_sequences sequences;
  const msgpack_object *items;
} sequences_map;

static const field s_sequences_fields[] = {
    FIELD_NUMBER_ROW(sequences_map, sequences.epoch, "epoch", FIELD_REQUIRED),
    FIELD_ROW(sequences_map, sequences.cursor, "cursor", .type = FIELD_NAME, .max = HBUS_CURSOR_MAX),
    FIELD_ROW(sequences_map, items, "items", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
};
static const field_table s_sequences_table = {s_sequences_fields, COUNT(s_sequences_fields)};

hbus_status sequences_reply_pack(const hbus_sequences *sequences, buffer *out) {
  size_t start = out->size;
  hbus_status status = field_pack(&s_sequences_table, FIELD_FIRST(2), FIELD_FIRST(1), sequences, 1, out);
  if (status == HBUS_OK) {
    pack_string(out, "items");
    status = sequences_pack(sequences->items, sequences->count, out);
  }
  return s_close(out, start, status);
}

hbus_status sequences_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_sequences *out, hbus_error *error) {
  sequences_map in = {0};
  hbus_status status = s_read(self, data, &s_sequences_table, &in, error);
  if (status != HBUS_OK) return status;
  status = array_unpack_stored(&sequences_kind, in.items, &self->items, &in.sequences.count, error);
  if (status != HBUS_OK) return status;
  in.sequences.items = self->items.items;
  *out = in.sequences;
  return HBUS_OK;
}

/* ---- replay ---- */

typedef struct replay_map {
  hbus_replay replay;
  const msgpack_object *items;
} replay_map;

static const field s_replay_fields[] = {
    FIELD_NUMBER_ROW(replay_map, replay.epoch, "epoch", FIELD_REQUIRED),
    FIELD_ROW(replay_map, replay.topic, "topic", .type = FIELD_TEXT, .min = 1, .max = HBUS_TOPIC_MAX,
              .flags = FIELD_REQUIRED),
    FIELD_ROW(replay_map, replay.first, "first", .type = FIELD_COUNT, .max = FIELD_NUMBER_MAX, .flags = FIELD_REQUIRED),
    FIELD_ROW(replay_map, replay.last, "last", .type = FIELD_COUNT, .max = FIELD_NUMBER_MAX, .flags = FIELD_REQUIRED),
    FIELD_NUMBER_ROW(replay_map, replay.next, "next", 0),
    FIELD_ROW(replay_map, items, "items", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
};
static const field_table s_replay_table = {s_replay_fields, COUNT(s_replay_fields)};

static hbus_status s_unpack_body(const msgpack_object *element, void *item, hbus_error *error) {
  const msgpack_object_bin *bin = &element->via.bin;
  if (bin->size == 0) return hbus_fail(error, HBUS_MALFORMED, "it is empty");
  *(hbus_bytes *)item = (hbus_bytes){.data = (const uint8_t *)bin->ptr, .size = bin->size};
  return HBUS_OK;
}

static const array_kind s_bodies_kind = {.key = "items",
                                         .max = HBUS_REPLAY_EVENTS_MAX,
                                         .type = MSGPACK_OBJECT_BIN,
                                         .type_text = "bytes (bin)",
                                         .item_size = sizeof(hbus_bytes),
                                         .unpack = s_unpack_body};

hbus_status replay_reply_pack(const hbus_replay *replay, buffer *out) {
  if (replay->count > HBUS_REPLAY_EVENTS_MAX || replay->topic.size > HBUS_TOPIC_MAX) return HBUS_TOO_BIG;
  size_t start = out->size;
  hbus_status status = field_pack(&s_replay_table, FIELD_FIRST(5), FIELD_FIRST(4), replay, 1, out);
  if (status == HBUS_OK) {
    pack_string(out, "items");
    pack_array(out, replay->count);
  }
  for (size_t i = 0; i < replay->count && status == HBUS_OK; i++) {
    if (replay->items[i].size == 0) status = HBUS_MALFORMED;
    pack_bin(out, replay->items[i].data, replay->items[i].size);
  }
  return s_close(out, start, status);
}

hbus_status replay_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_replay *out, hbus_error *error) {
  replay_map in = {0};
  hbus_status status = s_read(self, data, &s_replay_table, &in, error);
  if (status != HBUS_OK) return status;
  status = array_unpack_stored(&s_bodies_kind, in.items, &self->items, &in.replay.count, error);
  if (status != HBUS_OK) return status;
  in.replay.items = self->items.items;
  *out = in.replay;
  return HBUS_OK;
}

/* ---- snapshot ---- */

typedef struct snapshot_map {
  hbus_snapshot snapshot;
  const msgpack_object *link;
  const msgpack_object *stamps;
  const msgpack_object *orders;
  const msgpack_object *positions;
  const msgpack_object *balances;
  const msgpack_object *balances_error;
} snapshot_map;

static const field s_snapshot_fields[] = {
    FIELD_NUMBER_ROW(snapshot_map, snapshot.epoch, "epoch", FIELD_REQUIRED),
    FIELD_ROW(snapshot_map, snapshot.cursor, "cursor", .type = FIELD_NAME, .max = HBUS_CURSOR_MAX),
    FIELD_ROW(snapshot_map, snapshot.orders_hash, "orders_hash", .type = FIELD_NAME, .max = HBUS_ORDERS_HASH_SIZE),
    FIELD_ROW(snapshot_map, snapshot.book, "book", .type = FIELD_BIN, .max = HBUS_FRAME_MAX),
    FIELD_ROW(snapshot_map, snapshot.ticker, "ticker", .type = FIELD_BIN, .max = HBUS_FRAME_MAX),
    FIELD_ROW(snapshot_map, link, "link", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(snapshot_map, stamps, "stamps", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(snapshot_map, orders, "orders", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(snapshot_map, positions, "positions", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(snapshot_map, balances, "balances", .type = FIELD_OBJECT),
    FIELD_ROW(snapshot_map, balances_error, "balances_error", .type = FIELD_OBJECT),
};
static const field s_balances_error_fields[] = {
    FIELD_ROW(hbus_snapshot, balances_code, "code", .type = FIELD_CODE, .flags = FIELD_REQUIRED),
    FIELD_ROW(hbus_snapshot, balances_message, "message", .type = FIELD_TEXT, .max = HBUS_MESSAGE_MAX),
};
static const field_table s_snapshot_table = {s_snapshot_fields, COUNT(s_snapshot_fields)};
static const field_table s_balances_error_table = {s_balances_error_fields, COUNT(s_balances_error_fields)};

static hbus_status s_unpack_order(const msgpack_object *element, void *item, hbus_error *error) {
  return record_unpack_order(element, item, error);
}

static hbus_status s_unpack_position(const msgpack_object *element, void *item, hbus_error *error) {
  return record_unpack_position(element, item, error);
}

static hbus_status s_unpack_balance(const msgpack_object *element, void *item, hbus_error *error) {
  return record_unpack_balance(element, item, error);
}

#define RECORDS_KIND(key_, struct_, unpack_)                                                                           \
  {                                                                                                                    \
    .key = (key_), .max = HBUS_PAGE_MAX, .type = MSGPACK_OBJECT_MAP, .type_text = "a map",                             \
    .item_size = sizeof(struct_), .unpack = (unpack_)                                                                  \
  }
static const array_kind s_orders_kind = RECORDS_KIND("orders", hbus_order, s_unpack_order);
static const array_kind s_positions_kind = RECORDS_KIND("positions", hbus_position, s_unpack_position);
static const array_kind s_balances_kind = RECORDS_KIND("balances", hbus_balance, s_unpack_balance);

static hbus_status s_pack_orders(const hbus_order *orders, size_t count, buffer *out) {
  pack_string(out, "orders");
  pack_array(out, count);
  hbus_status status = HBUS_OK;
  for (size_t i = 0; i < count && status == HBUS_OK; i++)
    status = record_pack_order(&orders[i], RECORD_IN_REPLY, out);
  return status;
}

static hbus_status s_pack_positions(const hbus_position *positions, size_t count, buffer *out) {
  pack_string(out, "positions");
  pack_array(out, count);
  hbus_status status = HBUS_OK;
  for (size_t i = 0; i < count && status == HBUS_OK; i++)
    status = record_pack_position(&positions[i], out);
  return status;
}

/* Them, or why they are not there, or nothing. */
static hbus_status s_pack_balances(const hbus_snapshot *snapshot, buffer *out) {
  hbus_status status = HBUS_OK;
  if (snapshot->has_balances) {
    pack_string(out, "balances");
    pack_array(out, snapshot->balance_count);
    for (size_t i = 0; i < snapshot->balance_count && status == HBUS_OK; i++)
      status = record_pack_balance(&snapshot->balances[i], out);
  } else if (snapshot->balances_code != HBUS_OK) {
    pack_string(out, "balances_error");
    status = field_pack(&s_balances_error_table, FIELD_ALL, FIELD_FIRST(1), snapshot, 0, out);
  }
  return status;
}

static hbus_status s_check_snapshot(const hbus_snapshot *snapshot) {
  if (snapshot->order_count > HBUS_PAGE_MAX || snapshot->position_count > HBUS_PAGE_MAX) return HBUS_TOO_BIG;
  if (snapshot->balance_count > HBUS_PAGE_MAX) return HBUS_TOO_BIG;
  bool is_contradictory = snapshot->has_balances && snapshot->balances_code != HBUS_OK;
  return is_contradictory || snapshot->balances_code >= HBUS_WIRE_CODES ? HBUS_MALFORMED : HBUS_OK;
}

hbus_status snapshot_reply_pack(const hbus_snapshot *snapshot, buffer *out) {
  hbus_status status = s_check_snapshot(snapshot);
  if (status != HBUS_OK) return status;
  size_t start = out->size;
  size_t more = 5 + (snapshot->has_balances || snapshot->balances_code != HBUS_OK);
  status = field_pack(&s_snapshot_table, FIELD_FIRST(5), FIELD_FIRST(1), snapshot, more, out);
  if (status != HBUS_OK) goto out;
  pack_string(out, "link");
  if ((status = record_pack_link(&snapshot->link, out)) != HBUS_OK) goto out;
  pack_string(out, "halts"); /* its place is taken: there is no `halt` yet */
  pack_array(out, 0);
  pack_string(out, "stamps");
  if ((status = stamps_pack(snapshot->stamps, snapshot->stamp_count, out)) != HBUS_OK) goto out;
  if ((status = s_pack_orders(snapshot->orders, snapshot->order_count, out)) != HBUS_OK) goto out;
  if ((status = s_pack_positions(snapshot->positions, snapshot->position_count, out)) != HBUS_OK) goto out;
  status = s_pack_balances(snapshot, out);
out:
  return s_close(out, start, status);
}

static hbus_status s_unpack_balances(repair_unpacker *self, const snapshot_map *in, hbus_snapshot *out,
                                     hbus_error *error) {
  if (in->balances && in->balances_error)
    return hbus_fail(error, HBUS_MALFORMED, "'balances' and 'balances_error' are both there");
  if (in->balances_error)
    return field_unpack_record(&s_balances_error_table, "balances_error", in->balances_error, out, error);
  if (!in->balances) return HBUS_OK;
  out->has_balances = true;
  return array_unpack_stored(&s_balances_kind, in->balances, &self->balances, &out->balance_count, error);
}

hbus_status snapshot_reply_unpack(repair_unpacker *self, hbus_bytes data, hbus_snapshot *out, hbus_error *error) {
  snapshot_map in = {0};
  hbus_status status = s_read(self, data, &s_snapshot_table, &in, error);
  if (status != HBUS_OK) return status;
  hbus_snapshot *read = &in.snapshot;
  if (in.link->type != MSGPACK_OBJECT_MAP) return hbus_fail(error, HBUS_MALFORMED, "'link' must be a map");
  if ((status = record_unpack_link(in.link, &read->link, error)) != HBUS_OK) return status;
  status = array_unpack_stored(&stamps_kind, in.stamps, &self->stamps, &read->stamp_count, error);
  if (status != HBUS_OK) return status;
  status = array_unpack_stored(&s_orders_kind, in.orders, &self->orders, &read->order_count, error);
  if (status != HBUS_OK) return status;
  status = array_unpack_stored(&s_positions_kind, in.positions, &self->positions, &read->position_count, error);
  if (status != HBUS_OK) return status;
  if ((status = s_unpack_balances(self, &in, read, error)) != HBUS_OK) return status;
  read->stamps = self->stamps.items;
  read->orders = self->orders.items;
  read->positions = self->positions.items;
  read->balances = self->balances.items;
  *out = in.snapshot;
  return HBUS_OK;
}
