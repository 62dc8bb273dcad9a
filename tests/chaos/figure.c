#include "tests/chaos/figure.h"

#include <inttypes.h>
#include <stdio.h>

void figure_tell(const char *name, uint64_t value) {
  printf("  %-52s %10" PRIu64 "\n", name, value);
}

bool figure_must_be(const char *name, uint64_t value, uint64_t wanted) {
  printf("  %-52s %10" PRIu64 "%s\n", name, value, value == wanted ? "" : "  VIOLATED");
  return value != wanted;
}

bool figure_must_not_exceed(const char *name, uint64_t value, uint64_t most) {
  printf("  %-52s %10" PRIu64 "%s\n", name, value, value <= most ? "" : "  VIOLATED");
  return value > most;
}
