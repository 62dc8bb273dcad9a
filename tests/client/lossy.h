/* A bus that loses things, for tests of what the library makes of it: a fake broker that remembers what it has
 * published, whether or not it arrived, and answers sequences, replay and snapshot from that; and a client of it.
 */
#ifndef TESTS_CLIENT_LOSSY_H
#define TESTS_CLIENT_LOSSY_H

#include <criterion/criterion.h>

#include "fixture.h"

enum { TICKER, BOOK, ORDERS, TOPICS, EVENTS_MAX = 64 };

typedef struct lossy_topic {
  hbus_stream stream;
  const char *text;
} lossy_topic;

extern const lossy_topic lossy_topics[TOPICS];

/* What the broker has published, whether or not it arrived. */
typedef struct world {
  buffer bodies[TOPICS][EVENTS_MAX + 1]; /* by number */
  uint64_t last[TOPICS];
  uint64_t beats[HBUS_STREAM_COUNT];
  uint64_t stamps[TOPICS]; /* what a snapshot says, 0: the last number */
  hbus_status refuses;     /* replays, snapshots and sequences are answered with this ... */
  unsigned refusals;       /* ... as many times */
  uint64_t gone;           /* numbers up to here cannot be replayed */
  unsigned pages;          /* of a snapshot, 0 is one */
  unsigned lost_cursors;
  hbus_seen seen; /* what get_ticker's reply names */
  unsigned asked[HBUS_COMMAND_COUNT];
} world;

/* What an action in the broker's thread takes. */
typedef struct deed {
  world *world;
  unsigned topic;
  unsigned count;
  bool arrives;
  hbus_stream stream;
  const char *prefix;
  uint64_t interval_ms;
} deed;

typedef struct scene {
  world world;
  fake_broker *broker;
  hbus_client *client;
} scene;

void lossy_begin(scene *self, bool newest_only, bool repair);
void lossy_end(scene *self);

/* Publishes as many events of a topic, which arrive or do not; a heartbeat that names the last numbers. */
void lossy_publish(scene *self, unsigned topic, unsigned count, bool arrives);
void lossy_beat(scene *self, hbus_stream stream, bool arrives);
/* A heartbeat that arrives and names all but this topic, which has not moved since the heartbeat before. */
void lossy_beat_without(scene *self, hbus_stream stream, unsigned topic);
/* Waits for this subscription. */
void lossy_await(scene *self, hbus_stream stream, const char *prefix);
/* How many commands of a kind came, at the latest when an answered one that was sent now has come back. */
unsigned lossy_asked(scene *self, hbus_command_kind kind);
/* Watches, and waits until the broker knows, a heartbeat was heard and it has been asked, so that all that is published
 * from here on counts. */
void lossy_watch(scene *self, hbus_stream stream, const char *prefix);

/* Actions: a heartbeat (stream, interval_ms, arrives); the command connection lost; the broker started again. */
void lossy_do_beat(fake_broker *self, void *argument);
void lossy_do_reconnect(fake_broker *self, void *argument);
void lossy_do_restart(fake_broker *self, void *argument);
/* The end of the subscription to market_data/ is awaited. */
void lossy_do_await_end(fake_broker *self, void *argument);

/* The next thing that the program is given, in words. Waits for ever. */
const char *lossy_next(scene *self);
void lossy_expect_nothing(scene *self);

/* These are the next ones. */
#define EXPECT(scene, ...)                                                                                             \
  do {                                                                                                                 \
    static const char *const expected_[] = {__VA_ARGS__};                                                              \
    for (size_t i_ = 0; i_ < sizeof(expected_) / sizeof(expected_[0]); i_++)                                           \
      cr_assert_str_eq(lossy_next(scene), expected_[i_]);                                                              \
  } while (0)

#endif
