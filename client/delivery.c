#include "client/delivery.h"

#include <stdlib.h>
#include <string.h>

delivery *delivery_new(delivery_kind kind, hbus_bytes head, hbus_bytes body) {
  delivery *self = malloc(sizeof(*self) + head.size + body.size);
  if (self == NULL) return NULL;
  *self = (delivery){.kind = kind, .size = head.size + body.size};
  if (head.size > 0) memcpy(self->body, head.data, head.size);
  if (body.size > 0) memcpy(self->body + head.size, body.data, body.size);
  return self;
}

void delivery_queue_push(delivery_queue *self, delivery *item) {
  item->next = NULL;
  if (self->last != NULL)
    self->last->next = item;
  else
    self->first = item;
  self->last = item;
  self->count++;
  self->bytes += item->size;
}

delivery *delivery_queue_pop(delivery_queue *self) {
  delivery *item = self->first;
  if (item == NULL) return NULL;
  self->first = item->next;
  if (self->first == NULL) self->last = NULL;
  self->count--;
  self->bytes -= item->size;
  item->next = NULL;
  return item;
}

bool delivery_queue_insert(delivery_queue *self, delivery *item) {
  if (self->last == NULL || self->last->seq < item->seq) {
    delivery_queue_push(self, item);
    return true;
  }
  delivery **place = &self->first;
  while ((*place)->seq < item->seq) /* ends at the last one at the latest */
    place = &(*place)->next;
  if ((*place)->seq == item->seq) return false;
  item->next = *place;
  *place = item;
  self->count++;
  self->bytes += item->size;
  return true;
}

typedef bool s_drops_fn(const void *arg, const delivery *item);

static void s_drop(delivery_queue *self, s_drops_fn *drops, const void *arg) {
  delivery_queue kept = {0};
  for (delivery *item = NULL; (item = delivery_queue_pop(self)) != NULL;) {
    if (drops(arg, item))
      free(item);
    else
      delivery_queue_push(&kept, item);
  }
  *self = kept;
}

static bool s_is_of_topic(const void *arg, const delivery *item) {
  return arg == NULL || item->topic == arg;
}

void delivery_queue_drop(delivery_queue *self, const struct tracked_topic *topic) {
  s_drop(self, s_is_of_topic, topic);
}

static bool s_is_part_of_market(const void *arg, const delivery *item) {
  const delivery_part *market = arg, *part = (const delivery_part *)item->body;
  return item->kind == DELIVERY_SNAPSHOT && strcmp(part->exchange, market->exchange) == 0 &&
         strcmp(part->market, market->market) == 0;
}

void delivery_queue_drop_parts(delivery_queue *self, const char *exchange, const char *market) {
  delivery_part of = {0};
  memcpy(of.exchange, exchange, strlen(exchange));
  memcpy(of.market, market, strlen(market));
  s_drop(self, s_is_part_of_market, &of);
}
