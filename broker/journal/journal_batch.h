/* What is put in one turn, or while a commit is under way: copies of records, laid end to end, and the questions that
 * are answered when they are safe. Filled by the reactor, read by the worker; never by both at once. */
#ifndef BROKER_JOURNAL_BATCH_H
#define BROKER_JOURNAL_BATCH_H

#include "broker/journal/journal.h"
#include "proto/buffer.h"

typedef enum journal_record_kind {
  JOURNAL_RECORD_ORDER,
  JOURNAL_RECORD_EVENT,
  JOURNAL_RECORD_FILL,
  JOURNAL_RECORD_POSITION,
  JOURNAL_RECORD_SESSION
} journal_record_kind;

/* One of `when` and `find` is there. */
typedef struct journal_question {
  journal_done_fn *when;
  journal_found_fn *find;
  void *arg;
  hbus_name owner;
  hbus_client_order_id client_order_id;
  hbus_status status; /* of the looking up */
  bool found;
  size_t found_at; /* in the batch's `found` */
} journal_question;

typedef struct journal_batch {
  buffer records;
  size_t record_count;
  buffer questions;
  size_t question_count;
  size_t answered; /* of the questions, from the first */
  buffer found;    /* orders that were looked up */
  bool lost;       /* a record of this batch was dropped */
} journal_batch;

void journal_batch_init(journal_batch *self);
void journal_batch_free(journal_batch *self);
/* Empties it; memory beyond what a usual turn takes is given back. */
void journal_batch_reset(journal_batch *self);
/* Of what was put and asked; also while the worker has it. */
size_t journal_batch_bytes(const journal_batch *self);

/* HBUS_TOO_BIG, HBUS_NO_MEMORY: nothing was added. */
hbus_status journal_batch_put(journal_batch *self, journal_record_kind kind, const void *record);
hbus_status journal_batch_ask(journal_batch *self, const journal_question *question);
journal_question *journal_batch_question(const journal_batch *self, size_t at);

/* The record at *at, which goes on to the next one. NULL: there are no more. What it borrows is the batch's. */
const void *journal_batch_next(const journal_batch *self, size_t *at, journal_record_kind *kind);

/* Keeps a copy of an order that was found. HBUS_NO_MEMORY. */
hbus_status journal_batch_keep_found(journal_batch *self, journal_question *question, const journal_order *order);
const journal_order *journal_batch_found(const journal_batch *self, const journal_question *question);

#endif
