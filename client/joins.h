/* What a client has joined: markets, and the private state. For each a snapshot is asked for, page by page, and the
 * events of its topics wait until it is there (PROTOCOL.md, "Joining").
 *
 * Orders and fills that are lost need a private snapshot too, joined or not: that is a join which nobody asked for.
 * What is to be asked is said here, and what was answered is told; nothing here sends.
 */
#ifndef CLIENT_JOINS_H
#define CLIENT_JOINS_H

#include "client/tracker.h"
#include "hbus/topics.h"
#include "proto/event_codec.h"
#include "proto/repair_codec.h"

#define JOINS_ASKED_MAX 4 /* snapshots under way at a time */
#define JOIN_TOPICS_MAX 5 /* prefixes that a join watches */

typedef struct join_topic {
  hbus_stream stream;
  bool waits; /* its events wait for the snapshot */
  hbus_topic prefix;
} join_topic;

typedef enum join_state {
  JOIN_DONE,
  JOIN_DUE, /* a page is to be asked for; its topics wait */
  JOIN_ASKED
} join_state;

typedef struct join {
  struct join *next;
  hbus_name exchange; /* "": the private state */
  hbus_name market;
  bool is_wanted; /* joined, not only lost from */
  join_state state;
  uint64_t ticket; /* of the page that is awaited */
  uint64_t round;  /* of the first page */
  uint64_t due_ms;
  uint64_t epoch; /* of the snapshot */
  unsigned part;
  unsigned restarts; /* times that the list changed under its cursor */
  char cursor[HBUS_CURSOR_MAX + 1];
  join_topic topics[JOIN_TOPICS_MAX];
  unsigned topic_count;
} join;

typedef struct joins {
  join *first;
  unsigned count;
  unsigned asked_count;
  unsigned due_count;
  uint64_t last_ticket;
} joins;

void joins_free(joins *self);
/* NULL: it is not there. */
join *joins_find(const joins *self, const char *exchange, const char *market);
/* Adds one, at rest. exchange and market "": the private state. HBUS_INVALID_REQUEST: no such names; HBUS_OVERLOADED:
 * HBUS_JOINS_MAX; HBUS_NO_MEMORY. */
hbus_status joins_add(joins *self, const char *exchange, const char *market, join **out);
/* Lets its topics go, and frees it. */
void joins_remove(joins *self, join *item, tracker *tracker);

/* Asks for its snapshot, anew if it is being asked for, not before due_ms; its topics wait from now on. */
void joins_begin(joins *self, join *item, tracker *tracker, uint64_t due_ms);
/* The market stream has a new epoch: the snapshots of markets are of the old one. */
void joins_begin_markets(joins *self, tracker *tracker, uint64_t epoch, uint64_t now_ms);
/* How many snapshots must come before this topic's events. */
unsigned joins_holds(const joins *self, hbus_stream stream, const char *topic, size_t size);

/* What is to be asked now; false: nothing. */
join *joins_question(joins *self, uint64_t now_ms, hbus_command *out);
/* It was sent. Returns its ticket. */
uint64_t joins_asked(joins *self, join *item);
/* Its answer. */
void joins_learn(joins *self, uint64_t ticket, tracker *tracker, repair_unpacker *unpacker, event_unpacker *events,
                 const hbus_reply *reply, uint64_t now_ms);
/* No answer will come to what was asked: asked anew. */
void joins_lose(joins *self, uint64_t now_ms);
/* When there is something to ask; UINT64_MAX: nothing, or enough is under way. */
uint64_t joins_deadline(const joins *self);

#endif
