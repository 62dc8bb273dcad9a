/* Waiting for the broker's link to Hummingbot. */
#ifndef TOOL_LINK_WAIT_H
#define TOOL_LINK_WAIT_H

#include "hbus/calls.h"

/* Waits until the link has the status `wanted`, at most until deadline_ms (monotonic), and gives the broker's own
 * account of its state then. HBUS_TIMEOUT: it did not come; `error` says what the link is instead, and why. Others are
 * those of hbus_broker_status. *out is the caller's to free, and untouched unless HBUS_OK is returned. */
hbus_status link_wait(hbus_client *client, hbus_link_status wanted, uint64_t deadline_ms, hbus_document *out,
                      hbus_error *error);

#endif
