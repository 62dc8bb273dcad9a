/* An event as one line: for people, or as a JSON object with all that it carries. What is no event, a notice or a
 * state, is told by its key: events have "type", these have "notice" or "snapshot". */
#ifndef TOOL_EVENT_LINE_H
#define TOOL_EVENT_LINE_H

#include "hbus/client.h"
#include "proto/buffer.h"

/* What becomes of a topic's or a stream's events, and in which word. */
typedef struct event_notice {
  const char *what; /* "lost" */
  hbus_stream stream;
  const char *topic; /* "": the whole stream */
  uint64_t epoch;    /* 0: not known; the rest likewise */
  uint64_t from;
  uint64_t to;
} event_notice;

/* `scratch` is reused from line to line. */
void event_line_print(const hbus_message *message, buffer *scratch);
void event_line_print_json(const hbus_message *message, buffer *scratch);
void event_line_print_notice(const event_notice *notice);
void event_line_print_notice_json(const event_notice *notice, buffer *scratch);

/* What an event says, without its number and topic: "bid 36.00  ask 36.10  last -". */
void event_line_print_data(const hbus_event *event, buffer *scratch);

#endif
