/* After a reconnect: everything that is wanted is asked of upstream again, a window of requests at a time. */
#ifndef BROKER_RESUBSCRIBE_H
#define BROKER_RESUBSCRIBE_H

#include "broker/command/command_path.h"

typedef struct resubscribe resubscribe;
/* NULL: no memory. */
resubscribe *resubscribe_new(command_path *path);
void resubscribe_destroy(resubscribe **self);
/* Begins; link_resubscribed is called when each subscription has had its answer, also where that is an error. A
 * connection that is lost on the way ends it: the next one begins anew. */
void resubscribe_start(resubscribe *self);

#endif
