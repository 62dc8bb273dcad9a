/* What each object of the native dialect looks like: the dialect's description of its data, as tables. */
#ifndef PROTO_UPSTREAM_NATIVE_SHAPES_H
#define PROTO_UPSTREAM_NATIVE_SHAPES_H

#include "proto/upstream/native/native_fields.h"

/* A frame: a response or an event. */
typedef struct native_parts {
  const json_node *id;
  const json_node *status;
  const json_node *type;
  const json_node *data;
  const json_node *message;
  const json_node *code;
} native_parts;

/* What an event says, with the time that the record itself has no place for. */
typedef struct native_order_update {
  hbus_order order;
  uint64_t ts_ns;
} native_order_update;

typedef struct native_trade {
  hbus_trade trade;
  uint64_t ts_ns;
} native_trade;

typedef struct native_notice {
  hbus_notice notice;
  uint64_t ts_ns;
} native_notice;

/* A book whose levels are still to be read. */
typedef struct native_book {
  hbus_book book;
  const json_node *bids;
  const json_node *asks;
} native_book;

extern const native_shape native_shape_parts;        /* native_parts */
extern const native_shape native_shape_order;        /* hbus_order, in answers */
extern const native_shape native_shape_order_update; /* native_order_update */
extern const native_shape native_shape_trade;        /* native_trade */
extern const native_shape native_shape_book_update;  /* native_book, in events */
extern const native_shape native_shape_book;         /* native_book, in answers, where the names may be left out */
extern const native_shape native_shape_ticker;       /* hbus_ticker */
extern const native_shape native_shape_error;        /* native_notice */
extern const native_shape native_shape_info;         /* native_notice */
extern const native_shape native_shape_cancel;       /* hbus_cancel */
extern const native_shape native_shape_balance;      /* hbus_balance, its amounts alone */
extern const native_shape native_shape_position;     /* hbus_position */

#endif
