#include "tests/bench/part.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/integration/process.h"

void part_measure(const char *program, const char *const *arguments, latency *first, latency *second) {
  char path[512], line[128];
  snprintf(path, sizeof path, "%s/%s", HBUS_BENCH_DIR, program);
  process part = process_start(path, arguments, NULL);
  while (process_read_line(&part, line, sizeof line)) {
    char *rest;
    latency_add(first, strtoull(line, &rest, 10));
    if (second) latency_add(second, strtoull(rest, NULL, 10));
  }
  bool told = process_read_error_line(&part, line, sizeof line);
  cr_assert_eq(process_wait(&part), 0, "%s: %s", program, told ? line : "it said nothing");
  latency_end_round(first);
  if (second) latency_end_round(second);
}
