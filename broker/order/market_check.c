#include "broker/order/market_check.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/order/order_events.h"
#include "broker/order/order_state.h"

#define HISTORY_FIRST 100  /* records asked for at first; four times as many while that is not enough */
#define HISTORY_SURE  50   /* upstream's own default: no history is shorter for having been cut */
#define HISTORY_MAX   2000 /* of at most some 500 bytes each, or the answer would pass HBUS_FRAME_MAX */

/* An order that upstream is expected to have, by name: it may be settled, and forgotten, while the check runs. */
typedef struct subject {
  hbus_order_id order_id;
  bool listed;
} subject;

typedef struct market_check {
  market_check_parts parts;
  market_check_fn *done;
  void *arg;
  hbus_command what; /* exchange and market */
  subject *subjects;
  size_t subject_count;
  size_t next_subject;
  hbus_order *listed; /* open orders, then history */
  size_t listed_count;
  size_t open_count;       /* of them */
  uint64_t asked_ns;       /* real-time clock, when the history was asked for */
  bool whole;              /* the history is all that upstream has */
  uint64_t known_since_ns; /* real-time clock, when the first of those listed was known to be upstream */
  bool failed;
  bool refused; /* by upstream's own word */
} market_check;

static void s_look_up_next(market_check *self);
static void s_ask_history(market_check *self, uint64_t limit);

static void s_end(market_check *self);
static void s_bind(market_check *self, order *order, const hbus_order *listed, resolution_reason reason);

/* Collecting ------------------------------------------------------------------------------------------------------- */

static bool s_is_here(const market_check *self, const order *order) {
  return strcmp(order->state.exchange, self->what.exchange) == 0 && strcmp(order->state.market, self->what.market) == 0;
}

static void s_add_subject(void *arg, order *order) {
  market_check *self = arg;
  if (!s_is_here(self, order) || !order->state.order_id[0]) return;
  subject *subjects = realloc(self->subjects, (self->subject_count + 1) * sizeof *subjects);
  if (!subjects) {
    self->failed = true;
    return;
  }
  self->subjects = subjects;
  subject *added = &subjects[self->subject_count++];
  memcpy(added->order_id, order->state.order_id, sizeof added->order_id);
  added->listed = false;
}

/* An order that carries the id of a create without an answer is what became of that. */
static void s_learn(market_check *self, hbus_order *said, uint64_t rx_ns) {
  order *ours = order_table_find_upstream(self->parts.orders, said->client_order_id);
  bool unanswered = ours && !ours->state.order_id[0] && ours->state.status != HBUS_PENDING;
  if (unanswered) s_bind(self, ours, said, RESOLUTION_BY_ID);
  order_learn(self->parts.orders, self->parts.fills, said, rx_ns, NULL);
}

/* An order under an id as only hbus makes them, which no order has: its record was lost. It may as well be that of
 * another broker of this kind on the same Hummingbot, so it stays an order of others (rule 6). */
static void s_warn_of_loss(const market_check *self, const hbus_order *said) {
  const order_table *orders = self->parts.orders;
  if (!order_table_may_have_made(said->client_order_id)) return;
  if (order_table_find_upstream(orders, said->client_order_id)) return;
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN,
            "order %s of %s on %s carries the id %s of hbusd's, and nobody knows it: its record was lost, or it is "
            "another hbusd's",
            said->order_id, said->market, said->exchange, said->client_order_id);
}

/* Keeps a copy of what upstream lists, then compares it with what is known. The copies keep upstream's own ids; what
 * they borrow is not kept. */
static bool s_take_list(market_check *self, const link_outcome *outcome) {
  const upstream_answer *answer = outcome->answer;
  size_t count = answer->data.orders.count;
  hbus_order *listed = realloc(self->listed, (self->listed_count + count + 1) * sizeof *listed);
  if (!listed) return false;
  self->listed = listed;
  for (size_t i = 0; i < count; i++) {
    listed[self->listed_count + i] = answer->data.orders.items[i];
    listed[self->listed_count + i].extra = (hbus_extra){0};
  }
  self->listed_count += count;
  for (size_t i = 0; i < count; i++) {
    if (self->parts.losses_expected) s_warn_of_loss(self, &answer->data.orders.items[i]);
    s_learn(self, &answer->data.orders.items[i], outcome->rx_ns);
  }
  return true;
}

static hbus_status s_ask(market_check *self, hbus_command_kind kind, question_fn *done) {
  self->what.kind = kind;
  return questions_ask(self->parts.questions, &self->what, "", done, self);
}

/* Open orders, and those that are not among them ---------------------------------------------------------------------
 */

static void s_mark_listed(market_check *self) {
  for (size_t i = 0; i < self->subject_count; i++) {
    for (size_t j = 0; j < self->open_count && !self->subjects[i].listed; j++) {
      self->subjects[i].listed = strcmp(self->subjects[i].order_id, self->listed[j].order_id) == 0;
    }
  }
}

static void s_fail_for(market_check *self, const link_outcome *outcome) {
  self->failed = true;
  self->refused =
      link_outcome_is_answer(outcome) && outcome->answer->code && outcome->answer->code != HBUS_RATE_LIMITED;
  s_end(self);
}

static void s_on_open_orders(void *arg, const link_outcome *outcome) {
  market_check *self = arg;
  if (outcome->result != LINK_ANSWERED || outcome->answer->code || !s_take_list(self, outcome)) {
    s_fail_for(self, outcome);
    return;
  }
  self->open_count = self->listed_count;
  s_mark_listed(self);
  s_look_up_next(self);
}

/* Upstream says that it has no such order, though it had. Whether it traded before it went, nobody can tell. */
static void s_deny(market_check *self, order *order, uint64_t rx_ns) {
  const order_cause cause = {.origin = HBUS_INFERRED, .rx_ns = rx_ns};
  order_table_merge(self->parts.orders, order, &(hbus_order){.status = HBUS_UNKNOWN});
  if (!order_is_news(order)) return;
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "order %s of %s on %s is not known upstream any more",
            order->state.order_id, order->state.market, order->state.exchange);
  order_publish_update(self->parts.fills, order, &cause, NULL);
}

static void s_on_order(void *arg, const link_outcome *outcome) {
  market_check *self = arg;
  const char *order_id = self->subjects[self->next_subject - 1].order_id;
  order *order = order_table_find(self->parts.orders, self->what.exchange, order_id);
  if (outcome->result != LINK_ANSWERED) {
    self->failed = true;
  } else if (outcome->answer->code == HBUS_UNKNOWN_ORDER && order) {
    s_deny(self, order, outcome->rx_ns);
  } else if (outcome->answer->code == HBUS_OK) {
    hbus_order said = outcome->answer->data.order;
    order_learn(self->parts.orders, self->parts.fills, &said, outcome->rx_ns, NULL);
  }
  if (self->failed) {
    s_end(self);
  } else {
    s_look_up_next(self);
  }
}

static bool s_is_settled(const market_check *self, const subject *subject) {
  const order *order = order_table_find(self->parts.orders, self->what.exchange, subject->order_id);
  return !order || order_state_is_final(order->state.status);
}

typedef struct search {
  const market_check *check;
  bool found;
} search;

/* An order without an id cannot be asked for by it; only lists can show it. */
static void s_find_unknown(void *arg, order *order) {
  search *search = arg;
  bool unknown = order->state.status == HBUS_UNKNOWN && !order->state.order_id[0];
  if (unknown && s_is_here(search->check, order)) search->found = true;
}

static bool s_has_unknown(const market_check *self) {
  search search = {.check = self};
  order_table_each_live(self->parts.orders, s_find_unknown, &search);
  return search.found;
}

static void s_look_up_next(market_check *self) {
  while (self->next_subject < self->subject_count) {
    const subject *subject = &self->subjects[self->next_subject++];
    if (subject->listed || s_is_settled(self, subject)) continue;
    memcpy(self->what.order_id, subject->order_id, sizeof self->what.order_id);
    if (!s_ask(self, HBUS_GET_ORDER, s_on_order)) return;
    self->failed = true;
    break;
  }
  if (!self->failed && s_has_unknown(self)) {
    s_ask_history(self, HISTORY_FIRST);
  } else {
    s_end(self);
  }
}

/* History, and who is who --------------------------------------------------------------------------------------------
 */

typedef struct unknown_list {
  const market_check *check;
  order **orders;
  resolution_unknown *items;
  hbus_order *asked;
  size_t count;
  size_t capacity;
} unknown_list;

/* What was asked, in the words of an order. */
static void s_asked(const order *order, hbus_order *out) {
  *out = order->state;
  out->amount = order->create->amount;
  out->price = order->create->price;
  out->stop_price = order->create->stop_price;
  out->extra = (hbus_extra){0};
}

static void s_add_unknown(void *arg, order *order) {
  unknown_list *list = arg;
  bool waits = order->state.status == HBUS_PENDING || order->state.status == HBUS_UNKNOWN;
  if (!order->create || !waits || order->state.order_id[0] || !s_is_here(list->check, order)) return;
  if (list->count < list->capacity) {
    s_asked(order, &list->asked[list->count]);
    list->orders[list->count] = order;
    list->items[list->count] = (resolution_unknown){.asked = &list->asked[list->count],
                                                    .upstream_id = order->upstream_id,
                                                    .written_ns = order->intent_ns,
                                                    .under_way = order->state.status == HBUS_PENDING};
  }
  list->count++;
}

static void s_tell(market_check *self, order *order, hbus_origin origin) {
  const order_cause cause = {.origin = origin, .rx_ns = clock_real_ns()};
  if (order_is_news(order)) order_publish_update(self->parts.fills, order, &cause, NULL);
}

static void s_bind(market_check *self, order *order, const hbus_order *listed, resolution_reason reason) {
  static const char *const reasons[] = {"", "by its id", "by its values", "by its values and the order of creation"};
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_INFO, "order %s of %s is %s upstream, found %s",
            order->state.client_order_id, order->state.owner, listed->order_id, reasons[reason]);
  intake_bind(self->parts.intake, order, listed->order_id);
  order_table_merge(self->parts.orders, order, listed);
  order_table_set_outcome(self->parts.orders, order, HBUS_REPLY_OK, HBUS_OK, hbus_text_of(""));
  s_tell(self, order, HBUS_POLLED);
}

static void s_fail(market_check *self, order *order) {
  static const char text[] = "Hummingbot does not have it: it never arrived there";
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "order %s of %s has failed: %s", order->state.client_order_id,
            order->state.owner, text);
  bool cancel = order->state.cancel_requested;
  order_table_merge(self->parts.orders, order, &(hbus_order){.status = HBUS_FAILED});
  order_table_request_cancel(self->parts.orders, order, cancel); /* for when it appears after all */
  order_table_set_outcome(self->parts.orders, order, HBUS_REPLY_ERROR, HBUS_UPSTREAM_ERROR, hbus_text_of(text));
  s_tell(self, order, HBUS_INFERRED);
  order_publish_error(self->parts.publisher, &order->state, HBUS_UPSTREAM_ERROR, hbus_text_of(text), clock_real_ns(),
                      NULL);
}

/* From when on upstream may have an order that an unknown one is: since it was sent, or since a whole list had nothing
 * like it. */
static uint64_t s_since_ns(const order *order) {
  return order->absent_ns > order->intent_ns ? order->absent_ns : order->intent_ns;
}

/* Whether the history shows orders from before then. If they do not, upstream may have forgotten what it had; unless it
 * has so few that no history is that short. */
static bool s_reaches_back(const market_check *self, uint64_t since_ns) {
  if (self->listed_count - self->open_count < HISTORY_SURE) return true;
  for (size_t i = self->open_count; i < self->listed_count; i++) {
    if (self->listed[i].created_at_ns + RESOLUTION_CLOCK_SLACK_MS * 1000000ull < since_ns) return true;
  }
  return false;
}

/* The same by our own clock, for a list that is all that upstream has: an order is in it that was known by then, so
 * nothing that came later has been forgotten. A market that is young has nothing older than before then. */
static bool s_has_known(const market_check *self, uint64_t since_ns) {
  return self->whole && self->known_since_ns < since_ns;
}

static uint64_t s_known_since_ns(const market_check *self) {
  uint64_t since_ns = UINT64_MAX;
  for (size_t i = self->open_count; i < self->listed_count; i++) {
    const order *order = order_table_find(self->parts.orders, self->what.exchange, self->listed[i].order_id);
    if (order && order->first_seen_ns && order->first_seen_ns < since_ns) since_ns = order->first_seen_ns;
  }
  return since_ns;
}

/* Rule 9: absence proves nothing, but where upstream keeps our ids, two complete lists after settle_ms do. */
static void s_absent(market_check *self, order *order) {
  /* Upstream has forgotten what it may have been. What was said of it stays. */
  uint64_t since_ns = s_since_ns(order);
  if (order->state.extra.count || (!s_reaches_back(self, since_ns) && !s_has_known(self, since_ns))) return;
  const config *config = self->parts.config;
  uint64_t queue_ms = config->upstream.rate_limit.queue_ms; /* it may have had to wait before it was written */
  uint64_t settled_ns = order->intent_ns + (queue_ms + config->upstream.settle_ms) * 1000000u;
  order_table_touch(self->parts.orders, order);
  order->absent_ns = self->asked_ns;
  order->absences = *self->parts.ids == RESOLUTION_IDS_KEPT ? order->absences + 1 : 0;
  if (order->absences >= 2 && clock_real_ns() >= settled_ns) s_fail(self, order);
}

static void s_ambiguous(market_check *self, order *order, const resolution *answer) {
  const char *ids[RESOLUTION_CANDIDATES_MAX];
  size_t named =
      answer->candidate_count < RESOLUTION_CANDIDATES_MAX ? answer->candidate_count : RESOLUTION_CANDIDATES_MAX;
  for (size_t i = 0; i < named; i++)
    ids[i] = self->listed[answer->candidates[i]].order_id;
  order->absences = 0;
  if (!order_table_set_candidates(self->parts.orders, order, ids, named)) return;
  log_write(self->parts.log, LOG_ORDER, LOG_LEVEL_WARN, "order %s of %s may be one of %zu upstream",
            order->state.client_order_id, order->state.owner, answer->candidate_count);
  s_tell(self, order, HBUS_INFERRED);
}

/* What a history that does not reach back to an order says of it by value is not to be trusted: what it may be could
 * stand further back. As one of those that can have asked for what is listed it has done its part already. */
static void s_apply(market_check *self, order *order, const resolution *answer) {
  bool by_id = answer->verdict == RESOLUTION_BOUND && answer->reason == RESOLUTION_BY_ID;
  if (!by_id && !self->whole && !s_reaches_back(self, s_since_ns(order))) return;
  switch (answer->verdict) {
  case RESOLUTION_BOUND: s_bind(self, order, &self->listed[answer->listed], answer->reason); break;
  case RESOLUTION_ABSENT:
    if (order->state.status == HBUS_UNKNOWN) s_absent(self, order);
    break;
  case RESOLUTION_AMBIGUOUS:
    if (order->state.status == HBUS_UNKNOWN) s_ambiguous(self, order, answer);
    break;
  }
}

/* Whose each listed order is, as far as it is known. */
static void s_describe(const market_check *self, resolution_listed *out) {
  for (size_t i = 0; i < self->listed_count; i++) {
    const order *order = order_table_find(self->parts.orders, self->what.exchange, self->listed[i].order_id);
    const char *id = self->listed[i].client_order_id;
    out[i] = (resolution_listed){.order = &self->listed[i],
                                 .bound = order && order->create,
                                 .has_our_id = order_table_find_upstream(self->parts.orders, id) != NULL,
                                 .first_seen_ns = order && !order->create ? order->first_seen_ns : 0};
  }
}

static void s_resolve_list(market_check *self, unknown_list *unknowns, resolution_listed *listed, resolution *answers) {
  order_table_each_live(self->parts.orders, s_add_unknown, unknowns);
  s_describe(self, listed);
  const resolution_question question = {.unknowns = unknowns->items,
                                        .unknown_count = unknowns->count,
                                        .listed = listed,
                                        .listed_count = self->listed_count,
                                        .instance = order_table_instance(self->parts.orders),
                                        .ids = *self->parts.ids,
                                        .exclusive = self->parts.config->upstream.exclusive,
                                        .clock_slack_ms = RESOLUTION_CLOCK_SLACK_MS};
  if (resolution_resolve(&question, answers, self->parts.ids)) return;
  for (size_t i = 0; i < unknowns->count; i++)
    s_apply(self, unknowns->orders[i], &answers[i]);
}

static void s_resolve(market_check *self) {
  unknown_list unknowns = {.check = self};
  order_table_each_live(self->parts.orders, s_add_unknown, &unknowns); /* only counts */
  size_t count = unknowns.count;
  unknowns.count = 0;
  unknowns.capacity = count;
  unknowns.orders = calloc(count + 1, sizeof *unknowns.orders);
  unknowns.items = calloc(count + 1, sizeof *unknowns.items);
  unknowns.asked = calloc(count + 1, sizeof *unknowns.asked);
  resolution_listed *listed = calloc(self->listed_count + 1, sizeof *listed);
  resolution *answers = calloc(count + 1, sizeof *answers);
  if (unknowns.orders && unknowns.items && unknowns.asked && listed && answers) {
    s_resolve_list(self, &unknowns, listed, answers);
  }
  free(unknowns.orders);
  free(unknowns.items);
  free(unknowns.asked);
  free(listed);
  free(answers);
}

typedef struct oldest {
  const market_check *check;
  uint64_t since_ns;
} oldest;

static void s_find_oldest(void *arg, order *order) {
  oldest *oldest = arg;
  if (order->state.status != HBUS_UNKNOWN || order->state.order_id[0] || !s_is_here(oldest->check, order)) return;
  uint64_t since_ns = s_since_ns(order);
  if (since_ns < oldest->since_ns) oldest->since_ns = since_ns;
}

/* Whether the history goes back far enough for every unknown order, or is all there is. */
static bool s_is_complete(const market_check *self) {
  if (self->whole) return true;
  oldest oldest = {.check = self, .since_ns = UINT64_MAX};
  order_table_each_live(self->parts.orders, s_find_oldest, &oldest);
  return s_reaches_back(self, oldest.since_ns);
}

/* What an unknown order may have become, and nobody can say yet, is told all the same, with its fills: as an order of
 * nobody's, which gets its owner when that is known (ORDERS.md, rule 12). */
static void s_tell_unowned(market_check *self) {
  oldest oldest = {.check = self, .since_ns = UINT64_MAX};
  order_table_each_live(self->parts.orders, s_find_oldest, &oldest);
  for (size_t i = 0; i < self->listed_count && oldest.since_ns != UINT64_MAX; i++) {
    hbus_order *said = &self->listed[i];
    bool before = said->created_at_ns && said->created_at_ns + RESOLUTION_CLOCK_SLACK_MS * 1000000ull < oldest.since_ns;
    if (before || order_table_find(self->parts.orders, said->exchange, said->order_id)) continue;
    bool changed;
    order *order = order_table_apply(self->parts.orders, said, "", &changed);
    if (order) s_tell(self, order, HBUS_POLLED);
  }
}

static void s_on_history(void *arg, const link_outcome *outcome) {
  market_check *self = arg;
  uint64_t asked = self->what.limit;
  bool listed = outcome->result == LINK_ANSWERED && !outcome->answer->code && s_take_list(self, outcome);
  self->whole = listed && self->listed_count - self->open_count < asked;
  if (listed && !s_is_complete(self) && asked < HISTORY_MAX) {
    self->listed_count = self->open_count;
    s_ask_history(self, 4 * asked);
    return;
  }
  /* Without a list what is unknown stays so. It holds nobody up: what is live has been compared already. */
  self->known_since_ns = s_known_since_ns(self);
  if (listed) s_resolve(self);
  if (listed) s_tell_unowned(self);
  s_end(self);
}

static void s_ask_history(market_check *self, uint64_t limit) {
  self->what.limit = limit < HISTORY_MAX ? limit : HISTORY_MAX;
  self->what.order_id[0] = 0;
  self->asked_ns = clock_real_ns();
  if (s_ask(self, HBUS_GET_ORDER_HISTORY, s_on_history)) s_end(self);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

typedef struct tally {
  const market_check *check;
  bool unknown;
} tally;

static void s_tally(void *arg, order *order) {
  tally *tally = arg;
  if (order->state.status == HBUS_UNKNOWN && s_is_here(tally->check, order)) tally->unknown = true;
}

static void s_free(market_check *self) {
  free(self->subjects);
  free(self->listed);
  free(self);
}

static void s_end(market_check *self) {
  tally tally = {.check = self};
  order_table_each_live(self->parts.orders, s_tally, &tally);
  market_check_fn *done = self->done;
  void *arg = self->arg;
  market_check_result result = tally.unknown ? MARKET_UNKNOWN : MARKET_SETTLED;
  if (self->failed) result = self->refused ? MARKET_REFUSED : MARKET_FAILED;
  s_free(self);
  done(arg, result);
}

hbus_status market_check_start(const market_check_parts *parts, const char *exchange, const char *market,
                               market_check_fn *done, void *arg) {
  market_check *self = calloc(1, sizeof *self);
  if (!self) return HBUS_NO_MEMORY;
  self->parts = *parts;
  self->done = done;
  self->arg = arg;
  snprintf(self->what.exchange, sizeof self->what.exchange, "%s", exchange);
  snprintf(self->what.market, sizeof self->what.market, "%s", market);
  order_table_each_live(parts->orders, s_add_subject, self);
  hbus_status status = self->failed ? HBUS_NO_MEMORY : s_ask(self, HBUS_GET_OPEN_ORDERS, s_on_open_orders);
  if (status) s_free(self);
  return status;
}
