/* Which order is meant: the third positional is upstream's id, --id the caller's own. */
#ifndef TOOL_ORDER_ID_H
#define TOOL_ORDER_ID_H

#include "client/tool/peer.h"

/* A command about one order; usage is reported. */
outcome order_id_command(const verb *verb, const arguments *arguments, hbus_command_kind kind, hbus_command *out);

#endif
