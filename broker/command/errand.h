/* What the broker asks of upstream on its own account. No peer waits for the answer; a refusal is logged, and told as
 * an ERROR event. */
#ifndef BROKER_ERRAND_H
#define BROKER_ERRAND_H

#include "broker/command/command_path.h"

/* Called once the errand is over, however it went. */
typedef void errand_fn(void *arg);

/* Each does nothing while the link is down. `what` has channel, exchange and market. */

/* Returns whether it is on its way, and `done` will be called. */
bool errand_subscribe(command_path *path, const hbus_command *what, errand_fn *done, void *arg);
void errand_unsubscribe(command_path *path, const hbus_command *what);

/* Asks for the order that `what` names, and publishes its state. */
void errand_get_order(command_path *path, const hbus_command *what);

#endif
