/* A question to resolution_resolve, put together line by line. */
#ifndef TESTS_RESOLUTION_SCENE_H
#define TESTS_RESOLUTION_SCENE_H

#include "broker/order/resolution.h"

#define SCENE_ORDERS_MAX 64
#define SCENE_INSTANCE   "k3x"
#define SCENE_START_MS   UINT64_C(1700000000000)

typedef struct scene {
  hbus_order asked[SCENE_ORDERS_MAX];
  char upstream_ids[SCENE_ORDERS_MAX][40];
  resolution_unknown unknowns[SCENE_ORDERS_MAX];
  hbus_order orders[SCENE_ORDERS_MAX];
  resolution_listed listed[SCENE_ORDERS_MAX];
  resolution_question question;
  resolution answers[SCENE_ORDERS_MAX];
  resolution_ids ids;
} scene;

/* Upstream drops ids, the account is ours alone. */
void scene_init(scene *self);

/* Milliseconds after SCENE_START_MS as ns of the clock. */
uint64_t scene_time_ns(int64_t at_ms);

/* A limit order to buy (price NULL: a market order) that `owner` has asked for. Its index. */
size_t scene_ask(scene *self, const char *owner, int64_t written_ms, const char *amount, const char *price);

/* An order of the same kind that upstream lists. Its index. */
size_t scene_list(scene *self, const char *order_id, int64_t created_ms, const char *amount, const char *price);

hbus_decimal scene_decimal(const char *text);

/* Resolves, and checks what holds of every answer: no order is bound twice, indices are those of listed orders. */
void scene_resolve(scene *self);

#endif
