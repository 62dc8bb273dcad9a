/* The tool's side of a conversation with the broker: connecting, asking, and saying what went wrong. */
#ifndef TOOL_PEER_H
#define TOOL_PEER_H

#include <msgpack.h>

#include "client/tool/verb.h"
#include "hbus/client.h"

/* Prints "hbus VERB: CODE: text" on stderr and gives the exit status that the failure has. */
outcome peer_report(const verb *verb, const hbus_error *error);
/* The same for a mistake in the arguments. */
outcome peer_report_usage(const verb *verb, const hbus_error *error);

/* Connects; `streams`: whether events are wanted too. OUTCOME_DONE and a client, or what was reported. */
outcome peer_connect(const verb *verb, const arguments *arguments, bool streams, hbus_client **out);

/* Whether all that was printed has gone out; a reader that went away is no mistake, but the end. */
bool peer_flush(void);

/* What peer_fetch does with each record, which lives only that long. */
typedef void peer_record_fn(const msgpack_object *record, void *context);

/* Sends the command and gives its data to `each`, page by page: each page's map, or every item of a list, up to limit
 * records (0: all). Reports what goes wrong. */
outcome peer_fetch(const verb *verb, const arguments *arguments, hbus_command *command, size_t limit,
                   peer_record_fn *each, void *context);

/* A command about the exchange and market that the first positionals name; usage is reported. */
outcome peer_command(const verb *verb, const arguments *arguments, hbus_command_kind kind, hbus_command *out);

/* Puts --owner, if there is one, into the command. */
void peer_set_owner(const arguments *arguments, hbus_command *command);

/* Reads what a reply carries; msgpack_unpacked_destroy(out) afterwards, also on failure. HBUS_MALFORMED: it is no
 * msgpack, or there was no memory. */
hbus_status peer_unpack(hbus_bytes data, msgpack_unpacked *out, hbus_error *error);

/* The value of a key in a map; NULL: there is none, or this is no map. */
const msgpack_object *peer_get(const msgpack_object *map, const char *key);

#endif
