/* The data of replies: one msgpack value each, at the end of a buffer (PROTOCOL.md, "Commands"). */
#ifndef BROKER_REPLY_DATA_H
#define BROKER_REPLY_DATA_H

#include "broker/command/command_path.h"
#include "proto/buffer.h"
#include "proto/upstream/answer.h"

/* How many records the cursor of a command says that earlier pages had; 0 without one. HBUS_INVALID_REQUEST. */
hbus_status reply_cursor_offset(const hbus_command *command, uint64_t *out, hbus_error *error);

/* What a query was answered with; of a list, the page that the task asks for. HBUS_INVALID_REQUEST: what the cursor
 * names is gone; HBUS_OVERLOADED: too large; HBUS_UPSTREAM_ERROR: upstream left something out. */
hbus_status reply_data_query(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error);

/* The same for a list of orders: of this owner's alone, NULL: of all. Others are passed over, so that a page may have
 * fewer than were asked for, or none, though there is another. */
hbus_status reply_data_orders(const task *task, const upstream_answer *answer, const char *owner, buffer *out,
                              hbus_error *error);
/* The same for orders that the broker knows. */
hbus_status reply_data_known_orders(const task *task, const order *const *orders, size_t count, buffer *out,
                                    hbus_error *error);

void reply_data_order(const hbus_order *order, buffer *out);
void reply_data_cancel(const hbus_cancel *cancel, buffer *out);
void reply_data_cancels(const hbus_cancels *cancels, buffer *out);
void reply_data_message(const char *message, buffer *out);
/* {now} */
void reply_data_now(buffer *out);
/* hello's. */
void reply_data_hello(const command_path *path, const char *name, buffer *out);
void reply_data_status(const command_path *path, buffer *out);

#endif
