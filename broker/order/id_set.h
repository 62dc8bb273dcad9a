/* Every client_order_id that was ever used and is still kept, with its owner (ORDERS.md, rule 5): far more than there
 * are orders in memory. What is here is looked up in the journal; what is not here was never used.
 *
 * It keeps hashes of 64 bits, so two ids may pass for one: once in 2^64 / size look-ups of an id that is new, which
 * costs a look into the journal. Nobody can choose ids that collide, since the hash has a key of its own. At most 15
 * bytes an id once there are many; growing moves a 256th of them at a time.
 */
#ifndef BROKER_ID_SET_H
#define BROKER_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hbus/status.h"

typedef struct id_set id_set;

/* `limit`: ids. NULL: no memory, or no randomness for the key. */
id_set *id_set_new(uint64_t limit);
void id_set_destroy(id_set **self);

/* Adds it, unless it is here. HBUS_OVERLOADED: there are as many as may be; HBUS_NO_MEMORY. */
hbus_status id_set_add(id_set *self, const char *owner, const char *client_order_id);
/* False: it was never added. True: it was, or by a chance that can be left out of account another was. */
bool id_set_has(const id_set *self, const char *owner, const char *client_order_id);

uint64_t id_set_size(const id_set *self);
/* What its tables take. */
size_t id_set_bytes(const id_set *self);

#endif
