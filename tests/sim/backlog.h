/* Requests that have arrived and are not done yet: they stand in some buffer of Hummingbot's, and outlive the
 * connection that brought them. */
#ifndef SIM_BACKLOG_H
#define SIM_BACKLOG_H

#include <stdbool.h>

#include "tests/sim/message.h"

#define BACKLOG_MAX 1024

typedef struct backlog_item backlog_item;

/* All zero: empty. */
typedef struct backlog {
  backlog_item *first;
  backlog_item *last;
  size_t count;
} backlog;

/* Puts a copy of a request behind the others. False: no memory, or BACKLOG_MAX. */
bool backlog_add(backlog *self, const char *text, size_t size);
/* Takes out the first one, the caller's to drop. NULL: there is none. */
message *backlog_take(backlog *self);
void backlog_free(backlog *self);

#endif
