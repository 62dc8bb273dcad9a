#include "tests/bench/table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define WHAT_WIDTH   62 /* of the first column */
#define NOISE_FACTOR 2  /* standard errors */

void table_heading(const char *title, const char *first, const char *second) {
  printf("\n%-*s %12s %12s\n", WHAT_WIDTH, title, first, second);
  fflush(stdout);
}

/* Three digits or so, whatever the size. */
static int s_digits(double figure) {
  if (figure >= 1000 || figure <= -1000) return 0;
  return figure >= 10 || figure <= -10 ? 1 : 2;
}

void table_line(const char *what, double first) {
  printf("  %-*s %12.*f\n", WHAT_WIDTH - 2, what, s_digits(first), first);
  fflush(stdout);
}

void table_pair(const char *what, double first, double second) {
  printf("  %-*s %12.*f %12.*f\n", WHAT_WIDTH - 2, what, s_digits(first), first, s_digits(second), second);
  fflush(stdout);
}

static void s_bar(const char *what, double ratio, const char *relation, double bar, bool met) {
  printf("  %-*s %12.2f   %s %.2f: %s\n", WHAT_WIDTH - 2, what, ratio, relation, bar, met ? "met" : "MISSED");
  fflush(stdout);
}

void table_at_most(const char *what, double ratio, double bar) {
  s_bar(what, ratio, "at most", bar, ratio <= bar);
}

void table_at_least(const char *what, double ratio, double bar) {
  s_bar(what, ratio, "at least", bar, ratio >= bar);
}

void table_is_flat(const char *what, double slope, double noise) {
  bool met = fabs(slope) <= NOISE_FACTOR * noise;
  printf("  %-*s %12.2f   zero within +-%.2f: %s\n", WHAT_WIDTH - 2, what, slope, NOISE_FACTOR * noise,
         met ? "met" : "MISSED");
  fflush(stdout);
}
