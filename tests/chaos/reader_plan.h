/* What a reader of chaos_events does beside reading. */
#ifndef CHAOS_READER_PLAN_H
#define CHAOS_READER_PLAN_H

#define READER_MARKETS 20 /* upstream's, by their numbers (tests/bench/book_frames.h) */

typedef enum reader_plan {
  READER_ALL,    /* watches everything */
  READER_CHOICE, /* watches this and that, and something else after a while */
  READER_JOIN,   /* joins the private state and some markets, leaves them, joins others */
  READER_NEWEST, /* watches everything, and wants only the newest book of each market */
  READER_PLAN_COUNT
} reader_plan;

#endif
