/* What commands return, typed.
 *
 * Results are the caller's. Plain structs (order, ticker, cancel) hold everything themselves and need no care; what has
 * memory of its own starts zeroed, `= {0}`, and has a free call that may be called twice and on a zeroed one.
 *
 * The hbus_unpack_* calls read hbus_reply.data of a reply from hbus_client_next; the calls of hbus/calls.h use them
 * too. They all return HBUS_MALFORMED, HBUS_TRUNCATED, HBUS_TOO_BIG or HBUS_TOO_DEEP for data that is not what it
 * should be, and HBUS_NO_MEMORY.
 */
#ifndef HBUS_RESULT_H
#define HBUS_RESULT_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hbus_order_list {
  hbus_order *items;
  size_t count;
  char cursor[HBUS_CURSOR_MAX + 1]; /* not empty: there is more, and this asks for it */
} hbus_order_list;

typedef struct hbus_balance_list {
  hbus_balance *items;
  size_t count;
  char cursor[HBUS_CURSOR_MAX + 1];
} hbus_balance_list;

typedef struct hbus_position_list {
  hbus_position *items;
  size_t count;
  char cursor[HBUS_CURSOR_MAX + 1];
} hbus_position_list;

/* An order book that owns its levels: book.bids and book.asks point into `levels`. */
typedef struct hbus_owned_book {
  hbus_book book;
  hbus_level *levels;
} hbus_owned_book;

/* One msgpack value, owned. */
typedef struct hbus_document {
  uint8_t *data;
  size_t size;
} hbus_document;

void hbus_order_list_free(hbus_order_list *list);
void hbus_balance_list_free(hbus_balance_list *list);
void hbus_position_list_free(hbus_position_list *list);
void hbus_owned_book_free(hbus_owned_book *book);
void hbus_document_free(hbus_document *document);

/* hello and ping: the broker's clock, unix ms. */
hbus_status hbus_unpack_now(hbus_bytes data, uint64_t *out_ms, hbus_error *error);
/* create_order, get_order and resolve_order. */
hbus_status hbus_unpack_order(hbus_bytes data, hbus_order *out, hbus_error *error);
hbus_status hbus_unpack_cancel(hbus_bytes data, hbus_cancel *out, hbus_error *error);
hbus_status hbus_unpack_cancels(hbus_bytes data, hbus_cancels *out, hbus_error *error);
hbus_status hbus_unpack_ticker(hbus_bytes data, hbus_ticker *out, hbus_error *error);
/* *out must be zeroed or hold an earlier book, which is freed. */
hbus_status hbus_unpack_book(hbus_bytes data, hbus_owned_book *out, hbus_error *error);

/* A page of a list: its records are added behind those in *list, and list->cursor becomes the page's. */
hbus_status hbus_unpack_orders(hbus_bytes data, hbus_order_list *list, hbus_error *error);
hbus_status hbus_unpack_balances(hbus_bytes data, hbus_balance_list *list, hbus_error *error);
hbus_status hbus_unpack_positions(hbus_bytes data, hbus_position_list *list, hbus_error *error);

#ifdef __cplusplus
}
#endif
#endif
