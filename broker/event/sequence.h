/* The topics of one stream: the last number given out for each, which of them have moved, and where their events lie.
 *
 * A topic that was numbered once stays.
 */
#ifndef BROKER_SEQUENCE_H
#define BROKER_SEQUENCE_H

#include "broker/event/ring.h"
#include "proto/topic.h"

typedef struct numbered_topic numbered_topic;
struct numbered_topic {
  char *text;
  size_t size;
  uint64_t last;    /* the number given last, from 1; 0: none yet */
  ring_track track; /* its events that can be had again, where the stream keeps a ring */
  bool moved;       /* since sequence_take_moved gave it */
  numbered_topic *next_moved;
};

typedef struct sequence sequence;
/* Numbers at most `capacity` topics. NULL: no memory. */
sequence *sequence_new(uint64_t capacity);
void sequence_destroy(sequence **self);

/* Gives a topic its next number, from 1, by one: *out is the topic, whose `last` it is. HBUS_OVERLOADED: one topic too
 * many; HBUS_NO_MEMORY. */
hbus_status sequence_next(sequence *self, const topic *topic, numbered_topic **out);
/* Goes on from a number that was given before. Fails likewise. */
hbus_status sequence_restore(sequence *self, const char *topic, uint64_t last);
/* NULL: it never had a number. */
numbered_topic *sequence_find(const sequence *self, const char *topic);

/* The next of the topics that have moved, in the order in which they began to; NULL: that was all. */
numbered_topic *sequence_take_moved(sequence *self);
/* How many that would be. */
size_t sequence_moved(const sequence *self);

/* Topics in the order in which they had their first number; a place once given is for ever. */
size_t sequence_size(const sequence *self);
numbered_topic *sequence_at(const sequence *self, size_t place);

#endif
