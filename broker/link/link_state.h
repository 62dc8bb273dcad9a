/* The life of a link, as a pure machine: (state, event, time) → what to do next.
 *
 *   waiting → opening → authenticating → resubscribing → reconciling → up
 *      ↑__________|____________|________________|______________|________|   whenever the connection ends
 *
 * New orders are taken in `up` alone: only then is it known what became of the ones before. Questions and cancels go
 * through from `resubscribing` on.
 */
#ifndef BROKER_LINK_STATE_H
#define BROKER_LINK_STATE_H

#include "hbus/types.h"

typedef enum link_phase {
  LINK_PHASE_STOPPED,
  LINK_PHASE_WAITING, /* for the time of the next attempt */
  LINK_PHASE_OPENING, /* name, connection, TLS, handshake */
  LINK_PHASE_AUTHENTICATING,
  LINK_PHASE_RESUBSCRIBING, /* authenticated; what is wanted is asked for again */
  LINK_PHASE_RECONCILING,   /* live and unknown orders are compared with what upstream has */
  LINK_PHASE_UP,
  LINK_PHASE_COUNT
} link_phase;

typedef enum link_event {
  LINK_EVENT_START,
  LINK_EVENT_TIMER, /* the wait is over */
  LINK_EVENT_OPENED,
  LINK_EVENT_ACCEPTED,     /* the API key was */
  LINK_EVENT_REFUSED,      /* it was not */
  LINK_EVENT_RESUBSCRIBED, /* every subscription has been answered */
  LINK_EVENT_RECONCILED,
  LINK_EVENT_CLOSED, /* the connection ended, or could not be made */
  LINK_EVENT_STOP,
  LINK_EVENT_COUNT
} link_event;

/* What the machine wants done; more than one at once. */
enum {
  LINK_DO_WAIT = 1 << 0, /* then LINK_EVENT_TIMER, after delay_ms */
  LINK_DO_CONNECT = 1 << 1,
  LINK_DO_AUTHENTICATE = 1 << 2,
  LINK_DO_RESUBSCRIBE = 1 << 3,
  LINK_DO_RECONCILE = 1 << 4,
  LINK_DO_CLOSE = 1 << 5, /* the connection; LINK_EVENT_CLOSED follows */
  LINK_DO_TELL = 1 << 6   /* the status has changed */
};

typedef struct link_step {
  unsigned actions;
  uint64_t delay_ms;
} link_step;

typedef struct link_state {
  uint64_t reconnect_min_ms;
  uint64_t reconnect_max_ms;
  uint64_t refused_retry_ms;

  link_phase phase;
  bool refused;     /* at the last attempt */
  unsigned attempt; /* since the link was last up for as long as the longest wait */
  uint64_t up_since_ms;
} link_state;

/* The machine before it starts. */
void link_state_init(link_state *self, uint64_t reconnect_min_ms, uint64_t reconnect_max_ms, uint64_t refused_retry_ms);

/* Takes an event. One that the present phase does not expect (an answer of a connection that is gone) changes nothing.
 * `now_ms` is monotonic; `random` any 32 bits, for the jitter. */
link_step link_state_take(link_state *self, link_event event, uint64_t now_ms, uint32_t random);

/* What peers are told. `error` is a key that was refused: it wants a person. */
hbus_link_status link_state_status(const link_state *self);

/* Whether requests may be sent: the connection is authenticated. */
bool link_state_is_open(const link_state *self);

const char *link_phase_name(link_phase phase);

#endif
