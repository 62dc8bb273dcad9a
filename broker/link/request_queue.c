#include "broker/link/request_queue.h"

#include <assert.h>
#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "hbus/limits.h"

/* A list without ends: one ring is its head, the others are the first members of what is in it. */
typedef struct ring {
  struct ring *previous;
  struct ring *next;
} ring;

/* Who has requests in a class. */
typedef struct owner {
  ring turn; /* in its lane's turns */
  ring requests;
  char name[HBUS_NAME_MAX + 1];
} owner;

typedef struct request {
  ring place; /* in its owner's requests */
  owner *owner;
  request_class class;
  void *item;
  uint64_t deadline_ms;
  uint64_t number; /* in order of arrival */
  size_t rank;     /* where it is in the heap */
} request;

/* The requests of one class. */
typedef struct lane {
  ring turns; /* its owners; the first one is next */
  zhashx_t *owners;
  size_t size;
} lane;

struct request_queue {
  lane lanes[REQUEST_CLASSES];
  request *requests; /* `capacity` of them */
  request **heap;    /* all of these: the first `size` are queued, a heap by deadline; the others are free */
  size_t size;
  size_t capacity;
  size_t for_cancels;
  uint64_t next_number;
};

static void s_ring_init(ring *head) {
  head->previous = head->next = head;
}

static bool s_ring_is_empty(const ring *head) {
  return head->next == head;
}

static void s_ring_append(ring *head, ring *item) {
  item->previous = head->previous;
  item->next = head;
  head->previous->next = item;
  head->previous = item;
}

static void s_ring_unlink(ring *item) {
  item->previous->next = item->next;
  item->next->previous = item->previous;
}

static void s_owner_free(void **item_p) {
  free(*item_p);
  *item_p = NULL;
}

/* The table's keys are the names within its owners. False: no memory. */
static bool s_lane_init(lane *lane) {
  s_ring_init(&lane->turns);
  lane->owners = zhashx_new();
  if (!lane->owners) return false;
  zhashx_set_key_duplicator(lane->owners, NULL);
  zhashx_set_key_destructor(lane->owners, NULL);
  zhashx_set_destructor(lane->owners, s_owner_free);
  return true;
}

request_queue *request_queue_new(size_t capacity, size_t for_cancels) {
  assert(for_cancels < capacity);
  request_queue *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->for_cancels = for_cancels;
  self->requests = calloc(capacity, sizeof *self->requests);
  self->heap = calloc(capacity, sizeof *self->heap);
  bool done = self->requests && self->heap;
  for (size_t i = 0; done && i < REQUEST_CLASSES; i++)
    done = s_lane_init(&self->lanes[i]);
  if (!done) {
    request_queue_destroy(&self);
    return NULL;
  }
  for (size_t i = 0; i < capacity; i++)
    self->heap[i] = &self->requests[i];
  return self;
}

void request_queue_destroy(request_queue **self_p) {
  request_queue *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  for (size_t i = 0; i < REQUEST_CLASSES; i++)
    zhashx_destroy(&self->lanes[i].owners);
  free(self->heap);
  free(self->requests);
  free(self);
}

static void s_heap_set(request_queue *self, size_t rank, request *request) {
  self->heap[rank] = request;
  request->rank = rank;
}

static bool s_is_due_before(const request *a, const request *b) {
  if (a->deadline_ms != b->deadline_ms) return a->deadline_ms < b->deadline_ms;
  return a->number < b->number;
}

static void s_heap_raise(request_queue *self, request *request) {
  while (request->rank > 0) {
    size_t rank = request->rank, parent = (rank - 1) / 2;
    if (!s_is_due_before(request, self->heap[parent])) return;
    s_heap_set(self, rank, self->heap[parent]);
    s_heap_set(self, parent, request);
  }
}

static void s_heap_sink(request_queue *self, request *request) {
  for (;;) {
    size_t rank = request->rank, child = 2 * rank + 1;
    if (child >= self->size) return;
    if (child + 1 < self->size && s_is_due_before(self->heap[child + 1], self->heap[child])) child++;
    if (!s_is_due_before(self->heap[child], request)) return;
    s_heap_set(self, rank, self->heap[child]);
    s_heap_set(self, child, request);
  }
}

static void s_heap_remove(request_queue *self, request *gone) {
  size_t rank = gone->rank;
  request *last = self->heap[--self->size];
  s_heap_set(self, self->size, gone); /* among the free ones */
  if (last == gone) return;
  s_heap_set(self, rank, last);
  s_heap_raise(self, last);
  s_heap_sink(self, last);
}

/* Finds who this is; a new one is the last to get its turn. NULL: no memory. */
static owner *s_owner(lane *lane, const char *name) {
  owner *owner = zhashx_lookup(lane->owners, name);
  if (owner) return owner;
  owner = calloc(1, sizeof *owner);
  if (!owner) return NULL;
  s_ring_init(&owner->requests);
  memcpy(owner->name, name, strlen(name));
  zhashx_insert(lane->owners, owner->name, owner);
  s_ring_append(&lane->turns, &owner->turn);
  return owner;
}

hbus_status request_queue_push(request_queue *self, request_class class, const char *owner_name, void *item,
                               uint64_t deadline_ms, request_place **place) {
  assert(item && class < REQUEST_CLASSES && strlen(owner_name) <= HBUS_NAME_MAX);
  size_t places = class == REQUEST_CANCEL ? self->capacity : self->capacity - self->for_cancels;
  if (self->size >= places) return HBUS_OVERLOADED;
  lane *lane = &self->lanes[class];
  owner *owner = s_owner(lane, owner_name);
  if (!owner) return HBUS_NO_MEMORY;
  request *request = self->heap[self->size];
  request->owner = owner;
  request->class = class;
  request->item = item;
  request->deadline_ms = deadline_ms;
  request->number = self->next_number++;
  request->rank = self->size++;
  s_heap_raise(self, request);
  s_ring_append(&owner->requests, &request->place);
  lane->size++;
  if (place) *place = request;
  return HBUS_OK;
}

/* Takes a request out of everything; an owner that has no other is forgotten. */
static void *s_remove(request_queue *self, request *request) {
  lane *lane = &self->lanes[request->class];
  owner *owner = request->owner;
  s_heap_remove(self, request);
  s_ring_unlink(&request->place);
  lane->size--;
  if (s_ring_is_empty(&owner->requests)) {
    s_ring_unlink(&owner->turn);
    zhashx_delete(lane->owners, owner->name);
  }
  return request->item;
}

void *request_queue_remove(request_queue *self, request_place *place) {
  assert(place->rank < self->size && self->heap[place->rank] == place);
  return s_remove(self, place);
}

/* The first request of the owner whose turn it is, who then waits until all others had theirs. */
static void *s_pop_turn(request_queue *self, lane *lane) {
  owner *owner = (struct owner *)lane->turns.next;
  s_ring_unlink(&owner->turn);
  s_ring_append(&lane->turns, &owner->turn);
  return s_remove(self, (request *)owner->requests.next);
}

static bool s_has_expired(const request_queue *self, uint64_t now_ms) {
  return self->size && self->heap[0]->deadline_ms <= now_ms && self->heap[0]->deadline_ms != REQUEST_QUEUE_NO_DEADLINE;
}

static bool s_has_tokens(const request_budget *budget, request_class class, uint64_t now_ms) {
  return token_bucket_available(&budget->all, now_ms) >= 1 &&
         token_bucket_available(&budget->by_class[class], now_ms) >= 1;
}

static uint64_t s_tokens_in_ms(const request_budget *budget, request_class class, uint64_t now_ms) {
  uint64_t all_ms = token_bucket_ready_in_ms(&budget->all, now_ms);
  uint64_t class_ms = token_bucket_ready_in_ms(&budget->by_class[class], now_ms);
  return all_ms > class_ms ? all_ms : class_ms;
}

void *request_queue_pop(request_queue *self, request_budget *budget, uint64_t now_ms) {
  if (self->lanes[REQUEST_CANCEL].size) {
    token_bucket_overdraw(&budget->all, now_ms);
    token_bucket_overdraw(&budget->by_class[REQUEST_CANCEL], now_ms);
    return s_pop_turn(self, &self->lanes[REQUEST_CANCEL]);
  }
  if (s_has_expired(self, now_ms)) return NULL;
  for (size_t i = REQUEST_CREATE; i < REQUEST_CLASSES; i++) {
    if (!self->lanes[i].size || !s_has_tokens(budget, i, now_ms)) continue;
    token_bucket_take(&budget->all, now_ms);
    token_bucket_take(&budget->by_class[i], now_ms);
    return s_pop_turn(self, &self->lanes[i]);
  }
  return NULL;
}

void *request_queue_pop_expired(request_queue *self, uint64_t now_ms) {
  return s_has_expired(self, now_ms) ? s_remove(self, self->heap[0]) : NULL;
}

void *request_queue_pop_any(request_queue *self) {
  for (size_t i = 0; i < REQUEST_CLASSES; i++) {
    if (self->lanes[i].size) return s_pop_turn(self, &self->lanes[i]);
  }
  return NULL;
}

uint64_t request_queue_next_in_ms(const request_queue *self, const request_budget *budget, uint64_t now_ms) {
  if (self->size == 0) return REQUEST_QUEUE_NEVER;
  if (self->lanes[REQUEST_CANCEL].size || s_has_expired(self, now_ms)) return 0;
  uint64_t next_ms = self->heap[0]->deadline_ms - now_ms;
  for (size_t i = REQUEST_CREATE; i < REQUEST_CLASSES; i++) {
    if (!self->lanes[i].size) continue;
    uint64_t tokens_ms = s_tokens_in_ms(budget, i, now_ms);
    if (tokens_ms < next_ms) next_ms = tokens_ms;
  }
  return next_ms;
}

size_t request_queue_size(const request_queue *self, request_class class) {
  assert(class < REQUEST_CLASSES);
  return self->lanes[class].size;
}

size_t request_queue_owners(const request_queue *self, request_class class) {
  assert(class < REQUEST_CLASSES);
  return zhashx_size(self->lanes[class].owners);
}
