/* Commands: whether what a frame said makes sense. */
#include <string.h>

#include "proto/command_codec.h"
#include "proto/frame.h"
#include "proto/repair_list.h"
#include "proto/topic.h"

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

static hbus_status s_validate_signal(const hbus_command *command, hbus_error *error) {
  hbus_status status = frame_check_value(command->data, HBUS_SIGNAL_DEPTH_MAX);
  if (status == HBUS_OK) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "publish: 'data' %s",
                   status == HBUS_TOO_DEEP ? "is nested too deep" : "is not one msgpack value");
}

static hbus_status s_validate_replay(const hbus_command *command, hbus_error *error) {
  size_t size = strlen(command->topic);
  if (!topic_is_whole(command->topic, size))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "replay: 'topic' must be a whole topic, which ends with '/'");
  if (!(topic_streams(command->topic, size) & 1u << command->stream))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "replay: 'topic' is none of the stream %s",
                     hbus_stream_name(command->stream));
  if (command->from > command->to)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "replay: 'to' must not be less than 'from'");
  return HBUS_OK;
}

static hbus_status s_validate_snapshot(const hbus_command *command, hbus_error *error) {
  if (!command->balances || command->exchange[0]) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "snapshot: 'exchange' is missing: 'balances' needs it");
}

/* What is wrong with a list is the peer's fault, unless there was no memory to look at it. */
static hbus_status s_refuse_list(const hbus_command *command, hbus_status status, const hbus_error *cause,
                                 hbus_error *error) {
  if (status == HBUS_OK) return HBUS_OK;
  if (status != HBUS_NO_MEMORY) status = HBUS_INVALID_REQUEST;
  return hbus_fail(error, status, "%s: %s", hbus_command_name(command->kind), cause->text);
}

static hbus_status s_validate_prefixes(const hbus_command *command, hbus_error *error) {
  hbus_text prefixes[HBUS_PREFIXES_MAX];
  size_t count;
  hbus_error cause = {0};
  return s_refuse_list(command, prefixes_unpack(command->prefixes, prefixes, &count, &cause), &cause, error);
}

static hbus_status s_validate_acks(const hbus_command *command, hbus_error *error) {
  hbus_stamp acks[HBUS_ACKS_MAX];
  size_t count;
  hbus_error cause = {0};
  return s_refuse_list(command, acks_unpack(command->acks, acks, &count, &cause), &cause, error);
}

/* Names a market that no topic could carry, or half of one. */
static hbus_status s_validate_place(const hbus_command *command, hbus_error *error) {
  const char *name = hbus_command_name(command->kind);
  if (command->market[0] && !command->exchange[0])
    return hbus_fail(error, command_refusal(command->kind), "%s: 'exchange' is missing: 'market' needs it", name);
  bool both_or_neither = command->kind == HBUS_GET_OPEN_ORDERS || command->kind == HBUS_SNAPSHOT;
  if (both_or_neither && command->exchange[0] && !command->market[0])
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s: 'market' is missing: 'exchange' needs it", name);
  if (command->market[0] && !topic_names_fit(command->exchange, command->market))
    return hbus_fail(error, command_refusal(command->kind),
                     "%s: 'exchange' and 'market' together are too long for a topic", name);
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
  case HBUS_PING: return s_validate_acks(command, error);
  case HBUS_PUBLISH: return s_validate_signal(command, error);
  case HBUS_REPLAY: return s_validate_replay(command, error);
  case HBUS_SNAPSHOT: return s_validate_snapshot(command, error);
  case HBUS_SEQUENCES: return s_validate_prefixes(command, error);
  default: return HBUS_OK;
  }
}
