/* What the native decoder made of a frame, as JSON: the records through the bus's own codec. */
#ifndef TESTS_PROTO_NATIVE_DUMP_H
#define TESTS_PROTO_NATIVE_DUMP_H

#include "proto/buffer.h"
#include "proto/upstream/native/native.h"

void native_dump_event(const native_frame *frame, buffer *out);
void native_dump_answer(const native_frame *frame, const upstream_answer *answer, hbus_command_kind kind, buffer *out);
void native_dump_extra(const hbus_extra *extra, buffer *out);

#endif
