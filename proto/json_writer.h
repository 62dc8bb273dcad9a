/* Writing JSON into a buffer: commas, quotes and escapes are its business; the order of calls is the caller's. */
#ifndef PROTO_JSON_WRITER_H
#define PROTO_JSON_WRITER_H

#include "hbus/types.h"
#include "proto/buffer.h"

typedef struct json_writer {
  buffer *out;
  bool need_comma;
} json_writer;

void json_writer_init(json_writer *self, buffer *out);
void json_begin_object(json_writer *self);
void json_end_object(json_writer *self);
void json_begin_array(json_writer *self);
void json_end_array(json_writer *self);
void json_key(json_writer *self, const char *key);
void json_key_text(json_writer *self, const char *key, size_t size);
void json_string(json_writer *self, const char *text);
/* Bytes that are no UTF-8 become U+FFFD. */
void json_text(json_writer *self, const char *text, size_t size);
/* A number exactly as given; the caller vouches for it. */
void json_number_text(json_writer *self, const char *text, size_t size);
void json_unsigned(json_writer *self, uint64_t value);
void json_signed(json_writer *self, int64_t value);
void json_bool(json_writer *self, bool value);
void json_null(json_writer *self);
/* Unix seconds with a fraction, exact: 1618677817077736000 ns is 1618677817.077736. */
void json_seconds(json_writer *self, uint64_t ns);

#endif
