/* A batch onto the file: each record by the rule of its kind (journal.h), all in one transaction. */
#include <assert.h>
#include <stdio.h>

#include "broker/journal/journal_db.h"

static hbus_status s_run_find(journal_db *self, sqlite3_stmt *find, journal_place *out, hbus_error *error) {
  int rc = sqlite3_step(find);
  hbus_status status = HBUS_OK;
  *out = (journal_place){0};
  if (rc == SQLITE_ROW)
    *out = (journal_place){(uint64_t)sqlite3_column_int64(find, 0), (uint64_t)sqlite3_column_int64(find, 1)};
  else if (rc != SQLITE_DONE)
    status = journal_store_fail(&self->store, rc, "read", error);
  sqlite3_reset(find);
  return status;
}

/* The order of others with that id of upstream's. */
static hbus_status s_find_foreign(journal_db *self, const hbus_order *state, journal_place *out, hbus_error *error) {
  const char *sql = "SELECT n, row_check FROM orders WHERE exchange = ? AND order_id = ? AND upstream_id IS NULL";
  hbus_status status = journal_store_prepare(&self->store, sql, &self->find_foreign, error);
  if (status != HBUS_OK) return status;
  sqlite3_bind_text(self->find_foreign, 1, state->exchange, -1, SQLITE_STATIC);
  sqlite3_bind_text(self->find_foreign, 2, state->order_id, -1, SQLITE_STATIC);
  return s_run_find(self, self->find_foreign, out, error);
}

/* An order of ours may have been taken for one of others until its id was known: what was written of that goes. */
static hbus_status s_put_order(journal_db *self, const journal_order *order, hbus_error *error) {
  bool is_ours = order->upstream_id[0] != '\0', has_id = order->state.order_id[0] != '\0';
  journal_place place = {0}, foreign = {0};
  hbus_status status = HBUS_OK;
  if (is_ours) status = journal_store_find(&self->store, JOURNAL_ORDERS, order, &place, error);
  if (status == HBUS_OK && has_id) status = s_find_foreign(self, &order->state, &foreign, error);
  if (status == HBUS_OK && is_ours && foreign.n != 0)
    status = journal_store_delete(&self->store, JOURNAL_ORDERS, &foreign, error);
  if (status != HBUS_OK) return status;
  return journal_store_write(&self->store, JOURNAL_ORDERS, order, is_ours ? &place : &foreign, error);
}

static hbus_status s_put_event(journal_db *self, const journal_event *event, hbus_error *error) {
  journal_store *store = &self->store;
  journal_topic_row topic = {.last_seq = event->seq};
  journal_place place;
  snprintf(topic.topic, sizeof topic.topic, "%s", event->topic);
  hbus_status status = journal_store_find(store, JOURNAL_TOPICS, &topic, &place, error);
  uint64_t topic_n = status == HBUS_OK && place.n != 0 ? place.n : store->next_n[JOURNAL_TOPICS];
  if (status == HBUS_OK) status = journal_store_write(store, JOURNAL_TOPICS, &topic, &place, error);
  if (status != HBUS_OK || event->body.size == 0) return status;
  journal_event_row row = {.topic_n = topic_n,
                           .seq = event->seq,
                           .epoch = event->epoch,
                           .tx_ns = event->tx_ns,
                           .kind = event->kind,
                           .body = event->body};
  return journal_store_write(store, JOURNAL_EVENTS, &row, &(journal_place){0}, error);
}

/* One that is there already stays as it is. */
static hbus_status s_put_fill(journal_db *self, const journal_fill *fill, hbus_error *error) {
  journal_place place = {0};
  hbus_status status = HBUS_OK;
  if (fill->trade.trade_id[0] != '\0') status = journal_store_find(&self->store, JOURNAL_FILLS, fill, &place, error);
  if (status != HBUS_OK || place.n != 0) return status;
  return journal_store_write(&self->store, JOURNAL_FILLS, fill, &place, error);
}

static hbus_status s_put_session(journal_db *self, const journal_session *session, hbus_error *error) {
  journal_place place;
  hbus_status status = journal_store_find(&self->store, JOURNAL_SESSIONS, session, &place, error);
  if (status != HBUS_OK) return status;
  if (session->cancel_on_disconnect) return journal_store_write(&self->store, JOURNAL_SESSIONS, session, &place, error);
  return place.n == 0 ? HBUS_OK : journal_store_delete(&self->store, JOURNAL_SESSIONS, &place, error);
}

static hbus_status s_put(journal_db *self, journal_record_kind kind, const void *record, hbus_error *error) {
  switch (kind) {
  case JOURNAL_RECORD_ORDER: return s_put_order(self, record, error);
  case JOURNAL_RECORD_EVENT: return s_put_event(self, record, error);
  case JOURNAL_RECORD_FILL: return s_put_fill(self, record, error);
  case JOURNAL_RECORD_POSITION: return journal_store_put(&self->store, JOURNAL_POSITIONS, record, error);
  case JOURNAL_RECORD_SESSION: return s_put_session(self, record, error);
  }
  assert(!"a kind of record that does not exist");
  return HBUS_INTERNAL;
}

hbus_status journal_db_apply(journal_db *self, const journal_batch *batch, size_t *refused, hbus_error *error) {
  journal_record_kind kind;
  const void *record;
  size_t at = 0, refusals = 0;
  hbus_status status = journal_store_begin(&self->store, error);
  while (status == HBUS_OK && (record = journal_batch_next(batch, &at, &kind))) {
    status = s_put(self, kind, record, error);
    if (status == HBUS_DUPLICATE_ORDER) {
      refusals++;
      status = HBUS_OK;
    }
  }
  if (status == HBUS_OK) status = journal_store_commit(&self->store, error);
  if (status != HBUS_OK) {
    journal_store_rollback(&self->store);
    return status;
  }
  *refused = refusals;
  return refusals == 0 ? HBUS_OK : HBUS_DUPLICATE_ORDER;
}

/* ---- looking up ---- */

static hbus_status s_find_one(journal_db *self, journal_batch *batch, journal_question *question) {
  journal_order order;
  journal_place place;
  bool more = false;
  const char *rest = "WHERE owner = ? AND client_order_id = ?";
  hbus_status status = journal_store_select(&self->store, JOURNAL_ORDERS, rest, &self->find_id, NULL);
  if (status != HBUS_OK) return status;
  sqlite3_bind_text(self->find_id, 1, question->owner, -1, SQLITE_STATIC);
  sqlite3_bind_text(self->find_id, 2, question->client_order_id, -1, SQLITE_STATIC);
  status = journal_store_next(&self->store, JOURNAL_ORDERS, self->find_id, &order, &place, &more, NULL);
  if (status == HBUS_OK && more) status = journal_batch_keep_found(batch, question, &order);
  sqlite3_reset(self->find_id);
  return status;
}

void journal_db_find(journal_db *self, journal_batch *batch) {
  for (size_t i = 0; i < batch->question_count; i++) {
    journal_question *question = journal_batch_question(batch, i);
    if (question->find) question->status = s_find_one(self, batch, question);
  }
}
