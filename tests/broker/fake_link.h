/* A link to nobody: a dialect that remembers what it is asked, and answers when the test says so. What lies above the
 * dialect, the pace, is the real thing. */
#ifndef TESTS_BROKER_FAKE_LINK_H
#define TESTS_BROKER_FAKE_LINK_H

#include "broker/link/link.h"

#define FAKE_REQUESTS_MAX 20000

typedef struct fake_link {
  upstream_link *link; /* open at first; whoever is given it destroys it */
  config config;       /* of the pace: nothing is limited unless the test says so before fake_link_open */
  counters counters;
  logger *log;
} fake_link;

/* Makes the link. Fails the test if it cannot. */
void fake_link_open(fake_link *self, uv_loop_t *loop);
/* Destroys it; what is under way gets LINK_LOST. The loop must run once more. */
void fake_link_close(fake_link *self);

/* Opens or cuts the connection: what is under way gets LINK_LOST. */
void fake_link_connect(fake_link *self);
void fake_link_cut(fake_link *self);

/* Requests that have no final outcome yet, oldest first, and what they ask. */
size_t fake_link_count(const fake_link *self);
const hbus_command *fake_link_request(const fake_link *self, size_t index);
/* All that were ever sent. */
size_t fake_link_total(const fake_link *self);

/* Answers a request, which is gone then, or says that it failed, or nothing in time: then it stays, to be answered
 * late.
 */
void fake_link_answer(fake_link *self, size_t index, const upstream_answer *answer);
void fake_link_refuse(fake_link *self, size_t index, hbus_status code, const char *message);
void fake_link_time_out(fake_link *self, size_t index);
/* Answers a cancel: done, or not. */
void fake_link_answer_cancel(fake_link *self, size_t index, bool cancelled);

#endif
