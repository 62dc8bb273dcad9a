/* Asking the broker for the last numbers of what is watched on one stream (`sequences`): when a watch begins, and when
 * it is not sure that nothing was missed.
 *
 * A round asks about some prefixes, page by page. It says what to ask and is told the answer; nothing here sends.
 */
#ifndef CLIENT_ROLL_CALL_H
#define CLIENT_ROLL_CALL_H

#include "client/tracker.h"
#include "client/watches.h"
#include "proto/buffer.h"
#include "proto/repair_codec.h"

/* All zero but `stream` and `prefixes` (an initialised buffer): at rest. */
typedef struct roll_call {
  hbus_stream stream;
  uint64_t round;  /* the present one, 0: none */
  uint64_t rounds; /* begun */
  bool is_asked;   /* a page is awaited */
  unsigned pages;  /* of the round */
  uint64_t due_ms; /* not before */
  buffer prefixes; /* of the round, packed */
  char cursor[HBUS_CURSOR_MAX + 1];
} roll_call;

/* What is to be asked now; false: nothing. *out borrows until the next call. */
bool roll_call_question(roll_call *self, watches *watches, uint64_t now_ms, hbus_command *out);
void roll_call_asked(roll_call *self);
/* The answer, an error of our own making too. */
void roll_call_learn(roll_call *self, watches *watches, tracker *tracker, repair_unpacker *unpacker,
                     const hbus_reply *reply, uint64_t now_ms);
/* No answer will come to what was asked. */
void roll_call_lose(roll_call *self, watches *watches);
/* When there is something to ask; UINT64_MAX: nothing, or an answer is awaited. */
uint64_t roll_call_deadline(const roll_call *self, const watches *watches);

#endif
