/* Commands under way: from the sending to the moment at which the caller has taken the reply.
 *
 * A fixed number of slots. A command's id on the wire is NUMBER-SLOT, so a reply finds its slot without a search, and a
 * reply that comes after its command's time-out finds a slot with another number and is known as late.
 */
#ifndef CLIENT_PENDING_H
#define CLIENT_PENDING_H

#include <zmq.h>

#include "hbus/command.h"
#include "proto/buffer.h"

/* Who waits for the reply. */
typedef enum pending_owner {
  PENDING_FREE,
  PENDING_SENT,     /* hbus_client_next hands it out */
  PENDING_CALL,     /* hbus_client_call waits for it */
  PENDING_INTERNAL, /* the library's own: hello again, renewed subscriptions, our orders, the clock */
} pending_owner;

typedef struct pending_command {
  pending_owner owner;
  bool answered;
  bool said_hello; /* was sent again after a hello; once is enough */
  hbus_command_kind kind;
  uint64_t number;
  uint64_t ticket; /* of the library's own: what it was asked for, as its sender counts */
  int timeout_ms;
  uint64_t deadline_ms; /* monotonic */
  buffer frame;         /* as it was sent */
  zmq_msg_t answer;     /* what `reply` borrows from */
  hbus_reply reply;     /* its id is there from the start */
  hbus_error problem;   /* the text of a reply that the library made itself */
  struct pending_command *next;
} pending_command;

typedef struct pending pending;

#define PENDING_LOOKS 64

/* Room for `user_max` commands of the caller's and `internal_max` of the library's own. NULL: no memory. */
pending *pending_new(unsigned user_max, unsigned internal_max);
void pending_destroy(pending **self);

/* Takes a slot and writes the command's id (HBUS_COMMAND_ID_MAX + 1 bytes). NULL: all of this owner's kind are taken.
 */
pending_command *pending_add(pending *self, pending_owner owner, hbus_command_kind kind, char *id);
/* The command of that id, still waiting; NULL: there is none. */
pending_command *pending_find(pending *self, const char *id, size_t size);
/* Marks it as answered; one of PENDING_SENT goes behind those answered before. */
void pending_answer(pending *self, pending_command *command);
/* The first answered one of PENDING_SENT that `may_go` (NULL: any may), or NULL; no longer in the queue. Looks at
 * PENDING_LOOKS of them at most. */
typedef bool pending_may_go_fn(void *arg, const pending_command *command);
pending_command *pending_next_answered(pending *self, pending_may_go_fn *may_go, void *arg);
void pending_release(pending *self, pending_command *command);
/* Releases the library's own that still wait: their connection is gone, no reply will come. */
void pending_drop_internal(pending *self);

/* The earliest deadline, or one that is earlier still; UINT64_MAX: nothing waits. */
uint64_t pending_deadline(const pending *self);
/* Some command that waits past its deadline, or NULL. */
pending_command *pending_next_overdue(pending *self, uint64_t now_ms);
void pending_set_deadline(pending *self, pending_command *command, uint64_t deadline_ms);

#endif
