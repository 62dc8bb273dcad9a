/* Replies, both ways. */
#ifndef PROTO_REPLY_CODEC_H
#define PROTO_REPLY_CODEC_H

#include "hbus/command.h"
#include "proto/buffer.h"

/* Appends the reply's frame; reply->data must be one packed value or empty. */
hbus_status reply_pack(const hbus_reply *reply, buffer *out);

/* Unpacks a reply. out->message and out->data point into `data`. */
hbus_status reply_unpack(const uint8_t *data, size_t size, hbus_reply *out, hbus_error *error);

#endif
