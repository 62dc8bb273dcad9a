/* Faults on demand: what a real Hummingbot does on a bad day, as often as a test wants it.
 *
 * A fault is one row of the table in fault.c: its name, what it takes, and which of the moments below it has a say in.
 * Faults decide; the hub carries it out. The same specifications and the same seed give the same behaviour.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "hbus/types.h"
#include "tests/sim/message.h"

#define FAULT_COUNT_MAX 16

typedef struct fault_kind fault_kind;

/* One --fault. */
typedef struct fault {
  const fault_kind *kind;
  hbus_name type;  /* the request type it is about; "" is all */
  uint64_t number; /* milliseconds, a count, or bytes */
  char message[HBUS_ERROR_TEXT_SIZE];
} fault;

typedef struct fault_list {
  fault items[FAULT_COUNT_MAX];
  size_t count;
} fault_list;

/* Adds one specification, NAME or NAME=VALUE. HBUS_INVALID_REQUEST with a sentence; HBUS_TOO_BIG past FAULT_COUNT_MAX.
 */
hbus_status fault_parse(fault_list *self, const char *spec, hbus_error *error);
/* A line for each fault, for --help. */
void fault_describe(void (*line)(void *arg, const char *name, const char *takes, const char *what), void *arg);

/* Before a request is done: the error to answer with instead, or NULL. */
const char *fault_refuse(const fault_list *self, const char *type);

/* What happens to an answer. */
typedef struct answer_plan {
  unsigned copies;      /* how often it is sent */
  uint64_t delay_ms;    /* how much later */
  uint64_t shuffle;     /* 0, or how many answers are collected and sent in random order */
  bool stranger_before; /* an answer to a request that was never made goes first */
} answer_plan;
answer_plan fault_plan_answer(const fault_list *self, const char *type);

/* What happens around the frame that would be a session's number'th, from 1. */
typedef struct frame_plan {
  const char *before[FAULT_COUNT_MAX]; /* frames to send before it */
  size_t before_count;
  bool cut_after; /* the connection ends when it has been sent */
} frame_plan;
frame_plan fault_plan_frame(const fault_list *self, uint64_t number);

/* Frames to send after a session has authenticated: at most FAULT_COUNT_MAX, the references are the caller's. */
size_t fault_greet(const fault_list *self, message *out[FAULT_COUNT_MAX]);

#endif
