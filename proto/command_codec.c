/* Commands: the table's rules applied to a frame. */
#include "proto/command_codec.h"

#include <string.h>

#include "proto/command_table.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/utf8.h"

#define ZONE_CHUNK_SIZE 4096 /* msgpack-c's objects of any command that we know fit */
#define KEY_SHOWN_MAX   32   /* bytes of a key that are shown to who sent it */

static bool s_is_known(hbus_command_kind kind) {
  return kind > HBUS_COMMAND_NONE && kind < HBUS_COMMAND_COUNT;
}

bool command_has_side_effects(hbus_command_kind kind) {
  return s_is_known(kind) && command_rule_of(kind)->side_effects;
}

hbus_status command_refusal(hbus_command_kind kind) {
  return kind == HBUS_CREATE_ORDER ? HBUS_INVALID_ORDER : HBUS_INVALID_REQUEST;
}

/* ---- writing ---- */

hbus_status command_pack(const hbus_command *command, buffer *out) {
  if (!s_is_known(command->kind)) return HBUS_INVALID_REQUEST;
  size_t start = out->size;
  field_set which = COMMAND_ENVELOPE | command_rule_arguments(command_rule_of(command->kind));
  /* What is missing is left to the broker, whose answer names it. */
  hbus_status status = field_pack(&command_fields, which, 0, command, 0, out);
  if (status != HBUS_OK) buffer_truncate(out, start);
  return status;
}

/* ---- reading ---- */

/* Id and kind, as far as they can be read in any bytes. */
static hbus_command s_identify(const uint8_t *data, size_t size) {
  hbus_command self = {0};
  hbus_text text;
  if (frame_find_text(data, size, "id", &text) == HBUS_OK && field_is_name(text.data, text.size, HBUS_COMMAND_ID_MAX))
    memcpy(self.id, text.data, text.size);
  if (frame_find_text(data, size, "cmd", &text) == HBUS_OK)
    self.kind = (hbus_command_kind)name_find(&names_command, text.data, text.size);
  return self;
}

static hbus_status s_refuse_repeated_keys(const msgpack_object_map *map, hbus_error *error) {
  if (map->size > COMMAND_KEYS_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the command has %u keys, at most %d", map->size, COMMAND_KEYS_MAX);
  for (uint32_t i = 1; i < map->size; i++) {
    const msgpack_object_str *key = &map->ptr[i].key.via.str;
    for (uint32_t j = 0; j < i; j++) {
      const msgpack_object_str *other = &map->ptr[j].key.via.str;
      if (key->size != other->size) continue;
      if (key->size > 0 && memcmp(key->ptr, other->ptr, key->size) != 0) continue; /* an empty key's ptr is NULL */
      int shown = (int)utf8_cut(key->ptr, key->size, KEY_SHOWN_MAX);
      return hbus_fail(error, HBUS_INVALID_REQUEST, "'%.*s' is there twice", shown, key->ptr);
    }
  }
  return HBUS_OK;
}

/* One key of the envelope, which must be there. */
static hbus_status s_unpack_key(const msgpack_object_map *map, command_key key, hbus_command *out, hbus_error *error) {
  field_set bit = (field_set)1 << key, seen = 0;
  hbus_status status = field_unpack(&command_fields, bit, map, out, &seen, error);
  if (status == HBUS_OK) status = field_require(&command_fields, bit, seen, error);
  return status == HBUS_OK ? HBUS_OK : HBUS_INVALID_REQUEST;
}

static hbus_status s_unpack_kind(const msgpack_object_map *map, hbus_command *out, hbus_error *error) {
  hbus_status status = s_unpack_key(map, COMMAND_KEY_CMD, out, error);
  if (status != HBUS_OK || out->kind != HBUS_COMMAND_NONE) return status;
  return hbus_fail(error, HBUS_UNSUPPORTED, "'cmd' is not a command that is known here");
}

static hbus_status s_require_one_of(const command_rule *rule, field_set seen, hbus_error *error) {
  if (rule->one_of == 0 || (rule->one_of & seen)) return HBUS_OK;
  unsigned first = (unsigned)__builtin_ctzll(rule->one_of);
  unsigned second = (unsigned)__builtin_ctzll(rule->one_of & (rule->one_of - 1));
  return hbus_fail(error, HBUS_MALFORMED, "'%s' or '%s' is missing", command_fields.fields[first].key,
                   command_fields.fields[second].key);
}

static hbus_status s_unpack_arguments(const msgpack_object_map *map, hbus_bytes frame, hbus_command *out,
                                      hbus_error *error) {
  const command_rule *rule = command_rule_of(out->kind);
  field_set which = COMMAND_KEY_BIT(EXPIRES) | command_rule_arguments(rule), seen = 0;
  hbus_error cause = {0};
  hbus_status status = field_unpack(&command_fields, which, map, out, &seen, &cause);
  if (status == HBUS_OK) status = field_require(&command_fields, rule->required, seen, &cause);
  if (status == HBUS_OK) status = s_require_one_of(rule, seen, &cause);
  if (status == HBUS_OK) status = field_unpack_raw(&command_fields, which & seen, frame, out, &cause);
  if (status == HBUS_OK) return HBUS_OK;
  return hbus_fail(error, command_refusal(out->kind), "%s: %s", hbus_command_name(out->kind), cause.text);
}

hbus_status command_unpack(const uint8_t *data, size_t size, hbus_command *out, hbus_error *error) {
  *out = s_identify(data, size);
  hbus_command command = {0};
  msgpack_object_map map;
  msgpack_zone zone;
  if (!msgpack_zone_init(&zone, ZONE_CHUNK_SIZE)) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  hbus_status status = message_read(data, size, HBUS_COMMAND_FRAME_MAX, &zone, &map, error);
  if (status == HBUS_OK) status = s_refuse_repeated_keys(&map, error);
  if (status == HBUS_OK) status = s_unpack_key(&map, COMMAND_KEY_V, &command, error);
  if (status == HBUS_OK) status = s_unpack_key(&map, COMMAND_KEY_ID, &command, error);
  if (status == HBUS_OK) status = s_unpack_kind(&map, &command, error);
  if (status == HBUS_OK) status = s_unpack_arguments(&map, (hbus_bytes){data, size}, &command, error);
  if (status == HBUS_OK) *out = command;
  if (status != HBUS_OK && error) error->status = status;
  msgpack_zone_destroy(&zone);
  return status;
}

bool command_same_order(const hbus_command *a, const hbus_command *b) {
  field_set arguments = command_rule_arguments(command_rule_of(HBUS_CREATE_ORDER));
  return a->kind == b->kind && field_equal(&command_fields, arguments, a, b);
}
