/* The values that the vectors of tests/vectors hold, as C structs: what packs to them and must be read from them. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include "hbus/command.h"
#include "hbus/event.h"

/* What a peer tells the others: a map of a string, a float and an array. */
#define SAMPLE_SIGNAL                                                                                                  \
  "\x83\xa4mood\xa7"                                                                                                   \
  "bullish\xaa"                                                                                                        \
  "confidence\xcb\x3f\xe8\x00\x00\x00\x00\x00\x00\xa6levels\x94\xa8"                                                   \
  "62000.00\xff\xc0\xc3"

typedef struct sample_event {
  const char *name; /* the vector's */
  hbus_event event;
} sample_event;

typedef struct sample_command {
  const char *name;
  hbus_command command;
} sample_command;

/* All of them, ended by one without a name. */
extern const sample_event sample_events[];
extern const sample_command sample_commands[];

/* Fail the test, naming the field, where two differ. Decimals are compared digit for digit. `extra` is not compared. */
void sample_expect_event(const hbus_event *got, const hbus_event *expected, const char *name);
void sample_expect_order(const hbus_order *got, const hbus_order *expected, const char *name);
void sample_expect_trade(const hbus_trade *got, const hbus_trade *expected, const char *name);
void sample_expect_ticker(const hbus_ticker *got, const hbus_ticker *expected, const char *name);
void sample_expect_book(const hbus_book *got, const hbus_book *expected, const char *name);
void sample_expect_notice(const hbus_notice *got, const hbus_notice *expected, const char *name);
void sample_expect_link(const hbus_link *got, const hbus_link *expected, const char *name);
void sample_expect_heartbeat(const hbus_heartbeat *got, const hbus_heartbeat *expected, const char *name);
void sample_expect_slow(const hbus_slow *got, const hbus_slow *expected, const char *name);
void sample_expect_signal(const hbus_signal *got, const hbus_signal *expected, const char *name);
void sample_expect_command(const hbus_command *got, const hbus_command *expected, const char *name);

#endif
