/* Events: the envelope by its table, the data by its record's. */
#include "proto/event_codec.h"

#include <stdlib.h>
#include <string.h>

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/pack.h"
#include "proto/record.h"

#define ZONE_CHUNK_SIZE 16384 /* msgpack-c's objects of a 20-level book fit; larger ones take more chunks */

/* An event on its way in. */
typedef struct event_map {
  hbus_event event;
  const msgpack_object *data;
} event_map;

static const field s_fields[] = {
    {.key = "v", .key_size = 1, .type = FIELD_VERSION, .flags = FIELD_REQUIRED},
    FIELD_ROW(event_map, event.type, "type", .type = FIELD_OPEN_ENUM, .names = &names_event_type,
              .flags = FIELD_REQUIRED),
    FIELD_ROW(event_map, event.kind, "kind", .type = FIELD_OPEN_ENUM, .names = &names_kind, .flags = FIELD_REQUIRED),
    FIELD_NUMBER_ROW(event_map, event.epoch, "epoch", FIELD_REQUIRED),
    FIELD_NUMBER_ROW(event_map, event.seq, "seq", FIELD_REQUIRED),
    FIELD_ROW(event_map, event.src, "src", .type = FIELD_NAME, .max = HBUS_NAME_MAX, .flags = FIELD_REQUIRED),
    FIELD_UNSIGNED_ROW(event_map, event.ts_ns, "ts", UINT64_MAX, 0),
    FIELD_UNSIGNED_ROW(event_map, event.rx_ns, "rx", UINT64_MAX, FIELD_REQUIRED),
    FIELD_UNSIGNED_ROW(event_map, event.tx_ns, "tx", UINT64_MAX, FIELD_REQUIRED),
    FIELD_ROW(event_map, event.owner, "owner", .type = FIELD_NAME, .max = HBUS_NAME_MAX),
    FIELD_ROW(event_map, event.client_order_id, "client_order_id", .type = FIELD_NAME, .max = HBUS_CLIENT_ORDER_ID_MAX),
    FIELD_UNSIGNED_ROW(event_map, event.rev, "rev", UINT64_MAX, 0),
    FIELD_ROW(event_map, event.origin, "origin", .type = FIELD_OPEN_ENUM, .names = &names_origin),
    FIELD_ROW(event_map, data, "data", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
};
enum {
  DATA = 1 << (sizeof s_fields / sizeof s_fields[0] - 1),
  ALWAYS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 /* v type kind epoch seq src rx tx */
};

static const field_table s_table = {s_fields, sizeof s_fields / sizeof s_fields[0]};

static hbus_status s_pack_data(const hbus_event *event, buffer *out) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: return record_pack_book(&event->data.book, RECORD_IN_EVENT, out);
  case HBUS_KIND_TICKER_UPDATE: return record_pack_ticker(&event->data.ticker, RECORD_IN_EVENT, out);
  case HBUS_KIND_TRADE: return record_pack_trade(&event->data.trade, out);
  case HBUS_KIND_ORDER_UPDATE: return record_pack_order(&event->data.order, RECORD_IN_EVENT, out);
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: return record_pack_notice(&event->data.notice, out);
  case HBUS_KIND_LINK: return record_pack_link(&event->data.link, out);
  case HBUS_KIND_HEARTBEAT: return record_pack_heartbeat(&event->data.heartbeat, out);
  case HBUS_KIND_SLOW: return record_pack_slow(&event->data.slow, out);
  case HBUS_KIND_STRATEGY_UPDATE:
    return event->owner[0] ? record_pack_signal(&event->data.signal, out) : HBUS_MALFORMED;
  case HBUS_KIND_OTHER:
  case HBUS_KIND_COUNT: break;
  }
  return HBUS_MALFORMED;
}

hbus_status event_pack(const hbus_event *event, buffer *out) {
  size_t start = out->size;
  /* The event is the event_map's first member, and FIELD_OBJECT rows are never read here. */
  hbus_status status = field_pack(&s_table, ~(field_set)DATA, ALWAYS, event, 1, out);
  if (status == HBUS_OK) {
    pack_string(out, "data");
    status = s_pack_data(event, out);
  }
  if (status == HBUS_OK) status = out->status;
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

struct event_unpacker {
  msgpack_zone zone;
  record_levels levels;
  array_store topics;
  event_map in;
};

event_unpacker *event_unpacker_new(void) {
  event_unpacker *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  if (!msgpack_zone_init(&self->zone, ZONE_CHUNK_SIZE)) {
    free(self);
    return NULL;
  }
  return self;
}

void event_unpacker_destroy(event_unpacker **self) {
  if (!*self) return;
  msgpack_zone_destroy(&(*self)->zone);
  free((*self)->levels.items);
  array_store_free(&(*self)->topics);
  free(*self);
  *self = NULL;
}

/* What stands in the envelope of an event stands in the record of a reply: a reader finds it in both. */
static void s_complete_data(hbus_event *event) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: event->data.book.ts_ns = event->ts_ns; break;
  case HBUS_KIND_TICKER_UPDATE: event->data.ticker.ts_ns = event->ts_ns; break;
  case HBUS_KIND_ORDER_UPDATE: {
    hbus_order *order = &event->data.order;
    memcpy(order->client_order_id, event->client_order_id, sizeof order->client_order_id);
    memcpy(order->owner, event->owner, sizeof order->owner);
    order->rev = event->rev;
    break;
  }
  default: break;
  }
}

/* The only record with a value that is passed on as it stands, for which the body's bytes are looked at again. */
static hbus_status s_unpack_signal(const msgpack_object *data, hbus_bytes body, hbus_event *out, hbus_error *error) {
  hbus_bytes bytes;
  if (!out->owner[0]) return hbus_fail(error, HBUS_MALFORMED, "'owner' is missing: a signal is some peer's");
  if (frame_find(body.data, body.size, "data", &bytes) != HBUS_OK)
    return hbus_fail(error, HBUS_INTERNAL, "'data' cannot be found"); /* the body has been checked: never */
  return record_unpack_signal(data, bytes, &out->data.signal, error);
}

static hbus_status s_unpack_data(event_unpacker *self, const msgpack_object *data, hbus_bytes body, hbus_event *out,
                                 hbus_error *error) {
  switch (out->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: return record_unpack_book(data, &self->levels, &out->data.book, error);
  case HBUS_KIND_TICKER_UPDATE: return record_unpack_ticker(data, &out->data.ticker, error);
  case HBUS_KIND_TRADE: return record_unpack_trade(data, &out->data.trade, error);
  case HBUS_KIND_ORDER_UPDATE: return record_unpack_order(data, &out->data.order, error);
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: return record_unpack_notice(data, &out->data.notice, error);
  case HBUS_KIND_LINK: return record_unpack_link(data, &out->data.link, error);
  case HBUS_KIND_HEARTBEAT: return record_unpack_heartbeat(data, &self->topics, &out->data.heartbeat, error);
  case HBUS_KIND_SLOW: return record_unpack_slow(data, &out->data.slow, error);
  case HBUS_KIND_STRATEGY_UPDATE: return s_unpack_signal(data, body, out, error);
  case HBUS_KIND_OTHER:
  case HBUS_KIND_COUNT: break;
  }
  return HBUS_OK; /* a kind that is not known here: the envelope is all that can be read */
}

hbus_status event_unpack(event_unpacker *self, const uint8_t *data, size_t size, hbus_event *out, hbus_error *error) {
  msgpack_object_map body;
  msgpack_zone_clear(&self->zone);
  hbus_status status = message_read(data, size, HBUS_FRAME_MAX, &self->zone, &body, error);
  if (status != HBUS_OK) return status;
  event_map *in = &self->in;
  *in = (event_map){0};
  if ((status = field_unpack_map(&s_table, &body, in, error)) != HBUS_OK) return status;
  if ((status = s_unpack_data(self, in->data, (hbus_bytes){data, size}, &in->event, error)) != HBUS_OK) return status;
  s_complete_data(&in->event);
  *out = in->event;
  return HBUS_OK;
}
