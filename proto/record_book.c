/* Order books: their levels are most of the bytes that the bus carries, and are written and read straight. */
#include <stdlib.h>

#include "proto/field.h"
#include "proto/pack.h"
#include "proto/record.h"

#define LEVEL_HEADS_MAX 5 /* the array's, and those of two strings of up to 38 bytes */

/* A book on its way in: the sides are looked at when all keys are known. */
typedef struct book_map {
  hbus_book book;
  const msgpack_object *bids;
  const msgpack_object *asks;
} book_map;

static const field s_fields[] = {
    FIELD_ROW(book_map, book.exchange, "exchange", .type = FIELD_NAME, .max = HBUS_NAME_MAX, .flags = FIELD_REQUIRED),
    FIELD_ROW(book_map, book.market, "market", .type = FIELD_NAME, .max = HBUS_NAME_MAX, .flags = FIELD_REQUIRED),
    FIELD_ROW(book_map, bids, "bids", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(book_map, asks, "asks", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_UNSIGNED_ROW(book_map, book.ts_ns, "ts", UINT64_MAX, FIELD_IN_REPLY),
};
enum { NAMES = 1 << 0 | 1 << 1 }; /* what the table writes of a book: exchange and market */

static const field_table s_table = {s_fields, sizeof s_fields / sizeof s_fields[0]};

/* ---- writing ---- */

/* Bytes that the levels take when packed; 0 when one of them lacks a number. */
static size_t s_measure(const hbus_level *levels, size_t count) {
  size_t size = 1; /* never 0 for an empty side */
  for (size_t i = 0; i < count; i++) {
    size_t price = levels[i].price.size, amount = levels[i].amount.size;
    if (price == 0 || amount == 0) return 0;
    size += LEVEL_HEADS_MAX + price + amount;
  }
  return size;
}

static void s_pack_levels(const char *key, const hbus_level *levels, size_t count, size_t size, buffer *out) {
  pack_string(out, key);
  pack_array(out, count);
  if (buffer_reserve(out, size + PACK_DECIMAL_MAX) != HBUS_OK) return; /* pack_decimal_at writes past its decimal */
  uint8_t *at = out->data + out->size;
  for (size_t i = 0; i < count; i++) {
    *at++ = 0x92; /* fixarray of two */
    at = pack_decimal_at(at, &levels[i].price);
    at = pack_decimal_at(at, &levels[i].amount);
  }
  out->size = (size_t)(at - out->data);
}

hbus_status record_pack_book(const hbus_book *book, record_place place, buffer *out) {
  if (book->bid_count > HBUS_BOOK_LEVELS_MAX || book->ask_count > HBUS_BOOK_LEVELS_MAX) return HBUS_TOO_BIG;
  size_t bids_size = s_measure(book->bids, book->bid_count), asks_size = s_measure(book->asks, book->ask_count);
  if (bids_size == 0 || asks_size == 0) return HBUS_MALFORMED;
  size_t start = out->size;
  bool with_ts = place == RECORD_IN_REPLY && book->ts_ns > 0;
  size_t more = 2 + (size_t)with_ts + book->extra.count;
  hbus_status status = field_pack(&s_table, NAMES, NAMES, book, more, out); /* the book is book_map's first member */
  if (status != HBUS_OK) goto out;
  s_pack_levels("bids", book->bids, book->bid_count, bids_size, out);
  s_pack_levels("asks", book->asks, book->ask_count, asks_size, out);
  if (with_ts) {
    pack_string(out, "ts");
    pack_unsigned(out, book->ts_ns);
  }
  status = buffer_append(out, book->extra.pairs.data, book->extra.pairs.size);
out:
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

/* ---- reading ---- */

static hbus_status s_check_side(const msgpack_object *side, const char *key, hbus_error *error) {
  if (side->type != MSGPACK_OBJECT_ARRAY) return hbus_fail(error, HBUS_MALFORMED, "'%s' must be an array", key);
  if (side->via.array.size > HBUS_BOOK_LEVELS_MAX)
    return hbus_fail(error, HBUS_TOO_BIG, "'%s' has %u levels, at most %d", key, side->via.array.size,
                     HBUS_BOOK_LEVELS_MAX);
  return HBUS_OK;
}

static hbus_status s_grow(record_levels *levels, size_t count) {
  if (count <= levels->capacity) return HBUS_OK;
  size_t capacity = levels->capacity ? levels->capacity : 64;
  while (capacity < count)
    capacity *= 2;
  hbus_level *items = realloc(levels->items, capacity * sizeof *items);
  if (!items) return HBUS_NO_MEMORY;
  *levels = (record_levels){.items = items, .capacity = capacity};
  return HBUS_OK;
}

static bool s_unpack_decimal(const msgpack_object *value, hbus_decimal *out) {
  return value->type == MSGPACK_OBJECT_STR &&
         hbus_decimal_parse(value->via.str.ptr, value->via.str.size, out) == HBUS_OK;
}

static hbus_status s_unpack_side(const msgpack_object *side, const char *key, hbus_level *out, hbus_error *error) {
  for (uint32_t i = 0; i < side->via.array.size; i++) {
    const msgpack_object *level = &side->via.array.ptr[i];
    bool is_pair = level->type == MSGPACK_OBJECT_ARRAY && level->via.array.size == 2;
    if (!is_pair || !s_unpack_decimal(&level->via.array.ptr[0], &out[i].price) ||
        !s_unpack_decimal(&level->via.array.ptr[1], &out[i].amount))
      return hbus_fail(error, HBUS_MALFORMED, "'%s': level %u must be [price, amount], two decimal strings", key, i);
  }
  return HBUS_OK;
}

hbus_status record_unpack_book(const msgpack_object *map, record_levels *levels, hbus_book *out, hbus_error *error) {
  book_map in = {0};
  hbus_status status = field_unpack_record(&s_table, "data", map, &in, error);
  if (status != HBUS_OK) return status;
  if ((status = s_check_side(in.bids, "bids", error)) != HBUS_OK) return status;
  if ((status = s_check_side(in.asks, "asks", error)) != HBUS_OK) return status;
  size_t bid_count = in.bids->via.array.size, ask_count = in.asks->via.array.size;
  if (s_grow(levels, bid_count + ask_count) != HBUS_OK) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  if (bid_count > 0 && (status = s_unpack_side(in.bids, "bids", levels->items, error)) != HBUS_OK) return status;
  if (ask_count > 0 && (status = s_unpack_side(in.asks, "asks", levels->items + bid_count, error)) != HBUS_OK)
    return status;
  *out = in.book;
  out->bids = levels->items;
  out->bid_count = bid_count;
  out->asks = ask_count > 0 ? levels->items + bid_count : levels->items;
  out->ask_count = ask_count;
  return HBUS_OK;
}
