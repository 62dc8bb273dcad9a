/* The examiner finds what it is there for, and nothing else: diaries by hand, and what must be counted of each. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hbus/client.h"
#include "tests/chaos/examiner.h"
#include "tests/chaos/reader_plan.h"

#define BOOK      "market_data/order_book/coinbase/M00001-USD/"
#define ORDERS    "order_update/coinbase/M00001-USD/"
#define MARKET    HBUS_STREAM_MARKET
#define PRIVATE   HBUS_STREAM_PRIVATE
#define EPOCH     7
#define LAST      6 /* of BOOK in EPOCH, as the broker said in the end */
#define JOURNALED 4 /* events of ORDERS */
#define STEPS_MAX 12
#define OFFSET    10 /* upstream's count of books, less their number */

enum { MARKETS = 2 };

typedef struct step {
  diary_kind kind;
  hbus_stream stream;
  const char *name;
  uint64_t seq;
  uint64_t to;
  uint64_t epoch;  /* 0: EPOCH */
  uint32_t digest; /* 0: the one that its number has */
  uint64_t number; /* 0: what upstream calls it */
} step;

typedef struct scene {
  const char *what;
  reader_plan plan;
  step steps[STEPS_MAX];
  examiner wanted; /* counts alone */
} scene;

#define SHOWN(seq_)                                                                                                    \
  { DIARY_EVENT, MARKET, BOOK, .seq = seq_ }
#define TOLD(seq_)                                                                                                     \
  { DIARY_EVENT, PRIVATE, ORDERS, .seq = seq_ }
#define LOSS(from, to_)                                                                                                \
  { DIARY_LOST, MARKET, BOOK, .seq = from, .to = to_ }
#define WATCH                                                                                                          \
  { DIARY_WATCH, .name = "" }
#define END                                                                                                            \
  { .kind = DIARY_END }
#define RESTARTED                                                                                                      \
  { DIARY_NOTICE, MARKET, "", .seq = HBUS_NOTICE_RESTARTED }

static const scene s_scenes[] = {
    {"all in order", 0, {WATCH, SHOWN(4), SHOWN(5), SHOWN(6), TOLD(1), TOLD(2), END}, {.events = 5}},
    {"one is missing", 0, {WATCH, SHOWN(3), SHOWN(5), SHOWN(6), END}, {.events = 3, .unreported = 1}},
    {"the last two are missing", 0, {WATCH, SHOWN(4), END}, {.events = 1, .unreported = 2}},
    {"it was killed before they came", 0, {WATCH, SHOWN(4)}, {.events = 1}},
    {"what is missing was told of", 0, {WATCH, SHOWN(2), LOSS(3, 5), SHOWN(6), END}, {.events = 2, .lost = 3}},
    {"the last ones were told of", 0, {WATCH, SHOWN(4), LOSS(5, 6), END}, {.events = 1, .lost = 2}},
    {"only a part was told of",
     0,
     {WATCH, SHOWN(2), LOSS(4, 5), SHOWN(6), END},
     {.events = 2, .lost = 2, .unreported = 1}},
    {"one comes twice", 0, {WATCH, SHOWN(5), SHOWN(5), SHOWN(6), END}, {.events = 3, .duplicated = 1}},
    {"it comes after it was told of",
     0,
     {WATCH, SHOWN(4), LOSS(5, 5), SHOWN(6), SHOWN(5), END},
     {.events = 3, .lost = 1, .reordered = 1}},
    {"another body",
     0,
     {WATCH, SHOWN(4), SHOWN(5), {DIARY_EVENT, MARKET, BOOK, .seq = 6, .digest = 99}, END},
     {.events = 3, .divergent = 1}},
    {"another body than the journal has",
     0,
     {WATCH, {DIARY_EVENT, PRIVATE, ORDERS, .seq = 2, .digest = 99}, END},
     {.events = 1, .divergent = 1}},
    {"the journal does not have it", 0, {WATCH, TOLD(4), TOLD(5), END}, {.events = 2, .unjournaled = 1}},
    {"another book than upstream sent",
     0,
     {WATCH, SHOWN(5), {DIARY_EVENT, MARKET, BOOK, .seq = 6, .number = 2}, END},
     {.events = 2, .foreign = 1}},
    {"a new epoch begins with its first number",
     0,
     {WATCH, {DIARY_EVENT, MARKET, BOOK, .seq = 9, .epoch = 3}, RESTARTED, SHOWN(1), SHOWN(2), LOSS(3, 6), END},
     {.events = 3, .lost = 4}},
    {"a new epoch begins with its second one",
     0,
     {WATCH, {DIARY_EVENT, MARKET, BOOK, .seq = 9, .epoch = 3}, RESTARTED, SHOWN(2), LOSS(3, 6), END},
     {.events = 2, .lost = 4, .unreported = 1}},
    {"nothing of a new epoch is shown",
     0,
     {WATCH, {DIARY_EVENT, MARKET, BOOK, .seq = 9, .epoch = 3}, RESTARTED, END},
     {.events = 1, .unreported = 6}},
    {"a snapshot includes what is not shown",
     READER_JOIN,
     {WATCH, {DIARY_STAMP, MARKET, BOOK, .seq = 4}, SHOWN(4), SHOWN(5), SHOWN(6), END},
     {.events = 3}},
    {"a hole behind a snapshot",
     READER_JOIN,
     {WATCH, {DIARY_STAMP, MARKET, BOOK, .seq = 4}, SHOWN(6), END},
     {.events = 1, .unreported = 1}},
    {"the newest alone", READER_NEWEST, {WATCH, SHOWN(1), SHOWN(4), SHOWN(6), END}, {.events = 3, .skipped = 3}},
    {"the newest alone, but not the last",
     READER_NEWEST,
     {WATCH, SHOWN(1), SHOWN(4), END},
     {.events = 2, .skipped = 2 + 1, .unreported = 1}},
    {"the newest alone, of orders", READER_NEWEST, {WATCH, TOLD(1), TOLD(3), END}, {.events = 2, .unreported = 1}},
    {"it is left, and watched again",
     0,
     {WATCH, SHOWN(1), {DIARY_UNWATCH, .name = ""}, SHOWN(2), WATCH, SHOWN(5), SHOWN(6), END},
     {.events = 4}},
    {"it is said to be repaired, and was not shown",
     0,
     {WATCH, SHOWN(4), {DIARY_REPAIRED, MARKET, BOOK, .seq = 5, .to = 6}, SHOWN(5), SHOWN(6), END},
     {.events = 3, .unreported = 2}},
};

static uint32_t s_digest(const step *step) {
  return step->digest ? step->digest : (uint32_t)(1000 + step->seq);
}

static void s_write(const scene *scene, const char *path) {
  diary diary;
  diary_create(&diary, path);
  diary_write(&diary, &(diary_record){.kind = DIARY_PLAN, .seq = scene->plan});
  for (const step *step = scene->steps; step->kind; step++) {
    diary_record record = {.kind = (uint8_t)step->kind,
                           .stream = (uint8_t)step->stream,
                           .epoch = step->epoch ? step->epoch : EPOCH,
                           .seq = step->seq,
                           .number = step->to};
    if (step->kind == DIARY_EVENT) {
      record.digest = s_digest(step);
      bool is_book = step->stream == MARKET;
      if (is_book) record.number = step->number ? step->number : (step->seq + OFFSET) * MARKETS + 2;
    }
    if (step->name)
      diary_write_about(&diary, record, step->name);
    else
      diary_write(&diary, &record);
  }
  diary_close(&diary);
}

/* What the broker and the journal say, and what others were shown of the book. */
static void s_write_canon(canon *canon) {
  canon_set_final(canon, MARKET, BOOK, EPOCH, LAST);
  canon_numbers *books = canon_numbers_of(canon_topic_of(canon, MARKET, BOOK), EPOCH);
  for (uint64_t i = 1; i <= LAST; i++)
    canon_take(books, i, (uint32_t)(1000 + i));
  canon_numbers *orders = canon_numbers_of(canon_topic_of(canon, PRIVATE, ORDERS), 0);
  for (uint64_t i = 1; i <= JOURNALED; i++)
    canon_take(orders, i, (uint32_t)(1000 + i));
}

static void s_expect(const scene *scene, const examiner *found) {
  const examiner *wanted = &scene->wanted;
  const struct {
    const char *name;
    uint64_t found, wanted;
  } counts[] = {
      {"events", found->events, wanted->events},
      {"unreported", found->unreported, wanted->unreported},
      {"duplicated", found->duplicated, wanted->duplicated},
      {"reordered", found->reordered, wanted->reordered},
      {"divergent", found->divergent, wanted->divergent},
      {"foreign", found->foreign, wanted->foreign},
      {"unjournaled", found->unjournaled, wanted->unjournaled},
      {"lost", found->lost, wanted->lost},
      {"skipped", found->skipped, wanted->skipped},
      {"broken", found->broken, 0},
  };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    cr_expect_eq(counts[i].found, counts[i].wanted, "%s: %s is %llu, not %llu", scene->what, counts[i].name,
                 (unsigned long long)counts[i].found, (unsigned long long)counts[i].wanted);
}

Test(chaos_examiner, finds_what_was_not_reported_and_nothing_else) {
  for (size_t i = 0; i < sizeof s_scenes / sizeof *s_scenes; i++) {
    char path[] = "/tmp/hbus-test-XXXXXX";
    int file = mkstemp(path);
    cr_assert_geq(file, 0);
    close(file);
    canon canon = {0};
    examiner found;
    s_write(&s_scenes[i], path);
    s_write_canon(&canon);
    examiner_init(&found, &canon, MARKETS);
    examiner_read(&found, path);
    s_expect(&s_scenes[i], &found);
    canon_free(&canon);
    unlink(path);
  }
}

Test(chaos_examiner, leaves_out_a_record_that_a_kill_has_cut) {
  char path[] = "/tmp/hbus-test-XXXXXX";
  int file = mkstemp(path);
  canon canon = {0};
  examiner found;
  s_write(&s_scenes[3], path);
  cr_assert_eq(ftruncate(file, lseek(file, 0, SEEK_END) - 1), 0);
  close(file);
  examiner_init(&found, &canon, MARKETS);
  examiner_read(&found, path);
  cr_expect_eq(found.diaries, 1);
  cr_expect_eq(found.events, 0);
  cr_expect_eq(found.broken, 0);
  canon_free(&canon);
  unlink(path);
}
