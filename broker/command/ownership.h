/* Whose orders a peer may see and cancel: its own. The names in access.reach_all reach everyone's. */
#ifndef BROKER_OWNERSHIP_H
#define BROKER_OWNERSHIP_H

#include "broker/config.h"
#include "hbus/types.h"

/* Whether `name` reaches the orders of all. */
bool ownership_reaches_all(const config *config, const char *name);
/* Whether `name` reaches the orders of `owner`; "": of nobody that the broker knows. */
bool ownership_reaches(const config *config, const char *name, const char *owner);

#endif
