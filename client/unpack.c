#include "client/unpack.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "hbus/result.h"
#include "proto/field.h"
#include "proto/frame.h"
#include "proto/record.h"

/* One msgpack value, believed only after a check of its form. */
static hbus_status s_open(hbus_bytes data, msgpack_unpacked *out, hbus_error *error) {
  if (data.size == 0) return hbus_fail(error, HBUS_MALFORMED, "the reply has no data");
  hbus_status status = frame_check(data.data, data.size);
  if (status != HBUS_OK) return hbus_fail(error, status, "the reply's data: %s", hbus_status_text(status));
  msgpack_unpacked_init(out);
  if (msgpack_unpack_next(out, (const char *)data.data, data.size, NULL) == MSGPACK_UNPACK_SUCCESS) return HBUS_OK;
  msgpack_unpacked_destroy(out);
  return hbus_fail(error, HBUS_NO_MEMORY, "no memory to read the reply");
}

/* hello and ping */

#define UINT_MAX_ON_WIRE ((UINT64_C(1) << 53) - 1)

typedef struct hello_data {
  hbus_hello hello;
  uint64_t protocol;
} hello_data;

static const field hello_fields[] = {
    FIELD_ROW(hello_data, hello.name, "name", .type = FIELD_NAME, .max = HBUS_NAME_MAX),
    FIELD_UNSIGNED_ROW(hello_data, hello.now_ms, "now", UINT_MAX_ON_WIRE, FIELD_REQUIRED),
    FIELD_UNSIGNED_ROW(hello_data, hello.epoch, "epoch", UINT_MAX_ON_WIRE, 0),
    FIELD_ROW(hello_data, hello.version, "version", .type = FIELD_NAME, .max = HBUS_NAME_MAX),
    FIELD_UNSIGNED_ROW(hello_data, protocol, "protocol", UINT_MAX_ON_WIRE, 0),
};
static const field_table hello_table = {hello_fields, sizeof(hello_fields) / sizeof(hello_fields[0])};

static hbus_status s_unpack_hello(hbus_bytes data, hello_data *out, hbus_error *error) {
  msgpack_unpacked unpacked;
  hbus_status status = s_open(data, &unpacked, error);
  if (status != HBUS_OK) return status;
  hello_data read = {0};
  status = field_unpack_record(&hello_table, "data", &unpacked.data, &read, error);
  msgpack_unpacked_destroy(&unpacked);
  if (status == HBUS_OK) *out = read;
  return status;
}

hbus_status unpack_hello(hbus_bytes data, hbus_hello *out, hbus_error *error) {
  hello_data read;
  hbus_status status = s_unpack_hello(data, &read, error);
  if (status != HBUS_OK) return status;
  if (read.protocol != 0 && read.protocol != HBUS_PROTOCOL_VERSION)
    return hbus_fail(error, HBUS_UNSUPPORTED, "the broker speaks protocol version %llu, this library %d",
                     (unsigned long long)read.protocol, HBUS_PROTOCOL_VERSION);
  *out = read.hello;
  return HBUS_OK;
}

hbus_status hbus_unpack_now(hbus_bytes data, uint64_t *out_ms, hbus_error *error) {
  hello_data read;
  hbus_status status = s_unpack_hello(data, &read, error);
  if (status == HBUS_OK) *out_ms = read.hello.now_ms;
  return status;
}

/* Single records */

/* One shape for all of them: open, read with the record's own call, close. */
#define DEFINE_UNPACK(noun)                                                                                            \
  hbus_status hbus_unpack_##noun(hbus_bytes data, hbus_##noun *out, hbus_error *error) {                               \
    msgpack_unpacked unpacked;                                                                                         \
    hbus_status status = s_open(data, &unpacked, error);                                                               \
    if (status != HBUS_OK) return status;                                                                              \
    status = record_unpack_##noun(&unpacked.data, out, error);                                                         \
    msgpack_unpacked_destroy(&unpacked);                                                                               \
    return status;                                                                                                     \
  }

DEFINE_UNPACK(order)
DEFINE_UNPACK(cancel)
DEFINE_UNPACK(cancels)
DEFINE_UNPACK(ticker)

hbus_status hbus_unpack_book(hbus_bytes data, hbus_owned_book *out, hbus_error *error) {
  msgpack_unpacked unpacked;
  hbus_status status = s_open(data, &unpacked, error);
  if (status != HBUS_OK) return status;
  record_levels levels = {0};
  hbus_book book;
  status = record_unpack_book(&unpacked.data, &levels, &book, error);
  msgpack_unpacked_destroy(&unpacked);
  if (status != HBUS_OK) {
    free(levels.items);
    return status;
  }
  hbus_owned_book_free(out);
  out->book = book;
  out->levels = levels.items;
  return HBUS_OK;
}

void hbus_owned_book_free(hbus_owned_book *book) {
  free(book->levels);
  *book = (hbus_owned_book){0};
}

void hbus_document_free(hbus_document *document) {
  free(document->data);
  *document = (hbus_document){0};
}

/* Lists */

typedef struct page_data {
  const msgpack_object *items;
  char cursor[HBUS_CURSOR_MAX + 1];
} page_data;

static const field page_fields[] = {
    FIELD_ROW(page_data, items, "items", .type = FIELD_OBJECT, .flags = FIELD_REQUIRED),
    FIELD_ROW(page_data, cursor, "cursor", .type = FIELD_NAME, .max = HBUS_CURSOR_MAX),
};
static const field_table page_table = {page_fields, sizeof(page_fields) / sizeof(page_fields[0])};

/* How a list's records are read. */
typedef struct record_reader {
  size_t size;
  hbus_status (*unpack)(const msgpack_object *map, void *record, hbus_error *error);
} record_reader;

static hbus_status s_read_order(const msgpack_object *map, void *record, hbus_error *error) {
  return record_unpack_order(map, record, error);
}

static hbus_status s_read_balance(const msgpack_object *map, void *record, hbus_error *error) {
  return record_unpack_balance(map, record, error);
}

static hbus_status s_read_position(const msgpack_object *map, void *record, hbus_error *error) {
  return record_unpack_position(map, record, error);
}

static const record_reader order_reader = {sizeof(hbus_order), s_read_order};
static const record_reader balance_reader = {sizeof(hbus_balance), s_read_balance};
static const record_reader position_reader = {sizeof(hbus_position), s_read_position};

/* Reads the records behind the `count` in `items`, which may move; on failure there are as many as before. */
static hbus_status s_append(const record_reader *reader, void **items, size_t *count,
                            const msgpack_object_array *records, hbus_error *error) {
  size_t total = *count + records->size;
  uint8_t *grown = realloc(*items, (total + 1) * reader->size); /* + 1: never of no bytes */
  if (grown == NULL) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for %zu records", total);
  *items = grown;
  uint8_t *added = grown + *count * reader->size;
  memset(added, 0, records->size * reader->size);
  for (uint32_t i = 0; i < records->size; i++) {
    hbus_status status = reader->unpack(&records->ptr[i], added + i * reader->size, error);
    if (status != HBUS_OK) return status;
  }
  *count = total;
  return HBUS_OK;
}

/* Adds a page to the list whose members these are. */
static hbus_status s_unpack_page(const record_reader *reader, hbus_bytes data, void **items, size_t *count,
                                 char *cursor, hbus_error *error) {
  msgpack_unpacked unpacked;
  hbus_status status = s_open(data, &unpacked, error);
  if (status != HBUS_OK) return status;
  page_data page = {0};
  status = field_unpack_record(&page_table, "data", &unpacked.data, &page, error);
  if (status == HBUS_OK && page.items->type != MSGPACK_OBJECT_ARRAY)
    status = hbus_fail(error, HBUS_MALFORMED, "items is no array");
  if (status == HBUS_OK) status = s_append(reader, items, count, &page.items->via.array, error);
  if (status == HBUS_OK) memcpy(cursor, page.cursor, sizeof(page.cursor));
  msgpack_unpacked_destroy(&unpacked);
  return status;
}

#define DEFINE_LIST(noun, plural)                                                                                      \
  hbus_status hbus_unpack_##plural(hbus_bytes data, hbus_##noun##_list *list, hbus_error *error) {                     \
    void *items = list->items;                                                                                         \
    hbus_status status = s_unpack_page(&noun##_reader, data, &items, &list->count, list->cursor, error);               \
    list->items = items;                                                                                               \
    return status;                                                                                                     \
  }                                                                                                                    \
  void hbus_##noun##_list_free(hbus_##noun##_list *list) {                                                             \
    free(list->items);                                                                                                 \
    *list = (hbus_##noun##_list){0};                                                                                   \
  }

DEFINE_LIST(order, orders)
DEFINE_LIST(balance, balances)
DEFINE_LIST(position, positions)
