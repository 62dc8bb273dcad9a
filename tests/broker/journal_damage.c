/* A journal cut at every byte and flipped at every bit: it is opened and serves what was once committed, all of it and
 * nothing else, or it is refused with a sentence.
 *
 * The short form takes every byte of the file and flips one of its bits, and every 16th byte of PATH-wal; which ones
 * depends on HBUS_SEED. HBUS_LONG=1 takes all; HBUS_EVERY=N takes every Nth byte of those, for who is slow. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/journal/journal_schema.h"
#include "journal_stage.h"

#define PAGE_SIZE  512
#define STATES_MAX 16
#define WAL_STRIDE 16 /* of the short form: PATH-wal is long, and most of its bytes are alike */

/* A small journal, as files, and every state that it has been in. */
typedef struct scene {
  journal_stage *stage;
  char *states[STATES_MAX];
  unsigned state_count;
  uint8_t *main, *wal;
  size_t main_size, wal_size;
  unsigned opened, refused; /* how the trials went */
} scene;

static void s_commit(scene *self, journal_db *db, const journal_batch *batch) {
  size_t refused = 0;
  hbus_error error = {0};
  cr_assert_eq(journal_db_apply(db, batch, &refused, &error), HBUS_OK, "%s", error.text);
  self->states[self->state_count++] = journal_stage_dump_db(db);
}

/* Several kinds of records in three times two commits that touch different pages, so that a mix of them would be served
 * wrong. */
static void s_fill(scene *self, journal_db *db, unsigned from) {
  journal_batch batch;
  journal_batch_init(&batch);
  for (unsigned number = from; number < from + 3; number++) {
    journal_order order = journal_stage_order(number % 2 + 1); /* the first ones are changed */
    order.state.rev = number;
    journal_fill fill = journal_stage_fill(number);
    journal_position position = journal_stage_position(1);
    position.updated_ns = number;
    journal_session session = journal_stage_session(number % 2);
    journal_event event = journal_stage_event("order_update/binance/BTC-USDT/", number);
    journal_batch_reset(&batch);
    journal_batch_put(&batch, JOURNAL_RECORD_ORDER, &order);
    journal_batch_put(&batch, JOURNAL_RECORD_FILL, &fill);
    journal_batch_put(&batch, JOURNAL_RECORD_EVENT, &event);
    s_commit(self, db, &batch);
    journal_batch_reset(&batch);
    journal_batch_put(&batch, JOURNAL_RECORD_POSITION, &position);
    journal_batch_put(&batch, JOURNAL_RECORD_SESSION, &session);
    s_commit(self, db, &batch);
  }
  journal_batch_free(&batch);
}

static void s_take(scene *self) {
  char wal[128];
  free(self->main);
  free(self->wal);
  self->main = journal_stage_read(self->stage->path, &self->main_size);
  self->wal = NULL;
  self->wal_size = 0;
  if (access(journal_stage_file(self->stage, "-wal", wal), F_OK) == 0)
    self->wal = journal_stage_read(wal, &self->wal_size);
}

static scene s_new(journal_db **db) {
  scene self = {.stage = journal_stage_new()};
  hbus_error error = {0};
  cr_assert_eq(journal_schema_make(self.stage->path, JOURNAL_SCHEMA_VERSION, PAGE_SIZE, &error), HBUS_OK, "%s",
               error.text);
  cr_assert_eq(journal_db_open(db, self.stage->path, JOURNAL_INTERVAL, &error), HBUS_OK, "%s", error.text);
  self.states[self.state_count++] = journal_stage_dump_db(*db);
  s_fill(&self, *db, 1);
  return self;
}

static void s_free(scene *self) {
  for (unsigned i = 0; i < self->state_count; i++)
    free(self->states[i]);
  free(self->main);
  free(self->wal);
  journal_stage_destroy(&self->stage);
}

/* ---- trials ---- */

static bool s_was_committed(const scene *self, const char *dump) {
  for (unsigned i = 0; i < self->state_count; i++)
    if (strcmp(self->states[i], dump) == 0) return true;
  return false;
}

static void s_put_file(const scene *self, const char *end, const uint8_t *data, size_t size) {
  char name[128];
  journal_stage_file(self->stage, end, name);
  if (data)
    journal_stage_write(name, data, size);
  else
    unlink(name);
}

/* What was refused is there for whoever mends it. */
static void s_expect_untouched(const scene *self, const char *what, size_t at, size_t main_size) {
  size_t size;
  uint8_t *data = journal_stage_read(self->stage->path, &size);
  cr_assert(size == main_size && (size == 0 || memcmp(data, self->main, size) == 0), "%s %zu: touched", what, at);
  free(data);
}

static void s_try(scene *self, const char *what, size_t at, size_t main_size, size_t wal_size) {
  s_put_file(self, "", self->main, main_size);
  s_put_file(self, "-wal", self->wal, wal_size);
  s_put_file(self, "-shm", NULL, 0);
  hbus_error error = {0};
  char *dump = journal_stage_dump_file(self->stage->path, &error);
  if (!dump) {
    self->refused++;
    s_expect_untouched(self, what, at, main_size);
    cr_assert(strstr(error.text, self->stage->path), "%s %zu: no sentence: %s", what, at, error.text);
    return;
  }
  self->opened++;
  cr_assert(s_was_committed(self, dump), "%s %zu: served wrong:\n%s", what, at, dump);
  free(dump);
}

static unsigned s_seed(void) {
  const char *text = getenv("HBUS_SEED");
  return text ? (unsigned)strtoul(text, NULL, 10) : 1;
}

static bool s_is_long(void) {
  return getenv("HBUS_LONG") != NULL;
}

static size_t s_stride(bool wal) {
  const char *every = getenv("HBUS_EVERY");
  size_t stride = every ? strtoul(every, NULL, 10) : 1;
  return wal && !s_is_long() ? WAL_STRIDE * stride : stride;
}

static void s_cut_everywhere(scene *self, bool wal) {
  size_t stride = s_stride(wal);
  for (size_t size = s_seed() % stride; size < (wal ? self->wal_size : self->main_size); size += stride)
    s_try(self, "cut at", size, wal ? self->main_size : size, wal ? size : self->wal_size);
}

/* From a byte on, up to another. */
static void s_flip(scene *self, bool wal, size_t from, size_t to) {
  uint8_t *data = wal ? self->wal : self->main;
  unsigned seed = s_seed();
  for (size_t at = from + seed % s_stride(wal); at < to; at += s_stride(wal)) {
    for (unsigned bit = 0; bit < 8; bit++) {
      if (!s_is_long() && bit != (at * 2654435761u >> 7 ^ seed) % 8) continue;
      data[at] ^= (uint8_t)(1u << bit);
      s_try(self, "flipped at bit", at * 8 + bit, self->main_size, self->wal_size);
      data[at] ^= (uint8_t)(1u << bit);
    }
  }
}

static void s_report(const scene *self, const char *what) {
  printf("%s: %zu + %zu bytes, %u opened as committed, %u refused, 0 served wrong\n", what, self->main_size,
         self->wal_size, self->opened, self->refused);
}

/* ---- the file alone, as it lies after an orderly end ---- */

static scene s_closed_scene(void) {
  journal_db *db;
  scene self = s_new(&db);
  journal_db_close(&db);
  s_take(&self);
  cr_assert_eq(self.wal_size, 0);
  return self;
}

Test(journal_damage, rule_18_cut_at_every_byte, .timeout = 3600) {
  scene scene = s_closed_scene();
  s_cut_everywhere(&scene, false);
  cr_expect_gt(scene.refused, 0);
  s_report(&scene, "cut");
  s_free(&scene);
}

/* In two halves, which run side by side. */
Test(journal_damage, rule_18_flipped_at_every_bit_of_the_first_half, .timeout = 36000) {
  scene scene = s_closed_scene();
  s_flip(&scene, false, 0, scene.main_size / 2);
  cr_expect_gt(scene.refused, 0);
  s_report(&scene, "flipped");
  s_free(&scene);
}

Test(journal_damage, rule_18_flipped_at_every_bit_of_the_second_half, .timeout = 36000) {
  scene scene = s_closed_scene();
  s_flip(&scene, false, scene.main_size / 2, scene.main_size);
  cr_expect_gt(scene.refused, 0);
  cr_expect_gt(scene.opened, 0, "events are looked at when they are read");
  s_report(&scene, "flipped");
  s_free(&scene);
}

/* ---- with what a kill leaves in PATH-wal ---- */

/* Part in the file, part in PATH-wal. */
static scene s_killed_scene(void) {
  journal_db *db;
  scene self = s_new(&db);
  hbus_error error;
  cr_assert_eq(journal_store_checkpoint(&db->store, &error), HBUS_OK);
  s_fill(&self, db, 4);
  s_take(&self);
  journal_db_close(&db);
  cr_assert_gt(self.wal_size, 0);
  return self;
}

/* All of PATH-wal is in the file too: what is lost of it leaves pages of different commits. */
static scene s_checkpointed_scene(void) {
  journal_db *db;
  scene self = s_new(&db);
  hbus_error error;
  cr_assert_eq(journal_store_checkpoint(&db->store, &error), HBUS_OK);
  s_take(&self);
  journal_db_close(&db);
  cr_assert_gt(self.wal_size, 0);
  return self;
}

Test(journal_damage, rule_18_wal_cut_at_every_byte, .timeout = 3600) {
  scene scene = s_killed_scene();
  s_cut_everywhere(&scene, true);
  cr_expect_eq(scene.refused, 0, "what is whole of it is a commit");
  s_report(&scene, "wal cut");
  s_free(&scene);
}

Test(journal_damage, rule_18_wal_flipped_at_every_bit, .timeout = 36000) {
  scene scene = s_killed_scene();
  s_flip(&scene, true, 0, scene.wal_size);
  s_report(&scene, "wal flipped");
  s_free(&scene);
}

Test(journal_damage, rule_18_checkpointed_wal_cut_at_every_byte, .timeout = 3600) {
  scene scene = s_checkpointed_scene();
  s_cut_everywhere(&scene, true);
  cr_expect_gt(scene.refused, 0, "pages of different commits");
  s_report(&scene, "checkpointed wal cut");
  s_free(&scene);
}

Test(journal_damage, rule_18_checkpointed_wal_flipped_at_every_bit, .timeout = 36000) {
  scene scene = s_checkpointed_scene();
  s_flip(&scene, true, 0, scene.wal_size);
  s_report(&scene, "checkpointed wal flipped");
  s_free(&scene);
}
