/* The clocks of the broker. */
#ifndef BROKER_CLOCK_H
#define BROKER_CLOCK_H

#include <stdint.h>

/* Unix time, nanoseconds: for what is told to others. May step. */
uint64_t clock_real_ns(void);

/* Unix time, milliseconds: what `expires` is held against. */
uint64_t clock_real_ms(void);

/* Time since some fixed point, milliseconds: for waiting and for deadlines. Never steps. */
uint64_t clock_monotonic_ms(void);

/* CPU time of the calling thread, nanoseconds. Stands still while it sleeps. */
uint64_t clock_thread_cpu_ns(void);

#endif
