/* Reads the simulator's ledger as it grows, into the tickets. */
#ifndef CHAOS_LEDGER_READER_H
#define CHAOS_LEDGER_READER_H

#include <stdio.h>

#include "proto/json.h"
#include "tests/chaos/ticket.h"

typedef struct ledger_reader {
  FILE *file;
  json_reader *reader;
  char *line;
  size_t line_size;
  zhashx_t *upstream_ids; /* that creates have come with */
  zhashx_t *fills_left;   /* fills, "exchange/order/trade", that were not taken yet */
  uint64_t lines;
  uint64_t creates, creates_accepted, creates_rejected, creates_dropped;
  uint64_t cancels, fills;
  uint64_t opened, ended; /* connections */
  uint64_t cut, closed, muted;
  uint64_t upstream_ids_twice; /* creates whose client_order_id had come before */
  uint64_t tickets_twice;      /* creates of a ticket that had come before */
  uint64_t strangers;          /* creates and fills that no ticket explains */
} ledger_reader;

/* Fails the test if there is no such file. */
void ledger_reader_open(ledger_reader *self, const char *path);
void ledger_reader_close(ledger_reader *self);
/* Reads what is new. */
void ledger_reader_read(ledger_reader *self, ticket_table *tickets);
/* Takes a fill that was published out of those that are there. False: there is none, or it was taken before. */
bool ledger_reader_take_fill(ledger_reader *self, const hbus_trade *published);
/* Fills that were not taken. */
size_t ledger_reader_fills_left(const ledger_reader *self);

#endif
