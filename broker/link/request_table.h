/* Requests under way on one link, matched to their answers by number.
 *
 * Numbers count up and never recur. A request that timed out keeps its slot until a much later one needs it, so that a
 * late answer is still an answer (ORDERS.md, rule 11).
 */
#ifndef BROKER_REQUEST_TABLE_H
#define BROKER_REQUEST_TABLE_H

#include "broker/link/link.h"

#define REQUEST_ID_SIZE 24 /* a number, a NUL, and room */

typedef struct request_table request_table;

/* `capacity`: requests, a power of two. NULL: no memory. */
request_table *request_table_new(size_t capacity);
/* All that is left must have been failed before (request_table_fail_all). */
void request_table_destroy(request_table **self);

/* Takes a slot, and writes the request's id. `kind` says how to read the answer. HBUS_OVERLOADED: none is free. */
hbus_status request_table_add(request_table *self, hbus_command_kind kind, uint64_t deadline_ms, link_outcome_fn *done,
                              void *arg, char id[REQUEST_ID_SIZE]);
/* Takes the newest one back, which was not sent after all; its `done` is not called. */
void request_table_take_back(request_table *self);

/* Finds the request that an answer is for. False: never issued, or answered before. */
bool request_table_find(const request_table *self, hbus_text id, hbus_command_kind *kind);
/* Ends it: frees the slot, then calls done. The outcome's `late` is filled in. */
void request_table_finish(request_table *self, hbus_text id, link_outcome *outcome);

/* Requests not answered yet and not timed out. */
size_t request_table_waiting(const request_table *self);
/* The earliest deadline of those; false: there is none. */
bool request_table_deadline(request_table *self, uint64_t *deadline_ms);
/* Gives LINK_TIMED_OUT to all whose deadline is at or before `now_ms`; returns how many. Deadlines must never go down
 * from one request to the next. */
size_t request_table_expire(request_table *self, uint64_t now_ms);
/* Gives LINK_LOST to all, late ones too. */
void request_table_fail_all(request_table *self);

#endif
