/* The reactor's side of the journal: two batches, one that is filled and one that the worker writes.
 *
 * One task is under way at a time: a commit, a checkpoint or a step of the retention. The end of a turn, a uv_prepare,
 * collects what changed and submits what is open if nothing is under way; else it waits for the end of the task, so
 * that commits grow with the load.
 */
#include "broker/journal/journal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/journal/journal_db.h"
#include "broker/journal/journal_reader.h"

#define RETRY_MS           1000  /* after a commit that failed */
#define RETENTION_MS       60000 /* between two looks at what is old */
#define RETENTION_PATIENCE 8     /* commits that go before a step of it */
#define WAL_PAGES_MAX      4096  /* in PATH-wal before a checkpoint that is not due yet */
#define KEEP_MIN_DAYS      30    /* ORDERS.md, rule 5 */
#define DAY_NS             UINT64_C(86400000000000)
#define BOOT_ID_PATH       "/proc/sys/kernel/random/boot_id"

typedef enum task { TASK_NONE, TASK_COMMIT, TASK_CHECKPOINT, TASK_RETAIN } task;

/* What the worker was given and what came of it. The reactor does not look at it while it is under way. */
typedef struct job {
  task task;
  journal_retention retention;
  hbus_status status;
  hbus_error error;
  size_t refused; /* records that another was in the way of */
  bool more;      /* to be retained */
  uint64_t took_us;
} job;

struct journal {
  journal_options options;
  journal_db *db;         /* NULL: off */
  journal_reader *reader; /* NULL likewise */
  journal_start start;
  journal_collect_fn *collect;
  void *collect_arg;
  bool collect_due; /* journal_wake was called in this turn */

  journal_batch batches[2];
  journal_batch *open;   /* what is put goes here */
  journal_batch *closed; /* what the worker writes; empty unless a commit is under way or has failed */
  job job;
  uv_work_t work;
  uv_sem_t worked; /* posted when the worker is done, for journal_close */

  hbus_status state; /* HBUS_OK, or why the last task failed */
  task failed_task;
  bool overloaded; /* records were dropped since the last commit */
  char why[HBUS_ERROR_TEXT_SIZE];

  bool retry_due, checkpoint_due, retention_due;
  unsigned retention_waited; /* commits since it was due */
  int wal_mark;              /* pages that the last checkpoint had to leave in PATH-wal */
  uint64_t file_bytes;
  uint64_t longest_commit_us;

  uv_prepare_t prepare;
  uv_idle_t idle;
  uv_timer_t retry, checkpoint, retention;
  unsigned holders; /* handles and callbacks that are still to come after journal_close */
  bool is_closed;
};

static uint64_t s_now_us(void) {
  return uv_hrtime() / 1000;
}

/* ---- answers ---- */

static void s_answer(journal_batch *batch, hbus_status status) {
  size_t end = batch->question_count; /* what is asked from within an answer has its turn later */
  while (batch->answered < end) {
    const journal_question *question = journal_batch_question(batch, batch->answered++);
    journal_found_fn *find = question->find;
    void *arg = question->arg;
    if (!find)
      question->when(arg, status);
    else if (status != HBUS_OK) /* the worker may be at it: what it found is not looked at */
      find(arg, status, NULL);
    else
      find(arg, question->status, journal_batch_found(batch, question));
  }
}

static hbus_status s_trouble(const journal *self) {
  return self->state != HBUS_OK ? self->state : self->overloaded ? HBUS_OVERLOADED : HBUS_OK;
}

/* ---- the worker ---- */

static void s_do(journal *self) {
  job *job = &self->job;
  uint64_t began_us = s_now_us();
  job->status = HBUS_OK;
  switch (job->task) {
  case TASK_COMMIT:
    if (self->closed->record_count > 0)
      job->status = journal_db_apply(self->db, self->closed, &job->refused, &job->error);
    if (job->status == HBUS_OK) journal_db_find(self->db, self->closed);
    break;
  case TASK_CHECKPOINT: job->status = journal_store_checkpoint(&self->db->store, &job->error); break;
  case TASK_RETAIN: job->status = journal_db_retain(self->db, &job->retention, &job->more, &job->error); break;
  case TASK_NONE: break;
  }
  job->took_us = s_now_us() - began_us;
}

static void s_work(uv_work_t *work) {
  journal *self = work->data;
  s_do(self);
  uv_sem_post(&self->worked);
}

/* ---- what came of it ---- */

static void s_fail(journal *self) {
  const job *job = &self->job;
  if (self->state == HBUS_OK)
    log_write(self->options.log, LOG_BROKER, LOG_LEVEL_ERROR,
              "%s; new orders are refused until it can, which is tried every second", job->error.text);
  self->options.counters->journal_failures++;
  self->state = job->status;
  self->failed_task = job->task;
  snprintf(self->why, sizeof self->why, "%s", job->error.text);
  s_answer(self->closed, self->state);
}

static void s_recover(journal *self) {
  if (self->state != HBUS_OK)
    log_write(self->options.log, LOG_BROKER, LOG_LEVEL_INFO, "journal %s: it can be written again",
              self->options.config->journal.path);
  self->state = HBUS_OK;
  self->failed_task = TASK_NONE;
}

/* Records that cannot be written beside others are a bug of ours, which must not keep all later ones from the disk. */
static hbus_status s_outcome(journal *self) {
  const job *job = &self->job;
  if (job->status != HBUS_DUPLICATE_ORDER) return self->closed->lost ? HBUS_OVERLOADED : HBUS_OK;
  self->options.counters->journal_lost += job->refused;
  log_write(self->options.log, LOG_BROKER, LOG_LEVEL_ERROR, "%zu records were not written: %s", job->refused,
            job->error.text);
  return HBUS_INTERNAL;
}

static void s_committed(journal *self) {
  const job *job = &self->job;
  if (self->closed->record_count > 0) {
    self->options.counters->journal_commits++;
    self->options.counters->journal_records += self->closed->record_count - job->refused;
    if (job->took_us > self->longest_commit_us) self->longest_commit_us = job->took_us;
  }
  if (self->db->store.wal_pages >= self->wal_mark + WAL_PAGES_MAX) self->checkpoint_due = true;
  if (self->retention_due) self->retention_waited++;
  hbus_status outcome = s_outcome(self);
  s_recover(self);
  self->overloaded = false;
  s_answer(self->closed, outcome);
  journal_batch_reset(self->closed);
}

static void s_on_retry(uv_timer_t *timer) {
  ((journal *)timer->data)->retry_due = true;
}

static void s_finish(journal *self) {
  job *job = &self->job;
  task task = job->task;
  job->task = TASK_NONE;
  bool failed = job->status != HBUS_OK && job->status != HBUS_DUPLICATE_ORDER;
  if (task == TASK_RETAIN) {
    if (failed) log_write(self->options.log, LOG_BROKER, LOG_LEVEL_WARN, "%s", job->error.text);
    self->retention_due = !failed && job->more;
    self->retention_waited = 0;
  } else if (failed) {
    job->task = task;
    s_fail(self);
    job->task = TASK_NONE;
    uv_timer_start(&self->retry, s_on_retry, RETRY_MS, 0);
  } else if (task == TASK_COMMIT) {
    s_committed(self);
  } else {
    self->wal_mark = self->db->store.wal_pages;
    s_recover(self);
  }
}

static void s_release(journal *self) {
  if (--self->holders > 0) return;
  uv_sem_destroy(&self->worked);
  free(self);
}

/* Only there so that the loop does not sleep. */
static void s_on_idle(uv_idle_t *idle) {
  (void)idle;
}

/* The loop does not sleep before the end of this turn. */
static void s_wake(journal *self) {
  uv_idle_start(&self->idle, s_on_idle);
}

static void s_on_worked(uv_work_t *work, int status) {
  journal *self = work->data;
  (void)status; /* nobody cancels it */
  if (self->is_closed) {
    s_release(self);
    return;
  }
  uv_sem_wait(&self->worked);
  s_finish(self);
  s_wake(self);
}

/* ---- the end of a turn ---- */

static uint64_t s_before(uint64_t now_ns, uint64_t days) {
  uint64_t age_ns = days * DAY_NS;
  return now_ns > age_ns ? now_ns - age_ns : 0;
}

static void s_prepare_retention(journal *self) {
  const config *config = self->options.config;
  uint64_t now_ns = clock_real_ns(), keep_days = config->journal.keep_days;
  self->job.retention =
      (journal_retention){.orders_before_ns = s_before(now_ns, keep_days > KEEP_MIN_DAYS ? keep_days : KEEP_MIN_DAYS),
                          .events_before_ns = s_before(now_ns, config->journal.events_keep_days),
                          .events_max_bytes = config->journal.events_max_mb * 1048576};
}

static bool s_is_empty(const journal_batch *batch) {
  return batch->record_count == 0 && batch->question_count == 0;
}

static void s_close_batch(journal *self) {
  journal_batch *empty = self->closed;
  self->closed = self->open;
  self->open = empty;
}

/* What is to be done next. After a failure it is what failed, and only when its time has come. */
static task s_next_task(journal *self) {
  if (self->state != HBUS_OK && !self->retry_due) return TASK_NONE;
  if (self->state != HBUS_OK && self->failed_task == TASK_CHECKPOINT) return TASK_CHECKPOINT;
  if (!s_is_empty(self->closed)) return TASK_COMMIT;
  if (self->checkpoint_due) return TASK_CHECKPOINT;
  bool hurry = self->retention_due && self->retention_waited >= RETENTION_PATIENCE;
  if (!s_is_empty(self->open) && !hurry) return TASK_COMMIT;
  return self->retention_due ? TASK_RETAIN : TASK_NONE;
}

static void s_begin(journal *self, task task) {
  self->job = (job){.task = task};
  self->retry_due = false;
  if (task == TASK_COMMIT && s_is_empty(self->closed)) s_close_batch(self);
  if (task == TASK_CHECKPOINT) self->checkpoint_due = false;
  if (task == TASK_RETAIN) s_prepare_retention(self);
}

/* Nothing of what is asked has to be written or looked up. */
static bool s_is_safe_already(const journal *self) {
  if (!s_is_empty(self->closed) || self->open->record_count > 0) return false;
  for (size_t i = self->open->answered; i < self->open->question_count; i++)
    if (journal_batch_question(self->open, i)->find) return false;
  return true;
}

static void s_answer_open(journal *self, hbus_status status) {
  s_answer(self->open, status);
  bool all = self->open->answered == self->open->question_count;
  if (all && self->open->record_count == 0) journal_batch_reset(self->open);
}

static void s_end_turn(journal *self) {
  uv_idle_stop(&self->idle);
  self->collect_due = false;
  if (self->collect) self->collect(self->collect_arg);
  hbus_status trouble = s_trouble(self);
  if (!self->db) {
    s_answer_open(self, HBUS_OK);
  } else if (trouble != HBUS_OK) { /* whoever waits goes on, in order */
    s_answer(self->closed, trouble);
    s_answer_open(self, trouble);
  } else if (s_is_safe_already(self)) {
    s_answer_open(self, HBUS_OK);
  }
  if (!self->db || self->job.task != TASK_NONE) return;
  task task = s_next_task(self);
  if (task == TASK_NONE) return;
  s_begin(self, task);
  int failed = uv_queue_work(self->options.loop, &self->work, s_work, s_on_worked);
  assert(!failed);
}

static void s_on_prepare(uv_prepare_t *prepare) {
  s_end_turn(prepare->data);
}

static void s_on_checkpoint(uv_timer_t *timer) {
  ((journal *)timer->data)->checkpoint_due = true;
}

static void s_on_retention(uv_timer_t *timer) {
  ((journal *)timer->data)->retention_due = true;
}

/* ---- life cycle ---- */

static void s_read_boot_id(char *out, size_t size) {
  FILE *file = fopen(BOOT_ID_PATH, "re");
  if (!file || !fgets(out, (int)size, file)) snprintf(out, size, "unknown");
  out[strcspn(out, "\n")] = '\0';
  if (file) fclose(file);
}

static hbus_status s_start(journal *self, hbus_error *error) {
  const config *config = self->options.config;
  uint64_t now_ns = clock_real_ns();
  self->start = (journal_start){.epoch = now_ns / 1000, .first = true};
  if (config->journal.sync == JOURNAL_OFF) return HBUS_OK;
  hbus_status status = journal_db_open(&self->db, config->journal.path, config->journal.sync, error);
  if (status != HBUS_OK) return status;
  char boot_id[40];
  s_read_boot_id(boot_id, sizeof boot_id);
  status = journal_db_start(self->db, boot_id, config->journal.sync, now_ns, &self->start, error);
  if (status == HBUS_OK && !(self->reader = journal_reader_new(self, &self->options)))
    status = hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  if (status != HBUS_OK) journal_db_close(&self->db);
  return status;
}

/* None of the handles keeps the loop alive but the idle one, while there is something to be done. */
static void s_start_handles(journal *self) {
  uv_loop_t *loop = self->options.loop;
  uint64_t sync_ms = self->options.config->journal.sync_ms;
  uv_prepare_init(loop, &self->prepare);
  uv_idle_init(loop, &self->idle);
  uv_timer_init(loop, &self->retry);
  uv_timer_init(loop, &self->checkpoint);
  uv_timer_init(loop, &self->retention);
  self->holders = 5;
  self->prepare.data = self->idle.data = self->retry.data = self->checkpoint.data = self->retention.data = self;
  self->work.data = self;
  uv_prepare_start(&self->prepare, s_on_prepare);
  uv_unref((uv_handle_t *)&self->prepare);
  uv_unref((uv_handle_t *)&self->retry);
  uv_unref((uv_handle_t *)&self->checkpoint);
  uv_unref((uv_handle_t *)&self->retention);
  if (!self->db) return;
  uv_timer_start(&self->checkpoint, s_on_checkpoint, sync_ms, sync_ms);
  uv_timer_start(&self->retention, s_on_retention, 0, RETENTION_MS);
}

hbus_status journal_open(journal **out, const journal_options *options, hbus_error *error) {
  journal *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  self->options = *options;
  hbus_status status = s_start(self, error);
  if (status != HBUS_OK) {
    free(self);
    return status;
  }
  journal_batch_init(&self->batches[0]);
  journal_batch_init(&self->batches[1]);
  self->open = &self->batches[0];
  self->closed = &self->batches[1];
  int failed = uv_sem_init(&self->worked, 0);
  assert(!failed);
  s_start_handles(self);
  *out = self;
  return HBUS_OK;
}

static void s_on_closed(uv_handle_t *handle) {
  s_release(handle->data);
}

/* Once more all that is there, in this thread. Gives up where it cannot be written. */
static void s_write_out(journal *self) {
  for (;;) {
    if (self->collect) self->collect(self->collect_arg);
    if (!self->db) s_answer_open(self, HBUS_OK);
    if (s_is_empty(self->closed) && s_is_empty(self->open)) return;
    s_begin(self, TASK_COMMIT);
    s_do(self);
    s_finish(self);
    if (self->state == HBUS_OK) continue;
    self->options.counters->journal_lost += self->closed->record_count + self->open->record_count;
    while (self->open->answered < self->open->question_count)
      s_answer(self->open, self->state);
    return;
  }
}

void journal_close(journal **self) {
  journal *journal = *self;
  *self = NULL;
  if (!journal) return;
  if (journal->job.task != TASK_NONE) {
    uv_sem_wait(&journal->worked);
    s_finish(journal);
    journal->holders++; /* s_on_worked is still to come */
  }
  s_write_out(journal);
  journal_reader_close(&journal->reader);
  if (journal->db && journal->state == HBUS_OK) {
    hbus_error error;
    if (journal_db_end(journal->db, clock_real_ns(), &error) != HBUS_OK)
      log_write(journal->options.log, LOG_BROKER, LOG_LEVEL_WARN, "%s", error.text);
  }
  journal_db_close(&journal->db);
  journal_batch_free(&journal->batches[0]);
  journal_batch_free(&journal->batches[1]);
  journal->is_closed = true;
  uv_close((uv_handle_t *)&journal->prepare, s_on_closed);
  uv_close((uv_handle_t *)&journal->idle, s_on_closed);
  uv_close((uv_handle_t *)&journal->retry, s_on_closed);
  uv_close((uv_handle_t *)&journal->checkpoint, s_on_closed);
  uv_close((uv_handle_t *)&journal->retention, s_on_closed);
}

const journal_start *journal_this_start(const journal *self) {
  return &self->start;
}

hbus_status journal_load(journal *self, const journal_visitor *visitor, hbus_error *error) {
  if (!self->db) return HBUS_OK;
  return journal_db_load(self->db, visitor, self->options.config->bounds.orders, error);
}

/* ---- operations ---- */

void journal_on_collect(journal *self, journal_collect_fn *collect, void *arg) {
  self->collect = collect;
  self->collect_arg = arg;
}

void journal_wake(journal *self) {
  self->collect_due = true;
  s_wake(self);
}

static void s_put(journal *self, journal_record_kind kind, const void *record) {
  if (!self->db) return;
  size_t bytes = journal_batch_bytes(self->open) + journal_batch_bytes(self->closed);
  if (bytes > LIMIT_JOURNAL_BYTES || journal_batch_put(self->open, kind, record) != HBUS_OK) {
    self->options.counters->journal_lost++;
    self->open->lost = true;
    self->overloaded = true;
  }
  s_wake(self);
}

void journal_put_order(journal *self, const journal_order *order) {
  assert(order->upstream_id[0] != '\0' || order->state.order_id[0] != '\0');
  assert(order->asked.kind == HBUS_COMMAND_NONE || order->asked.id[0] != '\0');
  s_put(self, JOURNAL_RECORD_ORDER, order);
}

void journal_put_event(journal *self, const journal_event *event) {
  s_put(self, JOURNAL_RECORD_EVENT, event);
}

void journal_put_fill(journal *self, const journal_fill *fill) {
  s_put(self, JOURNAL_RECORD_FILL, fill);
}

void journal_put_position(journal *self, const journal_position *position) {
  s_put(self, JOURNAL_RECORD_POSITION, position);
}

void journal_put_session(journal *self, const journal_session *session) {
  s_put(self, JOURNAL_RECORD_SESSION, session);
}

/* A question is small and its answer never fails to come: those that wait are bounded by the commands and events that
 * can be under way. Where there is no memory for it there is none to go on with. */
static void s_ask(journal *self, const journal_question *question) {
  hbus_status status = journal_batch_ask(self->open, question);
  assert(status == HBUS_OK);
  s_wake(self);
}

void journal_when(journal *self, journal_done_fn *done, void *arg) {
  s_ask(self, &(journal_question){.when = done, .arg = arg});
}

void journal_find_order(journal *self, const char *owner, const char *client_order_id, journal_found_fn *done,
                        void *arg) {
  journal_question question = {.find = done, .arg = arg};
  snprintf(question.owner, sizeof question.owner, "%s", owner);
  snprintf(question.client_order_id, sizeof question.client_order_id, "%s", client_order_id);
  s_ask(self, &question);
}

hbus_status journal_replay(journal *self, const journal_range *range, journal_events_fn *done, void *arg) {
  assert(self->reader);
  return journal_reader_read(self->reader, range, done, arg);
}

bool journal_is_settled(const journal *self) {
  return !self->collect_due && s_is_empty(self->open) && s_is_empty(self->closed);
}

hbus_status journal_state(const journal *self, const char **why) {
  hbus_status state = s_trouble(self);
  if (why) *why = self->state != HBUS_OK ? self->why : hbus_status_text(state);
  return state;
}

journal_figures journal_figures_of(journal *self) {
  journal_figures figures = {.commits = self->options.counters->journal_commits,
                             .records = self->options.counters->journal_records,
                             .waiting = self->open->record_count + self->closed->record_count,
                             .file_bytes = self->db ? journal_db_bytes(self->db) : 0,
                             .longest_commit_us = self->longest_commit_us};
  self->longest_commit_us = 0;
  return figures;
}
