/* What a peer keeps where it outlives it (ORDERS.md, rule 20): its orders before it sends them, and what it was told of
 * them. A line of JSON each, handed to the kernel at once, so that kill -9 takes nothing of it.
 *
 *   {"note":"create","id":"ann-1","exchange":"binance","market":"ETH-USDT","side":"buy","type":"limit",
 *    "amount":"0.0010","price":"1530.00","expires":1618677817000}
 *   {"note":"again","id":"ann-1","expires":1618677818000}
 *   {"note":"told","id":"ann-1","status":"open","order_id":"17","filled":"","rev":2}
 *   {"note":"violation","id":"ann-1","text":"it was known, and is not known any more"}
 *
 * The other notes are about an order, and have nothing but its id.
 */
#ifndef CHAOS_NOTEBOOK_H
#define CHAOS_NOTEBOOK_H

#include "proto/buffer.h"
#include "tests/chaos/ticket.h"

typedef enum notebook_note {
  NOTEBOOK_CREATE,    /* is about to be sent for the first time */
  NOTEBOOK_AGAIN,     /* ... again */
  NOTEBOOK_TOLD,      /* the broker has said this of it */
  NOTEBOOK_ABSENT,    /* it never was, and never will be */
  NOTEBOOK_CANCEL,    /* its cancel is about to be sent */
  NOTEBOOK_PROMISED,  /* a reply promised that it will end, or has */
  NOTEBOOK_OVER,      /* a cancel was refused */
  NOTEBOOK_VIOLATION, /* the broker broke its word */
  NOTEBOOK_NOTE_COUNT
} notebook_note;

typedef struct notebook {
  int file;
  buffer line;
} notebook;

typedef struct notebook_counts {
  uint64_t notes[NOTEBOOK_NOTE_COUNT];
} notebook_counts;

/* Brings the tickets to where the notebook left them, and appends to it from then on; a notebook that is not there is
 * made, a last line that was not finished dropped. */
void notebook_open(notebook *self, const char *path, unsigned owner, ticket_table *tickets);
void notebook_close(notebook *self);

/* Any note but a violation. */
void notebook_write(notebook *self, notebook_note note, const ticket *about);
void notebook_complain(notebook *self, const ticket *about, const char *text);

/* Reads one into the tickets, and prints the first violations in it. False: there is none, or it is damaged. */
bool notebook_read(const char *path, unsigned owner, ticket_table *tickets, notebook_counts *out);

#endif
