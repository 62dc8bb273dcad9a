/* Faults on demand: what a real Hummingbot does on a bad day, as often as a test wants it.
 *
 * A fault is one row of the table in fault.c: its name, what it takes, and which of the moments below it has a say in.
 * Faults decide; the hub, the simulator and the sockets carry it out. They may be set and cleared at any time. The same
 * specifications, the same seed and the same frames give the same behaviour.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "hbus/types.h"
#include "tests/sim/certificate.h"
#include "tests/sim/message.h"
#include "tests/sim/random.h"

#define FAULT_COUNT_MAX 16
#define FAULT_SPEC_MAX  255

typedef struct fault_kind fault_kind;

/* One --fault. */
typedef struct fault {
  const fault_kind *kind;
  char spec[FAULT_SPEC_MAX + 1]; /* as it was written */
  hbus_name type;                /* the request type it is about; "" is all */
  uint64_t number;               /* milliseconds, a count, a code, or bytes */
  uint64_t after;                /* how many frames are sent before it shows */
  uint64_t seen;                 /* frames or requests since it was set, or in this second */
  uint64_t second;               /* the one that `seen` is about */
} fault;

typedef struct fault_list {
  fault items[FAULT_COUNT_MAX];
  size_t count;
} fault_list;

/* Adds one specification, NAME or NAME=VALUE. HBUS_INVALID_REQUEST with a sentence; HBUS_TOO_BIG past FAULT_COUNT_MAX.
 */
hbus_status fault_parse(fault_list *self, const char *spec, hbus_error *error);
/* Takes out all faults of that name; all, when it is NULL. Returns how many. */
size_t fault_clear(fault_list *self, const char *name);
/* A line for each fault, for --help. */
void fault_describe(void (*line)(void *arg, const char *name, const char *takes, const char *what), void *arg);

/* Before a request is done: what to answer instead. */
typedef struct fault_refusal {
  const char *message; /* NULL: nothing stands in the way */
  const char *code;    /* may be NULL */
} fault_refusal;
fault_refusal fault_refuse(fault_list *self, const char *type, uint64_t now_ms);

/* Whether requests of that type stand undone until the fault is cleared. */
bool fault_keeps(const fault_list *self, const char *type);

/* What happens to an answer. */
typedef struct answer_plan {
  unsigned copies;      /* how often it is sent */
  uint64_t delay_ms;    /* how much later */
  uint64_t shuffle;     /* 0, or how many answers are collected and sent in random order */
  bool stranger_before; /* an answer to a request that was never made goes first */
  bool garbage;         /* bytes that are no JSON go in its place */
} answer_plan;
answer_plan fault_plan_answer(const fault_list *self, const char *type);

/* What happens around the frame that would be a session's number'th, from 1. */
typedef struct frame_plan {
  const char *before[FAULT_COUNT_MAX]; /* frames to send before it */
  size_t before_count;
} frame_plan;
frame_plan fault_plan_frame(fault_list *self, uint64_t number);

/* What becomes of a session to which `number` frames have been sent. */
typedef enum session_fate { FATE_GOES_ON, FATE_CUT, FATE_CLOSED, FATE_SILENT, FATE_HALF_OPEN } session_fate;
session_fate fault_fate(const fault_list *self, uint64_t number, unsigned *close_code);

/* Whether, and where, the connection is cut at a frame that comes in or goes out: drawn anew at each. */
typedef enum cut_point {
  CUT_NONE,
  CUT_UNDONE,     /* before the request is done */
  CUT_UNANSWERED, /* when it is done and its events are out, but not the answer */
  CUT_UNHEARD     /* when it is done, but nothing is out */
} cut_point;
cut_point fault_cut_request(const fault_list *self, random_source *random);
/* A frame that goes out is cut in the middle of it. */
bool fault_cut_frame(const fault_list *self, random_source *random);

/* How the sockets behave. */
typedef struct socket_plan {
  bool refuse;        /* no connection is taken */
  uint64_t read_rate; /* bytes a second; 0 is as they come */
  uint64_t fragments; /* 0: frames go whole; otherwise in so many, at random; 1: in two, at every split in turn */
  certificate_kind certificate;
} socket_plan;
socket_plan fault_plan_socket(const fault_list *self);

/* A restart that is due; it is taken out of the list. */
typedef struct restart_plan {
  uint64_t down_ms;
  bool orders_lost;
} restart_plan;
bool fault_take_restart(fault_list *self, restart_plan *out);

/* Frames to send after a session has authenticated: at most FAULT_COUNT_MAX, the references are the caller's. */
size_t fault_greet(const fault_list *self, message *out[FAULT_COUNT_MAX]);

#endif
