/* A client's life, and the messages that it hands out, in turns. */
#include "client/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/reception.h"
#include "client/repair.h"
#include "client/session.h"
#include "client/unpack.h"
#include "proto/topic.h"

#define TURNS_OF_A_SOURCE 32 /* messages in a row, before the others are looked at */

/* Slots of the library's own: every market subscription renewed, a hello, a ping, what repair.c asks, and some to
 * spare. */
#define INTERNAL_MAX (HBUS_SUBSCRIPTIONS_MAX + 32)

/* Life */

static hbus_status s_open(hbus_client *self, const hbus_options *options, hbus_error *error) {
  int fds[SOCKETS_FD_COUNT];
  hbus_status status = sockets_open(&self->sockets, options, error);
  if (status != HBUS_OK) return status;
  self->pending = pending_new(options->pending_max, INTERNAL_MAX);
  self->unpacker = event_unpacker_new();
  if (self->pending == NULL || self->unpacker == NULL || repair_open(self, options) != HBUS_OK)
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for a client");
  status = wakeup_open(&self->wakeup, fds, sockets_fds(&self->sockets, fds));
  return status == HBUS_OK ? HBUS_OK : hbus_fail(error, status, "no descriptor left for the client");
}

static hbus_status s_greet(hbus_client *self, int timeout_ms, hbus_error *error) {
  hbus_command command = session_hello(self);
  hbus_reply reply;
  hbus_error why = {0};
  hbus_status status = hbus_client_call(self, &command, timeout_ms, &reply, &why);
  const char *endpoint = self->settings.commands_endpoint;
  if (status == HBUS_OK) {
    hbus_hello hello;
    return unpack_hello(reply.data, &hello, error); /* session.c has learned it already, if it is one */
  }
  if (status == HBUS_TIMEOUT && self->stats.connections > 0)
    return hbus_fail(error, status,
                     "%s took the connection but did not answer hello within %d ms: is it the commands "
                     "endpoint of an hbusd?",
                     endpoint, timeout_ms);
  if (status == HBUS_TIMEOUT)
    return hbus_fail(error, status,
                     "no broker at %s within %d ms: is hbusd running, and is this its commands endpoint?", endpoint,
                     timeout_ms);
  if (status == HBUS_INTERNAL && reply.status == HBUS_REPLY_NONE) /* an answer, but none that this version can read */
    return hbus_fail(error, HBUS_UNSUPPORTED, "%s does not speak version %d of the protocol: %s", endpoint,
                     HBUS_PROTOCOL_VERSION, why.text);
  return hbus_fail(error, status, "%s refused hello as \"%s\": %s", endpoint, self->settings.name, why.text);
}

hbus_status hbus_client_connect(const hbus_options *options, hbus_client **out, hbus_error *error) {
  hbus_options defaults;
  hbus_options_init(&defaults);
  if (options == NULL) options = &defaults;

  hbus_client *self = calloc(1, sizeof(*self));
  if (self == NULL) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for a client");
  self->wakeup = (wakeup){.epoll = -1, .timer = -1, .left_over = -1};
  zmq_msg_init(&self->topic_frame);
  zmq_msg_init(&self->body_frame);
  hbus_status status = options_check(options, &self->settings, error);
  if (status == HBUS_OK) status = s_open(self, options, error);
  if (status == HBUS_OK) status = s_greet(self, options->connect_timeout_ms, error);
  if (status == HBUS_OK)
    *out = self;
  else
    hbus_client_destroy(&self);
  return status;
}

void hbus_client_destroy(hbus_client **self_ptr) {
  if (self_ptr == NULL || *self_ptr == NULL) return;
  hbus_client *self = *self_ptr;
  *self_ptr = NULL;
  wakeup_close(&self->wakeup);
  zmq_msg_close(&self->topic_frame);
  zmq_msg_close(&self->body_frame);
  pending_destroy(&self->pending);
  subscriptions_free(&self->subscriptions);
  recovery_free(&self->recovery);
  repair_close(self);
  free(self->lent_delivery);
  event_unpacker_destroy(&self->unpacker);
  sockets_close(&self->sockets);
  free(self);
}

int hbus_client_fd(const hbus_client *self) {
  return self->wakeup.epoll;
}

const hbus_hello *hbus_client_hello(const hbus_client *self) {
  return &self->hello;
}

uint64_t hbus_client_broker_now_ms(const hbus_client *self) {
  return broker_clock_now_ms(&self->clock, client_boot_ms());
}

void hbus_client_get_stats(const hbus_client *self, hbus_client_stats *out) {
  *out = self->stats;
  tracker_add_stats(self->tracker, out);
}

void client_take_back(hbus_client *self) {
  if (self->lent != NULL) pending_release(self->pending, self->lent);
  self->lent = NULL;
}

/* What comes */

static hbus_status s_check_prefix(const char *prefix, unsigned *streams, hbus_error *error) {
  size_t size = strlen(prefix);
  if (size > HBUS_TOPIC_MAX)
    return hbus_fail(error, HBUS_TOO_BIG, "a topic of %zu bytes, at most %d", size, HBUS_TOPIC_MAX);
  *streams = topic_streams(prefix, size);
  if (*streams == 0)
    return hbus_fail(error, HBUS_MALFORMED,
                     "no topic begins with \"%s\": expected market_data/, trade_update/, order_update/, "
                     "strategy_update/, error/, info/, system/, audit/ and what is below them",
                     prefix);
  return HBUS_OK;
}

hbus_status hbus_client_watch(hbus_client *self, const char *prefix, hbus_error *error) {
  unsigned streams = 0;
  hbus_status status = s_check_prefix(prefix, &streams, error);
  return status == HBUS_OK ? reception_watch(self, streams, prefix, error) : status;
}

hbus_status hbus_client_unwatch(hbus_client *self, const char *prefix, hbus_error *error) {
  unsigned streams = 0;
  hbus_status status = s_check_prefix(prefix, &streams, error);
  if (status != HBUS_OK || reception_unwatch(self, streams, prefix)) return status;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "\"%s\" is not watched", prefix);
}

bool hbus_client_has_shown(const hbus_client *self, const hbus_seen *seen) {
  if (seen->stream != HBUS_STREAM_MARKET && seen->stream != HBUS_STREAM_PRIVATE) return true;
  bool is_watched = watches_match(&self->watches[seen->stream], seen->topic, strlen(seen->topic), NULL);
  return !is_watched || tracker_has_shown(self->tracker, seen);
}

/* A reply comes after the event that it names, or at the end of its patience. */
static bool s_may_go(void *arg, const pending_command *command) {
  hbus_client *self = arg;
  if (hbus_client_has_shown(self, &command->reply.seen) || client_monotonic_ms() >= command->deadline_ms) return true;
  if (command->deadline_ms < self->reply_ms) self->reply_ms = command->deadline_ms;
  return false;
}

static hbus_status s_take_reply(hbus_client *self, hbus_message *out) {
  session_progress(self);
  if (recovery_take(&self->recovery, out) == HBUS_OK) return HBUS_OK; /* a reply too, handed out in parts */
  self->reply_ms = UINT64_MAX;
  pending_command *command = pending_next_answered(self->pending, s_may_go, self);
  if (command == NULL) return HBUS_TIMEOUT;
  self->lent = command;
  self->stats.replies++;
  out->kind = HBUS_MESSAGE_REPLY;
  out->command = command->kind;
  out->reply = command->reply;
  return HBUS_OK;
}

void hbus_client_recover(hbus_client *self) {
  recovery_begin(&self->recovery);
  wakeup_set(&self->wakeup, true);
}

static hbus_status s_take_from(hbus_client *self, client_source source, hbus_message *out) {
  switch (source) {
  case CLIENT_REPLIES: return s_take_reply(self, out);
  case CLIENT_PRIVATE: return reception_take_event(self, HBUS_STREAM_PRIVATE, out);
  case CLIENT_MARKET: return reception_take_event(self, HBUS_STREAM_MARKET, out);
  case CLIENT_SOURCE_COUNT: break;
  }
  assert(!"a source");
  return HBUS_INTERNAL;
}

/* What is queued goes first, since it came before everything that is still to be read. */
static hbus_status s_take_queued(hbus_client *self, hbus_message *out) {
  if (self->settings.newest_only) reception_drain(self, HBUS_STREAM_MARKET);
  if (tracker_waiting(self->tracker) == 0) return HBUS_TIMEOUT;
  if (++self->queued_in_a_row % TURNS_OF_A_SOURCE == 0) session_progress(self); /* the connection is not left alone */
  return reception_take_queued(self, out);
}

/* The next message of whose turn it is; HBUS_TIMEOUT when no source has any. An empty source gives its turn away, a
 * busy one keeps it for a while: looking at an empty socket is a system call, taking from a full one is not. */
static hbus_status s_take(hbus_client *self, hbus_message *out) {
  if (s_take_queued(self, out) == HBUS_OK) return HBUS_OK;
  for (unsigned empty = 0; empty < CLIENT_SOURCE_COUNT; empty++) {
    if (self->turns_left == 0) {
      self->source = (self->source + 1) % CLIENT_SOURCE_COUNT;
      self->turns_left = TURNS_OF_A_SOURCE;
    }
    if (s_take_from(self, self->source, out) == HBUS_OK) {
      self->turns_left--;
      return HBUS_OK;
    }
    self->turns_left = 0;
  }
  return reception_take_queued(self, out); /* what a reply has brought */
}

/* The first moment at which there is something to do unasked. */
static uint64_t s_deadline(const hbus_client *self) {
  const uint64_t deadlines[] = {pending_deadline(self->pending), repair_deadline(self), reception_deadline(self),
                                self->reply_ms};
  uint64_t first_ms = UINT64_MAX;
  for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
    if (deadlines[i] < first_ms) first_ms = deadlines[i];
  return first_ms;
}

hbus_status hbus_client_next(hbus_client *self, int timeout_ms, hbus_message *out) {
  client_take_back(self);
  uint64_t deadline_ms = timeout_ms < 0 ? UINT64_MAX : client_monotonic_ms() + (uint64_t)timeout_ms;
  for (;;) {
    self->work_left = false;
    hbus_status status = s_take(self, out);
    if (status != HBUS_OK && !self->work_left && reception_look(self)) status = reception_take_queued(self, out);
    if (status == HBUS_OK) {
      wakeup_set(&self->wakeup, true);
      return HBUS_OK;
    }
    uint64_t now_ms = client_monotonic_ms(), due_ms = s_deadline(self);
    if (now_ms >= deadline_ms) {
      /* All was looked at and found empty, so from here on the sockets' own descriptors speak. */
      wakeup_at(&self->wakeup, due_ms, now_ms);
      wakeup_set(&self->wakeup, self->work_left);
      return HBUS_TIMEOUT;
    }
    unsigned wants = SOCKETS_WANT_EVENTS | session_wants(self);
    int wait_ms = session_wait_ms(self, due_ms < deadline_ms ? due_ms : deadline_ms);
    if (sockets_wait(&self->sockets, wants, wait_ms) != HBUS_OK) break;
  }
  wakeup_set(&self->wakeup, true); /* a signal came in the middle: what was seen until then is not known */
  return HBUS_TIMEOUT;
}
