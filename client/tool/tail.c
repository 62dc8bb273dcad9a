#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/tool/event_line.h"
#include "client/tool/json.h"
#include "client/tool/peer.h"
#include "client/tool/snapshot.h"
#include "hbus/topics.h"

#define EVENTS_PER_LOOK 256 /* events in a row before Ctrl-C is looked for */

typedef struct tail {
  hbus_client *client;
  int signals; /* signalfd of SIGINT and SIGTERM */
  bool json;
  bool heartbeats; /* wanted, too */
  uint64_t left;   /* events until --count is reached */
  bool was_connected;
  buffer scratch;
} tail;

/* Makes the command that subscribes to a topic's market, or ends that; false: the topic does not name a channel of a
 * market completely. Its last "/" may have been forgotten. */
static bool s_make_command(const char *prefix, hbus_command_kind kind, hbus_command *out) {
  hbus_topic whole;
  hbus_channel channel;
  hbus_name exchange, market;
  size_t size = strlen(prefix);
  bool is_whole = size > 0 && prefix[size - 1] == '/';
  if (size + 1 > HBUS_TOPIC_MAX) return false;
  (void)snprintf(whole.text, sizeof(whole.text), "%s%s", prefix, is_whole ? "" : "/");
  if (hbus_topic_channel(whole.text, &channel, exchange, market) != HBUS_OK) return false;
  if (hbus_command_init(out, kind, exchange, market, NULL) != HBUS_OK) return false;
  out->channel = channel;
  return true;
}

/* A topic that names a channel of a market completely is also wanted from Hummingbot. */
static outcome s_watch(const verb *verb, const arguments *arguments, tail *self, const char *prefix) {
  hbus_error error = {0};
  hbus_command command;
  hbus_reply reply;
  if (hbus_client_watch(self->client, prefix, &error) != HBUS_OK) return peer_report_usage(verb, &error);
  if (arguments->no_subscribe || !s_make_command(prefix, HBUS_SUBSCRIBE, &command)) return OUTCOME_DONE;
  if (hbus_client_call(self->client, &command, 0, &reply, &error) != HBUS_OK) return peer_report(verb, &error);
  return OUTCOME_DONE;
}

static outcome s_watch_all(const verb *verb, const arguments *arguments, tail *self) {
  if (arguments->positional_count == 0) return s_watch(verb, arguments, self, "");
  outcome outcome = OUTCOME_DONE;
  for (int i = 0; i < arguments->positional_count && outcome == OUTCOME_DONE; i++)
    outcome = s_watch(verb, arguments, self, arguments->positionals[i]);
  return outcome;
}

/* Two lines a second that say nothing: only who asks for them gets them. */
static bool s_wants_heartbeats(const arguments *arguments) {
  static const char group[] = "system/";
  for (int i = 0; i < arguments->positional_count; i++)
    if (strncmp(arguments->positionals[i], group, strlen(group)) == 0) return true;
  return false;
}

/* The broker would notice by itself that we are gone; this is faster. */
static void s_unsubscribe_all(const arguments *arguments, tail *self) {
  for (int i = 0; i < arguments->positional_count && !arguments->no_subscribe; i++) {
    hbus_command command;
    if (s_make_command(arguments->positionals[i], HBUS_UNSUBSCRIBE, &command))
      (void)hbus_client_send(self->client, &command, 0, NULL);
  }
}

static bool s_open_signals(tail *self) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return false;
  self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return self->signals >= 0;
}

static void s_print_event(tail *self, const hbus_message *message) {
  if (self->json)
    event_line_print_json(message, &self->scratch);
  else
    event_line_print(message, &self->scratch);
}

static void s_print_notice(tail *self, const hbus_message *message) {
  const event_notice notice = {.what = hbus_stream_notice_name(message->notice.kind),
                               .stream = message->stream,
                               .topic = message->topic,
                               .epoch = message->notice.epoch,
                               .from = message->notice.from,
                               .to = message->notice.to};
  if (self->json)
    event_line_print_notice_json(&notice, &self->scratch);
  else
    event_line_print_notice(&notice);
}

/* Prints what there is, at most a bounded run of it. Whether --count is reached. */
static bool s_print_some(tail *self) {
  hbus_message message;
  for (unsigned i = 0; i < EVENTS_PER_LOOK && hbus_client_next(self->client, 0, &message) == HBUS_OK; i++) {
    if (message.kind == HBUS_MESSAGE_NOTICE) s_print_notice(self, &message);
    if (message.kind == HBUS_MESSAGE_SNAPSHOT) snapshot_print(&message.reply, self->json);
    if (message.kind != HBUS_MESSAGE_EVENT) continue;
    if (message.event.kind == HBUS_KIND_HEARTBEAT && !self->heartbeats) continue;
    s_print_event(self, &message);
    if (--self->left == 0) return true;
  }
  return false;
}

/* Says when the broker goes away and when it is back: the silence in between could be mistaken for a quiet market. */
static void s_note_connection(tail *self, const char *endpoint) {
  hbus_client_stats stats;
  hbus_client_get_stats(self->client, &stats);
  if (stats.connected == self->was_connected) return;
  self->was_connected = stats.connected;
  if (stats.connected)
    (void)fprintf(stderr, "hbus tail: connected to %s again\n", endpoint);
  else
    (void)fprintf(stderr, "hbus tail: lost the broker at %s; waiting for it\n", endpoint);
}

/* Until --count is reached, a signal comes, or the reader of our output goes away. */
static void s_follow(tail *self, const char *endpoint) {
  struct pollfd fds[] = {{.fd = hbus_client_fd(self->client), .events = POLLIN},
                         {.fd = self->signals, .events = POLLIN},
                         {.fd = STDOUT_FILENO}}; /* POLLERR comes unasked */
  while (!s_print_some(self) && peer_flush()) {
    s_note_connection(self, endpoint);
    (void)poll(fds, sizeof(fds) / sizeof(fds[0]), -1);
    if (fds[1].revents != 0 || (fds[2].revents & POLLERR) != 0) break;
  }
  (void)peer_flush();
}

static outcome s_run(const verb *self, const arguments *arguments) {
  tail tail = {.signals = -1,
               .json = arguments->json,
               .heartbeats = s_wants_heartbeats(arguments),
               .left = arguments->count == 0 ? UINT64_MAX : arguments->count,
               .was_connected = true};
  buffer_init(&tail.scratch, HBUS_FRAME_MAX * 6);
  outcome outcome = peer_connect(self, arguments, true, &tail.client);
  if (outcome != OUTCOME_DONE) goto out;
  hbus_error error = {0};
  outcome = s_watch_all(self, arguments, &tail);
  if (outcome == OUTCOME_DONE && !s_open_signals(&tail)) {
    (void)hbus_fail(&error, HBUS_INTERNAL, "no descriptor for signals");
    outcome = peer_report(self, &error);
  }
  if (outcome == OUTCOME_DONE) {
    s_follow(&tail, arguments->options.commands_endpoint);
    s_unsubscribe_all(arguments, &tail);
  }
  if (tail.signals >= 0) close(tail.signals);
out:
  hbus_client_destroy(&tail.client);
  buffer_free(&tail.scratch);
  return outcome;
}

const verb verb_tail = {
    .name = "tail",
    .parameters = "[TOPIC ...]",
    .summary = "Prints events as they come",
    .details =
        "A TOPIC is a prefix: market_data/ is every book and ticker, order_update/binance/ every order there; none\n"
        "is everything but heartbeats. One that names a market completely, like "
        "market_data/order_book/binance/ETH-USDT/, is also\n"
        "subscribed at Hummingbot while this runs. Events that were dropped on the way are asked for again; what "
        "became\n"
        "of them is a line of its own. Ends with Ctrl-C.",
    .options = ARGUMENT_COUNT | ARGUMENT_NO_SUBSCRIBE,
    .positionals_min = 0,
    .positionals_max = -1,
    .run = s_run};
