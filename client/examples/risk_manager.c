/* A risk manager to start from: it follows every fill of an account and keeps the position of each market.
 *
 *   risk_manager EXCHANGE --limit AMOUNT
 *
 * When a position is past the limit, long or short, it cancels every open order of that market, whoever placed it, and
 * goes on doing so with new ones until the position is within the limit again. Everything it does is printed. For that
 * its name must be among those that reach all orders, in the broker's configuration:
 *
 *   access: {reach_all: [hbus, risk-manager]}
 *
 * What to copy from it: it joins the private state, so the positions that it is given first and the fills that come
 * after add up without a hole, however events are lost on the way; what was told before as an inferred fill does not
 * count again; cancel_all reaches what is pending and unknown too, which no list of the exchange's has; and a cancel
 * without an answer is simply tried again.
 */
#include <getopt.h>
#include <hbus/hbus.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define MARKETS_MAX 256
#define RETRY_MS    1000

typedef struct market {
  hbus_name name;
  hbus_decimal position; /* above zero: long */
  uint64_t included;     /* fills up to this number are in it: the snapshot said so */
  bool is_past_limit;
  bool is_dirty; /* past the limit, and not everything is known to be cancelled */
} market;

typedef struct risk_manager {
  hbus_client *client;
  const char *exchange;
  hbus_decimal limit, minus_limit;
  market markets[MARKETS_MAX];
  unsigned market_count;
} risk_manager;

static market *s_market(risk_manager *self, const char *name) {
  for (unsigned i = 0; i < self->market_count; i++)
    if (strcmp(self->markets[i].name, name) == 0) return &self->markets[i];
  if (self->market_count == MARKETS_MAX) return NULL;
  market *added = &self->markets[self->market_count++];
  *added = (market){0};
  memcpy(added->name, name, strlen(name) + 1);
  (void)hbus_decimal_from_integer(0, 0, &added->position);
  return added;
}

static void s_judge(risk_manager *self, market *market) {
  bool was_past = market->is_past_limit;
  market->is_past_limit = hbus_decimal_compare(&market->position, &self->limit) > 0 ||
                          hbus_decimal_compare(&market->position, &self->minus_limit) < 0;
  if (market->is_past_limit != was_past)
    printf("%s: position %s is %s the limit of %s\n", market->name, market->position.text,
           market->is_past_limit ? "PAST" : "within", self->limit.text);
  market->is_dirty = market->is_past_limit;
}

/* Cancels an order that nobody on the bus has placed. */
static bool s_cancel(risk_manager *self, const hbus_order *order) {
  hbus_cancel cancel = {0};
  hbus_error error = {0};
  hbus_status status =
      hbus_cancel_order(self->client, self->exchange, order->market, order->order_id, NULL, 0, &cancel, &error);
  bool is_gone = (status == HBUS_OK && cancel.cancelled) || status == HBUS_UNKNOWN_ORDER;
  printf("%s: %s %s %s %s of another %s\n", order->market,
         is_gone ? "cancelled" : "NOT cancelled, will try again:", order->order_id, hbus_side_name(order->side),
         order->amount.text, error.text);
  return is_gone;
}

/* Cancels every open order of a market: those of all peers, which the broker sees to, then what others have placed.
 * Blocking calls are fine here: events that come meanwhile are kept. */
static void s_cancel_all(risk_manager *self, market *market) {
  hbus_order_list orders = {0};
  hbus_cancels cancels = {0};
  hbus_error error;
  hbus_status status =
      hbus_cancel_all(self->client, self->exchange, market->name, HBUS_SIDE_NONE, "*", 0, &cancels, &error);
  if (status != HBUS_OK) {
    printf("%s: NOT cancelled, will try again: %s\n", market->name, error.text);
    return;
  }
  if (cancels.requested > 0 || cancels.not_sent > 0)
    printf("%s: cancelled %llu orders of all peers, and stopped %llu\n", market->name,
           (unsigned long long)cancels.requested, (unsigned long long)cancels.not_sent);
  if (hbus_get_open_orders(self->client, self->exchange, market->name, 0, &orders, &error) != HBUS_OK) {
    printf("%s: open orders not known, will ask again: %s\n", market->name, error.text);
    return;
  }
  market->is_dirty = false;
  for (size_t i = 0; i < orders.count; i++)
    if (*orders.items[i].owner == '\0' && !s_cancel(self, &orders.items[i])) market->is_dirty = true;
  hbus_order_list_free(&orders);
}

/* Its amount, less what of it was told before. */
static hbus_status s_news_of(const hbus_trade *trade, hbus_decimal *out) {
  *out = trade->amount;
  return hbus_decimal_is_absent(&trade->replaces) ? HBUS_OK : hbus_decimal_subtract(out, &trade->replaces, out);
}

static void s_add(market *market, hbus_side side, const hbus_decimal *amount) {
  hbus_status status = side == HBUS_BUY ? hbus_decimal_add(&market->position, amount, &market->position)
                                        : hbus_decimal_subtract(&market->position, amount, &market->position);
  if (status != HBUS_OK) printf("%s: the position cannot be computed: %s\n", market->name, hbus_status_text(status));
}

static market *s_watched_market(risk_manager *self, const char *name) {
  market *found = s_market(self, name);
  if (found == NULL) printf("%s: more than %d markets, NOT watched\n", name, MARKETS_MAX);
  return found;
}

static void s_on_fill(risk_manager *self, const hbus_event *event) {
  const hbus_trade *trade = &event->data.trade;
  market *market = s_watched_market(self, trade->market);
  if (market == NULL || event->seq <= market->included) return;
  hbus_decimal news = trade->amount;
  hbus_status status = s_news_of(trade, &news);
  if (status != HBUS_OK) printf("%s: a fill makes no sense: %s\n", market->name, hbus_status_text(status));
  s_add(market, trade->side, &news);
  printf("%s: %s %s at %s, position %s\n", market->name, hbus_side_name(trade->side), news.text,
         hbus_decimal_is_absent(&trade->price) ? "a price not known yet" : trade->price.text, market->position.text);
  s_judge(self, market);
}

static void s_on_event(risk_manager *self, const hbus_event *event) {
  if (event->kind == HBUS_KIND_TRADE && strcmp(event->data.trade.exchange, self->exchange) == 0) {
    s_on_fill(self, event);
  } else if (event->kind == HBUS_KIND_ORDER_UPDATE && event->data.order.status == HBUS_OPEN &&
             strcmp(event->data.order.exchange, self->exchange) == 0) {
    market *market = s_market(self, event->data.order.market);
    if (market != NULL && market->is_past_limit) market->is_dirty = true; /* a new one: it goes too */
  } else if (event->kind == HBUS_KIND_LINK) {
    printf("the broker's link is %s\n", hbus_link_status_name(event->data.link.status));
  }
}

/* The number of the last fill that a part of a snapshot includes. */
static uint64_t s_last_fill(const risk_manager *self, const hbus_snapshot *part, const char *market_name) {
  hbus_topic fills;
  if (hbus_topic_trades(self->exchange, market_name, &fills) != HBUS_OK) return 0;
  for (size_t i = 0; i < part->stamp_count; i++) {
    const hbus_stamp *stamp = &part->stamps[i];
    if (stamp->stream == HBUS_STREAM_PRIVATE && stamp->topic.size == strlen(fills.text) &&
        memcmp(stamp->topic.data, fills.text, stamp->topic.size) == 0)
      return stamp->seq;
  }
  return 0;
}

/* All positions are known now. */
static void s_on_snapshot_end(risk_manager *self) {
  bool is_flat = true;
  hbus_decimal zero;
  (void)hbus_decimal_from_integer(0, 0, &zero);
  for (unsigned i = 0; i < self->market_count; i++) {
    market *market = &self->markets[i];
    if (hbus_decimal_compare(&market->position, &zero) == 0) continue;
    is_flat = false;
    printf("%s: position %s\n", market->name, market->position.text);
  }
  if (is_flat) printf("starting from zero\n");
  for (unsigned i = 0; i < self->market_count; i++)
    s_judge(self, &self->markets[i]);
}

/* The positions of all peers, as their fills make them: at the start, and again if fills were ever lost for good. */
static void s_on_snapshot(risk_manager *self, const hbus_message *message) {
  if (message->snapshot == NULL) {
    printf("positions not known, starting from zero: %.*s\n", (int)message->reply.message.size,
           message->reply.message.data);
    return;
  }
  for (unsigned i = 0; i < self->market_count && message->part == 1; i++)
    (void)hbus_decimal_from_integer(0, 0, &self->markets[i].position);
  for (size_t i = 0; i < message->snapshot->position_count; i++) {
    const hbus_position *position = &message->snapshot->positions[i];
    if (strcmp(position->exchange, self->exchange) != 0) continue;
    market *market = s_watched_market(self, position->market);
    if (market == NULL) continue;
    market->included = s_last_fill(self, message->snapshot, market->name);
    s_add(market, position->side, &position->amount);
  }
  if (message->is_last) s_on_snapshot_end(self);
}

static void s_on_notice(const hbus_message *message) {
  const hbus_stream_notice *notice = &message->notice;
  printf("%s %s\n", *message->topic != '\0' ? message->topic : "the private stream",
         hbus_stream_notice_name(notice->kind));
}

static void s_on_message(risk_manager *self, const hbus_message *message) {
  switch (message->kind) {
  case HBUS_MESSAGE_EVENT: s_on_event(self, &message->event); break;
  case HBUS_MESSAGE_SNAPSHOT: s_on_snapshot(self, message); break;
  case HBUS_MESSAGE_NOTICE: s_on_notice(message); break;
  default: break;
  }
}

static void s_run(risk_manager *self, int signals) {
  struct pollfd fds[] = {{.fd = hbus_client_fd(self->client), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  while (fds[1].revents == 0) {
    hbus_message message;
    while (hbus_client_next(self->client, 0, &message) == HBUS_OK)
      s_on_message(self, &message);
    bool is_dirty = false;
    for (unsigned i = 0; i < self->market_count; i++) {
      if (self->markets[i].is_dirty) s_cancel_all(self, &self->markets[i]);
      is_dirty = is_dirty || self->markets[i].is_dirty;
    }
    fflush(stdout);
    poll(fds, 2, is_dirty ? RETRY_MS : -1);
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"limit", 1, NULL, 'l'}, {0}};
  static risk_manager self; /* large, and all zero */
  int code;
  while ((code = getopt_long(argc, argv, "", options, NULL)) != -1)
    if (code != 'l' || hbus_decimal_parse(optarg, strlen(optarg), &self.limit) != HBUS_OK) return 2;
  hbus_decimal zero;
  (void)hbus_decimal_from_integer(0, 0, &zero);
  if (argc - optind != 1 || hbus_decimal_is_absent(&self.limit) ||
      hbus_decimal_subtract(&zero, &self.limit, &self.minus_limit) != HBUS_OK) {
    fprintf(stderr, "usage: risk_manager EXCHANGE --limit AMOUNT\n");
    return 2;
  }
  self.exchange = argv[optind];

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);

  hbus_options connect;
  hbus_error error;
  hbus_options_init(&connect);
  hbus_options_from_environment(&connect);
  connect.name = "risk-manager";
  connect.market_endpoint = NULL; /* public trades and books are no business of ours */
  connect.recover_orders = false; /* it places none */
  int result = 3;
  if (hbus_client_connect(&connect, &self.client, &error) != HBUS_OK ||
      hbus_client_join_private(self.client, &error) != HBUS_OK) {
    fprintf(stderr, "risk_manager: %s\n", error.text);
  } else {
    s_run(&self, signals);
    result = 0;
  }
  hbus_client_destroy(&self.client);
  return result;
}
