/* Holds what the readers of chaos_events were shown against what was published. */
#ifndef CHAOS_EXAMINER_H
#define CHAOS_EXAMINER_H

#include "tests/chaos/canon.h"
#include "tests/chaos/diary.h"

typedef struct examiner {
  canon *canon;
  unsigned markets; /* upstream sends about so many, in turn */

  uint64_t diaries, ends; /* those that came to an end in order */
  uint64_t events;        /* checked */

  /* None of these may be. */
  uint64_t unreported;   /* events that a reader was not shown, and not told that they are lost */
  uint64_t duplicated;   /* events that it was shown again */
  uint64_t reordered;    /* events that it was shown behind a later one, or after it was told that they are lost */
  uint64_t divergent;    /* events whose body is not that of others under the same number */
  uint64_t foreign;      /* events that are not what upstream sent in that place */
  uint64_t unjournaled;  /* private events that are not in the journal */
  uint64_t lost_private; /* events of the private stream told of as lost, which the journal has */
  uint64_t broken;       /* diaries that cannot be read */

  /* These may. */
  uint64_t lost;         /* events that readers were told are lost */
  uint64_t repaired;     /* ... were missed on the way, and got in place */
  uint64_t notices_lost; /* how often they were told so */
  uint64_t notices_repaired;
  uint64_t notices_other;
  uint64_t snapshots; /* stamps of them */
  uint64_t told;      /* violations that were printed one by one, or would have been */
  uint64_t skipped;   /* books left out for who wants the newest alone */
} examiner;

void examiner_init(examiner *self, canon *canon, unsigned markets);
/* Takes the diary at that path. */
void examiner_read(examiner *self, const char *path);

#endif
