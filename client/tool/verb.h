/* A verb of the tool: what it is called, what it takes, and the call that does it. Each has a file of its own; verbs.c
 * has the table of all of them. */
#ifndef TOOL_VERB_H
#define TOOL_VERB_H

#include "client/tool/arguments.h"

/* Exit statuses. */
typedef enum outcome {
  OUTCOME_DONE = 0,
  OUTCOME_REFUSED = 1,     /* by the broker or by Hummingbot */
  OUTCOME_USAGE = 2,       /* the arguments make no sense */
  OUTCOME_UNREACHABLE = 3, /* nobody there, or no answer in time */
  OUTCOME_UNKNOWN = 4      /* it may have been done */
} outcome;

struct verb {
  const char *name;       /* "order create" */
  const char *parameters; /* "EXCHANGE MARKET ..." */
  const char *summary;    /* one line */
  const char *details;    /* what else --help says; NULL: nothing */
  unsigned options;       /* ARGUMENT_... bits beside those that every verb takes */
  int positionals_min;
  int positionals_max;
  outcome (*run)(const struct verb *self, const arguments *arguments);
};

extern const verb verb_balances, verb_book, verb_cancel_all, verb_order_cancel, verb_order_create, verb_order_history,
    verb_order_list, verb_order_resolve, verb_order_status, verb_ping, verb_positions, verb_publish, verb_replay,
    verb_snapshot, verb_status, verb_tail, verb_ticker;

/* The verb that argv[1] (and argv[2]) name, and in *words how many words that took; NULL: none. */
const verb *verb_find(int argc, char **argv, int *words);
/* "hbus --help". */
void verb_print_all(FILE *out);
/* The verbs of two words that begin with this one: "hbus order --help". False: there is none, nothing was printed. */
bool verb_print_group(const char *word, FILE *out);
/* "hbus VERB --help". */
void verb_print_help(const verb *self, FILE *out);

#endif
