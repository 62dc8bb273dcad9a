#include "broker/journal/journal_batch.h"

#include <assert.h>
#include <string.h>

#define ALIGNMENT  16      /* of every record in its buffer, as malloc aligns the first */
#define KEEP_BYTES 1048576 /* a batch that has grown beyond it gives its memory back */

/* Before each record. */
typedef struct head {
  size_t size; /* of all of it, this head too */
  journal_record_kind kind;
} head;
_Static_assert(sizeof(head) == ALIGNMENT, "a record is aligned behind its head");

void journal_batch_init(journal_batch *self) {
  *self = (journal_batch){0};
  buffer_init(&self->records, LIMIT_JOURNAL_BYTES);
  buffer_init(&self->questions, LIMIT_JOURNAL_BYTES);
  buffer_init(&self->found, LIMIT_JOURNAL_BYTES);
}

void journal_batch_free(journal_batch *self) {
  buffer_free(&self->records);
  buffer_free(&self->questions);
  buffer_free(&self->found);
}

static void s_reset(buffer *buffer) {
  if (buffer->capacity > KEEP_BYTES) buffer_free(buffer);
  buffer_reset(buffer);
}

void journal_batch_reset(journal_batch *self) {
  s_reset(&self->records);
  s_reset(&self->questions);
  s_reset(&self->found);
  self->record_count = self->question_count = self->answered = 0;
  self->lost = false;
}

size_t journal_batch_bytes(const journal_batch *self) {
  return self->records.size + self->questions.size;
}

/* ---- records ---- */

/* The size of a record's struct, and the two runs of bytes that it borrows. */
static size_t s_parts(journal_record_kind kind, const void *record, hbus_bytes parts[2]) {
  parts[0] = parts[1] = (hbus_bytes){0};
  switch (kind) {
  case JOURNAL_RECORD_ORDER: {
    const journal_order *order = record;
    parts[0] = (hbus_bytes){(const uint8_t *)order->outcome_message.data, order->outcome_message.size};
    parts[1] = order->state.extra.pairs;
    return sizeof *order;
  }
  case JOURNAL_RECORD_EVENT: {
    const journal_event *event = record;
    parts[0] = (hbus_bytes){(const uint8_t *)event->topic, strlen(event->topic) + 1};
    parts[1] = event->body;
    return sizeof *event;
  }
  case JOURNAL_RECORD_FILL: return sizeof(journal_fill);
  case JOURNAL_RECORD_POSITION: return sizeof(journal_position);
  case JOURNAL_RECORD_SESSION: return sizeof(journal_session);
  }
  assert(!"a kind of record that does not exist");
  return 0;
}

static void s_add(buffer *out, const void *data, size_t size) {
  if (size > 0) memcpy(out->data + out->size, data, size);
  out->size += size;
}

static hbus_status s_append(buffer *out, journal_record_kind kind, const void *record) {
  hbus_bytes parts[2];
  size_t own = s_parts(kind, record, parts);
  size_t size = sizeof(head) + own + parts[0].size + parts[1].size;
  size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  hbus_status status = buffer_reserve(out, size);
  if (status != HBUS_OK) return out->status = HBUS_OK, status; /* the next one may fit */
  size_t end = out->size + size;
  s_add(out, &(head){size, kind}, sizeof(head));
  s_add(out, record, own);
  s_add(out, parts[0].data, parts[0].size);
  s_add(out, parts[1].data, parts[1].size);
  out->size = end;
  return HBUS_OK;
}

/* The buffer may have moved since the record was copied, so what it borrows is pointed to now. */
static void *s_record(const buffer *from, size_t at, journal_record_kind *kind) {
  const head *head = (const void *)(from->data + at);
  void *record = from->data + at + sizeof *head;
  *kind = head->kind;
  if (head->kind == JOURNAL_RECORD_ORDER) {
    journal_order *order = record;
    order->outcome_message.data = (const char *)record + sizeof *order;
    order->state.extra.pairs.data = (const uint8_t *)record + sizeof *order + order->outcome_message.size;
  } else if (head->kind == JOURNAL_RECORD_EVENT) {
    journal_event *event = record;
    event->topic = (const char *)record + sizeof *event;
    event->body.data = (const uint8_t *)event->topic + strlen(event->topic) + 1;
  }
  return record;
}

hbus_status journal_batch_put(journal_batch *self, journal_record_kind kind, const void *record) {
  hbus_status status = s_append(&self->records, kind, record);
  if (status == HBUS_OK) self->record_count++;
  return status;
}

const void *journal_batch_next(const journal_batch *self, size_t *at, journal_record_kind *kind) {
  if (*at >= self->records.size) return NULL;
  const void *record = s_record(&self->records, *at, kind);
  *at += ((const head *)(const void *)(self->records.data + *at))->size;
  return record;
}

/* ---- questions ---- */

hbus_status journal_batch_ask(journal_batch *self, const journal_question *question) {
  hbus_status status = buffer_append(&self->questions, question, sizeof *question);
  if (status == HBUS_OK) self->question_count++;
  self->questions.status = HBUS_OK;
  return status;
}

journal_question *journal_batch_question(const journal_batch *self, size_t at) {
  assert(at < self->question_count);
  return (journal_question *)(void *)self->questions.data + at;
}

hbus_status journal_batch_keep_found(journal_batch *self, journal_question *question, const journal_order *order) {
  size_t at = self->found.size;
  hbus_status status = s_append(&self->found, JOURNAL_RECORD_ORDER, order);
  if (status != HBUS_OK) return status;
  question->found = true;
  question->found_at = at;
  return HBUS_OK;
}

const journal_order *journal_batch_found(const journal_batch *self, const journal_question *question) {
  journal_record_kind kind;
  return question->found ? s_record(&self->found, question->found_at, &kind) : NULL;
}
