#include "tests/sim/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

session *session_new(uint64_t number, void (*wake)(void *arg), void *wake_arg) {
  session *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->number = number;
  self->wake = wake;
  self->wake_arg = wake_arg;
  return self;
}

static void s_clear_queue(session *self) {
  for (message *waiting; (waiting = session_pop(self));)
    message_drop(waiting);
}

void session_destroy(session **self) {
  if (!*self) return;
  s_clear_queue(*self);
  free((*self)->queue);
  free((*self)->channels);
  free(*self);
  *self = NULL;
}

static void s_wake(session *self) {
  if (self->wake) self->wake(self->wake_arg);
}

static bool s_grow_queue(session *self) {
  size_t capacity = self->queue_capacity ? self->queue_capacity * 2 : 64;
  message **grown = malloc(capacity * sizeof(message *));
  if (!grown) return false;
  for (size_t i = 0; i < self->queue_count; i++)
    grown[i] = self->queue[(self->queue_first + i) & (self->queue_capacity - 1)];
  free(self->queue);
  self->queue = grown;
  self->queue_capacity = capacity;
  self->queue_first = 0;
  return true;
}

bool session_takes(const session *self) {
  return self->state == SESSION_OPEN && self->mute == SESSION_SPEAKS;
}

void session_push(session *self, message *pushed) {
  if (!session_takes(self)) return;
  bool full = self->queue_count == SESSION_QUEUE_MAX || self->queue_bytes > SESSION_QUEUE_BYTES_MAX;
  if (full || (self->queue_count == self->queue_capacity && !s_grow_queue(self))) {
    s_clear_queue(self);
    session_close(self, SESSION_CLOSE_OVERLOADED, "the client reads too slowly");
    return;
  }
  self->queue[(self->queue_first + self->queue_count++) & (self->queue_capacity - 1)] = message_keep(pushed);
  self->queue_bytes += pushed->size;
  if (self->queue_count == 1) s_wake(self);
}

message *session_pop(session *self) {
  if (self->queue_count == 0) return NULL;
  message *popped = self->queue[self->queue_first];
  self->queue_first = (self->queue_first + 1) & (self->queue_capacity - 1);
  self->queue_count--;
  self->queue_bytes -= popped->size;
  return popped;
}

void session_close(session *self, unsigned code, const char *reason) {
  if (self->state != SESSION_OPEN) return;
  self->state = SESSION_CLOSING;
  self->close_code = code;
  snprintf(self->close_reason, sizeof self->close_reason, "%s", reason);
  s_wake(self);
}

void session_cut(session *self, session_state how) {
  assert(how == SESSION_CUT || how == SESSION_TORN || how == SESSION_ABORTED);
  if (self->state != SESSION_OPEN && how != SESSION_ABORTED) return;
  self->state = how;
  if (how == SESSION_ABORTED) s_clear_queue(self);
  s_wake(self);
}

void session_silence(session *self, session_mute how) {
  if (self->mute != SESSION_SPEAKS) return;
  self->mute = how;
  s_wake(self);
}

static uint8_t s_bit(hbus_channel channel) {
  assert(channel > HBUS_CHANNEL_NONE && channel < HBUS_CHANNEL_COUNT);
  return (uint8_t)(1u << channel);
}

hbus_status session_subscribe(session *self, size_t market, size_t market_count, hbus_channel channel) {
  assert(market < market_count);
  if (!self->channels && !(self->channels = calloc(market_count, 1))) return HBUS_NO_MEMORY;
  if (!session_wants(self, market, channel)) {
    self->channels[market] |= s_bit(channel);
    self->subscriptions++;
  }
  return HBUS_OK;
}

void session_unsubscribe(session *self, size_t market, hbus_channel channel) {
  if (session_wants(self, market, channel)) {
    self->channels[market] &= (uint8_t)~s_bit(channel);
    self->subscriptions--;
  }
}

bool session_wants(const session *self, size_t market, hbus_channel channel) {
  return self->channels && (self->channels[market] & s_bit(channel));
}
