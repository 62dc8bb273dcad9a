/* The journal: what must outlive the broker, in one SQLite file (JOURNAL.md has its schema).
 *
 * What is put is written behind, many records to a commit, on the thread pool; nothing here blocks but opening, loading
 * and closing. Everything that one turn of the reactor puts lies in one commit, all of it or nothing. Whoever has to
 * know that it is safe asks journal_when, which answers in the order of asking.
 *
 *   put …, put …, when → (end of the turn) → collect → one commit → the answers, in their order
 *
 * With sync `off` there is no file: puts do nothing, and every question is answered in the next turn.
 *
 * A commit that fails stops nothing but new orders (ORDERS.md, rule 19): what waits for it is told so and goes on, what
 * was put is kept, within LIMIT_JOURNAL_BYTES, and tried again every second.
 */
#ifndef BROKER_JOURNAL_H
#define BROKER_JOURNAL_H

#include <uv.h>

#include "broker/config.h"
#include "broker/counters.h"
#include "broker/journal/journal_record.h"
#include "broker/log.h"

typedef struct journal journal;

typedef struct journal_options {
  uv_loop_t *loop;
  const config *config; /* journal.* and bounds.* */
  logger *log;
  counters *counters;
} journal_options;

/* Opens the file of config->journal.path, or makes it; brings an older schema up to date; checks every record but
 * events, which are checked when they are read. Takes the lock PATH.lock, which goes with the process.
 * HBUS_INVALID_REQUEST: another broker has it, it is no journal of hbus, or of a later version; HBUS_MALFORMED: it is
 * damaged; HBUS_INTERNAL: it cannot be read or written. `error` names the file, and what to do. Blocks. */
hbus_status journal_open(journal **out, const journal_options *options, hbus_error *error);
/* Writes what was put and answers every question, then closes. Blocks. The loop must run once more before `loop` is
 * closed. */
void journal_close(journal **self);

/* What this start is. Epochs are microseconds of the real-time clock, greater than that of every start before. */
typedef struct journal_start {
  uint64_t epoch;
  bool first;       /* the file was made by this start; also with sync off */
  bool may_lack;    /* the machine has been started anew since the last start, which wrote with sync `interval`: what it
                       wrote last may be missing */
  bool was_stopped; /* the last one was ended in order */
} journal_start;
const journal_start *journal_this_start(const journal *self);

/* Gives all that was loaded to whoever wants it; a member that is NULL is not wanted. A visitor that returns another
 * status than HBUS_OK ends the loading with it. What a record borrows is for the length of the call. Blocks; for the
 * start alone. */
typedef struct journal_visitor {
  void *arg;
  /* Every order that is not finished, oldest first; then the finished ones that were updated last, bounds.orders in
   * all, oldest first. */
  hbus_status (*order)(void *arg, const journal_order *order);
  /* Every client_order_id with its owner, those of the orders above too. */
  hbus_status (*id)(void *arg, const char *owner, const char *client_order_id);
  /* The last number given to a topic of the private stream. */
  hbus_status (*topic)(void *arg, const char *topic, uint64_t last_seq);
  /* The LIMIT_FILLS newest, oldest first. */
  hbus_status (*fill)(void *arg, const journal_fill *fill);
  hbus_status (*position)(void *arg, const journal_position *position);
  hbus_status (*session)(void *arg, const journal_session *session);
} journal_visitor;
hbus_status journal_load(journal *self, const journal_visitor *visitor, hbus_error *error);

/* Called at the end of every turn, before the turn's batch is closed: the place to put what has changed. */
typedef void journal_collect_fn(void *arg);
void journal_on_collect(journal *self, journal_collect_fn *collect, void *arg);
/* There is something to collect: the loop does not sleep before collect was called. */
void journal_wake(journal *self);

/* Copies the record and what it borrows. An order is found again by its upstream_id, or without one by exchange and
 * order_id; a fill that is there already is left as it is; a position and a session are replaced, a session without
 * `cancel_on_disconnect` is deleted. An event also raises its topic's last number; without a body that is all it does.
 */
void journal_put_order(journal *self, const journal_order *order);
void journal_put_event(journal *self, const journal_event *event);
void journal_put_fill(journal *self, const journal_fill *fill);
void journal_put_position(journal *self, const journal_position *position);
void journal_put_session(journal *self, const journal_session *session);

/* Calls `done` once everything that was put until now, and is put in the rest of this turn, is as safe as the
 * configuration promises; or with another status than HBUS_OK when it could not be made so. Never from within a call of
 * the journal's but journal_close. */
typedef void journal_done_fn(void *arg, hbus_status status);
void journal_when(journal *self, journal_done_fn *done, void *arg);
/* Whether nothing was put, or is to be collected, that is not safe yet. */
bool journal_is_settled(const journal *self);

/* HBUS_OK, or why it cannot be written; *why (unless NULL) is a sentence, the journal's. */
hbus_status journal_state(const journal *self, const char **why);

/* Looks an order up in the file, behind everything that was put. `order` NULL: there is none (HBUS_OK), or it could not
 * be read. Never from within the call. */
typedef void journal_found_fn(void *arg, hbus_status status, const journal_order *order);
void journal_find_order(journal *self, const char *owner, const char *client_order_id, journal_found_fn *done,
                        void *arg);

/* Events of a topic that are wanted: those numbered `from` to `to`, as far as they go into one answer. */
typedef struct journal_range {
  char topic[HBUS_TOPIC_MAX + 1];
  uint64_t from;
  uint64_t to;
  size_t max_events; /* at most JOURNAL_EVENTS_MAX */
  size_t max_bytes;  /* of their bodies together, unless the first alone has more */
} journal_range;

#define JOURNAL_EVENTS_MAX HBUS_REPLAY_EVENTS_MAX

typedef struct journal_events {
  const hbus_bytes *bodies; /* in order, as they were put */
  size_t count;
  uint64_t last;     /* the number of the last of them; 0: there is none */
  uint64_t next;     /* where to go on; 0: this is all that there is */
  uint64_t first;    /* the oldest number that there is of the topic; 0: none */
  uint64_t last_put; /* the last number of the topic that is in the file */
} journal_events;

/* Reads events back, behind everything that was put. One that is not what was written is left out, which is logged and
 * counted; one above the topic's last number is none. `events` NULL: they could not be read, and `why` is a sentence;
 * both are for the length of the call, which is never made from within journal_replay. HBUS_NO_MEMORY: it is not made
 * at all. Not for sync `off`. */
typedef void journal_events_fn(void *arg, hbus_status status, const journal_events *events, const char *why);
hbus_status journal_replay(journal *self, const journal_range *range, journal_events_fn *done, void *arg);

/* For `status`. */
typedef struct journal_figures {
  uint64_t commits;
  uint64_t records; /* in them */
  uint64_t waiting; /* records that are put and not safe */
  uint64_t file_bytes;
  uint64_t longest_commit_us; /* since these figures were asked for before */
} journal_figures;
journal_figures journal_figures_of(journal *self);

#endif
