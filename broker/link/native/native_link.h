/* The link in the native dialect: one WebSocket, many requests at once, matched by id. */
#ifndef BROKER_NATIVE_LINK_H
#define BROKER_NATIVE_LINK_H

#include "broker/link/link.h"

extern const link_dialect native_link;

#endif
