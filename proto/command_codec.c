/* Commands: the table's rules applied to a frame, and to what the frame said. */
#include "proto/command_codec.h"

#include <string.h>

#include "proto/command_table.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/topic.h"
#include "proto/utf8.h"

#define ZONE_CHUNK_SIZE 4096 /* msgpack-c's objects of any command that we know fit */
#define KEY_SHOWN_MAX   32   /* bytes of a key that are shown to who sent it */

static bool s_is_known(hbus_command_kind kind) {
  return kind > HBUS_COMMAND_NONE && kind < HBUS_COMMAND_COUNT;
}

bool command_has_side_effects(hbus_command_kind kind) {
  return s_is_known(kind) && command_rule_of(kind)->side_effects;
}

/* The code for a bad argument. */
static hbus_status s_refusal(hbus_command_kind kind) {
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
  unsigned first = (unsigned)__builtin_ctz(rule->one_of);
  unsigned second = (unsigned)__builtin_ctz(rule->one_of & (rule->one_of - 1));
  return hbus_fail(error, HBUS_MALFORMED, "'%s' or '%s' is missing", command_fields.fields[first].key,
                   command_fields.fields[second].key);
}

static hbus_status s_unpack_arguments(const msgpack_object_map *map, hbus_command *out, hbus_error *error) {
  const command_rule *rule = command_rule_of(out->kind);
  field_set which = COMMAND_KEY_BIT(EXPIRES) | command_rule_arguments(rule), seen = 0;
  hbus_error cause = {0};
  hbus_status status = field_unpack(&command_fields, which, map, out, &seen, &cause);
  if (status == HBUS_OK) status = field_require(&command_fields, rule->required, seen, &cause);
  if (status == HBUS_OK) status = s_require_one_of(rule, seen, &cause);
  if (status == HBUS_OK) return HBUS_OK;
  return hbus_fail(error, s_refusal(out->kind), "%s: %s", hbus_command_name(out->kind), cause.text);
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
  if (status == HBUS_OK) status = s_unpack_arguments(&map, &command, error);
  if (status == HBUS_OK) *out = command;
  if (status != HBUS_OK && error) error->status = status;
  msgpack_zone_destroy(&zone);
  return status;
}

/* ---- what was said ---- */

/* Which prices an order of each type has. */
static const struct {
  bool price;
  bool stop_price;
} s_prices[HBUS_ORDER_TYPE_COUNT] = {
    [HBUS_LIMIT] = {.price = true},
    [HBUS_LIMIT_MAKER] = {.price = true},
    [HBUS_STOP] = {.stop_price = true},
    [HBUS_STOP_LIMIT] = {.price = true, .stop_price = true},
};

static hbus_status s_validate_price(const char *key, const hbus_decimal *value, bool wanted, hbus_order_type type,
                                    hbus_error *error) {
  const char *name = hbus_order_type_name(type);
  bool given = !hbus_decimal_is_absent(value);
  if (wanted && !given)
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: '%s' is missing: order type %s needs it", key, name);
  if (!wanted && given)
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: '%s' is not for order type %s", key, name);
  if (given && hbus_decimal_sign(value) <= 0)
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: '%s' must be positive; got %s", key, value->text);
  return HBUS_OK;
}

static hbus_status s_validate_order(const hbus_command *command, hbus_error *error) {
  hbus_order_type type = command->order_type;
  if (type <= HBUS_ORDER_TYPE_NONE || type >= HBUS_ORDER_TYPE_COUNT)
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: 'order_type' is missing");
  if (hbus_decimal_is_absent(&command->amount))
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: 'amount' is missing");
  if (hbus_decimal_sign(&command->amount) <= 0)
    return hbus_fail(error, HBUS_INVALID_ORDER, "create_order: 'amount' must be positive; got %s",
                     command->amount.text);
  hbus_status status = s_validate_price("price", &command->price, s_prices[type].price, type, error);
  if (status != HBUS_OK) return status;
  return s_validate_price("stop_price", &command->stop_price, s_prices[type].stop_price, type, error);
}

static hbus_status s_validate_hello(const hbus_command *command, hbus_error *error) {
  if (command->grace_ms == 0 || command->cancel_on_disconnect) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "hello: 'grace_ms' needs 'cancel_on_disconnect'");
}

static hbus_status s_validate_resolution(const hbus_command *command, hbus_error *error) {
  if (command->order_status == HBUS_ORDER_STATUS_NONE) return HBUS_OK;
  if (command->order_id[0])
    return hbus_fail(error, HBUS_INVALID_REQUEST, "resolve_order: give 'order_id' or 'status', not both");
  if (command->order_status == HBUS_FAILED) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "resolve_order: 'status' must be failed; got %s",
                   hbus_order_status_name(command->order_status));
}

static hbus_status s_validate_positions(const hbus_command *command, hbus_error *error) {
  if (command->source == HBUS_POSITION_FILLS) return HBUS_OK;
  if (!command->exchange[0])
    return hbus_fail(error, HBUS_INVALID_REQUEST, "get_positions: 'exchange' is missing: source upstream needs it");
  if (command->owner[0])
    return hbus_fail(error, HBUS_INVALID_REQUEST, "get_positions: 'owner' is not for source upstream");
  return HBUS_OK;
}

/* Names a market that no topic could carry, or half of one. */
static hbus_status s_validate_place(const hbus_command *command, hbus_error *error) {
  const char *name = hbus_command_name(command->kind);
  if (command->market[0] && !command->exchange[0])
    return hbus_fail(error, s_refusal(command->kind), "%s: 'exchange' is missing: 'market' needs it", name);
  if (command->kind == HBUS_GET_OPEN_ORDERS && command->exchange[0] && !command->market[0])
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s: 'market' is missing: 'exchange' needs it", name);
  if (command->market[0] && !topic_names_fit(command->exchange, command->market))
    return hbus_fail(error, s_refusal(command->kind), "%s: 'exchange' and 'market' together are too long for a topic",
                     name);
  return HBUS_OK;
}

hbus_status command_validate(const hbus_command *command, hbus_error *error) {
  hbus_status status = s_validate_place(command, error);
  if (status != HBUS_OK) return status;
  switch (command->kind) {
  case HBUS_HELLO: return s_validate_hello(command, error);
  case HBUS_CREATE_ORDER: return s_validate_order(command, error);
  case HBUS_RESOLVE_ORDER: return s_validate_resolution(command, error);
  case HBUS_GET_POSITIONS: return s_validate_positions(command, error);
  default: return HBUS_OK;
  }
}

bool command_same_order(const hbus_command *a, const hbus_command *b) {
  field_set arguments = command_rule_arguments(command_rule_of(HBUS_CREATE_ORDER));
  return a->kind == b->kind && field_equal(&command_fields, arguments, a, b);
}
