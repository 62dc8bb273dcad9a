#include "broker/link/request_table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_LATE } slot_state;

typedef struct slot {
  uint64_t number;
  slot_state state;
  hbus_command_kind kind;
  uint64_t deadline_ms;
  link_outcome_fn *done;
  void *arg;
} slot;

struct request_table {
  slot *slots; /* number modulo capacity */
  size_t capacity;
  uint64_t next;   /* the number of the next request */
  uint64_t oldest; /* nothing older than this one is waiting */
  size_t waiting;
};

static slot *s_slot(const request_table *self, uint64_t number) {
  return &self->slots[number & (self->capacity - 1)];
}

request_table *request_table_new(size_t capacity) {
  assert(capacity && (capacity & (capacity - 1)) == 0);
  request_table *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->slots = calloc(capacity, sizeof *self->slots);
  self->capacity = capacity;
  self->next = self->oldest = 1;
  if (!self->slots) request_table_destroy(&self);
  return self;
}

void request_table_destroy(request_table **self) {
  if (!*self) return;
  assert((*self)->waiting == 0);
  free((*self)->slots);
  free(*self);
  *self = NULL;
}

/* The slot is free for others before its owner hears, who may make a new request at once. */
static void s_end(request_table *self, slot *slot, link_outcome *outcome) {
  outcome->late = slot->state == SLOT_LATE;
  if (slot->state == SLOT_WAITING) self->waiting--;
  slot->state = SLOT_FREE;
  slot->done(slot->arg, outcome);
}

hbus_status request_table_add(request_table *self, hbus_command_kind kind, uint64_t deadline_ms, link_outcome_fn *done,
                              void *arg, char id[REQUEST_ID_SIZE]) {
  slot *slot = s_slot(self, self->next);
  if (slot->state == SLOT_WAITING) return HBUS_OVERLOADED;
  if (slot->state == SLOT_LATE) s_end(self, slot, &(link_outcome){.result = LINK_LOST});
  /* `done` may have added one itself. */
  slot = s_slot(self, self->next);
  if (slot->state != SLOT_FREE) return HBUS_OVERLOADED;
  slot->number = self->next++;
  slot->state = SLOT_WAITING;
  slot->kind = kind;
  slot->deadline_ms = deadline_ms;
  slot->done = done;
  slot->arg = arg;
  self->waiting++;
  snprintf(id, REQUEST_ID_SIZE, "%llu", (unsigned long long)slot->number);
  return HBUS_OK;
}

void request_table_take_back(request_table *self) {
  slot *slot = s_slot(self, --self->next);
  assert(slot->state == SLOT_WAITING && slot->number == self->next);
  slot->state = SLOT_FREE;
  self->waiting--;
}

/* An id that we issued is a number without leading zeros; anything else never was ours. */
static bool s_parse_id(hbus_text id, uint64_t *number) {
  if (id.size == 0 || id.size > 19 || id.data[0] == '0') return false;
  uint64_t value = 0;
  for (size_t i = 0; i < id.size; i++) {
    if (id.data[i] < '0' || id.data[i] > '9') return false;
    value = value * 10 + (uint64_t)(id.data[i] - '0');
  }
  *number = value;
  return true;
}

static slot *s_find(const request_table *self, hbus_text id) {
  uint64_t number = 0;
  if (!s_parse_id(id, &number)) return NULL;
  slot *slot = s_slot(self, number);
  return slot->number == number && slot->state != SLOT_FREE ? slot : NULL;
}

bool request_table_find(const request_table *self, hbus_text id, hbus_command_kind *kind) {
  const slot *slot = s_find(self, id);
  if (slot) *kind = slot->kind;
  return slot != NULL;
}

void request_table_finish(request_table *self, hbus_text id, link_outcome *outcome) {
  slot *slot = s_find(self, id);
  assert(slot);
  s_end(self, slot, outcome);
}

size_t request_table_waiting(const request_table *self) {
  return self->waiting;
}

/* The oldest that still waits. Moves over those that were answered, once. */
static slot *s_oldest_waiting(request_table *self) {
  for (; self->oldest < self->next; self->oldest++) {
    slot *slot = s_slot(self, self->oldest);
    if (slot->number == self->oldest && slot->state == SLOT_WAITING) return slot;
  }
  return NULL;
}

bool request_table_deadline(request_table *self, uint64_t *deadline_ms) {
  const slot *slot = s_oldest_waiting(self);
  if (slot) *deadline_ms = slot->deadline_ms;
  return slot != NULL;
}

size_t request_table_expire(request_table *self, uint64_t now_ms) {
  size_t count = 0;
  for (slot *slot; (slot = s_oldest_waiting(self)) && slot->deadline_ms <= now_ms; count++) {
    self->waiting--;
    slot->state = SLOT_LATE;
    slot->done(slot->arg, &(link_outcome){.result = LINK_TIMED_OUT});
  }
  return count;
}

void request_table_fail_all(request_table *self) {
  for (size_t i = 0; i < self->capacity; i++) {
    slot *slot = &self->slots[i];
    if (slot->state != SLOT_FREE) s_end(self, slot, &(link_outcome){.result = LINK_LOST});
  }
  self->oldest = self->next;
}
