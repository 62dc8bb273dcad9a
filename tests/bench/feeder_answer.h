/* What the feeder answers to a request of the native dialect: that all is well, and that it knows no order. */
#ifndef BENCH_FEEDER_ANSWER_H
#define BENCH_FEEDER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define FEEDER_ANSWER_MAX 1024

/* Writes the answer to the request `text`, and gives its size. *subscribes: whether it is one to subscribe. */
size_t feeder_answer(const char *text, size_t size, char out[FEEDER_ANSWER_MAX], bool *subscribes);

#endif
