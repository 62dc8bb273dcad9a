#include "broker/event/held.h"

#include <stdlib.h>
#include <string.h>

typedef struct held_event {
  hbus_event event;
  uint64_t deadline_ms;
  uint8_t *extra; /* what event's extra points to */
  struct held_event *next;
} held_event;

struct held {
  held_event *first;
  held_event **end; /* where the next one goes */
  size_t size;
  size_t capacity;
};

held *held_new(size_t capacity) {
  held *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->end = &self->first;
  self->capacity = capacity;
  return self;
}

static void s_free(held_event *item) {
  free(item->extra);
  free(item);
}

void held_destroy(held **self_p) {
  held *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  for (held_event *item = self->first, *next; item; item = next) {
    next = item->next;
    s_free(item);
  }
  free(self);
}

size_t held_size(const held *self) {
  return self->size;
}

static hbus_extra *s_extra(hbus_event *event) {
  return event->kind == HBUS_KIND_TRADE ? &event->data.trade.extra : &event->data.order.extra;
}

bool held_add(held *self, const hbus_event *event, uint64_t deadline_ms) {
  if (self->size == self->capacity) return false;
  held_event *item = calloc(1, sizeof *item);
  if (!item) return false;
  item->event = *event;
  item->deadline_ms = deadline_ms;
  hbus_bytes *pairs = &s_extra(&item->event)->pairs;
  if (pairs->size) {
    item->extra = malloc(pairs->size);
    if (!item->extra) {
      free(item);
      return false;
    }
    memcpy(item->extra, pairs->data, pairs->size);
    pairs->data = item->extra;
  }
  *self->end = item;
  self->end = &item->next;
  self->size++;
  return true;
}

/* Moves the items that `wanted` picks to a list of their own, then gives them out: who takes one may add others. */
typedef struct pick {
  const char *exchange;
  const char *market;
  const char *order_id;
  uint64_t now_ms;
} pick;
typedef bool wanted_fn(const held_event *item, const pick *pick);

static void s_take(held *self, wanted_fn *wanted, const pick *pick, held_fn *take, void *arg) {
  held_event *taken = NULL, **taken_end = &taken;
  held_event **at = &self->first;
  while (*at) {
    held_event *item = *at;
    if (!wanted(item, pick)) {
      at = &item->next;
      continue;
    }
    *at = item->next;
    item->next = NULL;
    *taken_end = item;
    taken_end = &item->next;
    self->size--;
  }
  self->end = at;
  for (held_event *next; taken; taken = next) {
    next = taken->next;
    take(arg, &taken->event);
    s_free(taken);
  }
}

static bool s_is_of(const held_event *item, const pick *pick) {
  bool is_trade = item->event.kind == HBUS_KIND_TRADE;
  const char *exchange = is_trade ? item->event.data.trade.exchange : item->event.data.order.exchange;
  const char *market = is_trade ? item->event.data.trade.market : item->event.data.order.market;
  const char *order_id = is_trade ? item->event.data.trade.order_id : item->event.data.order.order_id;
  return strcmp(exchange, pick->exchange) == 0 && strcmp(market, pick->market) == 0 &&
         (!pick->order_id || strcmp(order_id, pick->order_id) == 0);
}

static bool s_is_expired(const held_event *item, const pick *pick) {
  return item->deadline_ms <= pick->now_ms;
}

void held_take(held *self, const char *exchange, const char *market, const char *order_id, held_fn *take, void *arg) {
  const pick pick = {.exchange = exchange, .market = market, .order_id = order_id};
  if (self->size) s_take(self, s_is_of, &pick, take, arg);
}

void held_take_first(held *self, held_fn *take, void *arg) {
  held_event *first = self->first;
  if (!first) return;
  self->first = first->next;
  if (!self->first) self->end = &self->first;
  self->size--;
  take(arg, &first->event);
  s_free(first);
}

void held_take_expired(held *self, uint64_t now_ms, held_fn *take, void *arg) {
  const pick pick = {.now_ms = now_ms};
  s_take(self, s_is_expired, &pick, take, arg);
}

bool held_deadline(const held *self, uint64_t *deadline_ms) {
  if (self->first) *deadline_ms = self->first->deadline_ms;
  return self->first != NULL;
}
