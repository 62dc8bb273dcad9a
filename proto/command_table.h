/* Which command takes which arguments: the table that the decoder, the encoder, the gates and the tests follow. */
#ifndef PROTO_COMMAND_TABLE_H
#define PROTO_COMMAND_TABLE_H

#include "hbus/command.h"
#include "proto/field.h"

/* The rows of command_fields, in the order of the wire. */
typedef enum command_key {
  COMMAND_KEY_V,
  COMMAND_KEY_ID,
  COMMAND_KEY_CMD,
  COMMAND_KEY_EXPIRES,
  COMMAND_KEY_NAME,
  COMMAND_KEY_EXCHANGE,
  COMMAND_KEY_MARKET,
  COMMAND_KEY_ORDER_ID,
  COMMAND_KEY_CLIENT_ORDER_ID,
  COMMAND_KEY_SIDE,
  COMMAND_KEY_ORDER_TYPE,
  COMMAND_KEY_AMOUNT,
  COMMAND_KEY_PRICE,
  COMMAND_KEY_STOP_PRICE,
  COMMAND_KEY_MARKET_TYPE,
  COMMAND_KEY_ACCOUNT,
  COMMAND_KEY_POSITION_ACTION,
  COMMAND_KEY_CHANNEL,
  COMMAND_KEY_OWNER,
  COMMAND_KEY_CANCEL_ON_DISCONNECT,
  COMMAND_KEY_GRACE_MS,
  COMMAND_KEY_STATUS,
  COMMAND_KEY_SOURCE,
  COMMAND_KEY_DEPTH,
  COMMAND_KEY_LIMIT,
  COMMAND_KEY_CURSOR,
  COMMAND_KEY_STREAM,
  COMMAND_KEY_TOPIC,
  COMMAND_KEY_FROM,
  COMMAND_KEY_TO,
  COMMAND_KEY_EPOCH,
  COMMAND_KEY_BALANCES,
  COMMAND_KEY_PREFIXES,
  COMMAND_KEY_ACKS,
  COMMAND_KEY_DATA,
  COMMAND_KEY_COUNT
} command_key;

/* Every key that a command can have, with its place in hbus_command. */
extern const field_table command_fields;

#define COMMAND_KEY_BIT(key) ((field_set)1 << COMMAND_KEY_##key)
#define COMMAND_ENVELOPE     (COMMAND_KEY_BIT(V) | COMMAND_KEY_BIT(ID) | COMMAND_KEY_BIT(CMD) | COMMAND_KEY_BIT(EXPIRES))

typedef struct command_rule {
  field_set required; /* arguments that it must have */
  field_set one_of;   /* of these at least one; empty: no such rule */
  field_set optional; /* arguments that it takes beside them; any other key is ignored */
  bool side_effects;  /* an effect outside the broker, or on other peers: hello comes first */
} command_rule;

/* The rule of a command that exists. */
const command_rule *command_rule_of(hbus_command_kind kind);

/* All arguments that it takes, the envelope not counted. */
field_set command_rule_arguments(const command_rule *self);

#endif
