/* A page of a snapshot, as the broker tells it: how it is printed. */
#ifndef TOOL_SNAPSHOT_H
#define TOOL_SNAPSHOT_H

#include "hbus/command.h"

/* One that stands among events, in one line: what it holds, or as JSON {"snapshot": {...}}. */
void snapshot_print(const hbus_reply *reply, bool json);

#endif
