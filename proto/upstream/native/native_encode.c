/* Requests of the native dialect. One table says which command is which `type` and which fields it takes; the fields
 * are written in the order of the other table, always the same, absent ones left out. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "proto/json_writer.h"
#include "proto/upstream/native/native.h"
#include "proto/upstream/native/native_words.h"

#define DEFAULT_DEPTH 10
#define DEFAULT_LIMIT 50

typedef enum request_field_type {
  REQUEST_TEXT,    /* char array of the command */
  REQUEST_WORD,    /* an enumeration */
  REQUEST_DECIMAL, /* as a string */
  REQUEST_NUMBER,  /* uint64_t, with a default for 0 */
  REQUEST_UPSTREAM_ID
} request_field_type;

typedef struct request_field {
  const char *key;
  request_field_type type;
  size_t offset; /* in hbus_command */
  const native_word *words;
  uint64_t default_value;
} request_field;

/* The order of these is the order on the wire. */
enum {
  CHANNEL = 1 << 0,
  EXCHANGE = 1 << 1,
  MARKET = 1 << 2,
  ORDER_ID = 1 << 3,
  SIDE = 1 << 4,
  ORDER_TYPE = 1 << 5,
  AMOUNT = 1 << 6,
  PRICE = 1 << 7,
  STOP_PRICE = 1 << 8,
  CLIENT_ORDER_ID = 1 << 9,
  DEPTH = 1 << 10,
  LIMIT = 1 << 11,
  MARKET_TYPE = 1 << 12,
  ACCOUNT = 1 << 13,
  POSITION_ACTION = 1 << 14,
  FIELD_COUNT = 15
};

static const request_field s_fields[FIELD_COUNT] = {
    {"channel", REQUEST_WORD, offsetof(hbus_command, channel), native_words_channel, 0},
    {"exchange", REQUEST_TEXT, offsetof(hbus_command, exchange), NULL, 0},
    {"market", REQUEST_TEXT, offsetof(hbus_command, market), NULL, 0},
    {"order_id", REQUEST_TEXT, offsetof(hbus_command, order_id), NULL, 0},
    {"side", REQUEST_WORD, offsetof(hbus_command, side), native_words_side, 0},
    {"order_type", REQUEST_WORD, offsetof(hbus_command, order_type), native_words_order_type, 0},
    {"amount", REQUEST_DECIMAL, offsetof(hbus_command, amount), NULL, 0},
    {"price", REQUEST_DECIMAL, offsetof(hbus_command, price), NULL, 0},
    {"stop_price", REQUEST_DECIMAL, offsetof(hbus_command, stop_price), NULL, 0},
    {"client_order_id", REQUEST_UPSTREAM_ID, 0, NULL, 0},
    {"depth", REQUEST_NUMBER, offsetof(hbus_command, depth), NULL, DEFAULT_DEPTH},
    {"limit", REQUEST_NUMBER, offsetof(hbus_command, limit), NULL, DEFAULT_LIMIT},
    {"market_type", REQUEST_WORD, offsetof(hbus_command, market_type), native_words_market_type, 0},
    {"account", REQUEST_TEXT, offsetof(hbus_command, account), NULL, 0},
    {"position_action", REQUEST_WORD, offsetof(hbus_command, position_action), native_words_position_action, 0},
};

typedef struct request_row {
  hbus_command_kind kind;
  const char *type;
  unsigned required;
  unsigned optional; /* beside market_type and account, which any may carry */
} request_row;

static const request_row s_requests[] = {
    {HBUS_CREATE_ORDER, "create_order", EXCHANGE | MARKET | SIDE | ORDER_TYPE | AMOUNT,
     PRICE | STOP_PRICE | CLIENT_ORDER_ID | POSITION_ACTION},
    {HBUS_CANCEL_ORDER, "cancel_order", EXCHANGE | MARKET | ORDER_ID, 0},
    {HBUS_GET_ORDER, "get_order", EXCHANGE | MARKET | ORDER_ID, 0},
    {HBUS_GET_OPEN_ORDERS, "get_open_orders", EXCHANGE | MARKET, 0},
    {HBUS_GET_ORDER_HISTORY, "get_order_history", EXCHANGE | MARKET | LIMIT, 0},
    {HBUS_GET_ORDER_BOOK, "get_order_book", EXCHANGE | MARKET | DEPTH, 0},
    {HBUS_GET_TICKER, "get_ticker", EXCHANGE | MARKET, 0},
    {HBUS_GET_BALANCES, "get_balances", EXCHANGE, 0},
    {HBUS_GET_POSITIONS, "get_positions", EXCHANGE, 0},
    {HBUS_SUBSCRIBE, "subscribe", CHANNEL | EXCHANGE | MARKET, 0},
    {HBUS_UNSUBSCRIBE, "unsubscribe", CHANNEL | EXCHANGE | MARKET, 0},
};

/* A field of the command as it goes onto the wire. NULL: absent. */
typedef struct field_value {
  const char *text;
  uint64_t number;
} field_value;

static field_value s_value(const request_field *field, const hbus_command *command, const char *client_order_id) {
  const char *at = (const char *)command + field->offset;
  field_value value = {NULL, 0};
  const hbus_decimal *decimal;
  unsigned word;
  switch (field->type) {
  case REQUEST_TEXT: value.text = *at != '\0' ? at : NULL; break;
  case REQUEST_UPSTREAM_ID: value.text = *client_order_id != '\0' ? client_order_id : NULL; break;
  case REQUEST_DECIMAL:
    decimal = (const hbus_decimal *)(const void *)at;
    value.text = hbus_decimal_is_absent(decimal) ? NULL : decimal->text;
    break;
  case REQUEST_NUMBER:
    memcpy(&value.number, at, sizeof value.number);
    if (value.number == 0) value.number = field->default_value;
    break;
  case REQUEST_WORD:
    memcpy(&word, at, sizeof word);
    value.text = native_word_of(field->words, word);
    break;
  }
  return value;
}

static const request_row *s_find(hbus_command_kind kind) {
  for (size_t i = 0; i < sizeof s_requests / sizeof s_requests[0]; i++)
    if (s_requests[i].kind == kind) return &s_requests[i];
  return NULL;
}

static void s_begin(json_writer *json, buffer *out, const char *id, const char *type) {
  json_writer_init(json, out);
  json_begin_object(json);
  json_key(json, "id");
  json_string(json, id);
  json_key(json, "type");
  json_string(json, type);
}

/* A frame that did not fit leaves nothing of itself behind. */
static hbus_status s_end(json_writer *json, size_t start) {
  json_end_object(json);
  if (json->out->status != HBUS_OK) buffer_truncate(json->out, start);
  return json->out->status;
}

hbus_status native_encode_authenticate(buffer *out, const char *id, const char *api_key) {
  json_writer json;
  size_t start = out->size;
  s_begin(&json, out, id, "authenticate");
  json_key(&json, "api_key");
  json_string(&json, api_key);
  return s_end(&json, start);
}

hbus_status native_encode(buffer *out, const char *id, const hbus_command *command, const char *client_order_id) {
  assert(out != NULL && id != NULL && command != NULL && client_order_id != NULL);
  const request_row *request = s_find(command->kind);
  if (request == NULL || command->order_type == HBUS_LIMIT_MAKER) return HBUS_UNSUPPORTED;

  json_writer json;
  size_t start = out->size;
  bool complete = true;
  unsigned fields = request->required | request->optional | MARKET_TYPE | ACCOUNT;
  s_begin(&json, out, id, request->type);
  for (unsigned i = 0; i < FIELD_COUNT; i++) {
    if (!(fields & 1u << i)) continue;
    field_value value = s_value(&s_fields[i], command, client_order_id);
    if (value.text == NULL && value.number == 0) {
      if (request->required & 1u << i) complete = false;
      continue;
    }
    json_key(&json, s_fields[i].key);
    if (value.text != NULL)
      json_string(&json, value.text);
    else
      json_unsigned(&json, value.number);
  }
  hbus_status status = s_end(&json, start);
  if (status == HBUS_OK && !complete) {
    buffer_truncate(out, start);
    status = HBUS_INVALID_REQUEST;
  }
  return status;
}
