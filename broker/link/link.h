/* The link to Hummingbot, in no dialect: what the broker may ask of it, and what it tells.
 *
 * A dialect is a link_dialect in a folder of its own; link.c has the list.
 */
#ifndef BROKER_LINK_H
#define BROKER_LINK_H

#include <czmq.h>
#include <uv.h>

#include "broker/config.h"
#include "broker/counters.h"
#include "broker/link/websocket.h"
#include "hbus/command.h"
#include "hbus/event.h"
#include "proto/upstream/answer.h"

typedef struct upstream_link upstream_link;

/* What became of a request. */
typedef enum link_result {
  LINK_ANSWERED,   /* `answer` has it. Final */
  LINK_UNREADABLE, /* answered, but not in a way that can be read. Final */
  LINK_TIMED_OUT,  /* not answered in time; an answer may still come, and one more outcome certainly does */
  LINK_LOST,       /* the connection went, or the answer came so late that nobody waits any more. Final */
  LINK_NOT_SENT    /* it waited for its turn, and never left: nothing was done. `code` says why. Final */
} link_result;

typedef struct link_outcome {
  link_result result;
  bool late;                     /* a LINK_TIMED_OUT came before */
  const upstream_answer *answer; /* for the length of the call */
  hbus_status code;              /* of LINK_NOT_SENT: RATE_LIMITED, EXPIRED, LINK_DOWN, OVERLOADED */
  const char *why;               /* of LINK_NOT_SENT: a sentence; NULL: the code says all */
  uint64_t rx_ns;                /* broker's real-time clock */
} link_outcome;

/* Called for each outcome, from the loop or from link_withdraw, never from within link_request. After a final one `arg`
 * is not used again. */
typedef void link_outcome_fn(void *arg, const link_outcome *outcome);

typedef struct link_callbacks {
  /* An event, its rx_ns filled in. For an order, event->client_order_id is the id that was sent upstream. */
  void (*on_event)(void *arg, hbus_event *event);
  /* The status has changed. */
  void (*on_status)(void *arg, const hbus_link *status);
  /* Authenticated: ask for what is wanted again, then call link_resubscribed. */
  void (*on_resubscribe)(void *arg);
  /* Compare live and unknown orders with what upstream has, then call link_reconciled. */
  void (*on_reconcile)(void *arg);
} link_callbacks;

typedef struct link_options {
  uv_loop_t *loop;
  websocket_context *websockets;
  const config *config;
  logger *log;
  counters *counters;
  const link_callbacks *callbacks;
  void *arg;
} link_options;

/* Makes the link of config->upstream.dialect; it does nothing yet. HBUS_INVALID_REQUEST (no such dialect, no API key),
 * HBUS_NO_MEMORY. */
hbus_status link_new(upstream_link **out, const link_options *options, hbus_error *error);
/* Begins to connect, and from then on keeps trying. */
void link_start(upstream_link *self);
/* Closes the connection; every request under way gets LINK_LOST before this returns, and no callback comes after. The
 * loop must run once more. */
void link_destroy(upstream_link **self);

/* The present status; `reason` is the link's. */
const hbus_link *link_status(const upstream_link *self);

/* Fails with `code`, the reason for which link_request refused, in words that say what the link's status is when that
 * is why. Returns the code. */
hbus_status link_fail(const upstream_link *self, hbus_status code, hbus_error *error);

/* How often the status has become connected: the same number is the same connection. */
uint64_t link_connection(const upstream_link *self);

/* Whether questions can be asked and orders cancelled. New orders are taken only when the status is connected. */
bool link_is_open(const upstream_link *self);

/* What on_resubscribe and on_reconcile asked for is done. They do nothing when the connection has gone in the meantime.
 */
void link_resubscribed(upstream_link *self);
void link_reconciled(upstream_link *self);

/* Whether orders of this type can be placed. */
bool link_has_order_type(const upstream_link *self, hbus_order_type type);

/* Asks upstream what `command` asks, now or when the pace allows it (pacer.h); `owner` is who asks, with whom others
 * share the pace fairly, "" for the broker itself. `upstream_id` goes with a create. HBUS_OK: `done` will be called.
 * Otherwise nothing was sent and `done` is never called: HBUS_LINK_DOWN, HBUS_OVERLOADED, HBUS_UNSUPPORTED (the dialect
 * has no such request). */
hbus_status link_request(upstream_link *self, const hbus_command *command, const char *owner, const char *upstream_id,
                         link_outcome_fn *done, void *arg);

/* Takes back a create that waits for its turn, by the id that would go upstream with it. True: its outcome was
 * LINK_NOT_SENT with HBUS_EXPIRED, before this returned. False: there is none, or it is written already. */
bool link_withdraw(upstream_link *self, const char *upstream_id);

/* Requests that may go now without waiting, below zero when cancels have overdrawn the pace, INT64_MAX without a limit;
 * and requests that wait. */
int64_t link_headroom(const upstream_link *self);
size_t link_waiting(const upstream_link *self);

/* Whether an outcome tells what became of the request. An answer that says no more than that Hummingbot, or the
 * exchange behind it, did not hear in time is none: the exchange may have done what was asked. */
bool link_outcome_is_answer(const link_outcome *outcome);

/* Of one that is none: why, as a reply's code and as a sentence. */
hbus_status link_outcome_code(const link_outcome *outcome);
const char *link_outcome_text(const link_outcome *outcome);

/* For dialects. */

typedef struct link_dialect {
  const char *name;
  hbus_status (*create)(upstream_link **out, const link_options *options, hbus_error *error);
  void (*start)(upstream_link *self);
  void (*destroy)(upstream_link *self);
  const hbus_link *(*status)(const upstream_link *self);
  bool (*is_open)(const upstream_link *self);
  void (*resubscribed)(upstream_link *self);
  void (*reconciled)(upstream_link *self);
  bool (*has_order_type)(hbus_order_type type);
  hbus_status (*request)(upstream_link *self, const hbus_command *command, const char *upstream_id,
                         link_outcome_fn *done, void *arg);
} link_dialect;

/* The first member of every dialect's own struct. */
struct upstream_link {
  const link_dialect *dialect;
  const config *config;
  logger *log;
  counters *counters;
  const link_callbacks *callbacks;
  void *arg;
  uint64_t connections; /* link_connection */
  struct pacer *pacer;
  zhashx_t *creates;     /* those that wait for their turn, by upstream id */
  uint64_t told_pace_ms; /* monotonic clock, when the bus last heard of it */
};

/* As link_new, with the dialect at hand. */
hbus_status link_new_of(upstream_link **out, const link_dialect *dialect, const link_options *options,
                        hbus_error *error);
/* The connection is gone: what waits for its turn gets LINK_NOT_SENT. */
void link_drop_waiting(upstream_link *self);
/* The status is about to become connected. */
void link_note_connected(upstream_link *self);
/* Upstream has answered: "too many requests" slows the pace down. */
void link_note_answer(upstream_link *self, const upstream_answer *answer);

#endif
