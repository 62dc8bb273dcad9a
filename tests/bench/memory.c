#include "tests/bench/memory.h"

#include <math.h>

#include "tests/bench/table.h"

#define PER_SECOND 10000
#define LOOKS      100
#define LOOKS_LEFT 50 /* the second half */

/* The line through the points (seconds, KiB) with the least squares: its slope, and the standard error of that. */
static void s_lay_line(const double *seconds, const double *kib, size_t count, double *slope, double *error) {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, residue = 0;
  for (size_t i = 0; i < count; i++) {
    mean_x += seconds[i] / (double)count;
    mean_y += kib[i] / (double)count;
  }
  for (size_t i = 0; i < count; i++) {
    xx += (seconds[i] - mean_x) * (seconds[i] - mean_x);
    xy += (seconds[i] - mean_x) * (kib[i] - mean_y);
  }
  *slope = xy / xx;
  for (size_t i = 0; i < count; i++) {
    double off = kib[i] - mean_y - *slope * (seconds[i] - mean_x);
    residue += off * off;
  }
  *error = sqrt(residue / (double)(count - 2) / xx);
}

void memory_watch(candidate *watched, uint64_t duration_ms) {
  double seconds[LOOKS], kib[LOOKS], slope, error;
  uint64_t start_ns = samples_now_ns();
  for (size_t i = 0; i < LOOKS; i++) {
    latency ages = {0};
    candidate_pace(watched, PER_SECOND, duration_ms / LOOKS, &ages);
    latency_free(&ages);
    seconds[i] = (double)(samples_now_ns() - start_ns) / 1e9;
    kib[i] = (double)candidate_memory_kib(watched);
  }
  s_lay_line(seconds + LOOKS - LOOKS_LEFT, kib + LOOKS - LOOKS_LEFT, LOOKS_LEFT, &slope, &error);
  table_heading("resident memory of hbusd, 10,000 events a second", "", "");
  table_line("in the end, MiB", kib[LOOKS - 1] / 1024);
  table_is_flat("slope over the last half, KiB a second", slope, error);
}
