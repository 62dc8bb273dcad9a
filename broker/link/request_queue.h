/* Requests that wait for the rate budget and for the socket, and which of them goes next.
 *
 * Three classes. Cancels come first, and at once: they overdraw the budget. Then creates, then reads; a class whose own
 * budget is spent does not hold up the one after it. Within a class the owners take turns, and what one owner asked for
 * stays in its order: a peer with a thousand reads delays another's first one by one request.
 *
 * Pure: times are milliseconds of one clock, the budget's. Each call costs at most the logarithm of what is queued.
 */
#ifndef BROKER_REQUEST_QUEUE_H
#define BROKER_REQUEST_QUEUE_H

#include <stddef.h>

#include "broker/link/token_bucket.h"
#include "hbus/status.h"

typedef enum request_class { REQUEST_CANCEL, REQUEST_CREATE, REQUEST_READ, REQUEST_CLASSES } request_class;

/* What may be sent: a request takes a token of both buckets. A bucket of rate 0 is no limit. */
typedef struct request_budget {
  token_bucket all;
  token_bucket by_class[REQUEST_CLASSES];
} request_budget;

/* A deadline that does not come. */
#define REQUEST_QUEUE_NO_DEADLINE UINT64_MAX

/* What request_queue_next_in_ms says of an empty queue. */
#define REQUEST_QUEUE_NEVER UINT64_MAX

typedef struct request_queue request_queue;

/* Where a request is in the queue, for as long as it is there. */
typedef struct request request_place;

/* `capacity`: requests of all classes, at least 1, of which the last `for_cancels`, fewer than `capacity`, are kept for
 * cancels: a full queue of others must not refuse them. NULL: no memory. */
request_queue *request_queue_new(size_t capacity, size_t for_cancels);
/* The items are the caller's: take them out first (request_queue_pop_any); what is left is forgotten. */
void request_queue_destroy(request_queue **self);

/* Puts `item`, not NULL, at the end of what `owner` has in this class. `owner` is a text of at most HBUS_NAME_MAX
 * bytes, and is copied. *place (unless NULL) is for request_queue_remove. HBUS_OVERLOADED: no place is left;
 * HBUS_NO_MEMORY. */
hbus_status request_queue_push(request_queue *self, request_class class, const char *owner, void *item,
                               uint64_t deadline_ms, request_place **place);

/* Takes out a request that is there, and gives its item. */
void *request_queue_remove(request_queue *self, request_place *place);

/* Takes out the request that goes next, with its tokens; NULL: none may go now. A cancel goes whatever its deadline
 * says. Others wait while there is something for request_queue_pop_expired, which is to be called first. */
void *request_queue_pop(request_queue *self, request_budget *budget, uint64_t now_ms);

/* Takes out the request with the earliest deadline, and of several with the same the one that came first, if that
 * deadline is at or before `now_ms`; NULL: no deadline has passed. */
void *request_queue_pop_expired(request_queue *self, uint64_t now_ms);

/* Takes out the next request without asking budget or time; NULL: the queue is empty. */
void *request_queue_pop_any(request_queue *self);

/* In how many ms request_queue_pop or request_queue_pop_expired will give something out, if nothing changes before; 0:
 * now; REQUEST_QUEUE_NEVER: the queue is empty. */
uint64_t request_queue_next_in_ms(const request_queue *self, const request_budget *budget, uint64_t now_ms);

/* Requests of one class. */
size_t request_queue_size(const request_queue *self, request_class class);

/* Owners that have requests in this class. */
size_t request_queue_owners(const request_queue *self, request_class class);

#endif
