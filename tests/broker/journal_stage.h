/* A journal on a loop, in a folder of its own, and records with every field filled: for tests. */
#ifndef TESTS_BROKER_JOURNAL_STAGE_H
#define TESTS_BROKER_JOURNAL_STAGE_H

#include "broker/journal/journal_db.h"

#define STAGE_ANSWERS_MAX 256

typedef struct journal_stage {
  char folder[64];
  char path[96];
  config config;
  counters counters;
  logger *log;
  uv_loop_t loop;
  journal *journal;
  unsigned answer_count; /* what stage_ask was answered, in order */
  struct {
    unsigned tag;
    hbus_status status;
  } answers[STAGE_ANSWERS_MAX];
  struct journal_stage_tag *tags; /* of questions under way */
} journal_stage;

/* A new folder; nothing is opened yet. sync is interval. */
journal_stage *journal_stage_new(void);
/* Closes the journal where it is open, and removes the folder. */
void journal_stage_destroy(journal_stage **self);

hbus_status journal_stage_try(journal_stage *self, hbus_error *error);
/* Fails the test where it cannot be opened. */
void journal_stage_open(journal_stage *self);
void journal_stage_close(journal_stage *self);

/* journal_when; the answer is kept under `tag`. */
void journal_stage_ask(journal_stage *self, unsigned tag);
/* Runs the loop until there are that many answers. */
void journal_stage_wait(journal_stage *self, unsigned count);
/* put_... was called: asks and waits; the answer. */
hbus_status journal_stage_settle(journal_stage *self);

/* PATH and `end`: "", "-wal". */
const char *journal_stage_file(const journal_stage *self, const char *end, char out[128]);

/* Records whose every field is made of `number`. */
journal_order journal_stage_order(unsigned number);
journal_order journal_stage_order_of_others(unsigned number);
journal_fill journal_stage_fill(unsigned number);
journal_position journal_stage_position(unsigned number);
journal_session journal_stage_session(unsigned number);
/* Borrows from what is static, until the next call. */
journal_event journal_stage_event(const char *topic, uint64_t seq);

/* All that the journal gives, as text: two of them are equal where what is served is. The caller's to free. */
char *journal_stage_dump(journal_stage *self);
/* The same of a file that no journal has opened; NULL: it is refused, and `error` says why. */
char *journal_stage_dump_db(journal_db *db);
char *journal_stage_dump_file(const char *path, hbus_error *error);

/* Runs a statement on the file as an operator would, and gives what it prints: rows with '|' between columns. The
 * caller's to free. */
char *journal_stage_query(const journal_stage *self, const char *sql);

/* Whole files. */
uint8_t *journal_stage_read(const char *path, size_t *size);
void journal_stage_write(const char *path, const uint8_t *data, size_t size);

#endif
