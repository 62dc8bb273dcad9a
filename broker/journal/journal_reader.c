#include "broker/journal/journal_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/journal_store.h"

#define DAMAGED_MAX 1000 /* rows that are stepped over for one answer */

/* A reading that is wanted, until it is answered. */
typedef struct reading {
  journal_reader *reader;
  journal_range range;
  journal_events_fn *done;
  void *arg;
  struct reading *next;
} reading;

/* What the worker has of its own, and what it found. The reactor looks at it only when no work is under way. */
typedef struct worker {
  const char *path;
  journal_store store; /* path NULL: it is not open */
  sqlite3_stmt *find_topic, *select_events, *first_event;
  buffer bytes; /* bodies, end to end */
  hbus_bytes bodies[JOURNAL_EVENTS_MAX];
  journal_events events;
  uint64_t damaged;     /* rows that were left out */
  uint64_t damaged_seq; /* about where the last of them stood */
  hbus_status status;
  hbus_error error;
} worker;

struct journal_reader {
  journal *journal;
  uv_loop_t *loop;
  logger *log;
  counters *counters;
  char *path;
  reading *first; /* the one under way, if one is */
  reading *last;
  uv_work_t work;
  uv_sem_t worked; /* posted when the worker is done, for journal_reader_close */
  bool is_busy;
  bool is_closed;
  worker worker;
};

/* ---- the worker ---- */

static void s_close_file(worker *self) {
  sqlite3_finalize(self->find_topic);
  sqlite3_finalize(self->select_events);
  sqlite3_finalize(self->first_event);
  self->find_topic = self->select_events = self->first_event = NULL;
  if (self->store.path) journal_store_close(&self->store);
}

static hbus_status s_open_file(worker *self, hbus_error *error) {
  if (self->store.path) return HBUS_OK;
  hbus_status status = journal_store_open(&self->store, self->path, error);
  if (status != HBUS_OK) return status;
  status = journal_store_execute(&self->store, "PRAGMA query_only = ON", error);
  if (status == HBUS_OK)
    status = journal_store_select(&self->store, JOURNAL_TOPICS, "WHERE topic = ?", &self->find_topic, error);
  if (status == HBUS_OK)
    status =
        journal_store_select(&self->store, JOURNAL_EVENTS, "WHERE topic_n = ? AND seq BETWEEN ? AND ? ORDER BY seq",
                             &self->select_events, error);
  if (status == HBUS_OK)
    status =
        journal_store_prepare(&self->store, "SELECT min(seq) FROM events WHERE topic_n = ?", &self->first_event, error);
  if (status != HBUS_OK) s_close_file(self);
  return status;
}

/* *n is its row, 0 where there is none. */
static hbus_status s_find_topic(worker *self, const char *topic, uint64_t *n, hbus_error *error) {
  journal_topic_row row;
  journal_place place = {0};
  bool more = false;
  sqlite3_bind_text(self->find_topic, 1, topic, -1, SQLITE_STATIC);
  hbus_status status = journal_store_next(&self->store, JOURNAL_TOPICS, self->find_topic, &row, &place, &more, error);
  if (status == HBUS_OK && more) {
    *n = place.n;
    self->events.last_put = row.last_seq;
  }
  sqlite3_reset(self->find_topic);
  return status;
}

static hbus_status s_find_first(worker *self, uint64_t topic_n, hbus_error *error) {
  sqlite3_bind_int64(self->first_event, 1, (int64_t)topic_n);
  int rc = sqlite3_step(self->first_event);
  hbus_status status = HBUS_OK;
  if (rc == SQLITE_ROW)
    self->events.first = (uint64_t)sqlite3_column_int64(self->first_event, 0); /* NULL reads as 0 */
  else
    status = journal_store_fail(&self->store, rc, "read", error);
  sqlite3_reset(self->first_event);
  if (self->events.first > self->events.last_put) self->events.first = 0;
  return status;
}

/* Whether it goes into this answer; otherwise the next one begins with it. */
static bool s_take(worker *self, const journal_range *range, const journal_event_row *row) {
  journal_events *events = &self->events;
  bool fits = events->count < range->max_events &&
              (events->count == 0 || self->bytes.size + row->body.size <= range->max_bytes);
  if (!fits) {
    events->next = row->seq;
    return false;
  }
  self->bodies[events->count] = (hbus_bytes){.size = row->body.size};
  buffer_append(&self->bytes, row->body.data, row->body.size);
  events->count++;
  events->last = row->seq;
  return true;
}

/* The next row of the statement; one that is not what was written is stepped over. */
static hbus_status s_next_event(worker *self, journal_event_row *row, bool *more, hbus_error *error) {
  for (;;) {
    journal_place place;
    hbus_status status =
        journal_store_next(&self->store, JOURNAL_EVENTS, self->select_events, row, &place, more, error);
    if (status != HBUS_MALFORMED || !*more) return status;
    self->damaged_seq = row->seq;
    if (++self->damaged == DAMAGED_MAX) return status;
  }
}

static hbus_status s_read_events(worker *self, const journal_range *range, uint64_t topic_n, hbus_error *error) {
  uint64_t to = range->to < self->events.last_put ? range->to : self->events.last_put;
  sqlite3_bind_int64(self->select_events, 1, (int64_t)topic_n);
  sqlite3_bind_int64(self->select_events, 2, (int64_t)range->from);
  sqlite3_bind_int64(self->select_events, 3, (int64_t)to);
  journal_event_row row;
  bool more = true;
  hbus_status status = HBUS_OK;
  while (more && status == HBUS_OK) {
    status = s_next_event(self, &row, &more, error);
    if (status == HBUS_OK && more) more = s_take(self, range, &row);
  }
  sqlite3_reset(self->select_events);
  return status == HBUS_OK ? self->bytes.status : status;
}

static void s_point_to_bodies(worker *self) {
  const uint8_t *at = self->bytes.data;
  for (size_t i = 0; i < self->events.count; i++) {
    self->bodies[i].data = at;
    at += self->bodies[i].size;
  }
  self->events.bodies = self->bodies;
}

static hbus_status s_read(worker *self, const journal_range *range, hbus_error *error) {
  uint64_t topic_n = 0;
  hbus_status status = s_open_file(self, error);
  if (status == HBUS_OK) status = s_find_topic(self, range->topic, &topic_n, error);
  if (status != HBUS_OK || topic_n == 0) return status;
  status = s_find_first(self, topic_n, error);
  if (status == HBUS_OK) status = s_read_events(self, range, topic_n, error);
  s_point_to_bodies(self);
  return status;
}

static void s_work(uv_work_t *work) {
  journal_reader *self = work->data;
  worker *worker = &self->worker;
  worker->events = (journal_events){0};
  worker->damaged = 0;
  buffer_reset(&worker->bytes);
  worker->status = s_read(worker, &self->first->range, &worker->error);
  uv_sem_post(&self->worked);
}

/* ---- the reactor ---- */

static void s_free(journal_reader *self) {
  s_close_file(&self->worker);
  buffer_free(&self->worker.bytes);
  uv_sem_destroy(&self->worked);
  free(self->path);
  free(self);
}

static reading *s_take_first(journal_reader *self) {
  reading *reading = self->first;
  self->first = reading->next;
  if (!self->first) self->last = NULL;
  return reading;
}

static void s_tell_damage(journal_reader *self, const char *topic) {
  const worker *worker = &self->worker;
  if (worker->damaged == 0) return;
  self->counters->journal_damaged += worker->damaged;
  log_write(self->log, LOG_BROKER, LOG_LEVEL_ERROR,
            "journal %s is damaged: %" PRIu64 " events of %s (%" PRIu64
            " the last of them) are not what was written, and are lost",
            self->path, worker->damaged, topic, worker->damaged_seq);
}

static void s_finish(journal_reader *self) {
  self->is_busy = false;
  reading *reading = s_take_first(self);
  const worker *worker = &self->worker;
  s_tell_damage(self, reading->range.topic);
  bool ok = worker->status == HBUS_OK;
  reading->done(reading->arg, worker->status, ok ? &worker->events : NULL, ok ? NULL : worker->error.text);
  free(reading);
}

static void s_begin(journal_reader *self);

static void s_on_worked(uv_work_t *work, int status) {
  journal_reader *self = work->data;
  (void)status; /* nobody cancels it */
  if (self->is_closed) {
    s_free(self);
    return;
  }
  uv_sem_wait(&self->worked);
  s_finish(self);
  s_begin(self);
}

static void s_begin(journal_reader *self) {
  if (self->is_busy || !self->first) return;
  self->is_busy = true;
  int failed = uv_queue_work(self->loop, &self->work, s_work, s_on_worked);
  assert(!failed);
}

/* What was put before is in the file; or it could not be written, and what is there is given. */
static void s_on_safe(void *arg, hbus_status status) {
  (void)status;
  reading *reading = arg;
  journal_reader *self = reading->reader;
  *(self->last ? &self->last->next : &self->first) = reading;
  self->last = reading;
  s_begin(self);
}

hbus_status journal_reader_read(journal_reader *self, const journal_range *range, journal_events_fn *done, void *arg) {
  assert(range->max_events > 0 && range->max_events <= JOURNAL_EVENTS_MAX);
  reading *reading = malloc(sizeof *reading);
  if (!reading) return HBUS_NO_MEMORY;
  *reading = (struct reading){.reader = self, .range = *range, .done = done, .arg = arg};
  journal_when(self->journal, s_on_safe, reading);
  return HBUS_OK;
}

/* ---- life cycle ---- */

journal_reader *journal_reader_new(journal *journal, const journal_options *options) {
  journal_reader *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->path = strdup(options->config->journal.path);
  if (!self->path || uv_sem_init(&self->worked, 0)) {
    free(self->path);
    free(self);
    return NULL;
  }
  self->journal = journal;
  self->loop = options->loop;
  self->log = options->log;
  self->counters = options->counters;
  self->worker.path = self->path;
  buffer_init(&self->worker.bytes, LIMIT_JOURNAL_BYTES);
  self->work.data = self;
  return self;
}

void journal_reader_close(journal_reader **self_p) {
  journal_reader *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  bool is_busy = self->is_busy;
  if (is_busy) {
    uv_sem_wait(&self->worked);
    s_finish(self);
  }
  while (self->first) {
    reading *reading = s_take_first(self);
    reading->done(reading->arg, HBUS_INTERNAL, NULL, "the broker ends");
    free(reading);
  }
  s_close_file(&self->worker); /* before the journal's own connection, which brings PATH-wal into PATH */
  self->is_closed = true;
  if (!is_busy) s_free(self); /* otherwise s_on_worked is still to come */
}
