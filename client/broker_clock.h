/* What the broker's real-time clock says, estimated here.
 *
 * An answer with `now` fixes a point; from there on our own boot-time clock, which no one sets, counts on. The point is
 * the moment at which the answer came, not the one at which it was asked for, so the estimate is never ahead: an order
 * expires a little too early rather than too late.
 */
#ifndef CLIENT_BROKER_CLOCK_H
#define CLIENT_BROKER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct broker_clock {
  uint64_t broker_ms; /* unix ms; 0: never heard of */
  uint64_t heard_ms;  /* boot time */
} broker_clock;

/* Boot-time ms, as client_boot_ms() gives them: it goes on while the machine sleeps. */
uint64_t client_boot_ms(void);
/* Monotonic ms: for deadlines. */
uint64_t client_monotonic_ms(void);

void broker_clock_set(broker_clock *self, uint64_t broker_ms, uint64_t boot_ms);
/* Never heard of it: our own real-time clock. */
uint64_t broker_clock_now_ms(const broker_clock *self, uint64_t boot_ms);
/* Whether it is time to ask again: the broker's clock may have been set, and two quartzes drift. */
bool broker_clock_is_stale(const broker_clock *self, uint64_t boot_ms);

#endif
