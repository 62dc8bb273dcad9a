/* Which tables the journal has and which columns. The SQL that makes them is in journal_schema.c. */
#ifndef BROKER_JOURNAL_TABLES_H
#define BROKER_JOURNAL_TABLES_H

#include "broker/journal/journal_record.h"
#include "broker/journal/journal_row.h"

typedef enum journal_table_id {
  JOURNAL_STARTS,
  JOURNAL_ORDERS,
  JOURNAL_TOPICS,
  JOURNAL_SESSIONS,
  JOURNAL_FILLS,
  JOURNAL_POSITIONS,
  JOURNAL_EVENTS, /* the last: all before it are checked whole when the journal is opened */
  JOURNAL_TABLE_COUNT
} journal_table_id;

/* The records that are the journal's own. */
typedef struct journal_start_row {
  uint64_t epoch;
  char boot_id[40];
  uint64_t started_at_ns;
  uint64_t ended_at_ns; /* 0: it was not ended in order */
  char sync[16];
} journal_start_row;

typedef struct journal_topic_row {
  char topic[HBUS_TOPIC_MAX + 1];
  uint64_t last_seq;
} journal_topic_row;

typedef struct journal_event_row {
  uint64_t topic_n; /* its row in topics */
  uint64_t seq;
  uint64_t epoch;
  uint64_t tx_ns;
  hbus_kind kind;
  hbus_bytes body;
} journal_event_row;

const journal_table *journal_table_of(journal_table_id id);

#endif
