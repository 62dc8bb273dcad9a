#include "broker/event/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MIN 8

/* In front of each body. Records lie one behind the other, each begins at a multiple of its own size; what would not
 * fit before the block's end begins at its start, and the rest of the block is a record without a track. */
typedef struct record {
  ring_track *track;
  uint64_t seq;
  uint64_t at_ns;
  uint32_t size; /* of the body */
  uint32_t step; /* to the next record; what is left before the block's end is less than one */
} record;

struct ring {
  uint8_t *block;
  size_t capacity;
  size_t oldest; /* place of the first record */
  size_t next;   /* place of the one to come */
  size_t used;
};

ring *ring_new(size_t capacity) {
  ring *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity / sizeof(record) * sizeof(record);
  self->block = malloc(self->capacity + sizeof(record));
  if (!self->block) {
    free(self);
    return NULL;
  }
  return self;
}

void ring_destroy(ring **self_p) {
  if (!*self_p) return;
  free((*self_p)->block);
  free(*self_p);
  *self_p = NULL;
}

void ring_track_free(ring_track *self) {
  free(self->places);
  *self = (ring_track){0};
}

static record *s_at(const ring *self, size_t place) {
  return (record *)(void *)(self->block + place);
}

static void s_drop_oldest(ring *self) {
  const record *gone = s_at(self, self->oldest);
  if (gone->track && gone->track->first == gone->seq) gone->track->first++;
  self->used -= gone->step;
  self->oldest += gone->step;
  if (self->oldest == self->capacity) self->oldest = 0;
}

static void s_make_room(ring *self, size_t step) {
  while (self->capacity - self->used < step)
    s_drop_oldest(self);
}

/* Takes `step` bytes that lie in one piece. */
static record *s_take(ring *self, size_t step) {
  size_t to_end = self->capacity - self->next;
  if (to_end < step) {
    s_make_room(self, to_end);
    *s_at(self, self->next) = (record){.step = (uint32_t)to_end};
    self->used += to_end;
    self->next = 0;
  }
  s_make_room(self, step);
  record *taken = s_at(self, self->next);
  self->used += step;
  self->next += step;
  if (self->next == self->capacity) self->next = 0;
  return taken;
}

static size_t *s_place_of(const ring_track *track, uint64_t seq) {
  return &track->places[seq & (track->place_count - 1)];
}

/* Makes the track long enough for one more. */
static bool s_extend(ring_track *track, uint64_t seq) {
  uint64_t wanted = seq - track->first + 1;
  if (wanted <= track->place_count) return true;
  ring_track longer = *track;
  longer.place_count = track->place_count ? 2 * track->place_count : PLACES_MIN;
  longer.places = malloc(longer.place_count * sizeof *longer.places);
  if (!longer.places) return false;
  for (uint64_t i = track->first; i < seq; i++)
    *s_place_of(&longer, i) = *s_place_of(track, i);
  free(track->places);
  *track = longer;
  return true;
}

/* What is kept of the topic begins anew with this number. */
static void s_begin(ring_track *track, uint64_t seq) {
  track->first = seq;
  track->last = seq - 1;
}

void ring_put(ring *self, ring_track *track, uint64_t seq, uint64_t at_ns, hbus_bytes body) {
  assert(seq > track->last && body.size < UINT32_MAX / 2);
  size_t step = (sizeof(record) + body.size + sizeof(record) - 1) / sizeof(record) * sizeof(record);
  if (!track->first || track->last < track->first || seq != track->last + 1) s_begin(track, seq);
  if (step > self->capacity || !s_extend(track, seq)) {
    s_begin(track, seq + 1);
    return;
  }
  record *record = s_take(self, step); /* may drop events of this track too, from its other end */
  *record =
      (struct record){.track = track, .seq = seq, .at_ns = at_ns, .size = (uint32_t)body.size, .step = (uint32_t)step};
  memcpy(record + 1, body.data, body.size);
  *s_place_of(track, seq) = (size_t)((uint8_t *)record - self->block);
  track->last = seq;
}

bool ring_get(const ring *self, const ring_track *track, uint64_t seq, hbus_bytes *out) {
  if (seq < track->first || seq > track->last) return false;
  const record *record = s_at(self, *s_place_of(track, seq));
  assert(record->track == track && record->seq == seq);
  *out = (hbus_bytes){.data = (const uint8_t *)(record + 1), .size = record->size};
  return true;
}

size_t ring_used(const ring *self) {
  return self->used;
}

/* What lies at the block's end and has no track is followed by the record that did not fit there. */
uint64_t ring_oldest_ns(const ring *self) {
  if (self->used == 0) return 0;
  const record *oldest = s_at(self, self->oldest);
  return (oldest->track ? oldest : s_at(self, 0))->at_ns;
}
