#include "tests/bench/scale.h"

#include <stdlib.h>
#include <string.h>

const scale *scale_chosen(void) {
  static const scale scales[] = {
      {"smoke", 1, 4, 128, 400, 100, 40, 10, 300},
      {"short", 5, 100, 1000, 40000, 1000, 10000, 1000, 5000},
      {"full", 15, 200, 4000, 80000, 2000, 10000, 1000, 30000},
  };
  const char *wanted = getenv("HBUS_BENCH");
  for (size_t i = 0; wanted && i < sizeof scales / sizeof *scales; i++) {
    if (strcmp(scales[i].name, wanted) == 0) return &scales[i];
  }
  return &scales[0];
}
