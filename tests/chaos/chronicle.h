/* What was said on the private stream: as it was heard, and as the journal has it. The two must be one: what was heard
 * was in the journal before, and no number stands for two events. The journal has also what nobody heard because the
 * broker had just come up.
 */
#ifndef CHAOS_CHRONICLE_H
#define CHAOS_CHRONICLE_H

#include "proto/event_codec.h"
#include "tests/chaos/ledger_reader.h"

typedef struct chronicle {
  zhashx_t *heard; /* "topic#seq" → a digest of the body, in place of a pointer */
  event_unpacker *unpacker;
  uint64_t events_heard;
  uint64_t two_of_a_number; /* heard, or heard and journaled, with two bodies */
  uint64_t events;          /* in the journal */
  uint64_t gaps;            /* numbers there that do not follow the one before */
  uint64_t broken;          /* what could not be read */
  uint64_t not_journaled;   /* heard, and not there */
  uint64_t trades;          /* fills with a trade_id */
  uint64_t trades_refused;  /* ... that the ledger has not, or that came twice */
  uint64_t inferred;        /* fills without one */
  uint64_t early;           /* orders told with more `filled` than their fills before */
  uint64_t backwards;       /* orders told with a lower rev than before, or otherwise with the same */
} chronicle;

void chronicle_init(chronicle *self);
void chronicle_free(chronicle *self);
void chronicle_hear(chronicle *self, const char *topic, uint64_t seq, const uint8_t *body, size_t size);
/* Reads all events of the journal at `path`, which nobody writes any more, into the tickets (`told`, `last`), and takes
 * their fills out of the ledger's. False: it cannot be read; *why says why. */
bool chronicle_read(chronicle *self, const char *path, ticket_table *tickets, ledger_reader *ledger, const char **why);

#endif
