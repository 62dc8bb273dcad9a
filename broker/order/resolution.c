/* Unknowns and new orders are the two sides of a graph. A tie between an unknown and an order says that the one may
 * have asked for the other: surely, by rule 8, or possibly, where upstream may have changed what was asked in a way
 * that we cannot tell. Only sure ties bind; possible ones keep others from binding. Ties are worked out again each time
 * they are needed, so that memory is linear in unknowns and orders. */
#include "broker/order/resolution.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/order/likeness.h"

#define NONE SIZE_MAX

/* An unknown that no id has settled. */
typedef struct claimant {
  const resolution_unknown *unknown;
  resolution *answer;
  size_t prospect; /* the order that it is bound to; NONE */
  resolution_reason reason;
  size_t parent;      /* of the group: those that share orders, directly or through others */
  size_t family;      /* the group before anything was bound */
  bool contradicted;  /* there are orders in the family that none of us can have asked for: nothing in it is bound */
  size_t claim_count; /* at a group's root: claimants that are not bound */
  size_t order_count; /* at a group's root: new orders that are not bound */
} claimant;

/* An order that one of the unknowns may have asked for. */
typedef struct prospect {
  const hbus_order *order;
  size_t listed;
  uint64_t created_at_ns;
  uint64_t first_seen_ns;
  size_t claim_count; /* claimants that may have asked for it and are not bound */
  size_t claimant;    /* one of them, the only one where there is one */
  size_t claim_sum;   /* their indices, exclusive or: the last one left is what it is */
  bool carries_id;
  bool taken;
} prospect;

typedef struct solver {
  const resolution_question *question;
  claimant *claimants; /* in the order of writing */
  size_t claimant_count;
  prospect *prospects; /* in the order of creation */
  size_t prospect_count;
  likeness_digits digits;
} solver;

/* ---- by id ---- */

static int s_compare_ids(const void *a, const void *b) {
  const resolution_unknown *const *x = a, *const *y = b;
  return strcmp((*x)->upstream_id, (*y)->upstream_id);
}

static int s_compare_id_with(const void *id, const void *unknown) {
  const resolution_unknown *const *other = unknown;
  return strcmp(id, (*other)->upstream_id);
}

static bool s_is_same(const hbus_order *a, const hbus_order *b) {
  return strcmp(a->order_id, b->order_id) == 0;
}

static void s_add_candidate(resolution *answer, size_t listed) {
  if (answer->candidate_count < RESOLUTION_CANDIDATES_MAX) answer->candidates[answer->candidate_count] = listed;
  answer->candidate_count++;
}

/* The order listed at `index` carries the id of the unknown that `answer` is for. */
static void s_settle_by_id(const resolution_question *question, size_t index, resolution *answer) {
  const resolution_listed *listed = &question->listed[index];
  for (size_t i = 0; i < answer->candidate_count && i < RESOLUTION_CANDIDATES_MAX; i++)
    if (s_is_same(question->listed[answer->candidates[i]].order, listed->order)) return; /* it is in both lists */
  s_add_candidate(answer, index);
  /* Two orders with one id, or one that already belongs to another order of ours, are for a person to settle. */
  bool settled = answer->candidate_count == 1 && !listed->bound;
  answer->verdict = settled ? RESOLUTION_BOUND : RESOLUTION_AMBIGUOUS;
  answer->reason = settled ? RESOLUTION_BY_ID : RESOLUTION_BY_NONE;
  answer->listed = settled ? index : 0;
}

static bool s_is_of_instance(const char *client_order_id, const char *instance) {
  size_t size = strlen(instance);
  return size > 0 && strncmp(client_order_id, instance, size) == 0 && client_order_id[size] == '-';
}

/* What upstream does with ids, from what was known and what the lists show. */
static resolution_ids s_weigh_ids(resolution_ids known, bool shown_kept, bool shown_dropped) {
  bool kept = shown_kept || known == RESOLUTION_IDS_KEPT || known == RESOLUTION_IDS_MIXED;
  bool dropped = shown_dropped || known == RESOLUTION_IDS_DROPPED || known == RESOLUTION_IDS_MIXED;
  if (kept && dropped) return RESOLUTION_IDS_MIXED;
  return kept ? RESOLUTION_IDS_KEPT : dropped ? RESOLUTION_IDS_DROPPED : RESOLUTION_IDS_NOT_KNOWN;
}

/* Settles what an id settles. by_id: room for the unknowns. */
static resolution_ids s_resolve_by_id(const resolution_question *question, const resolution_unknown **by_id,
                                      resolution *answers) {
  size_t count = question->unknown_count;
  for (size_t i = 0; i < count; i++)
    by_id[i] = &question->unknowns[i];
  qsort(by_id, count, sizeof *by_id, s_compare_ids);
  for (size_t i = 1; i < count; i++)
    assert(!by_id[i]->upstream_id[0] || strcmp(by_id[i - 1]->upstream_id, by_id[i]->upstream_id) != 0);

  bool shown_kept = false, shown_dropped = false;
  for (size_t i = 0; i < question->listed_count; i++) {
    const char *id = question->listed[i].order->client_order_id;
    if (!id[0]) {
      shown_dropped |= question->listed[i].bound;
      continue;
    }
    const resolution_unknown **found = bsearch(id, by_id, count, sizeof *by_id, s_compare_id_with);
    if (found) s_settle_by_id(question, i, &answers[*found - question->unknowns]);
    shown_kept |= found || question->listed[i].has_our_id || s_is_of_instance(id, question->instance);
  }
  return s_weigh_ids(question->ids, shown_kept, shown_dropped);
}

/* ---- ties ---- */

/* Whether an order created then may be one that was written then. */
static bool s_is_after(const solver *self, uint64_t created_at_ns, uint64_t written_ns) {
  return created_at_ns + self->question->clock_slack_ms * 1000000 >= written_ns;
}

static likeness s_tie(const solver *self, const claimant *claimant, const prospect *prospect) {
  uint64_t written_ns = claimant->unknown->written_ns;
  if (prospect->first_seen_ns != 0 && prospect->first_seen_ns < written_ns) return LIKENESS_NONE;
  bool dated = prospect->created_at_ns != 0; /* what is not may be of any age */
  if (dated && !s_is_after(self, prospect->created_at_ns, written_ns)) return LIKENESS_NONE;
  likeness tie = likeness_of(claimant->unknown->asked, prospect->order, &self->digits);
  return dated || tie == LIKENESS_NONE ? tie : LIKENESS_POSSIBLE;
}

/* ---- the two sides ---- */

static int s_compare_numbers(uint64_t a, uint64_t b) {
  return a < b ? -1 : a > b;
}

static int s_compare_claimants(const void *a, const void *b) {
  const claimant *x = a, *y = b;
  int order = s_compare_numbers(x->unknown->written_ns, y->unknown->written_ns);
  return order != 0 ? order : x->unknown < y->unknown ? -1 : 1; /* both of one array */
}

static void s_collect_claimants(solver *self, resolution *answers) {
  for (size_t i = 0; i < self->question->unknown_count; i++)
    if (answers[i].candidate_count == 0)
      self->claimants[self->claimant_count++] =
          (claimant){.unknown = &self->question->unknowns[i], .answer = &answers[i], .prospect = NONE};
  qsort(self->claimants, self->claimant_count, sizeof *self->claimants, s_compare_claimants);
}

static int s_compare_order_ids(const void *a, const void *b) {
  const prospect *x = a, *y = b;
  int order = strcmp(x->order->order_id, y->order->order_id);
  return order != 0 ? order : s_compare_numbers(x->listed, y->listed);
}

static int s_compare_creations(const void *a, const void *b) {
  const prospect *x = a, *y = b;
  int order = s_compare_numbers(x->created_at_ns, y->created_at_ns);
  return order != 0 ? order : s_compare_numbers(x->listed, y->listed);
}

static void s_learn_digits(solver *self) {
  for (size_t i = 0; i < self->question->listed_count; i++)
    likeness_learn_digits(&self->digits, self->question->listed[i].order);
}

/* Makes one of the copies of an order that is in both lists; leaves out what carries an id in one of them. */
static void s_merge_copies(solver *self) {
  qsort(self->prospects, self->prospect_count, sizeof *self->prospects, s_compare_order_ids);
  size_t count = 0;
  for (size_t i = 0, next; i < self->prospect_count; i = next) {
    prospect one = self->prospects[i];
    for (next = i + 1; next < self->prospect_count && s_is_same(one.order, self->prospects[next].order); next++) {
      const prospect *copy = &self->prospects[next];
      one.carries_id |= copy->carries_id;
      if (one.created_at_ns == 0) one.created_at_ns = copy->created_at_ns;
      if (one.first_seen_ns == 0) one.first_seen_ns = copy->first_seen_ns;
    }
    if (!one.carries_id && one.order->order_id[0]) self->prospects[count++] = one;
  }
  self->prospect_count = count;
  qsort(self->prospects, self->prospect_count, sizeof *self->prospects, s_compare_creations);
}

/* The orders that nobody has and that are not older than all claimants. */
static void s_collect_prospects(solver *self) {
  if (self->claimant_count == 0) return;
  uint64_t first_written_ns = self->claimants[0].unknown->written_ns;
  for (size_t i = 0; i < self->question->listed_count; i++) {
    const resolution_listed *listed = &self->question->listed[i];
    uint64_t created_at_ns = listed->order->created_at_ns;
    if (listed->bound || (created_at_ns != 0 && !s_is_after(self, created_at_ns, first_written_ns))) continue;
    self->prospects[self->prospect_count++] = (prospect){.order = listed->order,
                                                         .listed = i,
                                                         .created_at_ns = created_at_ns,
                                                         .first_seen_ns = listed->first_seen_ns,
                                                         .carries_id = listed->order->client_order_id[0] != 0};
  }
  s_merge_copies(self);
}

/* ---- by value ---- */

static size_t s_root(solver *self, size_t claimant) {
  while (self->claimants[claimant].parent != claimant) {
    size_t parent = self->claimants[claimant].parent;
    claimant = self->claimants[claimant].parent = self->claimants[parent].parent;
  }
  return claimant;
}

/* An order that one of us must have asked for: it is new, and nobody has it. */
static bool s_needs_claimant(const prospect *prospect) {
  return !prospect->taken && prospect->created_at_ns != 0;
}

/* Parts the claimants that are not bound into groups, and counts who may have asked for each order. */
static void s_group(solver *self) {
  for (size_t i = 0; i < self->claimant_count; i++) {
    claimant *claimant = &self->claimants[i];
    claimant->parent = i;
    claimant->claim_count = claimant->order_count = 0;
  }
  for (size_t p = 0; p < self->prospect_count; p++) {
    prospect *prospect = &self->prospects[p];
    if (prospect->taken) continue;
    prospect->claim_count = prospect->claim_sum = 0;
    for (size_t i = 0; i < self->claimant_count; i++) {
      const claimant *claimant = &self->claimants[i];
      if (claimant->prospect != NONE || s_tie(self, claimant, prospect) == LIKENESS_NONE) continue;
      if (prospect->claim_count++ == 0) prospect->claimant = i;
      prospect->claim_sum ^= i;
      self->claimants[s_root(self, i)].parent = s_root(self, prospect->claimant);
    }
  }
}

static void s_count_groups(solver *self) {
  for (size_t i = 0; i < self->claimant_count; i++)
    if (self->claimants[i].prospect == NONE) self->claimants[s_root(self, i)].claim_count++;
  for (size_t p = 0; p < self->prospect_count; p++) {
    const prospect *prospect = &self->prospects[p];
    if (s_needs_claimant(prospect) && prospect->claim_count > 0)
      self->claimants[s_root(self, prospect->claimant)].order_count++;
  }
}

static void s_note_families(solver *self) {
  for (size_t i = 0; i < self->claimant_count; i++)
    self->claimants[i].family = s_root(self, i);
}

static void s_bind(solver *self, size_t claimant, size_t prospect, resolution_reason reason) {
  assert(!self->prospects[prospect].taken && self->claimants[claimant].prospect == NONE);
  self->prospects[prospect].taken = true;
  self->claimants[claimant].prospect = prospect;
  self->claimants[claimant].reason = reason;
}

static void s_release(solver *self, claimant *claimant) {
  if (claimant->prospect == NONE) return;
  self->prospects[claimant->prospect].taken = false;
  claimant->prospect = NONE;
}

/* The one claimant that can have asked for the order, if that is sure; NONE. */
static size_t s_sole_claimant(const solver *self, const prospect *prospect) {
  if (prospect->taken || prospect->claim_count != 1) return NONE;
  const claimant *claimant = &self->claimants[prospect->claim_sum];
  bool sure = !claimant->unknown->under_way && s_tie(self, claimant, prospect) == LIKENESS_SURE;
  return sure ? prospect->claim_sum : NONE;
}

/* Binds each order that only one can have asked for. That one asked for no other, which may leave another order with
 * only one: until nothing more follows. */
static void s_bind_forced(solver *self) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t p = 0; p < self->prospect_count; p++) {
      size_t sole = s_sole_claimant(self, &self->prospects[p]);
      if (sole == NONE) continue;
      s_bind(self, sole, p, RESOLUTION_BY_VALUE);
      for (size_t other = 0; other < self->prospect_count; other++) {
        prospect *prospect = &self->prospects[other];
        if (prospect->taken || s_tie(self, &self->claimants[sole], prospect) == LIKENESS_NONE) continue;
        prospect->claim_count--;
        prospect->claim_sum ^= sole;
      }
      changed = true;
    }
  }
}

/* Others have traded after all, or an order was placed twice: nothing can be told by value. */
static void s_contradict(solver *self, size_t family) {
  for (size_t i = 0; i < self->claimant_count; i++) {
    if (self->claimants[i].family != family) continue;
    s_release(self, &self->claimants[i]);
    self->claimants[i].contradicted = true;
  }
}

/* Finds the groups in which there are more orders than we can have asked for. */
static void s_find_contradictions(solver *self) {
  for (size_t i = 0; i < self->claimant_count; i++) {
    const claimant *root = &self->claimants[i];
    if (!root->contradicted && root->order_count > root->claim_count) s_contradict(self, root->family);
  }
  for (size_t p = 0; p < self->prospect_count; p++) {
    const prospect *prospect = &self->prospects[p];
    if (!s_needs_claimant(prospect) || prospect->claim_count > 0) continue;
    for (size_t i = 0; i < self->claimant_count; i++) /* whoever may have asked for it is bound to another */
      if (s_tie(self, &self->claimants[i], prospect) != LIKENESS_NONE) {
        if (!self->claimants[i].contradicted) s_contradict(self, self->claimants[i].family);
        break;
      }
  }
}

/* Binds the group's claimants to its orders, first to first. False as soon as that is not sure; what is bound by then
 * the caller releases. */
static bool s_pair_group(solver *self, size_t root) {
  const hbus_order *model = self->claimants[root].unknown->asked;
  uint64_t previous_ns = 0;
  size_t p = 0;
  for (size_t i = 0; i < self->claimant_count; i++) {
    claimant *claimant = &self->claimants[i];
    if (claimant->prospect != NONE || s_root(self, i) != root) continue;
    while (!s_needs_claimant(&self->prospects[p]) || s_root(self, self->prospects[p].claimant) != root)
      p++;
    const prospect *prospect = &self->prospects[p];
    if (claimant->unknown->under_way || !likeness_is_alike(model, claimant->unknown->asked) ||
        s_tie(self, claimant, prospect) != LIKENESS_SURE || prospect->created_at_ns <= previous_ns)
      return false;
    previous_ns = prospect->created_at_ns;
    s_bind(self, i, p, RESOLUTION_BY_CREATION);
  }
  return true;
}

static void s_bind_alike(solver *self) {
  for (size_t root = 0; root < self->claimant_count; root++) {
    const claimant *group = &self->claimants[root];
    if (group->contradicted || group->claim_count == 0 || group->claim_count != group->order_count) continue;
    if (s_pair_group(self, root)) continue;
    for (size_t i = 0; i < self->claimant_count; i++)
      if (s_root(self, i) == root) s_release(self, &self->claimants[i]);
  }
}

static void s_bind_by_value(solver *self) {
  s_group(self);
  s_note_families(self);
  s_bind_forced(self);
  s_group(self);
  s_count_groups(self);
  s_find_contradictions(self);
  s_bind_alike(self);
}

/* ---- answers ---- */

static void s_answer(const solver *self, const claimant *claimant) {
  resolution *answer = claimant->answer;
  if (claimant->prospect != NONE) {
    answer->verdict = RESOLUTION_BOUND;
    answer->reason = claimant->reason;
    answer->listed = self->prospects[claimant->prospect].listed;
    s_add_candidate(answer, answer->listed);
    return;
  }
  for (size_t p = 0; p < self->prospect_count; p++)
    if (!self->prospects[p].taken && s_tie(self, claimant, &self->prospects[p]) != LIKENESS_NONE)
      s_add_candidate(answer, self->prospects[p].listed);
  if (answer->candidate_count > 0) answer->verdict = RESOLUTION_AMBIGUOUS;
}

static void s_resolve_by_value(solver *self, resolution_ids ids, resolution *answers) {
  s_learn_digits(self);
  s_collect_claimants(self, answers);
  s_collect_prospects(self);
  if (self->question->exclusive && ids == RESOLUTION_IDS_DROPPED) s_bind_by_value(self);
  for (size_t i = 0; i < self->claimant_count; i++)
    s_answer(self, &self->claimants[i]);
}

/* At least one byte, so that NULL means no memory. */
static void *s_new_array(size_t count, size_t size) {
  return calloc(count > 0 ? count : 1, size);
}

hbus_status resolution_resolve(const resolution_question *question, resolution *answers, resolution_ids *ids) {
  assert(question->clock_slack_ms <= RESOLUTION_CLOCK_SLACK_MS_MAX);
  hbus_status status = HBUS_NO_MEMORY;
  solver solver = {.question = question};
  const resolution_unknown **by_id = s_new_array(question->unknown_count, sizeof(resolution_unknown *));
  solver.claimants = s_new_array(question->unknown_count, sizeof(claimant));
  solver.prospects = s_new_array(question->listed_count, sizeof(prospect));
  if (!by_id || !solver.claimants || !solver.prospects) goto out;

  for (size_t i = 0; i < question->unknown_count; i++)
    answers[i] = (resolution){.verdict = RESOLUTION_ABSENT};
  *ids = s_resolve_by_id(question, by_id, answers);
  if (*ids != RESOLUTION_IDS_KEPT) s_resolve_by_value(&solver, *ids, answers);
  status = HBUS_OK;

out:
  free(by_id);
  free(solver.claimants);
  free(solver.prospects);
  return status;
}
