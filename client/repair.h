/* The library's own conversation with the broker about events: the last numbers of what is watched, replays, snapshots,
 * and what the program has had (acks).
 */
#ifndef CLIENT_REPAIR_H
#define CLIENT_REPAIR_H

#include "client/client.h"

/* All parts but the tracker, which needs its bounds. HBUS_NO_MEMORY. */
hbus_status repair_open(hbus_client *self, const hbus_options *options);
void repair_close(hbus_client *self);

/* Asks what there is to ask, without waiting. Not before the broker knows who we are. */
void repair_progress(hbus_client *self);
/* The reply to something that was asked. */
void repair_learn(hbus_client *self, const pending_command *command);
/* The connection is new: nothing that was asked is answered, and what was missed is to be found out. */
void repair_lose(hbus_client *self);
/* The broker has accepted us. */
void repair_on_hello(hbus_client *self);
/* It is not sure that nothing was missed on this stream. */
void repair_doubt(hbus_client *self, hbus_stream stream);
/* When there is something to do; UINT64_MAX: never, as it is. */
uint64_t repair_deadline(const hbus_client *self);

#endif
