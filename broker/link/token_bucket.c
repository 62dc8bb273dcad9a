#include "broker/link/token_bucket.h"

#include <assert.h>

#define TOKEN_MICRO INT64_C(1000000)

static uint64_t s_min(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t s_max(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

void token_bucket_init(token_bucket *self, uint32_t rate, uint32_t burst, uint64_t now_ms) {
  assert(rate <= TOKEN_BUCKET_RATE_MAX);
  assert(rate == 0 || (burst >= 1 && burst <= TOKEN_BUCKET_BURST_MAX));
  *self = (token_bucket){.rate = rate,
                         .burst = burst,
                         .level_micro = burst * TOKEN_MICRO,
                         .at_ms = now_ms,
                         .slow_rate_milli = rate * UINT64_C(1000),
                         .slow_at_ms = now_ms};
}

/* Thousandths of a token a second are micro-tokens a millisecond. */
static uint64_t s_full_rate_milli(const token_bucket *self) {
  return self->rate * UINT64_C(1000);
}

/* What has come in the first `ms` of the recovery: the area below the growing rate. Taken from its beginning each time,
 * so that the rounding of one call is not added to that of the next. At most 10^9 * 60000^2, which is below 2^62. */
static uint64_t s_recovered_micro(const token_bucket *self, uint64_t ms) {
  uint64_t growth_milli = s_full_rate_milli(self) - self->slow_rate_milli;
  return self->slow_rate_milli * ms + growth_milli * ms * ms / (2 * TOKEN_BUCKET_RECOVERY_MS);
}

/* The level at a time at or after the last change. */
static int64_t s_level_micro(const token_bucket *self, uint64_t now_ms) {
  if (now_ms <= self->at_ms) return self->level_micro;
  int64_t full_micro = self->burst * TOKEN_MICRO;
  uint64_t from_ms = self->at_ms - self->slow_at_ms;
  uint64_t to_ms = now_ms - self->slow_at_ms;
  uint64_t gained_micro = s_recovered_micro(self, s_min(to_ms, TOKEN_BUCKET_RECOVERY_MS)) -
                          s_recovered_micro(self, s_min(from_ms, TOKEN_BUCKET_RECOVERY_MS));
  uint64_t missing_micro = (uint64_t)(full_micro - self->level_micro);
  uint64_t steady_ms = s_max(to_ms, TOKEN_BUCKET_RECOVERY_MS) - s_max(from_ms, TOKEN_BUCKET_RECOVERY_MS);
  /* Asked by division: an idle night times the rate may be more than 64 bits hold. */
  if (gained_micro >= missing_micro || steady_ms > missing_micro / s_full_rate_milli(self)) return full_micro;
  gained_micro += steady_ms * s_full_rate_milli(self);
  return self->level_micro + (int64_t)s_min(gained_micro, missing_micro);
}

static void s_advance(token_bucket *self, uint64_t now_ms) {
  self->level_micro = s_level_micro(self, now_ms);
  self->at_ms = s_max(self->at_ms, now_ms);
}

bool token_bucket_take(token_bucket *self, uint64_t now_ms) {
  if (self->rate == 0) return true;
  s_advance(self, now_ms);
  if (self->level_micro < TOKEN_MICRO) return false;
  self->level_micro -= TOKEN_MICRO;
  return true;
}

void token_bucket_overdraw(token_bucket *self, uint64_t now_ms) {
  if (self->rate == 0) return;
  s_advance(self, now_ms);
  int64_t lowest_micro = -(self->burst * TOKEN_MICRO * TOKEN_BUCKET_DEBT_BURSTS);
  self->level_micro -= TOKEN_MICRO;
  if (self->level_micro < lowest_micro) self->level_micro = lowest_micro;
}

int64_t token_bucket_available(const token_bucket *self, uint64_t now_ms) {
  if (self->rate == 0) return TOKEN_BUCKET_UNLIMITED;
  int64_t level_micro = s_level_micro(self, now_ms);
  int64_t whole = level_micro / TOKEN_MICRO;
  return level_micro % TOKEN_MICRO < 0 ? whole - 1 : whole;
}

uint64_t token_bucket_ready_in_ms(const token_bucket *self, uint64_t now_ms) {
  if (token_bucket_available(self, now_ms) >= 1) return 0;
  uint64_t start_ms = s_max(now_ms, self->at_ms);
  uint64_t missing_micro = (uint64_t)(TOKEN_MICRO - s_level_micro(self, now_ms));
  /* Halving between what is too early and what is enough even if the rate never grew: the level only rises. */
  uint64_t early_ms = 0, enough_ms = missing_micro / self->slow_rate_milli + 1;
  while (enough_ms - early_ms > 1) {
    uint64_t middle_ms = early_ms + (enough_ms - early_ms) / 2;
    if (s_level_micro(self, start_ms + middle_ms) >= TOKEN_MICRO)
      enough_ms = middle_ms;
    else
      early_ms = middle_ms;
  }
  return start_ms - now_ms + enough_ms;
}

uint64_t token_bucket_rate_milli(const token_bucket *self, uint64_t now_ms) {
  uint64_t ms = s_min(s_max(now_ms, self->at_ms) - self->slow_at_ms, TOKEN_BUCKET_RECOVERY_MS);
  uint64_t growth_milli = s_full_rate_milli(self) - self->slow_rate_milli;
  return self->slow_rate_milli + growth_milli * ms / TOKEN_BUCKET_RECOVERY_MS;
}

void token_bucket_slow_down(token_bucket *self, uint64_t now_ms) {
  if (self->rate == 0) return;
  s_advance(self, now_ms);
  /* The slowest is rounded up, so that it is never below the part that is promised, and never nothing. */
  uint64_t slowest_milli = (s_full_rate_milli(self) + TOKEN_BUCKET_SLOWEST_PART - 1) / TOKEN_BUCKET_SLOWEST_PART;
  self->slow_rate_milli = s_max(token_bucket_rate_milli(self, now_ms) / 2, slowest_milli);
  self->slow_at_ms = self->at_ms;
  if (self->level_micro > 0) self->level_micro = 0;
}
