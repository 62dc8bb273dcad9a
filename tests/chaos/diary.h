/* What a reader of chaos_events was shown, in order, in a file that it leaves behind, however it ends.
 *
 * A diary is of one start of a reader: who is killed and comes back begins another one, and need not know what the one
 * before was shown. Records are all of one size, so that one that was cut by a kill is seen and left out.
 */
#ifndef CHAOS_DIARY_H
#define CHAOS_DIARY_H

#include <stdio.h>

#include "hbus/types.h"

/* `topic` in a record is the number of a name (of a topic, or of a prefix) that the diary has met before. */
typedef enum diary_kind {
  DIARY_NONE,
  DIARY_NAME,     /* the bytes of a name follow: `seq` is their size, `topic` its number */
  DIARY_PLAN,     /* `seq`: what the reader does (reader_plan); the first record */
  DIARY_WATCH,    /* events that begin with this are wanted from now on */
  DIARY_UNWATCH,  /* ... are not */
  DIARY_EVENT,    /* seq, epoch; `number`: what upstream, or its peer, calls it, 0: nothing; `digest` of its body */
  DIARY_STAMP,    /* a snapshot was shown which includes the events up to `seq` */
  DIARY_LOST,     /* it was told that `seq` to `number` are lost */
  DIARY_REPAIRED, /* ... were missed, and shown in place */
  DIARY_NOTICE,   /* any other notice; `seq`: its kind */
  DIARY_END       /* it came to an end in order */
} diary_kind;

typedef struct diary_record {
  uint8_t kind;
  uint8_t stream;
  uint16_t topic;
  uint32_t digest;
  uint64_t epoch;
  uint64_t seq;
  uint64_t number;
} diary_record;

typedef char diary_name[HBUS_TOPIC_MAX + 1];

typedef struct diary {
  FILE *file;
  diary_name *names; /* by their numbers */
  size_t name_count;
} diary;

/* Aborts where the file cannot be made. */
void diary_create(diary *self, const char *path);
/* False: there is none. */
bool diary_open(diary *self, const char *path);
void diary_close(diary *self);

/* What is written reaches the kernel, and so outlives the reader, with the next diary_flush. */
void diary_write(diary *self, const diary_record *record);
/* The same, about this topic or prefix. */
void diary_write_about(diary *self, diary_record record, const char *name);
void diary_flush(diary *self);

/* The next record; names are taken on the way. False: that was all. */
bool diary_read(diary *self, diary_record *out);

/* Of a body; never 0. */
uint32_t diary_digest(const uint8_t *body, size_t size);

#endif
