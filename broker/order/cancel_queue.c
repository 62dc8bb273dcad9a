#include "broker/order/cancel_queue.h"

#include <czmq.h>
#include <stdlib.h>

#define KEY_SIZE (HBUS_NAME_MAX + HBUS_ORDER_ID_MAX + 2)
#define PAUSES   8 /* lengths of a pause, from the shortest to the longest */

typedef struct item {
  hbus_name exchange;
  hbus_order_id order_id;
  unsigned pauses; /* so far */
  uint64_t due_ms; /* while it pauses */
  struct item_list *list;
  struct item *before;
  struct item *after;
} item;

typedef struct item_list {
  item *first;
  item *last;
} item_list;

struct cancel_queue {
  zhashx_t *by_name;
  item_list ready;
  item_list sent;
  item_list pausing[PAUSES]; /* by the length of the pause: so each list is in the order of its ends */
};

static void s_key(char key[KEY_SIZE], const char *exchange, const char *order_id) {
  snprintf(key, KEY_SIZE, "%s\n%s", exchange, order_id);
}

static item *s_find(const cancel_queue *self, const char *exchange, const char *order_id) {
  char key[KEY_SIZE];
  if (zhashx_size(self->by_name) == 0) return NULL;
  s_key(key, exchange, order_id);
  return zhashx_lookup(self->by_name, key);
}

static void s_take_out(item *item) {
  item_list *list = item->list;
  if (!list) return;
  *(item->before ? &item->before->after : &list->first) = item->after;
  *(item->after ? &item->after->before : &list->last) = item->before;
}

static void s_put(item *item, item_list *list) {
  s_take_out(item);
  item->list = list;
  item->before = list->last;
  item->after = NULL;
  *(list->last ? &list->last->after : &list->first) = item;
  list->last = item;
}

/* NULL: no memory. */
static item *s_add(cancel_queue *self, const char *exchange, const char *order_id) {
  char key[KEY_SIZE];
  item *item = calloc(1, sizeof *item);
  if (!item) return NULL;
  snprintf(item->exchange, sizeof item->exchange, "%s", exchange);
  snprintf(item->order_id, sizeof item->order_id, "%s", order_id);
  s_key(key, exchange, order_id);
  zhashx_insert(self->by_name, key, item);
  return item;
}

void cancel_queue_add(cancel_queue *self, const char *exchange, const char *order_id) {
  if (s_find(self, exchange, order_id)) return;
  item *item = s_add(self, exchange, order_id);
  if (item) s_put(item, &self->ready);
}

void cancel_queue_remove(cancel_queue *self, const char *exchange, const char *order_id) {
  item *item = s_find(self, exchange, order_id);
  if (!item) return;
  char key[KEY_SIZE];
  s_key(key, exchange, order_id);
  s_take_out(item);
  zhashx_delete(self->by_name, key);
}

bool cancel_queue_next(cancel_queue *self, const char **exchange, const char **order_id) {
  item *item = self->ready.first;
  if (!item) return false;
  s_put(item, &self->sent);
  *exchange = item->exchange;
  *order_id = item->order_id;
  return true;
}

static uint64_t s_pause_ms(unsigned length) {
  uint64_t pause_ms = (uint64_t)CANCEL_PAUSE_MIN_MS << length;
  return pause_ms < CANCEL_PAUSE_MAX_MS ? pause_ms : CANCEL_PAUSE_MAX_MS;
}

void cancel_queue_pause(cancel_queue *self, const char *exchange, const char *order_id, uint64_t now_ms) {
  item *item = s_find(self, exchange, order_id);
  if (!item) item = s_add(self, exchange, order_id);
  if (!item) return;
  unsigned length = item->pauses < PAUSES ? item->pauses++ : PAUSES - 1;
  item->due_ms = now_ms + s_pause_ms(length);
  s_put(item, &self->pausing[length]);
}

void cancel_queue_wake(cancel_queue *self, uint64_t now_ms) {
  for (size_t i = 0; i < PAUSES; i++) {
    for (item *item; (item = self->pausing[i].first) && item->due_ms <= now_ms;)
      s_put(item, &self->ready);
  }
}

void cancel_queue_wake_all(cancel_queue *self) {
  for (size_t i = 0; i < PAUSES; i++) {
    for (item *item; (item = self->pausing[i].first);) {
      item->pauses = 0;
      s_put(item, &self->ready);
    }
  }
}

bool cancel_queue_due(const cancel_queue *self, uint64_t *due_ms) {
  bool found = false;
  for (size_t i = 0; i < PAUSES; i++) {
    const item *item = self->pausing[i].first;
    if (!item || (found && item->due_ms >= *due_ms)) continue;
    *due_ms = item->due_ms;
    found = true;
  }
  return found;
}

size_t cancel_queue_size(const cancel_queue *self) {
  return zhashx_size(self->by_name);
}

bool cancel_queue_has(const cancel_queue *self, const char *exchange, const char *order_id) {
  return s_find(self, exchange, order_id) != NULL;
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

static void s_free_item(void **item) {
  free(*item);
  *item = NULL;
}

cancel_queue *cancel_queue_new(void) {
  cancel_queue *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->by_name = zhashx_new();
  if (!self->by_name) {
    free(self);
    return NULL;
  }
  zhashx_set_destructor(self->by_name, s_free_item);
  return self;
}

void cancel_queue_destroy(cancel_queue **self) {
  if (!*self) return;
  zhashx_destroy(&(*self)->by_name);
  free(*self);
  *self = NULL;
}
