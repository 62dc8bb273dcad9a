/* A broker of a few lines for tests of the client: a ROUTER and two XPUB sockets in a thread of their own, and a script
 * that says what each command is answered with. Everything that touches its sockets runs in that thread.
 */
#ifndef TESTS_CLIENT_FAKE_BROKER_H
#define TESTS_CLIENT_FAKE_BROKER_H

#include "hbus/command.h"
#include "hbus/event.h"
#include "proto/buffer.h"

#define FAKE_COMMANDS_MAX 20000
#define FAKE_PEER_MAX     16
#define FAKE_HEARTBEAT    "system/heartbeat/"

typedef struct fake_broker fake_broker;

/* A command as it came: decoded, and from whom. */
typedef struct fake_command {
  hbus_command command;
  uint8_t peer[FAKE_PEER_MAX];
  size_t peer_size;
} fake_command;

/* Answers (or not) a command that came; hello and ping are answered before unless `greets` is off. */
typedef void fake_script(fake_broker *self, const fake_command *command, void *argument);

/* Something to do in the broker's thread. */
typedef void fake_action(fake_broker *self, void *argument);

struct fake_broker {
  char commands[64]; /* endpoints */
  char market[64];
  char private_[64];
  _Atomic bool greets;      /* answers hello and ping by itself */
  _Atomic bool wants_hello; /* answers UNAUTHENTICATED to create, cancel and subscribe before a hello */
  _Atomic uint64_t now_ms;  /* what hello and ping say; the rest likewise */
  _Atomic uint64_t protocol;
  _Atomic uint64_t epoch;
  fake_command *received; /* every command, in order */
  _Atomic unsigned received_count;
  struct fake_insides *insides;
};

fake_broker *fake_broker_new(fake_script *script, void *argument);
void fake_broker_destroy(fake_broker **self);

/* The command that came as the index-th, from 0; it must have come. */
const fake_command *fake_received(const fake_broker *self, unsigned index);

/* Runs `action` in the broker's thread and waits until it is done. */
void fake_broker_do(fake_broker *self, fake_action *action, void *argument);

/* Hands the script's argument over, both ways: from here on this thread sees what the script has done to it, and the
 * next script what this thread has. A reply that came says as much, but not to ThreadSanitizer, which does not see into
 * libzmq. */
void fake_broker_meet(fake_broker *self);

/* --- In the broker's thread: in scripts and actions --- */

void fake_reply(fake_broker *self, const fake_command *command, const hbus_reply *reply);
/* ok with `data`, which may be NULL. */
void fake_reply_ok(fake_broker *self, const fake_command *command, const buffer *data);
void fake_reply_error(fake_broker *self, const fake_command *command, hbus_status code, const char *message);
void fake_reply_raw(fake_broker *self, const fake_command *command, const void *data, size_t size);
/* Publishes under the topic that the event's kind has; frames as given. */
void fake_publish(fake_broker *self, hbus_stream stream, const hbus_event *event);
void fake_publish_raw(fake_broker *self, hbus_stream stream, const char *topic, const void *body, size_t size);
/* A heartbeat of one part that names these topics. */
void fake_beat(fake_broker *self, hbus_stream stream, uint64_t seq, uint64_t interval_ms, const hbus_sequence *topics,
               size_t count);
/* Waits for the next subscription ('\1' and a prefix) or its end ('\0'), and checks that it is `expected`; commands are
 * answered meanwhile. Those of heartbeats, which the library adds by itself, are passed over unless expected. */
void fake_expect_subscription(fake_broker *self, hbus_stream stream, bool on, const char *expected);
/* Closes the command socket, with all connections, and binds a new one at the same address. */
void fake_restart(fake_broker *self);
/* Closes the command socket for good. */
void fake_shut(fake_broker *self);

/* An event of a market that this makes up. */
hbus_event fake_ticker_event(uint64_t seq, const char *market);
hbus_order fake_order(const char *order_id, const char *client_order_id);

#endif
