#include "tests/bench/feeder_answer.h"

#include <stdio.h>
#include <string.h>

#define FIELD_MAX 96

/* The string at a key; "" where there is none. Requests are our own: no space between, nothing escaped. */
static void s_field(const char *text, size_t size, const char *key, char out[FIELD_MAX]) {
  char quoted[FIELD_MAX];
  int quoted_size = snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
  const char *found = memmem(text, size, quoted, (size_t)quoted_size);
  out[0] = '\0';
  if (!found) return;
  found += quoted_size;
  const char *end = memchr(found, '"', size - (size_t)(found - text));
  if (end) snprintf(out, FIELD_MAX, "%.*s", (int)(end - found), found);
}

/* An order that rests; its id is that of the request, so that each has its own. */
static size_t s_write_order(const char *text, size_t size, const char *id, char *out, size_t room) {
  char exchange[FIELD_MAX], market[FIELD_MAX], side[FIELD_MAX], amount[FIELD_MAX], price[FIELD_MAX], client[FIELD_MAX];
  s_field(text, size, "exchange", exchange);
  s_field(text, size, "market", market);
  s_field(text, size, "side", side);
  s_field(text, size, "amount", amount);
  s_field(text, size, "price", price);
  s_field(text, size, "client_order_id", client);
  return (size_t)snprintf(out, room,
                          "{\"order_id\":\"order-%s\",\"symbol\":\"%s\",\"exchange\":\"%s\",\"price\":\"%s\","
                          "\"amount\":\"%s\",\"filled\":\"0\",\"side\":\"%s\",\"type\":\"limit\",\"status\":\"open\","
                          "\"created_at\":1618677817.077736,\"client_order_id\":\"%s\"}",
                          id, market, exchange, price, amount, side, client);
}

size_t feeder_answer(const char *text, size_t size, char out[FEEDER_ANSWER_MAX], bool *subscribes) {
  char id[FIELD_MAX], type[FIELD_MAX], order_id[FIELD_MAX];
  s_field(text, size, "id", id);
  s_field(text, size, "type", type);
  *subscribes = strcmp(type, "subscribe") == 0;
  if (strcmp(type, "get_order") == 0) /* it keeps none */
    return (size_t)snprintf(out, FEEDER_ANSWER_MAX,
                            "{\"id\":\"%s\",\"status\":\"error\",\"code\":\"UNKNOWN_ORDER\",\"message\":"
                            "\"Unknown order\"}",
                            id);
  size_t used = (size_t)snprintf(out, FEEDER_ANSWER_MAX, "{\"id\":\"%s\",\"status\":\"success\"", id);
  if (strncmp(type, "get_", 4) == 0) {
    used += (size_t)snprintf(out + used, FEEDER_ANSWER_MAX - used, ",\"data\":[]");
  } else if (strcmp(type, "create_order") == 0) {
    used += (size_t)snprintf(out + used, FEEDER_ANSWER_MAX - used, ",\"data\":");
    used += s_write_order(text, size, id, out + used, FEEDER_ANSWER_MAX - used);
  } else if (strcmp(type, "cancel_order") == 0) {
    s_field(text, size, "order_id", order_id);
    used += (size_t)snprintf(out + used, FEEDER_ANSWER_MAX - used, ",\"data\":{\"order_id\":\"%s\",\"cancelled\":true}",
                             order_id);
  }
  used += (size_t)snprintf(out + used, FEEDER_ANSWER_MAX - used, "}");
  return used;
}
