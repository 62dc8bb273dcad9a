/* What came last, by key: at most so many, and the oldest makes room. */
#ifndef BROKER_RECENT_H
#define BROKER_RECENT_H

#include <stddef.h>

typedef struct recent recent;

/* `capacity`: items, at least one. `item_size`: bytes of what is kept with each key; may be 0. NULL: no memory. */
recent *recent_new(size_t capacity, size_t item_size);
void recent_destroy(recent **self);
size_t recent_size(const recent *self);

/* The item of a key. NULL: there is none. */
void *recent_find(const recent *self, const char *key);
/* Adds a key that is not there, with an item that is all zero; an item of size 0 is not to be touched. It lies where it
 * is until it is removed, or is the oldest when another is added. NULL: no memory. */
void *recent_add(recent *self, const char *key);
/* Nothing, if there is no such key. */
void recent_remove(recent *self, const char *key);

#endif
