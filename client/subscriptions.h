/* Market subscriptions that the broker keeps for this connection, and that must be said again on the next one. */
#ifndef CLIENT_SUBSCRIPTIONS_H
#define CLIENT_SUBSCRIPTIONS_H

#include "hbus/client.h"

typedef struct subscription {
  hbus_channel channel;
  hbus_name exchange;
  hbus_name market;
} subscription;

typedef struct subscriptions {
  subscription *items;
  unsigned count;
  unsigned capacity;
} subscriptions;

void subscriptions_free(subscriptions *self);
/* Adds the market of a subscribe command; nothing happens if it is there. HBUS_OVERLOADED: HBUS_SUBSCRIPTIONS_MAX;
 * HBUS_NO_MEMORY. */
hbus_status subscriptions_add(subscriptions *self, const hbus_command *command);
void subscriptions_remove(subscriptions *self, const hbus_command *command);

#endif
