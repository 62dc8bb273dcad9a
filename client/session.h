/* The command connection: who we are on it, and every reply that comes over it. */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "client/client.h"

/* Does what there is to do, without waiting: notices connections made and lost, says hello again and renews market
 * subscriptions, asks for our orders, gives each reply to its command, and answers commands that are past their
 * deadline. */
void session_progress(hbus_client *self);

/* Who we are, and what becomes of our orders without us. */
hbus_command session_hello(const hbus_client *self);

/* Packs `command` with a new id and sends it. On HBUS_OK *out is its slot, in which the reply will be.
 * HBUS_OVERLOADED: no slot is free; HBUS_TIMEOUT: no connection, nothing was sent; others: it cannot be packed. */
hbus_status session_send(hbus_client *self, pending_owner owner, hbus_command *command, int timeout_ms,
                         pending_command **out, hbus_error *error);

/* Asks for the broker's clock if the estimate has grown old; does not wait. */
void session_refresh_clock(hbus_client *self);

/* What sockets_wait should wait for, beside replies. */
unsigned session_wants(const hbus_client *self);

/* How long to wait until `deadline_ms` or something earlier that is due here; -1: for ever. */
int session_wait_ms(const hbus_client *self, uint64_t deadline_ms);

#endif
