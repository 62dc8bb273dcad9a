/* All that can refuse a command, in one function, in the order of ORDERS.md, rule 1. */
#ifndef BROKER_GATE_H
#define BROKER_GATE_H

#include "broker/command/command_path.h"

typedef enum gate_verdict {
  GATE_PASS,
  GATE_REFUSE, /* `error` has the code and the words */
  GATE_REPEAT, /* a create that was seen before: `repeat` is its order */
  GATE_LOOK_UP /* a create whose order is not in memory any more: the journal has it */
} gate_verdict;

/* The first gate, decode, is behind it: the command could be read. `looked_up`: the journal has been asked already. */
gate_verdict gate_pass(const command_path *self, session *session, const hbus_command *command, bool looked_up,
                       order **repeat, hbus_error *error);

#endif
