/* What the command line says, taken apart and checked. */
#ifndef TOOL_ARGUMENTS_H
#define TOOL_ARGUMENTS_H

#include <stdio.h>

#include "hbus/client.h"

typedef struct verb verb;

/* Options that only some verbs take. */
enum {
  ARGUMENT_COUNT = 1 << 0,
  ARGUMENT_NO_SUBSCRIBE = 1 << 1,
  ARGUMENT_STOP_PRICE = 1 << 2,
  ARGUMENT_ID = 1 << 3,
  ARGUMENT_EXPIRES = 1 << 4,
  ARGUMENT_DEPTH = 1 << 5,
  ARGUMENT_LIMIT = 1 << 6,
  ARGUMENT_WAIT = 1 << 7,
  ARGUMENT_SIDE = 1 << 8,
  ARGUMENT_OWNER = 1 << 9,
  ARGUMENT_SOURCE = 1 << 10,
  ARGUMENT_RESOLUTION = 1 << 11,
  ARGUMENT_STREAM = 1 << 12,
  ARGUMENT_BALANCES = 1 << 13,
  ARGUMENT_TEXT = 1 << 14
};

typedef struct arguments {
  hbus_options options; /* endpoints and name */
  bool help;
  bool json;
  int timeout_ms; /* 0: the library's default */
  uint64_t count; /* 0: not said; the rest likewise */
  uint64_t depth;
  uint64_t limit;
  uint64_t expires_ms; /* from now */
  uint64_t epoch;
  bool no_subscribe;
  bool balances;
  bool text;
  const char *wait; /* NULL: not said; "": said without a value */
  const char *stop_price;
  const char *client_order_id;
  const char *order_id;
  const char *owner;
  bool failed;
  unsigned side;   /* hbus_side */
  unsigned source; /* hbus_position_source */
  unsigned stream; /* hbus_stream */
  char **positionals;
  int positional_count;
} arguments;

/* Reads what stands behind the verb; argv[0] is the verb's last word, and is not read. HBUS_INVALID_REQUEST: error says
 * what is wrong. With --help nothing else is checked. */
hbus_status arguments_parse(const verb *verb, int argc, char **argv, arguments *out, hbus_error *error);

/* Lists the options that a verb takes. */
void arguments_print_help(unsigned options, FILE *out);

#endif
