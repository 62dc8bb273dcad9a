/* One subscribed channel of a market, as a feed: since when it has been quiet, and whether that is too long.
 *
 * It is looked at from time to time, and told by the number of its events so far whether any has come since. So an
 * event costs nothing, and the quiet is measured from the first look that found nothing newer: it is never said to be
 * longer than it is.
 */
#ifndef BROKER_FEED_H
#define BROKER_FEED_H

#include <stdbool.h>
#include <stdint.h>

/* All zero before the first look. */
typedef struct feed {
  bool begun;
  bool stale;
  uint64_t events;         /* at the last look */
  uint64_t quiet_since_ms; /* monotonic clock */
} feed;

typedef enum feed_change { FEED_AS_BEFORE, FEED_STALE, FEED_BACK } feed_change;

/* Looks at it: it has had `events` events by now. FEED_STALE: it has just turned out to be quiet for `stale_after_ms`
 * or longer; FEED_BACK: it was stale, and has spoken. *quiet_ms (for these two) is how long it was quiet. */
feed_change feed_look(feed *self, uint64_t events, uint64_t now_ms, uint64_t stale_after_ms, uint64_t *quiet_ms);

/* The link is back: the time starts anew. One that is stale stays so until it speaks. */
void feed_restart(feed *self, uint64_t now_ms);

#endif
