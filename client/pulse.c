#include "client/pulse.h"

#define INTERVAL_MS 1000 /* until a heartbeat says its own */
#define AWAY_AFTER  2    /* intervals without a look; there is one in each, or nobody listens */

void pulse_start(pulse *self, uint64_t now_ms) {
  if (self->is_on) return;
  *self = (pulse){.is_on = true, .interval_ms = INTERVAL_MS, .heard_ms = now_ms, .looked_ms = now_ms};
}

void pulse_stop(pulse *self) {
  *self = (pulse){0};
}

uint64_t pulse_beat(pulse *self, uint64_t epoch, uint64_t seq, uint64_t interval_ms, uint64_t now_ms, bool *is_back) {
  bool follows = self->seq != 0 && epoch == self->epoch && seq > self->seq;
  uint64_t missed = follows ? seq - self->seq - 1 : 0;
  *is_back = self->is_silent;
  self->is_silent = false;
  self->epoch = epoch;
  self->seq = seq;
  self->heard_ms = self->looked_ms = now_ms;
  if (interval_ms > 0) self->interval_ms = interval_ms;
  return missed;
}

bool pulse_look(pulse *self, uint64_t now_ms) {
  if (!self->is_on) return false;
  uint64_t away_ms = now_ms - self->looked_ms;
  if (away_ms > AWAY_AFTER * self->interval_ms)
    self->heard_ms += away_ms; /* whoever did not listen has not heard silence */
  self->looked_ms = now_ms;
  if (self->is_silent || now_ms < self->heard_ms + PULSE_SILENT_AFTER * self->interval_ms) return false;
  self->is_silent = true;
  return true;
}

uint64_t pulse_deadline(const pulse *self) {
  if (!self->is_on || self->is_silent) return UINT64_MAX;
  uint64_t end_ms = self->heard_ms + PULSE_SILENT_AFTER * self->interval_ms;
  uint64_t look_ms = self->looked_ms + self->interval_ms; /* in time to have listened */
  return look_ms < end_ms ? look_ms : end_ms;
}
