/* The decoder of the native dialect, as its three files share it: frames (native_decode.c), events and answers. */
#ifndef PROTO_UPSTREAM_NATIVE_DECODER_H
#define PROTO_UPSTREAM_NATIVE_DECODER_H

#include "proto/upstream/native/native.h"
#include "proto/upstream/native/native_shapes.h"

/* Records of an answer; grows, and keeps what it has. */
typedef struct native_list {
  void *items;
  size_t count;
  size_t capacity;
} native_list;

struct native_decoder {
  json_reader *reader;
  native_parts parts; /* of the last frame */
  bool has_response;  /* and it was a response */
  buffer extra;       /* unknown fields of what is decoded now */
  hbus_level *bids;   /* HBUS_BOOK_LEVELS_MAX of each: only what is written to is ever resident */
  hbus_level *asks;
  native_list list;
};

/* The event that `type` and `data` of the frame say, into the zeroed *out. */
hbus_status native_decode_event(native_decoder *self, hbus_event *out, hbus_error *error);

/* Reads a book of that shape, its levels into the decoder's own. */
hbus_status native_decode_book(native_decoder *self, const native_shape *shape, const native_place *place,
                               hbus_book *out, hbus_error *error);

/* What upstream says an error to be by code and text; each may be NULL or no text at all. */
hbus_status native_class_of(const json_node *code, const json_node *message);

#endif
