#include "broker/event/feed.h"

feed_change feed_look(feed *self, uint64_t events, uint64_t now_ms, uint64_t stale_after_ms, uint64_t *quiet_ms) {
  uint64_t was_quiet_ms = now_ms - self->quiet_since_ms;
  if (!self->begun || events != self->events) {
    bool is_back = self->stale;
    *self = (feed){.begun = true, .events = events, .quiet_since_ms = now_ms};
    if (!is_back) return FEED_AS_BEFORE;
    *quiet_ms = was_quiet_ms;
    return FEED_BACK;
  }
  if (self->stale || was_quiet_ms < stale_after_ms) return FEED_AS_BEFORE;
  self->stale = true;
  *quiet_ms = was_quiet_ms;
  return FEED_STALE;
}

void feed_restart(feed *self, uint64_t now_ms) {
  if (self->begun && !self->stale) self->quiet_since_ms = now_ms;
}
