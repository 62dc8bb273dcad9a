/* The one clock of the broker. */
#ifndef BROKER_CLOCK_H
#define BROKER_CLOCK_H

#include <stdint.h>

/* Unix time, nanoseconds: for what is told to others. May step. */
uint64_t clock_real_ns(void);

/* Unix time, milliseconds: what `expires` is held against. */
uint64_t clock_real_ms(void);

/* Time since some fixed point, milliseconds: for waiting and for deadlines. Never steps. */
uint64_t clock_monotonic_ms(void);

#endif
