/* What Hummingbot said to a request, in no dialect. */
#ifndef PROTO_UPSTREAM_ANSWER_H
#define PROTO_UPSTREAM_ANSWER_H

#include "hbus/command.h"

/* Which member of `data` is filled follows from the command that was asked; none when it was refused (`code` is not
 * HBUS_OK). All that it borrows is the decoder's, until its next call. */
typedef struct upstream_answer {
  hbus_status code;  /* HBUS_OK, or the class of the error */
  hbus_text message; /* upstream's own words, with either */
  union {
    hbus_order order; /* create_order, get_order */
    hbus_cancel cancel;
    struct {
      hbus_order *items; /* whoever handles the answer may complete them */
      size_t count;
    } orders; /* get_open_orders, get_order_history */
    hbus_book book;
    hbus_ticker ticker;
    struct {
      const hbus_balance *items;
      size_t count;
    } balances;
    struct {
      hbus_position *items;
      size_t count;
    } positions;
  } data;
} upstream_answer;

#endif
