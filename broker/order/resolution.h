/* What became of orders whose create has no answer (ORDERS.md, rules 6, 8 and 9), told from the complete lists that
 * upstream gives of one market of one exchange: open orders and history, one after the other. Pure.
 *
 * Binding an order of somebody else is worse than not binding one's own, so a match by value binds only what is forced.
 * On an account that is ours alone every order that is new has been asked for by one of the unknowns, and each of those
 * asked for one order at most: an order that only one of them can have asked for is that one's, which may leave another
 * order with only one. Where that ends, orders of one owner that are all alike, as many as upstream has, are told apart
 * by the order of their creation. What is left, and everything that hangs together with a contradiction, is listed.
 */
#ifndef BROKER_RESOLUTION_H
#define BROKER_RESOLUTION_H

#include "hbus/types.h"

/* Candidates that are named; all are counted. */
#define RESOLUTION_CANDIDATES_MAX 16

/* How long before its create was written an order may say that it was created: a second for an upstream that cuts
 * created_at to whole seconds, and a second for clocks of two machines that are kept by NTP. Too long a slack makes
 * more candidates, which is safe; too short a one overlooks who may have asked for an order, which is not. */
#define RESOLUTION_CLOCK_SLACK_MS     2000
#define RESOLUTION_CLOCK_SLACK_MS_MAX 3600000

/* Whether upstream keeps the ids that it is sent. Only learned: an answer's is the next question's. */
typedef enum resolution_ids {
  RESOLUTION_IDS_NOT_KNOWN, /* nothing has been seen: matches by value are only listed */
  RESOLUTION_IDS_KEPT,      /* an order without our id is not ours: nothing is matched by value */
  RESOLUTION_IDS_DROPPED,
  RESOLUTION_IDS_MIXED /* both have been seen, as where open orders have ids and history does not: for good as if
                        * nothing were known */
} resolution_ids;

/* A create without an answer. An order that was called failed by absence may be here too: it is found if it appears. */
typedef struct resolution_unknown {
  const hbus_order *asked; /* as it was sent; owner, side, order_type, amount, and the prices of its type present */
  const char *upstream_id; /* the id of ours that was sent with it; unlike that of any other */
  uint64_t written_ns;     /* broker's real-time clock when its intent was written, before it was sent */
  bool under_way;          /* may be answered yet, and an answer beats any match: it is bound by id alone. It has to be
                            * here, since what looks like another's order may be its own. */
} resolution_unknown;

/* An order as upstream lists it; one that is in both lists is here twice. */
typedef struct resolution_listed {
  const hbus_order *order; /* client_order_id: what upstream keeps, "" for nothing */
  bool bound;              /* belongs to an order of ours that is not among the unknowns */
  bool has_our_id;         /* carries the id of an order of ours that is known, of whichever start of the broker's */
  uint64_t first_seen_ns;  /* broker's real-time clock when it first heard of the order; 0: not before these lists */
} resolution_listed;

/* All is borrowed for the call. */
typedef struct resolution_question {
  const resolution_unknown
      *unknowns; /* every create of this market without an answer; those written at one time in their order */
  size_t unknown_count;
  const resolution_listed *listed;
  size_t listed_count;
  const char *instance;    /* of this start of the broker: the first part of INSTANCE-COUNTER */
  resolution_ids ids;      /* what has been seen so far */
  bool exclusive;          /* upstream.exclusive: nobody else trades on this account */
  uint64_t clock_slack_ms; /* RESOLUTION_CLOCK_SLACK_MS; at most RESOLUTION_CLOCK_SLACK_MS_MAX */
} resolution_question;

typedef enum resolution_verdict {
  RESOLUTION_ABSENT,   /* upstream lists nothing that is or may be it. Proves nothing: see resolution_resolve */
  RESOLUTION_BOUND,    /* it is the order `listed` */
  RESOLUTION_AMBIGUOUS /* it may be one of the candidates, or none */
} resolution_verdict;

typedef enum resolution_reason {
  RESOLUTION_BY_NONE,
  RESOLUTION_BY_ID,
  RESOLUTION_BY_VALUE,   /* nobody else can have asked for this order */
  RESOLUTION_BY_CREATION /* alike orders of one owner, in the order of their creation */
} resolution_reason;

typedef struct resolution {
  resolution_verdict verdict;
  resolution_reason reason;                     /* why it is bound */
  size_t listed;                                /* index of the order it is bound to; an order is bound once at most */
  size_t candidates[RESOLUTION_CANDIDATES_MAX]; /* indices, oldest first; each order once. Where bound: that one */
  size_t candidate_count;                       /* all of them, named or not */
} resolution;

/* Answers for each unknown, in their order, and tells what upstream does with ids, from what was known and from what
 * the lists show. By rule 9 an order may be called failed only if it is absent from two such answers, settle_ms after
 * it was written, and only where *ids says KEPT. HBUS_NO_MEMORY.
 *
 * An order that carries any client_order_id is matched with the unknown that was sent with it, or with none (rule 6).
 * Costs a pass over the lists, and some comparisons for each pair of an unknown and an order that is new since:
 * measured, 6 ms for 10 unknowns in a history of 100,000; 7 ms for 300 unknowns and as many new orders; 80 ms for
 * 1,000. It may run on any thread. */
hbus_status resolution_resolve(const resolution_question *question, resolution *answers, resolution_ids *ids);

#endif
