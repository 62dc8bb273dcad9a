#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/tool/event_line.h"
#include "client/tool/json.h"
#include "client/tool/peer.h"
#include "hbus/calls.h"
#include "hbus/topics.h"

#define EVENTS_PER_LOOK 256 /* events in a row before Ctrl-C is looked for */

typedef struct tail {
  hbus_client *client;
  int signals; /* signalfd of SIGINT and SIGTERM */
  bool json;
  uint64_t left; /* events until --count is reached */
  buffer scratch;
} tail;

/* A topic that names a channel of a market completely is also wanted from Hummingbot. */
static hbus_status s_watch(const arguments *arguments, tail *self, const char *prefix, hbus_error *error) {
  hbus_status status = hbus_client_watch(self->client, prefix, error);
  hbus_channel channel;
  hbus_name exchange, market;
  if (status != HBUS_OK || arguments->no_subscribe) return status;
  if (hbus_topic_channel(prefix, &channel, exchange, market) != HBUS_OK) return HBUS_OK;
  return hbus_subscribe_market(self->client, channel, exchange, market, 0, error);
}

static hbus_status s_watch_all(const arguments *arguments, tail *self, hbus_error *error) {
  if (arguments->positional_count == 0) return hbus_client_watch(self->client, "", error);
  hbus_status status = HBUS_OK;
  for (int i = 0; i < arguments->positional_count && status == HBUS_OK; i++)
    status = s_watch(arguments, self, arguments->positionals[i], error);
  return status;
}

/* The broker would notice by itself that we are gone; this is faster. */
static void s_unsubscribe_all(const arguments *arguments, tail *self) {
  for (int i = 0; i < arguments->positional_count && !arguments->no_subscribe; i++) {
    hbus_command command;
    hbus_channel channel;
    hbus_name exchange, market;
    if (hbus_topic_channel(arguments->positionals[i], &channel, exchange, market) != HBUS_OK) continue;
    if (hbus_command_init(&command, HBUS_UNSUBSCRIBE, exchange, market, NULL) != HBUS_OK) continue;
    command.channel = channel;
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

/* Prints what there is, at most a bounded run of it. Whether --count is reached. */
static bool s_print_some(tail *self) {
  hbus_message message;
  for (unsigned i = 0; i < EVENTS_PER_LOOK && hbus_client_next(self->client, 0, &message) == HBUS_OK; i++) {
    if (message.kind != HBUS_MESSAGE_EVENT) continue;
    if (self->json)
      event_line_print_json(&message, &self->scratch);
    else
      event_line_print(&message);
    if (--self->left == 0) return true;
  }
  return false;
}

/* Until --count is reached, a signal comes, or the reader of our output goes away. */
static void s_follow(tail *self) {
  struct pollfd fds[] = {{.fd = hbus_client_fd(self->client), .events = POLLIN},
                         {.fd = self->signals, .events = POLLIN},
                         {.fd = STDOUT_FILENO}}; /* POLLERR comes unasked */
  while (!s_print_some(self) && peer_flush()) {
    (void)poll(fds, sizeof(fds) / sizeof(fds[0]), -1);
    if (fds[1].revents != 0 || (fds[2].revents & POLLERR) != 0) break;
  }
  (void)peer_flush();
}

static outcome s_run(const verb *self, const arguments *arguments) {
  tail tail = {.signals = -1, .json = arguments->json, .left = arguments->count == 0 ? UINT64_MAX : arguments->count};
  buffer_init(&tail.scratch, HBUS_FRAME_MAX * 6);
  outcome outcome = peer_connect(self, arguments, true, &tail.client);
  if (outcome != OUTCOME_DONE) goto out;
  hbus_error error = {0};
  if (!s_open_signals(&tail)) {
    (void)hbus_fail(&error, HBUS_INTERNAL, "no descriptor for signals");
    outcome = peer_report(self, &error);
  } else if (s_watch_all(arguments, &tail, &error) != HBUS_OK) {
    outcome = error.status == HBUS_TOO_BIG ? peer_report_usage(self, &error) : peer_report(self, &error);
  } else {
    s_follow(&tail);
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
        "is everything. One that names a market completely, like market_data/order_book/binance/ETH-USDT/, is also\n"
        "subscribed at Hummingbot while this runs. Ends with Ctrl-C.",
    .options = ARGUMENT_COUNT | ARGUMENT_NO_SUBSCRIBE,
    .positionals_min = 0,
    .positionals_max = -1,
    .run = s_run};
