/* The last number given out for each topic of one stream. */
#ifndef BROKER_SEQUENCE_H
#define BROKER_SEQUENCE_H

#include "proto/topic.h"

typedef struct sequence sequence;
/* Numbers at most `capacity` topics. NULL: no memory. */
sequence *sequence_new(uint64_t capacity);
void sequence_destroy(sequence **self);
/* The next number of a topic, from 1, by one. HBUS_OVERLOADED: one topic too many. */
hbus_status sequence_next(sequence *self, const topic *topic, uint64_t *out);
/* Goes on from a number that was given before. HBUS_OVERLOADED, HBUS_NO_MEMORY. */
hbus_status sequence_restore(sequence *self, const char *topic, uint64_t last);
/* The last number given; 0 for none. */
uint64_t sequence_last(const sequence *self, const char *topic);

#endif
