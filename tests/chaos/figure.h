/* The figures that a run ends with, a line each; those that violate what was promised are marked. */
#ifndef CHAOS_FIGURE_H
#define CHAOS_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

void figure_tell(const char *name, uint64_t value);
/* One that has to have this value. Returns whether it has not. */
bool figure_must_be(const char *name, uint64_t value, uint64_t wanted);
bool figure_must_not_exceed(const char *name, uint64_t value, uint64_t most);

#endif
