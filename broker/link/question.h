/* Questions: requests that only read, and so may be asked again.
 *
 * One that is not answered in time, or whose connection is lost, is asked again after a growing pause, as often as
 * upstream.retry_attempts says and not past the command's own `expires`. A late answer to an earlier attempt is as good
 * as any.
 */
#ifndef BROKER_QUESTION_H
#define BROKER_QUESTION_H

#include "broker/link/link.h"

typedef struct questions questions;

/* Called exactly once, from the loop: with the answer, or with why there is none. */
typedef void question_fn(void *arg, const link_outcome *outcome);

/* `link` must outlive it. NULL: no memory. */
questions *questions_new(uv_loop_t *loop, upstream_link *link, const config *config, counters *counters);
/* No question is asked again; those that wait for their next attempt end now, the others when the link says so. Comes
 * before the link is destroyed, questions_destroy after. */
void questions_stop(questions *self);
/* Takes its timer off the loop, which must run once more. */
void questions_destroy(questions **self);

/* Asks for `owner`. As link_request: on failure nothing was sent, and `done` is never called. */
hbus_status questions_ask(questions *self, const hbus_command *what, const char *owner, question_fn *done, void *arg);

#endif
