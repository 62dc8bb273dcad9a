/* The class of an upstream error: its code first, its text after. One table, in error_class.c. */
#ifndef PROTO_UPSTREAM_ERROR_CLASS_H
#define PROTO_UPSTREAM_ERROR_CLASS_H

#include "hbus/types.h"

/* `code` and `message` as upstream sent them, each may be absent. Never HBUS_OK; HBUS_UPSTREAM_ERROR when nothing fits.
 */
hbus_status error_class(hbus_text code, hbus_text message);

#endif
