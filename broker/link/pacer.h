/* Keeps the pace that upstream allows: what may be sent now is sent now, the rest waits its turn (request_queue.h).
 *
 * Cancels are never kept. Creates wait at most upstream.rate_limit.queue_ms, reads at most upstream.request_timeout_ms.
 */
#ifndef BROKER_PACER_H
#define BROKER_PACER_H

#include <uv.h>

#include "broker/config.h"
#include "broker/link/request_queue.h"

typedef struct pacer pacer;

typedef struct pacer_callbacks {
  /* The item's turn has come. */
  void (*send)(void *arg, void *item);
  /* It waited as long as it may, and is not sent. */
  void (*expire)(void *arg, void *item);
} pacer_callbacks;

/* `capacity`: requests that wait. NULL: no memory. */
pacer *pacer_new(uv_loop_t *loop, const config *config, size_t capacity, const pacer_callbacks *callbacks, void *arg);
/* Nothing may wait any more (pacer_take_any). The loop must run once more. */
void pacer_destroy(pacer **self);

/* Whether a request of this class may be sent at once; if so it has its tokens. */
bool pacer_may_send(pacer *self, request_class class);
/* Keeps an item until its turn. `expires_ms`: unix ms, the command's own; 0: none. *place is for pacer_withdraw, until
 * a callback has the item. HBUS_OVERLOADED. */
hbus_status pacer_keep(pacer *self, request_class class, const char *owner, void *item, uint64_t expires_ms,
                       request_place **place);
/* An item that waits is not wanted any more; gives it back. */
void *pacer_withdraw(pacer *self, request_place *place);
/* The next of what waits, whatever the pace; NULL: nothing does. For when the link is lost. */
void *pacer_take_any(pacer *self);

/* Upstream has said that there were too many requests. False: it has just said so, and the pace is slow already. */
bool pacer_slow_down(pacer *self);

/* How many requests may go now, of all kinds: INT64_MAX without a limit, below zero when cancels have overdrawn it. */
int64_t pacer_headroom(const pacer *self);
/* Requests that wait. */
size_t pacer_waiting(const pacer *self);

#endif
