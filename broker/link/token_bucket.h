/* A budget of requests: tokens come at a rate, up to a burst, and each request takes one.
 *
 * Integers only: a token is a million micro-tokens, and a rate of R a second is R * 1000 micro-tokens a millisecond, so
 * nothing is lost between two calls however often they come. Pure: every call is told the time, in milliseconds of any
 * clock that does not go back; an earlier time than the one before counts as that one.
 */
#ifndef BROKER_TOKEN_BUCKET_H
#define BROKER_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* So that no product below leaves 64 bits. */
#define TOKEN_BUCKET_RATE_MAX  1000000u
#define TOKEN_BUCKET_BURST_MAX 1000000u

/* How deep it can be overdrawn, in bursts: a storm of cancels must not keep creates waiting for ever after it. */
#define TOKEN_BUCKET_DEBT_BURSTS 8

/* The slowest that slow_down makes it, as a part of the configured rate. */
#define TOKEN_BUCKET_SLOWEST_PART 64

/* How long it takes to be back at the configured rate. */
#define TOKEN_BUCKET_RECOVERY_MS 60000

/* What is available where there is no limit. */
#define TOKEN_BUCKET_UNLIMITED INT64_MAX

typedef struct token_bucket {
  uint32_t rate;            /* tokens a second, as configured; 0: no limit, and nothing below is used */
  uint32_t burst;           /* the most tokens it holds */
  int64_t level_micro;      /* micro-tokens at at_ms */
  uint64_t at_ms;           /* the time of the last change */
  uint64_t slow_rate_milli; /* thousandths of a token a second, at slow_at_ms; from there it grows */
  uint64_t slow_at_ms;      /* the last slow_down, or the start */
} token_bucket;

/* A full one. `rate`: at most TOKEN_BUCKET_RATE_MAX tokens a second, 0 for no limit. `burst`: 1 to
 * TOKEN_BUCKET_BURST_MAX tokens, not looked at without a limit. */
void token_bucket_init(token_bucket *self, uint32_t rate, uint32_t burst, uint64_t now_ms);

/* Takes a token. False: there is less than one, and none was taken. */
bool token_bucket_take(token_bucket *self, uint64_t now_ms);

/* Takes a token whether or not there is one. What is owed grows to TOKEN_BUCKET_DEBT_BURSTS bursts and no further. */
void token_bucket_overdraw(token_bucket *self, uint64_t now_ms);

/* The headroom: whole tokens, rounded down, below zero when overdrawn; TOKEN_BUCKET_UNLIMITED. */
int64_t token_bucket_available(const token_bucket *self, uint64_t now_ms);

/* In how many ms token_bucket_take will do; 0: now. */
uint64_t token_bucket_ready_in_ms(const token_bucket *self, uint64_t now_ms);

/* Upstream has said that there were too many: halves the present rate, down to the configured one's
 * TOKEN_BUCKET_SLOWEST_PART, and empties the bucket; what was owed stays owed. The rate then grows in a straight line,
 * to the configured one TOKEN_BUCKET_RECOVERY_MS later. Without a limit there is nothing to halve. */
void token_bucket_slow_down(token_bucket *self, uint64_t now_ms);

/* The present rate in thousandths of a token a second; 0: no limit. */
uint64_t token_bucket_rate_milli(const token_bucket *self, uint64_t now_ms);

#endif
