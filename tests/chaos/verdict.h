/* What a ticket's owner was told, held against the ledger. */
#ifndef CHAOS_VERDICT_H
#define CHAOS_VERDICT_H

#include "tests/chaos/ticket.h"

typedef enum verdict {
  VERDICT_TRUE,       /* the two agree */
  VERDICT_LISTED,     /* without ids: unknown, and the right order is among its candidates */
  VERDICT_NOT_KNOWN,  /* without ids: unknown, and it never arrived, which nobody can prove */
  VERDICT_BEHIND,     /* another state or another filled than the ledger's: it may be on its way */
  VERDICT_UNRESOLVED, /* unknown, though the truth can be found */
  VERDICT_SENT,       /* said not to have been sent, and the ledger has it */
  VERDICT_WRONG,      /* said to be another order, or to have failed, which it has not */
  VERDICT_COUNT
} verdict;

const char *verdict_name(verdict is);
/* Whether it violates what was promised, once there was time for the news to come. */
bool verdict_is_bad(verdict is);
/* `keeps_ids`: the simulator keeps the ids that it is sent. */
verdict verdict_of(const ticket *about, const ticket_picture *picture, bool keeps_ids);
/* Prints what the two say. */
void verdict_tell(const ticket *about, verdict is);

#endif
