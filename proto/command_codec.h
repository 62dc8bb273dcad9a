/* Commands, both ways. One table says which command takes which arguments and which of them it must have; the decoder,
 * the encoder, the gate for side effects and PROTOCOL.md's own table (checked by a test) follow it. */
#ifndef PROTO_COMMAND_CODEC_H
#define PROTO_COMMAND_CODEC_H

#include "hbus/command.h"
#include "proto/buffer.h"

#define COMMAND_KEYS_MAX 64 /* keys of a command, the unknown ones counted */

/* Appends the command's frame. HBUS_MALFORMED: a list or value that came packed is not one whole value;
 * HBUS_INVALID_REQUEST: no such command; else the buffer's status. */
hbus_status command_pack(const hbus_command *command, buffer *out);

/* Unpacks a frame, from which *out borrows its lists and values. On failure out->id is filled all the same where an id
 * could be read (else it is ""), and out->kind where `cmd` is known; the rest of *out is zero. The order of the checks:
 * size, form (frame_check), number of keys, a key twice, `v`, `id`, `cmd`, then each argument's kind and length, then
 * that no argument is missing. HBUS_TOO_BIG, HBUS_TRUNCATED, HBUS_MALFORMED, HBUS_TOO_DEEP: the frame;
 * HBUS_INVALID_REQUEST or HBUS_INVALID_ORDER (an argument of create_order): a field, which error->text names;
 * HBUS_UNSUPPORTED: a `cmd` that is not known. */
hbus_status command_unpack(const uint8_t *data, size_t size, hbus_command *out, hbus_error *error);

/* Whether the arguments make sense together. All commands: no market without an exchange, and both fit a topic.
 * create_order: price for limit, limit_maker and stop_limit and none for market and stop, stop price for stop and
 * stop_limit and none for the others, positive decimals. hello: grace_ms with cancel_on_disconnect alone.
 * get_open_orders: exchange and market, or neither. get_positions: an exchange and no owner, unless of the fills.
 * resolve_order: an order_id, or the status failed. publish: data that can be nested in an event. replay: a whole topic
 * of its stream, and no end before its beginning. snapshot: exchange and market, or neither, unless balances want an
 * exchange. ping and sequences: every element of the list is what it should be. HBUS_INVALID_ORDER or
 * HBUS_INVALID_REQUEST, error->text naming the field. */
hbus_status command_validate(const hbus_command *command, hbus_error *error);

/* The code of a bad argument: HBUS_INVALID_ORDER of a create, else HBUS_INVALID_REQUEST. */
hbus_status command_refusal(hbus_command_kind kind);

/* Whether two creates ask for the same: every argument but id and expires, decimals by value. */
bool command_same_order(const hbus_command *a, const hbus_command *b);

/* Whether it needs a hello before it: everything that may have an effect outside the broker or on other peers. */
bool command_has_side_effects(hbus_command_kind kind);

#endif
