/* The table that the benches print: figures, and ratios beside the bars that are set for them. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

/* A heading, and what the two columns of figures are ("" for none). */
void table_heading(const char *title, const char *first, const char *second);
/* A line of one figure, or of two. */
void table_line(const char *what, double first);
void table_pair(const char *what, double first, double second);

/* A line that says how a ratio stands to its bar: "met", or "MISSED". It fails nothing: figures are for who reads them.
 */
void table_at_most(const char *what, double ratio, double bar);
void table_at_least(const char *what, double ratio, double bar);
/* The same for a slope that should be zero: it may be twice its standard error off. */
void table_is_flat(const char *what, double slope, double noise);

#endif
