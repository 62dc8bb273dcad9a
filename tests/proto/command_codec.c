#include "proto/command_codec.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/command_table.h"
#include "proto/pack.h"
#include "sample.h"
#include "vector.h"

static const hbus_command *s_sample(const char *name) {
  for (const sample_command *sample = sample_commands; sample->name; sample++)
    if (strcmp(sample->name, name) == 0) return &sample->command;
  cr_assert(false, "there is no sample %s", name);
  return NULL;
}

/* ---- vectors ---- */

Test(command_codec, vectors_go_both_ways_byte_for_byte) {
  vector_list vectors = vectors_load("commands");
  size_t count = 0;
  buffer out;
  buffer_init(&out, HBUS_COMMAND_FRAME_MAX);
  for (const sample_command *sample = sample_commands; sample->name; sample++, count++) {
    const vector *row = vectors_find(&vectors, sample->name);
    buffer_reset(&out);
    cr_assert_eq(command_pack(&sample->command, &out), HBUS_OK);
    cr_assert(out.size == row->size && memcmp(out.data, row->data, row->size) == 0, "%s packs differently", row->name);
    hbus_command command;
    hbus_error error = {0};
    cr_assert_eq(command_unpack(row->data, row->size, &command, &error), HBUS_OK, "%s: %s", row->name, error.text);
    sample_expect_command(&command, &sample->command, row->name);
    cr_assert_eq(command_validate(&command, &error), HBUS_OK, "%s: %s", row->name, error.text);
  }
  cr_assert_eq(count, vectors.count, "every vector has a sample");
  buffer_free(&out);
  vectors_free(&vectors);
}

Test(command_codec, what_others_may_send_is_read) {
  vector_list vectors = vectors_load("tolerated");
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "command") != 0) continue;
    hbus_command command;
    hbus_error error = {0};
    cr_assert_eq(command_unpack(row->data, row->size, &command, &error), HBUS_OK, "%s: %s", row->name, error.text);
    sample_expect_command(&command, s_sample(row->same_as), row->name);
    count++;
  }
  cr_assert_geq(count, 7);
  vectors_free(&vectors);
}

Test(command_codec, what_is_wrong_is_refused_by_name) {
  vector_list vectors = vectors_load("refused");
  size_t count = 0;
  for (size_t i = 0; i < vectors.count; i++) {
    const vector *row = &vectors.items[i];
    if (strcmp(row->decoder, "command") != 0) continue;
    hbus_command command;
    hbus_error error = {0};
    cr_assert_eq(command_unpack(row->data, row->size, &command, &error), vector_status(row->code), "%s: %s", row->name,
                 error.text);
    cr_assert_eq(error.status, vector_status(row->code), "%s", row->name);
    cr_assert_not_null(strstr(error.text, row->error), "%s: \"%s\" does not say \"%s\"", row->name, error.text,
                       row->error);
    hbus_command identity = {.kind = command.kind};
    memcpy(identity.id, command.id, sizeof identity.id);
    cr_assert_eq(memcmp(&command, &identity, sizeof command), 0, "%s: more than id and kind is filled", row->name);
    cr_assert_eq(command_unpack(row->data, row->size, &command, NULL), vector_status(row->code));
    count++;
  }
  cr_assert_geq(count, 50);
  vectors_free(&vectors);
}

static hbus_status s_decode(const uint8_t *data, size_t size, buffer *out) {
  hbus_command command;
  hbus_error error;
  hbus_status status = command_unpack(data, size, &command, &error);
  return status == HBUS_OK ? command_pack(&command, out) : status;
}

Test(command_codec, survives_every_truncation_and_corruption, .timeout = 250) {
  vector_list vectors = vectors_load("commands");
  for (size_t i = 0; i < vectors.count; i++)
    vector_attack(&vectors.items[i], s_decode);
  vectors_free(&vectors);
}

/* ---- every argument of every command ---- */

/* A command with everything that it must have and may have, as pairs that can be changed before they are put together.
 */
typedef struct pair {
  const char *key;
  buffer value;
} pair;

typedef struct draft {
  pair pairs[COMMAND_KEY_COUNT];
  size_t count;
} draft;

static void s_put_good_value(const field *self, hbus_command_kind kind, buffer *out) {
  switch ((field_type)self->type) {
  case FIELD_VERSION: pack_unsigned(out, 1); break;
  case FIELD_NAME: pack_string(out, "abc"); break;
  case FIELD_DECIMAL: pack_string(out, "1.5"); break;
  case FIELD_ENUM: pack_string(out, name_of(self->names, 1)); break;
  case FIELD_OPEN_ENUM: pack_string(out, hbus_command_name(kind)); break; /* cmd */
  case FIELD_UNSIGNED: pack_unsigned(out, self->max); break;
  case FIELD_FLAG: pack_bool(out, true); break;
  case FIELD_RAW: pack_unsigned(out, 1); break;
  case FIELD_ARRAY: pack_array(out, 0); break;
  default: cr_assert(false, "a command has no such field");
  }
}

static draft s_draft(hbus_command_kind kind, field_set which) {
  draft self = {0};
  for (unsigned i = 0; i < command_fields.count; i++) {
    if (!(which & (field_set)1 << i)) continue;
    pair *added = &self.pairs[self.count++];
    added->key = command_fields.fields[i].key;
    buffer_init(&added->value, HBUS_COMMAND_FRAME_MAX);
    s_put_good_value(&command_fields.fields[i], kind, &added->value);
  }
  return self;
}

static pair *s_pair(draft *self, const char *key) {
  for (size_t i = 0; i < self->count; i++)
    if (strcmp(self->pairs[i].key, key) == 0) return &self->pairs[i];
  return NULL;
}

/* Unpacks it from `frame`, with `twice` (unless NULL) standing twice, and frees the draft. */
static hbus_status s_unpack_from(buffer *frame, draft *self, const char *twice, hbus_command *out, hbus_error *error) {
  buffer_init(frame, 2 * HBUS_COMMAND_FRAME_MAX);
  pack_map(frame, self->count + (twice ? 1 : 0));
  for (size_t i = 0; i < self->count; i++) {
    for (int times = twice && strcmp(twice, self->pairs[i].key) == 0 ? 2 : 1; times > 0; times--) {
      pack_string(frame, self->pairs[i].key);
      buffer_append(frame, self->pairs[i].value.data, self->pairs[i].value.size);
    }
  }
  for (size_t i = 0; i < self->count; i++)
    buffer_free(&self->pairs[i].value);
  return command_unpack(frame->data, frame->size, out, error);
}

/* The same where nothing that the command borrows is looked at. */
static hbus_status s_unpack(draft *self, const char *twice, hbus_command *out, hbus_error *error) {
  buffer frame;
  hbus_status status = s_unpack_from(&frame, self, twice, out, error);
  buffer_free(&frame);
  return status;
}

static void s_expect_refusal(draft *self, const char *twice, hbus_status expected, const char *quoted_key,
                             hbus_command_kind kind) {
  hbus_command command;
  hbus_error error = {0};
  cr_assert_eq(s_unpack(self, twice, &command, &error), expected, "%s, %s: %s", hbus_command_name(kind), quoted_key,
               error.text);
  char key[40];
  snprintf(key, sizeof key, "'%s'", quoted_key);
  cr_assert_not_null(strstr(error.text, key), "%s: \"%s\" does not name %s", hbus_command_name(kind), error.text, key);
  cr_assert_str_eq(command.id, strcmp(quoted_key, "id") == 0 && !twice ? command.id : "abc");
}

/* Puts one wrong value after another at `key`, each in a command that is right but for it. */
static void s_try_wrong_values(hbus_command_kind kind, field_set which, const field *self, hbus_status expected) {
  if (self->type == FIELD_RAW) return;                                             /* no value is wrong */
  static const char wrong[][2] = {"\xc0", "\xc2", "\x90", "\x80", "\xff", "\xc4"}; /* nil false [] {} -1 bin */
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    if (self->type == FIELD_FLAG && wrong[i][0] == '\xc2') continue;
    if (self->type == FIELD_ARRAY && wrong[i][0] == '\x90') continue;
    draft bad = s_draft(kind, which);
    buffer *value = &s_pair(&bad, self->key)->value;
    buffer_reset(value);
    buffer_append(value, wrong[i], 1);
    if (wrong[i][0] == '\xc4') buffer_append(value, "\x01z", 2);
    s_expect_refusal(&bad, NULL, expected, self->key, kind);
  }
  bool is_number = self->type == FIELD_UNSIGNED || self->type == FIELD_VERSION;
  draft other = s_draft(kind, which);
  buffer *value = &s_pair(&other, self->key)->value;
  buffer_reset(value);
  is_number ? pack_string(value, "7") : pack_unsigned(value, 7);
  s_expect_refusal(&other, NULL, expected, self->key, kind);
}

/* The longest text that fits and one byte more; the ends of a number's range and one past each. */
static void s_try_boundaries(hbus_command_kind kind, field_set which, const field *self, hbus_status refusal) {
  if (self->type == FIELD_FLAG) return; /* true and false are all there is */
  char text[HBUS_TOPIC_MAX + 1];
  memset(text, self->type == FIELD_DECIMAL ? '1' : 'x', sizeof text);
  size_t max = self->type == FIELD_DECIMAL ? HBUS_DECIMAL_MAX : (size_t)self->max;
  for (int over = 0; over < 2; over++) {
    draft edge = s_draft(kind, which);
    buffer *value = &s_pair(&edge, self->key)->value;
    buffer_reset(value);
    if (self->type == FIELD_NAME || self->type == FIELD_DECIMAL) {
      pack_text(value, text, max + (size_t)over);
    } else if (self->type == FIELD_UNSIGNED) {
      if (over && self->max == UINT64_MAX) { /* no end to pass */
        (void)s_unpack(&edge, NULL, &(hbus_command){0}, NULL);
        return;
      }
      pack_unsigned(value, over ? self->max + 1 : self->min);
    } else if (self->type == FIELD_RAW) {
      static const uint8_t bytes[HBUS_SIGNAL_MAX];
      pack_bin(value, bytes, (size_t)self->max - 3 + (size_t)over); /* 3 of the head */
    } else if (self->type == FIELD_ARRAY) {
      pack_array(value, (size_t)self->max + (size_t)over);
      for (uint64_t i = 0; i < self->max + (uint64_t)over; i++)
        pack_bool(value, true);
    } else {
      pack_string(value, over ? "no such name" : name_of(self->names, self->names->count - 1));
    }
    hbus_command command;
    hbus_error error = {0};
    if (over) {
      s_expect_refusal(&edge, NULL, refusal, self->key, kind);
    } else {
      cr_assert_eq(s_unpack(&edge, NULL, &command, &error), HBUS_OK, "%s at its limit: %s", self->key, error.text);
    }
  }
}

static void s_try_bad_text(hbus_command_kind kind, field_set which, const field *self, hbus_status expected) {
  if (self->type != FIELD_NAME) return;
  static const char *bad[] = {"", "a\x1f", "\x7f", "\n", "a\tb"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    draft edge = s_draft(kind, which);
    buffer *value = &s_pair(&edge, self->key)->value;
    buffer_reset(value);
    pack_string(value, bad[i]);
    s_expect_refusal(&edge, NULL, expected, self->key, kind);
  }
}

static void s_try_argument(hbus_command_kind kind, unsigned index) {
  const command_rule *rule = command_rule_of(kind);
  const field *self = &command_fields.fields[index];
  field_set which = COMMAND_ENVELOPE | command_rule_arguments(rule), bit = (field_set)1 << index;
  bool is_envelope = bit & (COMMAND_ENVELOPE & ~COMMAND_KEY_BIT(EXPIRES));
  hbus_status refusal = kind == HBUS_CREATE_ORDER && !is_envelope ? HBUS_INVALID_ORDER : HBUS_INVALID_REQUEST;

  draft twice = s_draft(kind, which);
  s_expect_refusal(&twice, self->key, HBUS_INVALID_REQUEST, self->key, kind);
  s_try_wrong_values(kind, which, self, refusal);
  if (!is_envelope || index == COMMAND_KEY_ID) s_try_boundaries(kind, which, self, refusal);
  s_try_bad_text(kind, which, self, refusal);

  draft without = s_draft(kind, which & ~bit);
  hbus_command command;
  if (is_envelope || (rule->required & bit))
    s_expect_refusal(&without, NULL, refusal, self->key, kind);
  else
    cr_assert_eq(s_unpack(&without, NULL, &command, NULL), HBUS_OK, "%s without %s", hbus_command_name(kind),
                 self->key);
}

Test(command_codec, every_argument_of_every_command_is_checked) {
  for (int kind = HBUS_COMMAND_NONE + 1; kind < HBUS_COMMAND_COUNT; kind++) {
    field_set which = COMMAND_ENVELOPE | command_rule_arguments(command_rule_of((hbus_command_kind)kind));
    for (unsigned i = 0; i < command_fields.count; i++)
      if (which & (field_set)1 << i) s_try_argument((hbus_command_kind)kind, i);
  }
}

Test(command_codec, every_command_makes_the_round_trip_whole) {
  for (int kind = HBUS_COMMAND_NONE + 1; kind < HBUS_COMMAND_COUNT; kind++) {
    draft full = s_draft((hbus_command_kind)kind,
                         COMMAND_ENVELOPE | command_rule_arguments(command_rule_of((hbus_command_kind)kind)));
    hbus_command first, second;
    buffer frame;
    cr_assert_eq(s_unpack_from(&frame, &full, NULL, &first, NULL), HBUS_OK);
    cr_assert_eq(first.kind, (hbus_command_kind)kind);
    buffer out;
    buffer_init(&out, HBUS_COMMAND_FRAME_MAX);
    cr_assert_eq(command_pack(&first, &out), HBUS_OK);
    cr_assert_eq(command_unpack(out.data, out.size, &second, NULL), HBUS_OK);
    sample_expect_command(&second, &first, hbus_command_name((hbus_command_kind)kind));
    buffer_free(&out);
    buffer_free(&frame);
  }
}

Test(command_codec, arguments_that_a_command_does_not_take_are_ignored) {
  for (int kind = HBUS_COMMAND_NONE + 1; kind < HBUS_COMMAND_COUNT; kind++) {
    field_set takes = COMMAND_ENVELOPE | command_rule_arguments(command_rule_of((hbus_command_kind)kind));
    draft everything = s_draft((hbus_command_kind)kind, FIELD_ALL);
    for (unsigned i = 0; i < command_fields.count; i++) {
      if (takes & (field_set)1 << i) continue;
      buffer *value = &s_pair(&everything, command_fields.fields[i].key)->value;
      buffer_reset(value);
      buffer_append(value, "\xc0", 1); /* nor is their kind looked at */
    }
    hbus_command command, plain;
    buffer frame, plain_frame;
    cr_assert_eq(s_unpack_from(&frame, &everything, NULL, &command, NULL), HBUS_OK, "%s",
                 hbus_command_name((hbus_command_kind)kind));
    draft taken = s_draft((hbus_command_kind)kind, takes);
    cr_assert_eq(s_unpack_from(&plain_frame, &taken, NULL, &plain, NULL), HBUS_OK);
    sample_expect_command(&command, &plain, hbus_command_name((hbus_command_kind)kind));
    buffer_free(&frame);
    buffer_free(&plain_frame);
  }
}

/* ---- frames ---- */

Test(command_codec, the_frame_has_a_limit) {
  uint8_t *frame = malloc(HBUS_COMMAND_FRAME_MAX + 1);
  static const uint8_t start[] = "\x84\xa1v\x01\xa2id\xa1"
                                 "a\xa3"
                                 "cmd\xa4ping\xa1x\xc5";
  size_t head = sizeof start - 1;
  for (size_t over = 0; over < 2; over++) {
    size_t size = HBUS_COMMAND_FRAME_MAX + over, blob = size - head - 2;
    memset(frame, 0, size);
    memcpy(frame, start, head);
    frame[head] = (uint8_t)(blob >> 8);
    frame[head + 1] = (uint8_t)blob;
    hbus_command command;
    cr_assert_eq(command_unpack(frame, size, &command, NULL), over ? HBUS_TOO_BIG : HBUS_OK);
    cr_assert_str_eq(command.id, "a");
    cr_assert_eq(command.kind, HBUS_PING);
  }
  free(frame);
}

Test(command_codec, the_number_of_keys_has_a_limit) {
  for (unsigned extra = COMMAND_KEYS_MAX - 3; extra <= COMMAND_KEYS_MAX - 2; extra++) {
    buffer frame;
    buffer_init(&frame, HBUS_COMMAND_FRAME_MAX);
    pack_map(&frame, 3 + extra);
    buffer_append(&frame,
                  "\xa1v\x01\xa2id\xa1"
                  "a\xa3"
                  "cmd\xa4ping",
                  17);
    for (unsigned i = 0; i < extra; i++) {
      char key[3] = {(char)('A' + i / 26), (char)('a' + i % 26), '\0'};
      pack_string(&frame, key);
      pack_bool(&frame, true);
    }
    hbus_command command;
    hbus_error error = {0};
    cr_assert_eq(command_unpack(frame.data, frame.size, &command, &error),
                 3 + extra > COMMAND_KEYS_MAX ? HBUS_INVALID_REQUEST : HBUS_OK, "%s", error.text);
    buffer_free(&frame);
  }
}

Test(command_codec, the_id_is_read_from_a_damaged_frame) {
  vector_list vectors = vectors_load("commands");
  const vector *row = vectors_find(&vectors, "command_create_limit");
  hbus_command command;
  cr_assert_eq(command_unpack(row->data, row->size - 1, &command, NULL), HBUS_TRUNCATED);
  cr_assert_str_eq(command.id, "command_create_limit");
  cr_assert_eq(command.kind, HBUS_CREATE_ORDER);
  cr_assert_eq(command_unpack(row->data, 10, &command, NULL), HBUS_TRUNCATED);
  cr_assert_str_eq(command.id, "");
  cr_assert_eq(command.kind, HBUS_COMMAND_NONE);
  vectors_free(&vectors);
}

Test(command_codec, nothing_is_packed_for_a_command_that_does_not_exist) {
  buffer out;
  buffer_init(&out, 100);
  cr_assert_eq(command_pack(&(hbus_command){.id = "a"}, &out), HBUS_INVALID_REQUEST);
  cr_assert_eq(command_pack(&(hbus_command){.id = "a", .kind = HBUS_COMMAND_COUNT}, &out), HBUS_INVALID_REQUEST);
  cr_assert_eq(out.size, 0);
  buffer_free(&out);
}

Test(command_codec, what_is_packed_already_must_be_one_whole_value) {
  static const uint8_t bytes[] = {0x92, 0x01, 0x02, 0x03};
  buffer out;
  buffer_init(&out, 100);
  for (size_t size = 1; size <= sizeof bytes; size++) {
    hbus_command command = {.id = "a", .kind = HBUS_PUBLISH, .name = "n", .data = {bytes, size}};
    cr_assert_eq(command_pack(&command, &out), size == 3 ? HBUS_OK : HBUS_MALFORMED, "%zu bytes", size);
    cr_assert_eq(out.size > 0, size == 3, "%zu bytes", size);
    buffer_reset(&out);
  }
  buffer_free(&out);
}
