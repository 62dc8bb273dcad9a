/* The topics that are kept track of: what was given of each, what is missing, and what waits for it. */
#ifndef CLIENT_TOPIC_MAP_H
#define CLIENT_TOPIC_MAP_H

#include "client/delivery.h"

typedef enum topic_repair {
  REPAIR_NONE, /* nothing is missing, or nobody may ask */
  REPAIR_DUE,  /* a replay is to be asked for */
  REPAIR_ASKED /* its answer is awaited */
} topic_repair;

typedef struct tracked_topic tracked_topic;
struct tracked_topic {
  tracked_topic *next_in_bucket;
  uint64_t hash;
  hbus_stream stream;

  uint64_t epoch;    /* of `last`, or a later one */
  uint64_t last;     /* up to here all was given or queued, told of as lost, or does not count */
  uint64_t known;    /* the highest number that was heard of */
  uint64_t shown;    /* of what was queued: the last number that the program has had */
  unsigned queued;   /* deliveries in the outbox */
  bool has_base;     /* `last` means something */
  bool has_begun;    /* an event was given: what comes with a lower number has come before */
  bool is_asked_for; /* replay can have its events */

  unsigned holds;      /* snapshots that must come first */
  uint64_t stamped;    /* the last snapshot that named it */
  delivery_queue held; /* events behind a gap or a hold, by number */

  bool is_newest_only;
  delivery *newest; /* of such a topic: the one event that waits; in the outbox stands a DELIVERY_NEWEST for it */

  topic_repair repair;
  unsigned attempts;             /* questions without an answer in a row */
  uint64_t run_from, run_to;     /* events given from replay one after the other; 0: none */
  tracked_topic *due, *due_back; /* neighbours in the list of those whose repair is due */

  uint64_t acked;                    /* the number told to the broker last */
  bool has_moved;                    /* since then */
  tracked_topic *moved, *moved_back; /* neighbours in the list of those that have */

  size_t size;
  char text[];
};

typedef struct topic_map {
  tracked_topic **buckets;
  size_t bucket_count; /* a power of two, or 0 */
  size_t count;
} topic_map;

void topic_map_free(topic_map *self);
/* NULL: it is not there. */
tracked_topic *topic_map_find(const topic_map *self, hbus_stream stream, const char *text, size_t size);
/* Adds one that is not there, zeroed. NULL: no memory. */
tracked_topic *topic_map_add(topic_map *self, hbus_stream stream, const char *text, size_t size);
/* Takes it out and frees it, with what it holds. */
void topic_map_remove(topic_map *self, tracked_topic *topic);

/* All of them: from `before` (NULL at first) to the next one; NULL: that was all. The one given may be removed once the
 * next is known. */
tracked_topic *topic_map_next(const topic_map *self, const tracked_topic *before);

#endif
