/* The heartbeats of one stream: whether they come, and whether any was missed.
 *
 * Silence is only what one has listened to: time in which the program did not call the library does not count.
 */
#ifndef CLIENT_PULSE_H
#define CLIENT_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_SILENT_AFTER 3 /* intervals */

/* All zero: not listened to. */
typedef struct pulse {
  bool is_on;
  bool is_silent;
  uint64_t interval_ms;
  uint64_t heard_ms;  /* monotonic: the last heartbeat, or the beginning; moved on by the time without a look */
  uint64_t looked_ms; /* the last look at it */
  uint64_t epoch;
  uint64_t seq; /* of the last heartbeat; 0: none came yet */
} pulse;

/* Begins to listen, if it has not begun. */
void pulse_start(pulse *self, uint64_t now_ms);
void pulse_stop(pulse *self);

/* A heartbeat came. Returns how many were missed before it; *is_back: pulse_look has told of silence, which it ends.
 * `interval_ms`: until the next, 0: it does not say. */
uint64_t pulse_beat(pulse *self, uint64_t epoch, uint64_t seq, uint64_t interval_ms, uint64_t now_ms, bool *is_back);
/* All that had come was read, and no heartbeat was in it. True: it has been silent for too long; once. */
bool pulse_look(pulse *self, uint64_t now_ms);
/* When to look again; UINT64_MAX: there is nothing to wait for. */
uint64_t pulse_deadline(const pulse *self);

#endif
