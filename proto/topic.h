/* Topics: the first frame of an event, and what subscriptions are prefixes of (PROTOCOL.md, "Topics").
 *
 * Each segment ends with '/'. Bytes outside A-Z a-z 0-9 . _ : - are percent-encoded, upper-case hex.
 */
#ifndef PROTO_TOPIC_H
#define PROTO_TOPIC_H

#include "hbus/event.h"

typedef struct topic {
  size_t size;
  char text[HBUS_TOPIC_MAX + 1]; /* NUL-terminated */
} topic;

void topic_clear(topic *self);
/* Appends one segment, encoded, and its '/'. HBUS_MALFORMED for an empty segment, HBUS_TOO_BIG past HBUS_TOPIC_MAX (the
 * topic is then as before). */
hbus_status topic_append(topic *self, const char *segment, size_t size);

/* The topic of an event, from its kind and data. HBUS_TOO_BIG, HBUS_MALFORMED (a name is missing). */
hbus_status topic_of_event(const hbus_event *event, topic *out);

/* The topic that the events of a market's channel have: on the market stream no others do. As topic_of_event. */
hbus_status topic_of_channel(hbus_channel channel, const char *exchange, const char *market, topic *out);
/* The other way. HBUS_MALFORMED: it is no such topic, or only the beginning of one. */
hbus_status topic_names_channel(const char *text, size_t size, hbus_channel *channel, hbus_name exchange,
                                hbus_name market);

/* Whether every topic that exchange and market can stand in fits; the gate that keeps a name out of the bus that could
 * never be published. */
bool topic_names_fit(const char *exchange, const char *market);

/* Decodes the segment at *offset of a topic into out (NUL-terminated), and moves *offset behind its '/'.
 * HBUS_MALFORMED at the end, for an unfinished segment, a bad escape, or an encoded NUL. */
hbus_status topic_next_segment(const char *text, size_t size, size_t *offset, char *out, size_t out_size);

/* Whether it is made of whole segments and nothing else, as every topic is: it may still be only the beginning of one.
 */
bool topic_is_whole(const char *text, size_t size);

/* Which streams carry topics of this prefix: bit 1 << HBUS_STREAM_MARKET, bit 1 << HBUS_STREAM_PRIVATE. */
unsigned topic_streams(const char *prefix, size_t size);

#endif
