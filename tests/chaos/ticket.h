/* An order ticket: one order as its owner asked for it, what its owner was told, and what the simulator's ledger says.
 *
 * Each ticket has an amount of its own in its market, as text: "0.0100" and "0.01000" are two tickets. To the broker
 * and to the exchange the two are alike, so that what became of them has to be told apart without it; the ledger quotes
 * the text, so that this test knows which of them it is.
 */
#ifndef CHAOS_TICKET_H
#define CHAOS_TICKET_H

#include <czmq.h>

#include "hbus/hbus.h"

#define TICKET_CANDIDATES_MAX 512

typedef struct ticket_market {
  const char *exchange;
  const char *name;
  const char *low;  /* a price where a buy rests, and a sell trades at once */
  const char *high; /* the other way round */
  unsigned digits;  /* of an amount */
  int64_t lots_min;
} ticket_market;

enum { TICKET_MARKETS = 5 };
extern const ticket_market ticket_markets[TICKET_MARKETS];

/* What the ledger says. */
typedef struct ticket_truth {
  unsigned creates; /* how often it reached the simulator, whatever came of it */
  bool accepted, rejected, cancelled;
  hbus_order_id order_id;
  hbus_decimal filled; /* absent: nothing */
} ticket_truth;

/* One picture of it that its owner has: the private stream's last, or an answer to get_order. */
typedef struct ticket_picture {
  hbus_order_status status; /* HBUS_ORDER_STATUS_NONE: none yet */
  hbus_order_id order_id;
  uint64_t rev;
  hbus_decimal filled;
  char candidates[TICKET_CANDIDATES_MAX]; /* ",17,18,": what it may be */
} ticket_picture;

typedef struct ticket {
  hbus_command create;
  unsigned owner;
  unsigned market;
  unsigned zeros; /* at the end of its amount: they tell it from others that ask for the same */

  unsigned not_sent;      /* replies that said so */
  bool reached;           /* a reply said that it went upstream, or may have */
  bool was_unknown;       /* a reply said so */
  bool said_not_sent;     /* a reply said that it never was, and never will be */
  bool cancel_confirmed;  /* a reply said that it is gone, or promised it */
  hbus_order_id order_id; /* as an ok said; "" for none */
  ticket_picture streamed;
  ticket_picture answered;
  bool asking;       /* get_order is under way, after the storm */
  bool asked_create; /* and its create was sent once more, long past its expiry */
  ticket_truth truth;

  /* Where its owner may be killed, and the broker. */
  uint64_t expires_ms; /* of the create that was sent last; unix time */
  bool settled;        /* its owner knows what became of it */
  bool lost;           /* a reply will not come any more */
  bool cancelling;     /* a cancel was sent whose outcome is not known */
  bool cancel_asked;   /* ... and is under way */
  bool cancel_over;    /* no more of them */

  /* What the journal's events say of it, one after the other. */
  hbus_decimal told; /* the sum of its fills; absent: nothing */
  ticket_picture last;
} ticket;

typedef struct ticket_table {
  ticket **items; /* in the order in which they were written */
  size_t count;
  zhashx_t *by_client_id;
  zhashx_t *by_amount;   /* exchange, market, amount as text */
  zhashx_t *by_order_id; /* exchange, order id; those that the ledger has accepted */
  int64_t lots[TICKET_MARKETS];
  unsigned zeros_first, zeros_step; /* of the amounts that this table gives */
} ticket_table;

void ticket_table_init(ticket_table *self);
/* Gives other amounts than tables with another `first` below the same `step` give, though alike ones. */
void ticket_table_share(ticket_table *self, unsigned first, unsigned step);
void ticket_table_free(ticket_table *self);

/* Who places it. */
const char *ticket_owner_name(unsigned owner);

/* A ticket without side, type and price, of an amount that is like no other's. */
ticket *ticket_table_add(ticket_table *self, unsigned owner, unsigned market);
/* A ticket that asks for the same as `like`; NULL: there are as many of those as can be told apart. */
ticket *ticket_table_add_alike(ticket_table *self, unsigned owner, const ticket *like);

/* A ticket that was written before, by this table or another; no table gives its amount again. NULL: it is none. */
ticket *ticket_table_restore(ticket_table *self, unsigned owner, const hbus_command *create);

/* NULL: there is none. */
ticket *ticket_find(const ticket_table *self, const char *client_order_id);
ticket *ticket_find_amount(const ticket_table *self, const char *exchange, const char *market, const char *amount);
ticket *ticket_find_order(const ticket_table *self, const char *exchange, const char *order_id);
/* The ledger has given it an id. False: two tickets have the same. */
bool ticket_table_bind(ticket_table *self, ticket *bound, const char *order_id);

/* Both are nothing, absent or 0, or they are equal. */
bool ticket_same_filled(const hbus_decimal *a, const hbus_decimal *b);
/* What became of it, by the ledger. HBUS_ORDER_STATUS_NONE: it never arrived, or was refused. */
hbus_order_status ticket_true_status(const ticket *self);

#endif
