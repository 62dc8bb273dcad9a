/* The data of replies: one msgpack value each, at the end of a buffer (PROTOCOL.md, "Commands"). */
#ifndef BROKER_REPLY_DATA_H
#define BROKER_REPLY_DATA_H

#include "broker/command/command_path.h"
#include "proto/buffer.h"
#include "proto/upstream/answer.h"

/* Which of an answer's records stand on this page. */
typedef struct reply_page {
  size_t first;
  size_t count;
  bool more;
} reply_page;

/* The page of a list of `total` records that the task asks for. `id_of` gives the id of the record at an index, by
 * which a cursor finds its place again. HBUS_INVALID_REQUEST: the cursor is not one of ours, or what it names is gone.
 */
typedef void reply_id_fn(const upstream_answer *answer, size_t index, char out[HBUS_CURSOR_MAX + 1]);
hbus_status reply_page_find(const task *task, const upstream_answer *answer, size_t total, reply_id_fn *id_of,
                            reply_page *out, hbus_error *error);

/* How many records the cursor of a command says that earlier pages had; 0 without one. HBUS_INVALID_REQUEST. */
hbus_status reply_cursor_offset(const hbus_command *command, uint64_t *out, hbus_error *error);

/* What a query was answered with. HBUS_INVALID_REQUEST: as reply_page_find; HBUS_OVERLOADED: too large;
 * HBUS_UPSTREAM_ERROR: upstream left something out. */
hbus_status reply_data_query(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error);

void reply_data_order(const hbus_order *order, buffer *out);
void reply_data_cancel(const hbus_cancel *cancel, buffer *out);
void reply_data_message(const char *message, buffer *out);
/* {now} */
void reply_data_now(buffer *out);
/* hello's. */
void reply_data_hello(const command_path *path, const char *name, buffer *out);
void reply_data_status(const command_path *path, buffer *out);

#endif
