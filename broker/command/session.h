/* Who is connected to the command socket: one session a connection, found by its routing id, named by its hello. */
#ifndef BROKER_SESSION_H
#define BROKER_SESSION_H

#include "broker/command/peer_budget.h"
#include "hbus/types.h"

#define SESSION_ROUTE_MAX 255                         /* bytes of a routing id, by ZeroMQ */
#define SESSION_KEY_SIZE  (2 * SESSION_ROUTE_MAX + 1) /* the same in hex */

/* A routing id, as ZeroMQ gives it in front of a message and wants it in front of a reply. */
typedef struct session_route {
  uint8_t size;
  uint8_t bytes[SESSION_ROUTE_MAX];
} session_route;

typedef struct session {
  session_route route;
  char key[SESSION_KEY_SIZE];
  uint64_t serial;            /* unlike any other session's, though a routing id may come again */
  hbus_name name;             /* "" until hello */
  bool cancels_on_leave;      /* it has asked for cancel on disconnect */
  unsigned commands;          /* under way */
  peer_budget budget;         /* without limits until it is initialised */
  struct slow_reader *reader; /* what it has reported (slow.h); NULL: nothing */
  int descriptor;             /* of its connection, as the socket's monitor names it; -1: it has ended */
  struct session *next_left;  /* of those whose connection has ended */
} session;

typedef struct session_table session_table;

/* NULL: no memory. */
session_table *session_table_new(uint64_t capacity);
void session_table_destroy(session_table **self);
size_t session_table_size(const session_table *self);

/* The session of a connection. NULL: it has not been heard of before. */
session *session_table_get(const session_table *self, const session_route *route);
/* A new session for such a connection, whose descriptor no other session may have. NULL: the table is full. */
session *session_table_add(session_table *self, const session_route *route, int descriptor);
/* By key. NULL: gone. */
session *session_table_find(const session_table *self, const char *key);
/* Its connection has ended: the descriptor may be another's now. */
void session_table_disconnect(session_table *self, session *session);
/* Forgets a session. */
void session_table_remove(session_table *self, session *session);
/* The session whose connection has this descriptor. NULL: none. */
session *session_table_find_descriptor(const session_table *self, int descriptor);

#endif
