/* Events read back from the journal's file: on a connection of its own, on the thread pool, so that no commit waits for
 * a reader and a reader waits for no commit.
 *
 * One reading is under way at a time; the others wait in their order.
 */
#ifndef BROKER_JOURNAL_READER_H
#define BROKER_JOURNAL_READER_H

#include "broker/journal/journal.h"

typedef struct journal_reader journal_reader;

/* Its file is opened when it is first read. `options` are the journal's. NULL: no memory. */
journal_reader *journal_reader_new(journal *journal, const journal_options *options);
/* Answers all that waits, with HBUS_INTERNAL. Blocks while one is under way. Before the journal closes its file, and
 * when its questions are answered. The loop must run once more. */
void journal_reader_close(journal_reader **self);

/* journal_replay. */
hbus_status journal_reader_read(journal_reader *self, const journal_range *range, journal_events_fn *done, void *arg);

#endif
