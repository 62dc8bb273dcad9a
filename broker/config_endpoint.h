/* An address that the broker listens at. */
#ifndef BROKER_CONFIG_ENDPOINT_H
#define BROKER_CONFIG_ENDPOINT_H

#include "hbus/status.h"

/* tcp:// on loopback with a port, or `*` for any free one; or ipc:// with a path. Nothing listens outside of this
 * machine without CURVE. HBUS_INVALID_REQUEST with what is wrong in `error`. */
hbus_status config_endpoint_check(const char *text, hbus_error *error);

#endif
