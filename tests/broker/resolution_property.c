/* ORDERS.md, rules 8 and 9, over many small worlds: an exchange received some of the creates, and knows whose order
 * each is. Every world follows from its seed, which a failure names. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/resolution_scene.h"
#include "tests/sim/random.h"

#define S_WORLDS 20000
#define S_ASKS   6
#define S_SCALE  3 /* digits of what is asked */

static const int64_t s_tens[] = {1, 10, 100, 1000};

typedef enum habit { CUTS, ROUNDS, KEEPS } habit;

/* A create, and what the exchange made of it. Prices are in thousandths. */
typedef struct wish {
  int64_t written_ms;
  int64_t price;
  int owner;
  bool arrived;
  bool under_way;
} wish;

typedef struct world {
  random_source random;
  scene scene;
  habit habit;
  unsigned digits; /* of the exchange's prices */
  bool trims;      /* leaves out zeros at the end */
  int64_t skew_ms; /* of the exchange's clock */
  int64_t unit_ms; /* of the exchange's created_at */
  wish wishes[S_ASKS];
  int64_t prices[SCENE_ORDERS_MAX]; /* as listed, in thousandths */
  size_t truth[SCENE_ORDERS_MAX];   /* whose order a listed one is; SIZE_MAX: of none of the unknowns */
  bool is_copy[SCENE_ORDERS_MAX];   /* of one listed before */
} world;

static int64_t s_change_price(const world *self, int64_t price) {
  int64_t unit = s_tens[S_SCALE - self->digits];
  if (self->habit == KEEPS) return price;
  return (price + (self->habit == ROUNDS ? unit / 2 : 0)) / unit * unit;
}

static void s_write_price(int64_t price, unsigned digits, bool trims, char out[32]) {
  int size = snprintf(out, 32, "%lld.%03lld", (long long)(price / 1000), (long long)(price % 1000));
  size -= (int)(S_SCALE - digits);
  while (trims && out[size - 1] == '0')
    size--;
  if (out[size - 1] == '.') size--;
  out[size] = 0;
}

/* Lists an order that came to the exchange then. */
static size_t s_list(world *self, size_t truth, int64_t came_ms, int64_t asked_price) {
  char id[32], price[32];
  int64_t listed_price = s_change_price(self, asked_price);
  snprintf(id, sizeof id, "o-%llu", (unsigned long long)random_next(&self->random));
  s_write_price(listed_price, self->habit == KEEPS ? S_SCALE : self->digits, self->trims, price);
  int64_t created_ms = (came_ms + self->skew_ms + 1000000) / self->unit_ms * self->unit_ms - 1000000;
  size_t i = scene_list(&self->scene, id, created_ms, "1", price);
  self->truth[i] = truth;
  self->prices[i] = listed_price;
  return i;
}

/* Few prices, close to each other; few owners; times that overlap: so that all there is to confuse is confused. */
static void s_make_wishes(world *self) {
  size_t count = random_below(&self->random, S_ASKS) + 1;
  int64_t now_ms = 10000, spread_ms = random_chance(&self->random, 50) ? 10 : 3000;
  int64_t step = random_chance(&self->random, 50) ? 250 : 4, steps = random_between(&self->random, 0, 4);
  uint64_t owners = random_below(&self->random, 2) + 1;
  for (size_t i = 0; i < count; i++) {
    wish *wish = &self->wishes[i];
    now_ms += random_between(&self->random, 0, spread_ms);
    *wish = (struct wish){.written_ms = now_ms,
                          .price = 36000 + random_between(&self->random, 0, steps) * step,
                          .owner = (int)random_below(&self->random, owners),
                          .arrived = random_chance(&self->random, 70),
                          .under_way = random_chance(&self->random, 5)};
    char price[32];
    s_write_price(wish->price, S_SCALE, random_chance(&self->random, 50), price);
    size_t unknown = scene_ask(&self->scene, wish->owner ? "alice" : "bob", now_ms, "1", price);
    self->scene.unknowns[unknown].under_way = wish->under_way;
  }
}

/* What came of them, and orders of ours that are known: bound, or seen long before. */
static void s_make_orders(world *self) {
  int64_t came_ms = 0;
  for (size_t i = 0; i < self->scene.question.unknown_count; i++) {
    const wish *wish = &self->wishes[i];
    if (came_ms < wish->written_ms) came_ms = wish->written_ms;
    came_ms += random_between(&self->random, 1, 40);
    if (wish->arrived) s_list(self, i, came_ms, wish->price);
    if (random_chance(&self->random, 30)) self->scene.listed[s_list(self, SIZE_MAX, came_ms, wish->price)].bound = true;
    if (random_chance(&self->random, 30))
      self->scene.listed[s_list(self, SIZE_MAX, 9000, wish->price)].first_seen_ns = scene_time_ns(9500);
  }
}

/* Others' orders, which look like ours. */
static void s_add_strangers(world *self) {
  size_t count = random_below(&self->random, 5);
  for (size_t i = 0; i < count; i++) {
    const wish *like = &self->wishes[random_below(&self->random, self->scene.question.unknown_count)];
    s_list(self, SIZE_MAX, like->written_ms + random_between(&self->random, -100, 500), like->price);
  }
}

static void s_swap(world *self, size_t a, size_t b) {
  hbus_order order = self->scene.orders[a];
  self->scene.orders[a] = self->scene.orders[b];
  self->scene.orders[b] = order;
  resolution_listed listed = self->scene.listed[a];
  self->scene.listed[a] = self->scene.listed[b];
  self->scene.listed[b] = listed;
  self->scene.listed[a].order = &self->scene.orders[a];
  self->scene.listed[b].order = &self->scene.orders[b];
  size_t truth = self->truth[a];
  self->truth[a] = self->truth[b];
  self->truth[b] = truth;
  int64_t price = self->prices[a];
  self->prices[a] = self->prices[b];
  self->prices[b] = price;
}

/* Upstream says some orders twice, some without their age, and all in any order. */
static void s_blur(world *self) {
  for (size_t i = self->scene.question.listed_count; i > 1; i--)
    s_swap(self, i - 1, random_below(&self->random, i));
  size_t count = self->scene.question.listed_count;
  for (size_t i = 0; i < count; i++) {
    if (random_chance(&self->random, 5)) self->scene.orders[i].created_at_ns = 0;
    if (!random_chance(&self->random, 20)) continue;
    size_t copy = self->scene.question.listed_count++;
    self->scene.orders[copy] = self->scene.orders[i];
    self->scene.listed[copy] = self->scene.listed[i];
    self->scene.listed[copy].order = &self->scene.orders[copy];
    self->truth[copy] = self->truth[i];
    self->prices[copy] = self->prices[i];
    self->is_copy[copy] = true;
  }
}

static void s_make(world *self, uint64_t seed, bool strangers) {
  memset(self, 0, sizeof *self);
  random_init(&self->random, seed, 1);
  scene_init(&self->scene);
  self->habit = (habit)random_below(&self->random, 3);
  self->digits = (unsigned)random_below(&self->random, S_SCALE + 1);
  self->trims = random_chance(&self->random, 50);
  self->skew_ms = random_between(&self->random, -1000, 1000);
  self->unit_ms = random_chance(&self->random, 50) ? 1 : 1000;
  s_make_wishes(self);
  s_make_orders(self);
  if (strangers) s_add_strangers(self);
}

/* ---- the oracle: everything that may have happened, one by one ---- */

/* Whether the exchange may have made the listed order of the wish, for all that the broker can know. */
static bool s_may_be(const world *self, size_t unknown, size_t listed) {
  const wish *wish = &self->wishes[unknown];
  const resolution_listed *facts = &self->scene.listed[listed];
  uint64_t written_ns = scene_time_ns(wish->written_ms), created_ns = facts->order->created_at_ns;
  if (facts->bound || (facts->first_seen_ns != 0 && facts->first_seen_ns < written_ns)) return false;
  if (created_ns != 0 && created_ns + RESOLUTION_CLOCK_SLACK_MS * UINT64_C(1000000) < written_ns) return false;
  int64_t unit = 1; /* the coarsest at which the exchange may work */
  while (unit < s_tens[S_SCALE] && self->prices[listed] % (unit * 10) == 0)
    unit *= 10;
  int64_t distance = wish->price - self->prices[listed];
  return distance == 0 || (distance < unit && -distance < unit);
}

/* That every new order was asked for by one of us, and nobody asked for two. */
typedef struct oracle {
  const world *world;
  size_t orders[SCENE_ORDERS_MAX]; /* listed, new, and of a known age */
  size_t order_count;
  size_t of[S_ASKS];     /* the order that the unknown is in the history at hand; SIZE_MAX */
  size_t agreed[S_ASKS]; /* in all so far */
  bool disagreed[S_ASKS];
  uint64_t history_count;
} oracle;

static void s_note_history(oracle *self) {
  for (size_t i = 0; i < S_ASKS; i++) {
    if (self->history_count == 0) self->agreed[i] = self->of[i];
    self->disagreed[i] |= self->agreed[i] != self->of[i];
  }
  self->history_count++;
}

static void s_walk(oracle *self, size_t at) {
  if (at == self->order_count) {
    s_note_history(self);
    return;
  }
  for (size_t i = 0; i < self->world->scene.question.unknown_count; i++) {
    if (self->of[i] != SIZE_MAX || !s_may_be(self->world, i, self->orders[at])) continue;
    self->of[i] = self->orders[at];
    s_walk(self, at + 1);
    self->of[i] = SIZE_MAX;
  }
}

static void s_ask_oracle(oracle *self, const world *world) {
  *self = (oracle){.world = world};
  for (size_t i = 0; i < world->scene.question.listed_count; i++) {
    bool wanted = false;
    for (size_t u = 0; u < world->scene.question.unknown_count; u++)
      wanted |= s_may_be(world, u, i);
    if (wanted && !world->is_copy[i] && world->scene.orders[i].created_at_ns != 0)
      self->orders[self->order_count++] = i;
  }
  for (size_t i = 0; i < S_ASKS; i++)
    self->of[i] = SIZE_MAX;
  s_walk(self, 0);
}

/* ---- properties ---- */

static bool s_same_order(const world *self, size_t a, size_t b) {
  return strcmp(self->scene.orders[a].order_id, self->scene.orders[b].order_id) == 0;
}

static bool s_has_candidate(const world *self, size_t unknown, size_t listed) {
  const resolution *answer = &self->scene.answers[unknown];
  for (size_t i = 0; i < answer->candidate_count && i < RESOLUTION_CANDIDATES_MAX; i++)
    if (s_same_order(self, answer->candidates[i], listed)) return true;
  return answer->candidate_count > RESOLUTION_CANDIDATES_MAX;
}

/* What is bound is right, and what is there is at least listed. */
static void s_expect_truth(const world *self, uint64_t seed) {
  for (size_t i = 0; i < self->scene.question.unknown_count; i++) {
    const resolution *answer = &self->scene.answers[i];
    if (answer->verdict == RESOLUTION_BOUND)
      cr_assert_eq(self->truth[answer->listed], i, "seed %llu: unknown %zu bound wrongly", (unsigned long long)seed, i);
  }
  for (size_t i = 0; i < self->scene.question.listed_count; i++)
    if (self->truth[i] != SIZE_MAX)
      cr_assert(s_has_candidate(self, self->truth[i], i), "seed %llu: unknown %zu is not found",
                (unsigned long long)seed, self->truth[i]);
}

Test(resolution_property, rule_8_nothing_is_bound_wrongly) {
  uint64_t by_value = 0, by_creation = 0, forced = 0;
  for (uint64_t seed = 1; seed <= S_WORLDS; seed++) {
    world world;
    oracle oracle;
    s_make(&world, seed, false);
    s_blur(&world);
    scene_resolve(&world.scene);
    s_expect_truth(&world, seed);
    s_ask_oracle(&oracle, &world);
    cr_assert_gt(oracle.history_count, 0);
    for (size_t i = 0; i < world.scene.question.unknown_count; i++) {
      const resolution *answer = &world.scene.answers[i];
      bool is_forced = !oracle.disagreed[i] && oracle.agreed[i] != SIZE_MAX;
      forced += is_forced;
      by_value += answer->reason == RESOLUTION_BY_VALUE;
      by_creation += answer->reason == RESOLUTION_BY_CREATION;
      if (answer->reason == RESOLUTION_BY_VALUE)
        cr_assert(is_forced && s_same_order(&world, answer->listed, oracle.agreed[i]),
                  "seed %llu: unknown %zu may be another", (unsigned long long)seed, i);
    }
  }
  cr_expect_gt(by_creation, S_WORLDS / 20, "the worlds are too easy, or orders of creation are not used: %llu",
               (unsigned long long)by_creation);
  cr_expect_gt(by_value * 10, forced * 7, "%llu of %llu that can be told are told", (unsigned long long)by_value,
               (unsigned long long)forced);
}

Test(resolution_property, rule_8_where_others_trade_nothing_is_bound_and_all_is_listed) {
  for (uint64_t seed = 1; seed <= S_WORLDS; seed++) {
    world world;
    s_make(&world, seed, true);
    s_blur(&world);
    world.scene.question.exclusive = false;
    scene_resolve(&world.scene);
    s_expect_truth(&world, seed);
    for (size_t i = 0; i < world.scene.question.unknown_count; i++)
      cr_assert_neq(world.scene.answers[i].verdict, RESOLUTION_BOUND, "seed %llu", (unsigned long long)seed);
  }
}

Test(resolution_property, rule_9_with_ids_kept_all_is_resolved) {
  for (uint64_t seed = 1; seed <= S_WORLDS; seed++) {
    world world;
    s_make(&world, seed, true);
    world.scene.question.exclusive = seed % 2;
    world.scene.question.ids = seed % 3 ? RESOLUTION_IDS_KEPT : RESOLUTION_IDS_NOT_KNOWN;
    bool arrived[S_ASKS] = {0}, shown = false;
    for (size_t i = 0; i < world.scene.question.listed_count; i++) {
      char *id = world.scene.orders[i].client_order_id;
      bool ours = world.truth[i] != SIZE_MAX;
      if (ours) {
        snprintf(id, HBUS_CLIENT_ORDER_ID_MAX, "%s", world.scene.upstream_ids[world.truth[i]]);
        arrived[world.truth[i]] = true;
      } else if (world.scene.listed[i].bound) {
        snprintf(id, HBUS_CLIENT_ORDER_ID_MAX, SCENE_INSTANCE "-%zu", 1000 + i);
      } else if (random_chance(&world.random, 50)) {
        snprintf(id, HBUS_CLIENT_ORDER_ID_MAX, "other-%zu", i);
      }
      shown |= ours || world.scene.listed[i].bound;
    }
    s_blur(&world);
    scene_resolve(&world.scene);
    if (!shown && seed % 3 == 0) continue; /* nothing has shown that ids are kept */
    s_expect_truth(&world, seed);
    cr_assert_eq(world.scene.ids, RESOLUTION_IDS_KEPT, "seed %llu", (unsigned long long)seed);
    for (size_t i = 0; i < world.scene.question.unknown_count; i++)
      cr_assert_eq(world.scene.answers[i].verdict, arrived[i] ? RESOLUTION_BOUND : RESOLUTION_ABSENT,
                   "seed %llu: unknown %zu", (unsigned long long)seed, i);
  }
}
