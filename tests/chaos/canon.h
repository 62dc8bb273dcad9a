/* What was published, as far as chaos_events knows it: of every number of every topic the digest of its body, from the
 * journal or from the first reader that was shown it, and what upstream calls it.
 *
 * The numbers of a market topic are those of an epoch. Those of a private topic go on from epoch to epoch, and are held
 * here as if of epoch 0. */
#ifndef CHAOS_CANON_H
#define CHAOS_CANON_H

#include "hbus/types.h"

typedef struct canon_numbers {
  uint64_t epoch;
  uint64_t last;      /* the highest that is known to be there */
  uint32_t *digests;  /* by number; 0: not known */
  uint64_t capacity;  /* of them */
  bool has_offset;    /* ... below */
  uint64_t offset;    /* what upstream counts, less the number: the same for all of them */
  uint64_t journaled; /* how many came from the journal */
} canon_numbers;

typedef struct canon_topic {
  hbus_stream stream;
  char text[HBUS_TOPIC_MAX + 1];
  uint64_t final; /* where the broker said in the end that it stands, in the latest epoch; 0: it did not say */
  canon_numbers *epochs;
  size_t epoch_count;
} canon_topic;

typedef struct canon {
  canon_topic **topics;
  size_t topic_count;
  uint64_t epoch; /* the latest */
  uint64_t journal_broken;
} canon;

void canon_free(canon *self);

/* Adds what is not there yet. What is returned stays where it is until the next call with another epoch. */
canon_topic *canon_topic_of(canon *self, hbus_stream stream, const char *text);
canon_numbers *canon_numbers_of(canon_topic *topic, uint64_t epoch);

/* A body was seen under this number. False: there was another before. */
bool canon_take(canon_numbers *self, uint64_t seq, uint32_t digest);
/* Whether anybody knows the body of this number. */
bool canon_has(const canon_numbers *self, uint64_t seq);

/* The broker says in the end that this is the last number. */
void canon_set_final(canon *self, hbus_stream stream, const char *text, uint64_t epoch, uint64_t final);

/* Takes the events of a journal. False: it cannot be read, and *why says so. */
bool canon_read_journal(canon *self, const char *path, const char **why);

/* Numbers that were given out, of all topics but those of the system. */
uint64_t canon_published(const canon *self);

#endif
