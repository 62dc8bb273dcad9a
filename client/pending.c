#include "client/pending.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pending {
  pending_command *slots;
  unsigned slot_count;
  unsigned fresh; /* slots from here on were never used */
  pending_command *free;
  pending_command *answered_first;
  pending_command *answered_last;
  unsigned user_count, user_max;
  unsigned internal_count, internal_max;
  uint64_t last_number;
  uint64_t earliest_ms; /* no command that waits has an earlier deadline */
};

pending *pending_new(unsigned user_max, unsigned internal_max) {
  pending *self = calloc(1, sizeof(*self));
  if (self == NULL) return NULL;
  self->slot_count = user_max + internal_max;
  self->user_max = user_max;
  self->internal_max = internal_max;
  self->earliest_ms = UINT64_MAX;
  self->slots = calloc(self->slot_count, sizeof(*self->slots)); /* untouched pages cost nothing */
  if (self->slots == NULL) pending_destroy(&self);
  return self;
}

void pending_destroy(pending **self) {
  if (*self == NULL) return;
  for (unsigned i = 0; i < (*self)->fresh; i++) {
    zmq_msg_close(&(*self)->slots[i].answer);
    buffer_free(&(*self)->slots[i].frame);
  }
  free((*self)->slots);
  free(*self);
  *self = NULL;
}

static unsigned *s_count_of(pending *self, pending_owner owner) {
  return owner == PENDING_INTERNAL ? &self->internal_count : &self->user_count;
}

pending_command *pending_add(pending *self, pending_owner owner, hbus_command_kind kind, char *id) {
  assert(owner != PENDING_FREE);
  unsigned *count = s_count_of(self, owner);
  if (*count == (owner == PENDING_INTERNAL ? self->internal_max : self->user_max)) return NULL;
  (*count)++;

  pending_command *command = self->free;
  if (command != NULL) {
    self->free = command->next;
  } else {
    assert(self->fresh < self->slot_count);
    command = &self->slots[self->fresh++];
    buffer_init(&command->frame, HBUS_COMMAND_FRAME_MAX);
    zmq_msg_init(&command->answer);
  }
  command->owner = owner;
  command->answered = false;
  command->said_hello = false;
  command->kind = kind;
  command->number = ++self->last_number;
  command->ticket = 0;
  command->deadline_ms = UINT64_MAX;
  command->next = NULL;
  buffer_reset(&command->frame);
  command->reply = (hbus_reply){0};
  (void)snprintf(command->reply.id, sizeof(command->reply.id), "%" PRIu64 "-%td", command->number,
                 command - self->slots);
  memcpy(id, command->reply.id, sizeof(command->reply.id));
  return command;
}

pending_command *pending_find(pending *self, const char *id, size_t size) {
  char text[HBUS_COMMAND_ID_MAX + 1];
  if (size >= sizeof(text)) return NULL;
  memcpy(text, id, size);
  text[size] = '\0';
  char *end = NULL;
  uint64_t number = strtoull(text, &end, 10);
  if (end == text || *end != '-') return NULL;
  char *slot_text = end + 1;
  unsigned long slot = strtoul(slot_text, &end, 10);
  if (end == slot_text || *end != '\0' || slot >= self->fresh) return NULL;
  pending_command *command = &self->slots[slot];
  return command->owner != PENDING_FREE && !command->answered && command->number == number ? command : NULL;
}

void pending_answer(pending *self, pending_command *command) {
  assert(command->owner != PENDING_FREE && !command->answered);
  command->answered = true;
  if (command->owner != PENDING_SENT) return;
  if (self->answered_last != NULL) self->answered_last->next = command;
  if (self->answered_first == NULL) self->answered_first = command;
  self->answered_last = command;
}

pending_command *pending_next_answered(pending *self, pending_may_go_fn *may_go, void *arg) {
  pending_command *before = NULL, *command = self->answered_first;
  for (unsigned looks = 1; command != NULL && may_go != NULL && !may_go(arg, command); looks++) {
    if (looks == PENDING_LOOKS) return NULL;
    before = command;
    command = command->next;
  }
  if (command == NULL) return NULL;
  *(before != NULL ? &before->next : &self->answered_first) = command->next;
  if (self->answered_last == command) self->answered_last = before;
  command->next = NULL;
  return command;
}

void pending_release(pending *self, pending_command *command) {
  assert(command->owner != PENDING_FREE);
  (*s_count_of(self, command->owner))--;
  zmq_msg_close(&command->answer);
  zmq_msg_init(&command->answer);
  command->owner = PENDING_FREE;
  command->next = self->free;
  self->free = command;
}

void pending_drop_internal(pending *self) {
  for (unsigned i = 0; i < self->fresh && self->internal_count > 0; i++)
    if (self->slots[i].owner == PENDING_INTERNAL) pending_release(self, &self->slots[i]);
}

uint64_t pending_deadline(const pending *self) {
  return self->earliest_ms;
}

void pending_set_deadline(pending *self, pending_command *command, uint64_t deadline_ms) {
  command->deadline_ms = deadline_ms;
  if (deadline_ms < self->earliest_ms) self->earliest_ms = deadline_ms;
}

pending_command *pending_next_overdue(pending *self, uint64_t now_ms) {
  if (now_ms < self->earliest_ms) return NULL;
  /* Every slot is looked at only when the earliest deadline has passed, so about once in the length of a time-out. */
  uint64_t earliest_ms = UINT64_MAX;
  for (unsigned i = 0; i < self->fresh; i++) {
    pending_command *command = &self->slots[i];
    if (command->owner == PENDING_FREE || command->answered) continue;
    if (command->deadline_ms <= now_ms) return command;
    if (command->deadline_ms < earliest_ms) earliest_ms = command->deadline_ms;
  }
  self->earliest_ms = earliest_ms;
  return NULL;
}
