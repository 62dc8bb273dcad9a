#include "broker/order/order_table.h"

#include <assert.h>
#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/order/likeness.h"
#include "broker/order/order_row.h"
#include "broker/order/order_state.h"
#include "proto/buffer.h"
#include "proto/pack.h"
#include "proto/utf8.h"

/* A name made of two parts; neither has a control character in it (the codecs see to that). */
#define KEY_SIZE (HBUS_NAME_MAX + HBUS_ORDER_ID_MAX + 2)
typedef char key[KEY_SIZE];

/* What the first part of our ids is made of: an epoch in microseconds, in base 36. */
#define INSTANCE_DIGITS "0123456789abcdefghijklmnopqrstuvwxyz"
#define INSTANCE_SIZE   10 /* from the year 1973 to 2085 */

typedef struct order_list {
  order *oldest;
  order *newest;
} order_list;

struct order_table {
  zhashx_t *by_own;      /* owner, client_order_id */
  zhashx_t *by_upstream; /* the id that went upstream */
  zhashx_t *by_order_id; /* exchange, order_id */
  order_list unfinished; /* in the order in which they came */
  order_list finished;   /* in the order in which they were finished: the first one makes room */
  uint64_t capacity;
  size_t size;
  uint64_t numbered;      /* orders so far */
  size_t ambiguous_count; /* orders that have candidates */
  char instance[16];
  uint64_t counter;
  counters *counters;

  /* Orders that have changed, in the order of the changes that put them there. */
  order *first_changed;
  order *last_changed;
  uint64_t changes; /* so far */
  bool taking;      /* they are being given */
  void (*wake)(void *arg);
  void *wake_arg;
};

static void s_key(key out, const char *first, const char *second) {
  snprintf(out, KEY_SIZE, "%s\n%s", first, second);
}

/* The epoch in base 36: short, unlike any other start's, and made of the bytes that rule 6 allows. */
static void s_name_instance(order_table *self, uint64_t epoch) {
  char digits[16];
  size_t count = 0;
  do {
    digits[count++] = INSTANCE_DIGITS[epoch % 36];
    epoch /= 36;
  } while (epoch && count < sizeof self->instance - 1);
  for (size_t i = 0; i < count; i++)
    self->instance[i] = digits[count - 1 - i];
  self->instance[count] = 0;
}

order_table *order_table_new(uint64_t epoch, uint64_t capacity, counters *counters) {
  order_table *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->by_own = zhashx_new();
  self->by_upstream = zhashx_new();
  self->by_order_id = zhashx_new();
  self->capacity = capacity;
  self->counters = counters;
  s_name_instance(self, epoch);
  if (!self->by_own || !self->by_upstream || !self->by_order_id) order_table_destroy(&self);
  return self;
}

static void s_list_free(order_list *list) {
  for (order *order = list->oldest, *newer; order; order = newer) {
    newer = order->newer;
    order_free(order);
  }
}

void order_table_destroy(order_table **self_p) {
  order_table *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->by_own);
  zhashx_destroy(&self->by_upstream);
  zhashx_destroy(&self->by_order_id);
  s_list_free(&self->unfinished);
  s_list_free(&self->finished);
  free(self);
}

size_t order_table_size(const order_table *self) {
  return self->size;
}

order *order_table_find_own(const order_table *self, const char *owner, const char *client_order_id) {
  key name;
  s_key(name, owner, client_order_id);
  return zhashx_lookup(self->by_own, name);
}

order *order_table_find_upstream(const order_table *self, const char *upstream_id) {
  return upstream_id[0] ? zhashx_lookup(self->by_upstream, upstream_id) : NULL;
}

order *order_table_find(const order_table *self, const char *exchange, const char *order_id) {
  if (!order_id[0]) return NULL;
  key name;
  s_key(name, exchange, order_id);
  return zhashx_lookup(self->by_order_id, name);
}

static void s_index_order_id(order_table *self, order *order) {
  if (!order->state.order_id[0]) return;
  key name;
  s_key(name, order->state.exchange, order->state.order_id);
  zhashx_insert(self->by_order_id, name, order);
}

static void s_index_own(order_table *self, order *order) {
  key name;
  s_key(name, order->state.owner, order->state.client_order_id);
  zhashx_insert(self->by_own, name, order);
  zhashx_insert(self->by_upstream, order->upstream_id, order);
}

static order_list *s_list_of(order_table *self, const order *order) {
  return order->finished ? &self->finished : &self->unfinished;
}

static void s_append(order_list *list, order *order) {
  order->older = list->newest;
  order->newer = NULL;
  *(list->newest ? &list->newest->newer : &list->oldest) = order;
  list->newest = order;
}

static void s_take_out(order_list *list, order *order) {
  *(order->older ? &order->older->newer : &list->oldest) = order->newer;
  *(order->newer ? &order->newer->older : &list->newest) = order->older;
}

/* An order whose create is still under way is needed by it, even if events have shown it finished. */
static bool s_may_go(const order *order) {
  return order_state_is_final(order->state.status) && (!order->create || order->create_answered);
}

/* Moves an order that has changed to the list where it now belongs. */
static void s_file(order_table *self, order *order) {
  if (order->finished == s_may_go(order)) return;
  s_take_out(s_list_of(self, order), order);
  order->finished = !order->finished;
  s_append(s_list_of(self, order), order);
}

static void s_link(order_table *self, order *order) {
  order->number = ++self->numbered;
  order->finished = s_may_go(order);
  s_append(s_list_of(self, order), order);
  self->size++;
}

static void s_unlink(order_table *self, order *order) {
  s_take_out(s_list_of(self, order), order);
  self->size--;
}

/* Changes ---------------------------------------------------------------------------------------------------------- */

void order_table_on_change(order_table *self, void (*wake)(void *arg), void *arg) {
  self->wake = wake;
  self->wake_arg = arg;
}

void order_table_touch(order_table *self, order *order) {
  if (!self->wake || order->change) return;
  bool first = !self->first_changed && !self->taking;
  order->change = ++self->changes;
  order->changed_before = self->last_changed;
  order->changed_after = NULL;
  *(self->last_changed ? &self->last_changed->changed_after : &self->first_changed) = order;
  self->last_changed = order;
  if (first) self->wake(self->wake_arg);
}

static void s_unmark(order_table *self, order *order) {
  if (!order->change) return;
  *(order->changed_before ? &order->changed_before->changed_after : &self->first_changed) = order->changed_after;
  *(order->changed_after ? &order->changed_after->changed_before : &self->last_changed) = order->changed_before;
  order->change = 0;
}

void order_table_take_changed(order_table *self, order_fn *each, void *arg) {
  assert(!self->taking);
  uint64_t last = self->changes;
  self->taking = true;
  while (self->first_changed && self->first_changed->change <= last) {
    order *order = self->first_changed;
    s_unmark(self, order);
    each(arg, order);
  }
  self->taking = false;
  if (self->first_changed) self->wake(self->wake_arg);
}

/* Coming and going ------------------------------------------------------------------------------------------------- */

void order_table_remove(order_table *self, order *order) {
  key name;
  if (order->state.owner[0]) {
    s_key(name, order->state.owner, order->state.client_order_id);
    zhashx_delete(self->by_own, name);
  }
  if (order->upstream_id[0]) zhashx_delete(self->by_upstream, order->upstream_id);
  if (order_table_find(self, order->state.exchange, order->state.order_id) == order) {
    s_key(name, order->state.exchange, order->state.order_id);
    zhashx_delete(self->by_order_id, name);
  }
  if (order->state.extra.count) self->ambiguous_count--;
  s_unmark(self, order);
  s_unlink(self, order);
  order_free(order);
}

/* What waits to be written down stays: where it is forgotten, it has to be found there. */
static bool s_make_room(order_table *self) {
  if (self->size < self->capacity) return true;
  order *order = self->finished.oldest;
  while (order && order->change)
    order = order->newer;
  if (!order) return false;
  order_table_remove(self, order);
  self->counters->orders_evicted++;
  return true;
}

static void s_state_from_create(hbus_order *state, const char *owner, const hbus_command *create) {
  memcpy(state->exchange, create->exchange, sizeof state->exchange);
  memcpy(state->market, create->market, sizeof state->market);
  memcpy(state->client_order_id, create->client_order_id, sizeof state->client_order_id);
  memcpy(state->account, create->account, sizeof state->account);
  snprintf(state->owner, sizeof state->owner, "%s", owner);
  state->side = create->side;
  state->order_type = create->order_type;
  state->status = HBUS_PENDING;
  state->price = create->price;
  state->stop_price = create->stop_price;
  state->amount = create->amount;
  state->market_type = create->market_type;
  state->position_action = create->position_action;
}

order *order_table_add_own(order_table *self, const char *owner, const hbus_command *create) {
  assert(!order_table_find_own(self, owner, create->client_order_id));
  if (!s_make_room(self)) return NULL;
  order *order = calloc(1, sizeof *order);
  if (!order) return NULL;
  order->create = malloc(sizeof *order->create);
  if (!order->create) {
    free(order);
    return NULL;
  }
  *order->create = *create;
  s_state_from_create(&order->state, owner, create);
  snprintf(order->upstream_id, sizeof order->upstream_id, "%s-%llu", self->instance,
           (unsigned long long)++self->counter);
  s_link(self, order);
  s_index_own(self, order);
  order_table_touch(self, order);
  return order;
}

static order *s_add_foreign(order_table *self, const hbus_order *said) {
  if (!s_make_room(self)) {
    self->counters->orders_untracked++;
    return NULL;
  }
  order *order = calloc(1, sizeof *order);
  if (!order) return NULL;
  order->state = *said;
  order->state.owner[0] = 0;
  order->state.client_order_id[0] = 0;
  order->state.cancel_requested = false;
  order->state.extra = (hbus_extra){0};
  order->state.rev = 1;
  order->first_seen_ns = clock_real_ns();
  s_link(self, order);
  s_index_order_id(self, order);
  order_table_touch(self, order);
  return order;
}

/* Upstream may have spoken of an order by its id before it said whose it is: what it said then, and what was asked of
 * the order since, is the order's. */
static void s_absorb_stranger(order_table *self, order *order) {
  struct order *stranger = order_table_find(self, order->state.exchange, order->state.order_id);
  if (!stranger || stranger->create) return;
  if (order_state_merge(&order->state, &stranger->state)) order->state.rev++;
  if (order->state.rev < stranger->state.rev) order->state.rev = stranger->state.rev;
  order->state.cancel_requested |= stranger->state.cancel_requested && !order_state_is_final(order->state.status);
  order->cancels_under_way += stranger->cancels_under_way;
  order->fills = stranger->fills;
  order_table_remove(self, stranger);
}

void order_table_bind(order_table *self, order *order, const char *order_id) {
  assert(!order->state.order_id[0]);
  snprintf(order->state.order_id, sizeof order->state.order_id, "%s", order_id);
  order->first_seen_ns = clock_real_ns();
  s_absorb_stranger(self, order);
  s_index_order_id(self, order);
  s_file(self, order);
  order_table_touch(self, order);
}

/* The start that waited for its answer is gone. Before it was written down that a create was answered, it may have been
 * answered, or not even sent. */
static bool s_come_back(order *order) {
  static const char lost[] = "the broker was restarted before it was answered; the order may be live";
  static const char failed[] = "Hummingbot said that it failed";
  bool pending = order->state.status == HBUS_PENDING, unanswered = order->create && !order->create_answered;
  order->written = order->create != NULL;
  if (pending) {
    order->state.status = HBUS_UNKNOWN;
    order->state.rev++;
  }
  if (unanswered) {
    bool has_failed = order->state.status == HBUS_FAILED;
    order->create_answered = true;
    order->outcome = has_failed ? HBUS_REPLY_ERROR : HBUS_REPLY_UNKNOWN;
    order->outcome_code = has_failed ? HBUS_UPSTREAM_ERROR : HBUS_TIMEOUT;
    order->outcome_message = strdup(has_failed ? failed : lost);
  }
  return pending || unanswered;
}

static bool s_is_taken(const order_table *self, const journal_order *row) {
  return order_table_find_upstream(self, row->upstream_id) ||
         order_table_find_own(self, row->state.owner, row->state.client_order_id);
}

/* An order of others of which the journal knows by now whose it is. */
static order *s_restored_already(const order_table *self, const journal_order *row) {
  return row->upstream_id[0] ? NULL : order_table_find(self, row->state.exchange, row->state.order_id);
}

order *order_table_restore(order_table *self, const journal_order *row) {
  order *order = s_restored_already(self, row);
  if (order) return order;
  if (row->upstream_id[0] && s_is_taken(self, row)) return NULL;
  if (order_state_is_final(row->state.status) && !s_make_room(self)) return NULL;
  order = order_of_row(row);
  if (!order) return NULL;
  bool changed = s_come_back(order);
  s_link(self, order);
  if (order->create) {
    s_index_own(self, order);
    s_absorb_stranger(self, order);
  }
  s_index_order_id(self, order);
  s_file(self, order);
  if (order->state.extra.count) self->ambiguous_count++;
  if (changed) order_table_touch(self, order);
  return order;
}

/* What changes an order ------------------------------------------------------------------------------------------- */

/* Returns whether they are others than before. */
static bool s_put_candidates(order_table *self, order *order, const char *const *order_ids, size_t count) {
  buffer pairs;
  buffer_init(&pairs, HBUS_FRAME_MAX);
  if (count) {
    pack_string(&pairs, "candidates");
    pack_array(&pairs, count);
    for (size_t i = 0; i < count; i++)
      pack_string(&pairs, order_ids[i]);
  }
  const hbus_bytes *known = &order->state.extra.pairs;
  bool same = known->size == pairs.size && (!pairs.size || memcmp(known->data, pairs.data, pairs.size) == 0);
  if (same || pairs.status) {
    buffer_free(&pairs);
    return false;
  }
  if (order->state.extra.count) self->ambiguous_count--;
  if (count) self->ambiguous_count++;
  free(order->candidates);
  order->candidates = pairs.data; /* the order's now */
  order->state.extra =
      count ? (hbus_extra){.pairs = {.data = pairs.data, .size = pairs.size}, .count = 1} : (hbus_extra){0};
  return true;
}

bool order_table_merge(order_table *self, order *order, const hbus_order *said) {
  if (!order->state.order_id[0] && said->order_id[0]) order_table_bind(self, order, said->order_id);
  bool was_unknown = order->state.status == HBUS_UNKNOWN;
  bool changed = order_state_merge(&order->state, said);
  if (was_unknown && order->state.status != HBUS_UNKNOWN) s_put_candidates(self, order, NULL, 0);
  s_file(self, order);
  if (!changed) return false;
  order->state.rev++;
  order_table_touch(self, order);
  return true;
}

void order_table_set_outcome(order_table *self, order *order, hbus_reply_status outcome, hbus_status code,
                             hbus_text message) {
  free(order->outcome_message);
  /* Without memory the words are lost, and nothing else. */
  order->outcome_message =
      message.size ? strndup(message.data, utf8_cut(message.data, message.size, HBUS_MESSAGE_MAX)) : NULL;
  order->create_answered = true;
  order->outcome = outcome;
  order->outcome_code = code;
  s_file(self, order);
  order_table_touch(self, order);
}

order *order_table_apply(order_table *self, const hbus_order *said, const char *upstream_id, bool *changed) {
  order *order = order_table_find_upstream(self, upstream_id);
  if (!order) order = order_table_find(self, said->exchange, said->order_id);
  if (order) {
    *changed = order_table_merge(self, order, said);
    return order;
  }
  *changed = true;
  return s_add_foreign(self, said);
}

bool order_table_set_candidates(order_table *self, order *order, const char *const *order_ids, size_t count) {
  if (!s_put_candidates(self, order, order_ids, count)) return false;
  order->state.rev++;
  order_table_touch(self, order);
  return true;
}

/* One that has failed may have been called so by absence alone: if it appears, its cancel is wanted still. */
bool order_table_request_cancel(order_table *self, order *order, bool requested) {
  hbus_order_status status = order->state.status;
  if (status == HBUS_FILLED || status == HBUS_CANCELLED) requested = false;
  if (order->state.cancel_requested == requested) return false;
  order->state.cancel_requested = requested;
  order->state.rev++;
  order_table_touch(self, order);
  return true;
}

/* Looking through them --------------------------------------------------------------------------------------------- */

static bool s_is_unresolved_like(const order *order, const hbus_order *wanted) {
  if (order->state.status != HBUS_UNKNOWN || !order->state.extra.count || !order->create) return false;
  hbus_order asked = {0};
  s_state_from_create(&asked, order->state.owner, order->create);
  return strcmp(asked.exchange, wanted->exchange) == 0 && strcmp(asked.market, wanted->market) == 0 &&
         likeness_is_alike(&asked, wanted);
}

const order *order_table_find_unresolved(const order_table *self, const char *owner, const hbus_command *create) {
  if (!self->ambiguous_count) return NULL;
  hbus_order wanted = {0};
  s_state_from_create(&wanted, owner, create);
  for (const order *order = self->unfinished.oldest; order; order = order->newer) {
    if (s_is_unresolved_like(order, &wanted)) return order;
  }
  return NULL;
}

static void s_each(const order_list *list, order_fn *each, void *arg) {
  for (order *order = list->oldest, *newer; order; order = newer) {
    newer = order->newer;
    each(arg, order);
  }
}

void order_table_each_live(const order_table *self, order_fn *each, void *arg) {
  s_each(&self->unfinished, each, arg);
}

void order_table_each(const order_table *self, order_fn *each, void *arg) {
  s_each(&self->unfinished, each, arg);
  s_each(&self->finished, each, arg);
}

const char *order_table_instance(const order_table *self) {
  return self->instance;
}

bool order_table_may_have_made(const char *upstream_id) {
  size_t instance = strspn(upstream_id, INSTANCE_DIGITS);
  if (instance != INSTANCE_SIZE || upstream_id[instance] != '-') return false;
  const char *counter = upstream_id + instance + 1;
  size_t digits = strspn(counter, "0123456789");
  return digits > 0 && counter[0] != '0' && !counter[digits];
}
