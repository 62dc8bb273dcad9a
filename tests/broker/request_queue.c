/* Which request goes next: classes, turns between owners, budgets, deadlines, bounds; and a long random sequence
 * against a model that is too simple to be wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/link/request_queue.h"
#include "hbus/limits.h"

#define FAR_MS REQUEST_QUEUE_NO_DEADLINE

/* Items are texts, so that an order can be written down. */
static hbus_status s_try(request_queue *queue, request_class class, const char *owner, const char *text,
                         uint64_t deadline_ms) {
  void *item = (void *)(uintptr_t)text; /* the queue does not write to it */
  return request_queue_push(queue, class, owner, item, deadline_ms, NULL);
}

static void s_push(request_queue *queue, request_class class, const char *owner, const char *text,
                   uint64_t deadline_ms) {
  cr_assert_eq(s_try(queue, class, owner, text, deadline_ms), HBUS_OK);
}

static void s_expect(const char *got, const char *wanted) {
  cr_assert_not_null(got, "nothing came, wanted %s", wanted);
  cr_expect_str_eq(got, wanted, "%s came, wanted %s", got, wanted);
}

/* Takes all that goes now, and writes it down. */
static const char *s_pop_all(request_queue *queue, request_budget *budget, uint64_t now_ms) {
  static char all[4096];
  all[0] = '\0';
  size_t size = 0;
  for (const char *item; (item = request_queue_pop(queue, budget, now_ms)) && size < sizeof all - 32;)
    size += (size_t)snprintf(all + size, sizeof all - size, size ? " %s" : "%s", item);
  return all;
}

/* Rates a second; bursts are one. 0: no limit. */
static request_budget s_budget(uint32_t all, uint32_t creates, uint32_t reads) {
  request_budget budget;
  token_bucket_init(&budget.all, all, 1, 0);
  token_bucket_init(&budget.by_class[REQUEST_CANCEL], 0, 0, 0);
  token_bucket_init(&budget.by_class[REQUEST_CREATE], creates, 1, 0);
  token_bucket_init(&budget.by_class[REQUEST_READ], reads, 1, 0);
  return budget;
}

Test(request_queue, rule_4_cancels_then_creates_then_reads) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 0, 0);
  s_push(queue, REQUEST_READ, "a", "read", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-1", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-2", FAR_MS);
  s_push(queue, REQUEST_CANCEL, "a", "cancel", FAR_MS);
  cr_expect_eq(request_queue_size(queue, REQUEST_CANCEL), 1);
  cr_expect_eq(request_queue_size(queue, REQUEST_CREATE), 2);
  cr_expect_eq(request_queue_size(queue, REQUEST_READ), 1);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "cancel create-1 create-2 read");
  for (size_t i = 0; i < REQUEST_CLASSES; i++)
    cr_expect_eq(request_queue_size(queue, i), 0);
  cr_expect_null(request_queue_pop_any(queue));
  request_queue_destroy(&queue);
  cr_expect_null(queue);
}

Test(request_queue, owners_take_turns) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 0, 0);
  static const char *const items[] = {"a1", "a2", "a3", "a4"};
  for (size_t i = 0; i < sizeof items / sizeof *items; i++)
    s_push(queue, REQUEST_READ, "a", items[i], FAR_MS);
  s_push(queue, REQUEST_READ, "b", "b1", FAR_MS);
  s_push(queue, REQUEST_READ, "c", "c1", FAR_MS);
  s_push(queue, REQUEST_READ, "b", "b2", FAR_MS);
  cr_expect_eq(request_queue_owners(queue, REQUEST_READ), 3);
  s_expect(request_queue_pop(queue, &budget, 0), "a1");
  s_push(queue, REQUEST_READ, "d", "d1", FAR_MS);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "b1 c1 a2 d1 b2 a3 a4");
  request_queue_destroy(&queue);
}

Test(request_queue, a_thousand_reads_delay_anothers_first_by_one_round) {
  enum { BUSY = 1000, OTHERS = 10 };
  request_queue *queue = request_queue_new(BUSY + OTHERS, 0);
  request_budget budget = s_budget(0, 0, 0);
  for (int i = 0; i < BUSY; i++)
    s_push(queue, REQUEST_READ, "busy", "busy", FAR_MS);
  for (char name[] = "0"; name[0] < '0' + OTHERS; name[0]++)
    s_push(queue, REQUEST_READ, name, "other", FAR_MS);
  s_expect(request_queue_pop(queue, &budget, 0), "busy");
  for (int i = 0; i < OTHERS; i++)
    s_expect(request_queue_pop(queue, &budget, 0), "other");
  cr_expect_eq(request_queue_owners(queue, REQUEST_READ), 1, "the others are forgotten");
  cr_expect_eq(request_queue_size(queue, REQUEST_READ), BUSY - 1);
  request_queue_destroy(&queue);
}

/* Who always asks again as soon as it was served gets no more than its share. */
Test(request_queue, coming_back_at_once_does_not_jump_the_round) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 0, 0);
  s_push(queue, REQUEST_READ, "eager", "eager", FAR_MS);
  s_push(queue, REQUEST_READ, "b", "b1", FAR_MS);
  s_push(queue, REQUEST_READ, "b", "b2", FAR_MS);
  for (int i = 0; i < 2; i++) {
    s_expect(request_queue_pop(queue, &budget, 0), "eager");
    s_push(queue, REQUEST_READ, "eager", "eager", FAR_MS);
    s_expect(request_queue_pop(queue, &budget, 0), i ? "b2" : "b1");
  }
  request_queue_destroy(&queue);
}

Test(request_queue, an_owner_has_a_turn_in_each_class) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 0, 0);
  s_push(queue, REQUEST_CREATE, "a", "a-create", FAR_MS);
  s_push(queue, REQUEST_READ, "a", "a-read", FAR_MS);
  s_push(queue, REQUEST_READ, "b", "b-read", FAR_MS);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "a-create a-read b-read");
  request_queue_destroy(&queue);
}

Test(request_queue, names_of_the_longest_kind_are_told_apart) {
  char first[HBUS_NAME_MAX + 1], second[HBUS_NAME_MAX + 1];
  memset(first, 'x', HBUS_NAME_MAX);
  first[HBUS_NAME_MAX] = '\0';
  memcpy(second, first, sizeof second);
  second[HBUS_NAME_MAX - 1] = 'y';
  request_queue *queue = request_queue_new(4, 0);
  s_push(queue, REQUEST_READ, first, "1", FAR_MS);
  s_push(queue, REQUEST_READ, second, "2", FAR_MS);
  s_push(queue, REQUEST_READ, "", "3", FAR_MS);
  cr_expect_eq(request_queue_owners(queue, REQUEST_READ), 3);
  first[0] = 'z'; /* names are copied */
  s_push(queue, REQUEST_READ, second, "4", FAR_MS);
  cr_expect_eq(request_queue_owners(queue, REQUEST_READ), 3);
  request_queue_destroy(&queue);
}

Test(request_queue, rule_4_the_rate_holds_back_all_but_cancels) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(10, 0, 0);
  s_push(queue, REQUEST_READ, "a", "read", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-1", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-2", FAR_MS);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "create-1");
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 100);
  for (int i = 0; i < 3; i++)
    s_push(queue, REQUEST_CANCEL, "b", "cancel", FAR_MS);
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 0);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "cancel cancel cancel");
  cr_expect_eq(token_bucket_available(&budget.all, 0), -3);
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 400, "what cancels overdrew, the others wait for");
  cr_expect_str_eq(s_pop_all(queue, &budget, 399), "");
  cr_expect_str_eq(s_pop_all(queue, &budget, 400), "create-2");
  cr_expect_str_eq(s_pop_all(queue, &budget, 500), "read");
  request_queue_destroy(&queue);
}

Test(request_queue, a_class_that_is_spent_does_not_hold_up_the_next) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 1, 0);
  s_push(queue, REQUEST_READ, "a", "read-1", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-1", FAR_MS);
  s_push(queue, REQUEST_CREATE, "a", "create-2", FAR_MS);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "create-1 read-1");
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 1000);
  s_push(queue, REQUEST_READ, "a", "read-2", FAR_MS);
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 0);
  cr_expect_str_eq(s_pop_all(queue, &budget, 1000), "create-2 read-2");
  request_queue_destroy(&queue);
}

Test(request_queue, a_request_takes_both_tokens_or_none) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(10, 0, 1);
  s_push(queue, REQUEST_READ, "a", "read-1", FAR_MS);
  s_push(queue, REQUEST_READ, "a", "read-2", FAR_MS);
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "read-1");
  cr_expect_eq(token_bucket_available(&budget.by_class[REQUEST_READ], 0), 0);
  cr_expect_str_eq(s_pop_all(queue, &budget, 500), "");
  cr_expect_eq(token_bucket_available(&budget.all, 500), 1, "not taken by a read that did not go");
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 500), 500);
  cr_expect_str_eq(s_pop_all(queue, &budget, 1000), "read-2");
  request_queue_destroy(&queue);
}

Test(request_queue, deadlines_pass_in_their_order) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(1, 0, 0);
  budget.all.level_micro = 0;
  s_push(queue, REQUEST_READ, "a", "late", 300);
  s_push(queue, REQUEST_CREATE, "b", "soon-1", 200);
  s_push(queue, REQUEST_READ, "a", "soon-2", 200);
  s_push(queue, REQUEST_READ, "c", "never", FAR_MS);
  s_push(queue, REQUEST_READ, "a", "first", 100);
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 0), 100);
  cr_expect_null(request_queue_pop_expired(queue, 99));
  s_expect(request_queue_pop_expired(queue, 100), "first");
  cr_expect_null(request_queue_pop_expired(queue, 100));
  s_expect(request_queue_pop_expired(queue, 1000), "soon-1");
  s_expect(request_queue_pop_expired(queue, 1000), "soon-2");
  cr_expect_eq(request_queue_owners(queue, REQUEST_CREATE), 0);
  cr_expect_null(request_queue_pop(queue, &budget, 1000), "something has expired");
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 1000), 0);
  s_expect(request_queue_pop_expired(queue, 1000), "late");
  cr_expect_null(request_queue_pop_expired(queue, UINT64_MAX));
  s_expect(request_queue_pop(queue, &budget, 1000), "never");
  cr_expect_eq(request_queue_next_in_ms(queue, &budget, 1000), REQUEST_QUEUE_NEVER);
  request_queue_destroy(&queue);
}

Test(request_queue, rule_4_a_cancel_goes_whatever_its_deadline) {
  request_queue *queue = request_queue_new(16, 0);
  request_budget budget = s_budget(0, 0, 0);
  s_push(queue, REQUEST_READ, "a", "read", 10);
  s_push(queue, REQUEST_CANCEL, "a", "cancel", 10);
  cr_expect_str_eq(s_pop_all(queue, &budget, 20), "cancel");
  s_expect(request_queue_pop_expired(queue, 20), "read");
  request_queue_destroy(&queue);
}

Test(request_queue, is_bounded_and_keeps_places_for_cancels) {
  request_queue *queue = request_queue_new(4, 1);
  request_budget budget = s_budget(0, 0, 0);
  for (int i = 0; i < 3; i++)
    s_push(queue, i ? REQUEST_READ : REQUEST_CREATE, "a", "other", FAR_MS);
  cr_expect_eq(s_try(queue, REQUEST_CREATE, "b", "more", FAR_MS), HBUS_OVERLOADED);
  cr_expect_eq(s_try(queue, REQUEST_READ, "b", "more", FAR_MS), HBUS_OVERLOADED);
  cr_expect_eq(request_queue_owners(queue, REQUEST_READ), 1, "nothing stays of who was refused");
  s_push(queue, REQUEST_CANCEL, "a", "cancel", FAR_MS);
  cr_expect_eq(s_try(queue, REQUEST_CANCEL, "a", "more", FAR_MS), HBUS_OVERLOADED);
  s_expect(request_queue_pop(queue, &budget, 0), "cancel");
  cr_expect_eq(s_try(queue, REQUEST_READ, "b", "more", FAR_MS), HBUS_OVERLOADED);
  s_expect(request_queue_pop(queue, &budget, 0), "other");
  s_push(queue, REQUEST_READ, "b", "more", FAR_MS);
  request_queue_destroy(&queue);
}

Test(request_queue, is_drained_without_budget_or_time) {
  request_queue *queue = request_queue_new(8, 0);
  s_push(queue, REQUEST_READ, "a", "a1", 1);
  s_push(queue, REQUEST_READ, "a", "a2", 0);
  s_push(queue, REQUEST_READ, "b", "b1", FAR_MS);
  s_push(queue, REQUEST_CREATE, "b", "create", 1);
  s_push(queue, REQUEST_CANCEL, "b", "cancel", 1);
  static const char *const wanted[] = {"cancel", "create", "a1", "b1", "a2"};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    s_expect(request_queue_pop_any(queue), wanted[i]);
  cr_expect_null(request_queue_pop_any(queue));
  for (size_t i = 0; i < REQUEST_CLASSES; i++)
    cr_expect_eq(request_queue_owners(queue, i), 0);
  request_queue_destroy(&queue);
}

Test(request_queue, gives_back_what_is_not_wanted_any_more) {
  request_queue *queue = request_queue_new(8, 0);
  request_budget budget = s_budget(0, 0, 0);
  char unwanted[] = "b1";
  request_place *place;
  s_push(queue, REQUEST_CREATE, "a", "a1", 10);
  cr_assert_eq(request_queue_push(queue, REQUEST_CREATE, "b", unwanted, 5, &place), HBUS_OK);
  s_push(queue, REQUEST_CREATE, "a", "a2", 20);
  s_expect(request_queue_remove(queue, place), unwanted);
  cr_expect_eq(request_queue_owners(queue, REQUEST_CREATE), 1);
  cr_expect_null(request_queue_pop_expired(queue, 9), "its deadline went with it");
  cr_expect_str_eq(s_pop_all(queue, &budget, 0), "a1 a2");
  request_queue_destroy(&queue);
}

/* The model: one array in order of arrival, and for each class the owners in the order of their turns. Every question
 * is answered by looking at everything. */
enum { MODEL_CAPACITY = 40, MODEL_FOR_CANCELS = 5, MODEL_OWNERS = 6, MODEL_STEPS = 200000 };

typedef struct model_request {
  size_t class;
  size_t owner;
  uint64_t deadline_ms;
  char *item;
  request_place *place; /* in the queue */
} model_request;

typedef struct model {
  model_request requests[MODEL_CAPACITY];
  size_t size;
  size_t turns[REQUEST_CLASSES][MODEL_OWNERS];
  size_t turn_count[REQUEST_CLASSES];
} model;

static size_t s_model_count(const model *model, size_t class, size_t owner) {
  size_t count = 0;
  for (size_t i = 0; i < model->size; i++)
    count += model->requests[i].class == class && model->requests[i].owner == owner;
  return count;
}

static size_t s_model_size(const model *model, size_t class) {
  size_t size = 0;
  for (size_t owner = 0; owner < MODEL_OWNERS; owner++)
    size += s_model_count(model, class, owner);
  return size;
}

static bool s_model_push(model *model, model_request request) {
  size_t places = request.class == REQUEST_CANCEL ? MODEL_CAPACITY : MODEL_CAPACITY - MODEL_FOR_CANCELS;
  if (model->size >= places) return false;
  size_t class = request.class;
  if (s_model_count(model, class, request.owner) == 0) model->turns[class][model->turn_count[class]++] = request.owner;
  model->requests[model->size++] = request;
  return true;
}

static void s_model_drop_turn(model *model, size_t class, size_t owner) {
  size_t *turns = model->turns[class], kept = 0;
  for (size_t i = 0; i < model->turn_count[class]; i++) {
    if (turns[i] != owner) turns[kept++] = turns[i];
  }
  model->turn_count[class] = kept;
}

static char *s_model_remove(model *model, size_t index) {
  model_request gone = model->requests[index];
  memmove(&model->requests[index], &model->requests[index + 1], (model->size - index - 1) * sizeof gone);
  model->size--;
  if (s_model_count(model, gone.class, gone.owner) == 0) s_model_drop_turn(model, gone.class, gone.owner);
  return gone.item;
}

static char *s_model_pop_turn(model *model, size_t class) {
  size_t owner = model->turns[class][0];
  s_model_drop_turn(model, class, owner);
  model->turns[class][model->turn_count[class]++] = owner;
  for (size_t i = 0; i < model->size; i++) {
    if (model->requests[i].class == class && model->requests[i].owner == owner) return s_model_remove(model, i);
  }
  cr_assert_fail("an owner without requests has a turn");
  return NULL;
}

/* The request of the earliest deadline; the model's size: none has passed. */
static size_t s_model_expired(const model *model, uint64_t now_ms) {
  size_t found = model->size;
  for (size_t i = 0; i < model->size; i++) {
    uint64_t deadline_ms = model->requests[i].deadline_ms;
    if (deadline_ms > now_ms || deadline_ms == FAR_MS) continue;
    if (found == model->size || deadline_ms < model->requests[found].deadline_ms) found = i;
  }
  return found;
}

static char *s_model_pop_expired(model *model, uint64_t now_ms) {
  size_t index = s_model_expired(model, now_ms);
  return index < model->size ? s_model_remove(model, index) : NULL;
}

static char *s_model_pop(model *model, request_budget *budget, uint64_t now_ms) {
  if (s_model_size(model, REQUEST_CANCEL)) {
    token_bucket_overdraw(&budget->all, now_ms);
    token_bucket_overdraw(&budget->by_class[REQUEST_CANCEL], now_ms);
    return s_model_pop_turn(model, REQUEST_CANCEL);
  }
  if (s_model_expired(model, now_ms) < model->size) return NULL;
  for (size_t i = REQUEST_CREATE; i < REQUEST_CLASSES; i++) {
    request_budget after = *budget;
    if (s_model_size(model, i) && token_bucket_take(&after.all, now_ms) &&
        token_bucket_take(&after.by_class[i], now_ms)) {
      *budget = after;
      return s_model_pop_turn(model, i);
    }
  }
  return NULL;
}

static char *s_model_pop_any(model *model) {
  for (size_t i = 0; i < REQUEST_CLASSES; i++) {
    if (s_model_size(model, i)) return s_model_pop_turn(model, i);
  }
  return NULL;
}

/* When something happens: tried out, one ms after the other. The model is bounded: so is the waiting. */
static uint64_t s_model_next_in_ms(const model *model, const request_budget *budget, uint64_t now_ms) {
  if (model->size == 0) return REQUEST_QUEUE_NEVER;
  for (uint64_t ms = 0;; ms++) {
    struct model trial = *model;
    request_budget after = *budget;
    if (s_model_expired(&trial, now_ms + ms) < trial.size || s_model_pop(&trial, &after, now_ms + ms)) return ms;
  }
}

static uint32_t s_draw(uint64_t *seed, uint32_t below) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*seed >> 33) % below;
}

static model_request s_draw_request(uint64_t *seed, uint64_t now_ms) {
  static char items[1000][2]; /* only their addresses count */
  model_request request = {.class = s_draw(seed, REQUEST_CLASSES), .item = items[s_draw(seed, 1000)]};
  request.owner = s_draw(seed, 2) ? 0 : s_draw(seed, MODEL_OWNERS);
  request.deadline_ms = s_draw(seed, 4) ? now_ms + s_draw(seed, 40) : FAR_MS;
  return request;
}

static void s_model_check(const model *model, const request_queue *queue, size_t step) {
  for (size_t i = 0; i < REQUEST_CLASSES; i++) {
    cr_assert_eq(request_queue_size(queue, i), s_model_size(model, i), "step %zu", step);
    cr_assert_eq(request_queue_owners(queue, i), model->turn_count[i], "step %zu", step);
  }
}

Test(request_queue, does_what_the_model_does) {
  static const char *const owners[MODEL_OWNERS] = {"a", "b", "c", "aa", "", "strategy-1"};
  model model = {.size = 0};
  request_queue *queue = request_queue_new(MODEL_CAPACITY, MODEL_FOR_CANCELS);
  request_budget budget = s_budget(300, 100, 200), model_budget = budget;
  uint64_t seed = 20201112, now_ms = 0;
  size_t came[6] = {0};
  for (size_t step = 0; step < MODEL_STEPS; step++) {
    uint32_t draw = s_draw(&seed, 100);
    const char *got = NULL, *wanted = NULL;
    if (s_draw(&seed, 10000) == 0) {
      token_bucket_slow_down(&budget.all, now_ms);
      token_bucket_slow_down(&model_budget.all, now_ms);
    }
    if (draw < 30) {
      model_request request = s_draw_request(&seed, now_ms);
      hbus_status status = request_queue_push(queue, request.class, owners[request.owner], request.item,
                                              request.deadline_ms, &request.place);
      cr_assert_eq(status, s_model_push(&model, request) ? HBUS_OK : HBUS_OVERLOADED, "step %zu", step);
      came[0] += status == HBUS_OVERLOADED;
    } else if (draw < 60) {
      got = request_queue_pop(queue, &budget, now_ms);
      wanted = s_model_pop(&model, &model_budget, now_ms);
      came[1] += wanted != NULL;
    } else if (draw < 80) {
      got = request_queue_pop_expired(queue, now_ms);
      wanted = s_model_pop_expired(&model, now_ms);
      came[2] += wanted != NULL;
    } else if (draw < 81) {
      got = request_queue_pop_any(queue);
      wanted = s_model_pop_any(&model);
      came[3] += wanted != NULL;
    } else if (draw < 85) {
      uint64_t in_ms = request_queue_next_in_ms(queue, &budget, now_ms);
      cr_assert_eq(in_ms, s_model_next_in_ms(&model, &model_budget, now_ms), "step %zu", step);
      came[4] += in_ms > 0 && in_ms != REQUEST_QUEUE_NEVER;
    } else if (draw < 92) {
      now_ms += s_draw(&seed, 12);
    } else if (draw < 96 && model.size) {
      size_t index = s_draw(&seed, (uint32_t)model.size);
      got = request_queue_remove(queue, model.requests[index].place);
      wanted = s_model_remove(&model, index);
      came[5]++;
    }
    cr_assert_eq(got, wanted, "step %zu", step);
    s_model_check(&model, queue, step);
  }
  for (size_t i = 0; i < sizeof came / sizeof *came; i++)
    cr_expect_gt(came[i], 100, "the sequence hardly tried case %zu: %zu times", i, came[i]);
  request_queue_destroy(&queue);
}
