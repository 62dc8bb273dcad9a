/* The prefixes that a client watches, stream by stream, and which of them the broker is to be asked about.
 *
 * A watch has its base when the broker has named the last numbers of all its topics once: a topic that turns up later
 * has begun since, and all its events count.
 */
#ifndef CLIENT_WATCHES_H
#define CLIENT_WATCHES_H

#include "hbus/client.h"

typedef struct watch {
  char *prefix;
  size_t size;
  unsigned count; /* times that it is watched */
  bool is_based;
  bool is_due;    /* to be asked about */
  uint64_t round; /* in which it is being asked about; 0: in none */
} watch;

/* Those of one stream, sorted. All zero: none. */
typedef struct watches {
  watch *items;
  size_t count;
  size_t capacity;
  size_t due_count;
} watches;

void watches_free(watches *self);
/* HBUS_OVERLOADED: HBUS_WATCHES_MAX; HBUS_NO_MEMORY. */
hbus_status watches_add(watches *self, const char *prefix, size_t size);
/* False: it is not watched. */
bool watches_remove(watches *self, const char *prefix, size_t size);
/* Whether the topic is watched; *is_based (unless NULL): by a watch that has its base. */
bool watches_match(const watches *self, const char *topic, size_t size, bool *is_based);

/* All of them are to be asked about (again). */
void watches_set_due(watches *self);
/* Begins a round, which asks about up to HBUS_PREFIXES_MAX of those that are due; returns how many. */
size_t watches_begin_round(watches *self, uint64_t round, hbus_text *out);
/* It has ended. `answered`: they have their base; otherwise they are due still. */
void watches_end_round(watches *self, uint64_t round, bool answered);

#endif
