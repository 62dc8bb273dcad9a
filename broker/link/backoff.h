/* How long to wait before the next attempt: exponential, capped, with jitter, so that many brokers that lost the same
 * Hummingbot do not come back to it in step. Pure. */
#ifndef BROKER_BACKOFF_H
#define BROKER_BACKOFF_H

#include <stdint.h>

/* The delay in ms before attempt number `attempt` (0 is the first one after a loss): min_ms * 2^attempt, at most
 * max_ms, of which a part between a half and the whole is taken by `random` (any 32 bits). min_ms <= max_ms <= 2^32. */
uint64_t backoff_delay_ms(uint64_t min_ms, uint64_t max_ms, unsigned attempt, uint32_t random);

#endif
