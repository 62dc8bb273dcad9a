/* A market maker to start from: one bid and one ask around the mid price of a market.
 *
 *   market_maker EXCHANGE MARKET [--spread 0.002] [--amount 0.01] [--threshold 0.0005]
 *
 * It quotes at mid * (1 - spread) and mid * (1 + spread), and quotes anew when one of its orders trades or when the mid
 * has moved by more than threshold * mid. Ctrl-C cancels what it has and ends; if it is killed the broker does that,
 * and if it comes back within the grace period it goes on with the orders that it left.
 *
 * What to copy from it: events that come while a call waits for its reply are kept, so plain calls in a plain loop are
 * enough; prices never become binary floating point; an order whose outcome is unknown counts as live until the broker
 * knows better, so nothing is ever quoted twice; what is open or unknown from before a restart is picked up after
 * hello, before anything new is placed; and no client_order_id ever recurs, so that none meets an order of yesterday.
 */
#include <getopt.h>
#include <hbus/hbus.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#define TICK_MS    500   /* how often it looks whether something is to be tried again */
#define BACKOFF_MS 2000  /* how long it leaves the market alone when something did not work */
#define GRACE_MS   10000 /* how long its orders may stay when it is gone */

/* One side's order. */
typedef struct quote {
  hbus_side side;
  enum { GONE, LIVE, UNKNOWN } state; /* UNKNOWN: it may be live */
  hbus_order order;                   /* the newest picture of it that we have seen */
  bool is_told;                       /* by the broker, since the last hello: it is not finished */
} quote;

typedef struct market_maker {
  hbus_client *client;
  const char *exchange, *market;
  hbus_decimal amount;
  hbus_decimal bid_factor, ask_factor;  /* 1 - spread, 1 + spread */
  hbus_decimal low_factor, high_factor; /* 1 - threshold, 1 + threshold */
  hbus_decimal best_bid, best_ask;      /* the market's, as last heard; absent before */
  hbus_decimal lowest_mid, highest_mid; /* as long as the mid is between them our quotes stand well */
  bool has_traded;                      /* since we quoted */
  bool is_recovered;                    /* the broker has told of all that we had: nothing is placed before */
  uint64_t quiet_until_ms;
  uint64_t ask_again_ms; /* what we have open; 0: not to be asked */
  quote quotes[2];
} market_maker;

static uint64_t s_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What the broker says of an order of ours. */
static void s_apply(market_maker *self, quote *quote, const hbus_order *order) {
  bool is_resting = order->status == HBUS_OPEN || order->status == HBUS_PARTIALLY_FILLED;
  if (order->rev < quote->order.rev) return; /* replies and events cross */
  quote->order = *order;
  quote->state = !hbus_order_is_live(order) ? GONE : is_resting ? LIVE : UNKNOWN;
  if (order->status == HBUS_PARTIALLY_FILLED) self->has_traded = true;
  printf("%s %s: %s, filled %s\n", hbus_side_name(quote->side), order->client_order_id,
         hbus_order_status_name(order->status), order->filled.text);
}

static void s_place(market_maker *self, quote *quote, const hbus_decimal *mid) {
  bool is_bid = quote->side == HBUS_BUY;
  hbus_command command;
  hbus_order order;
  hbus_decimal exact;
  hbus_error error = {0};
  /* The id comes first: a strategy that must survive its own crash writes it down before it sends. The price is away
   * from the mid, to as many digits as the market itself shows. */
  if (hbus_command_init(&command, HBUS_CREATE_ORDER, self->exchange, self->market, NULL) != HBUS_OK ||
      hbus_decimal_multiply(mid, is_bid ? &self->bid_factor : &self->ask_factor, &exact) != HBUS_OK ||
      hbus_decimal_round(&exact, hbus_decimal_scale(&self->best_bid), is_bid ? HBUS_ROUND_DOWN : HBUS_ROUND_UP,
                         &command.price) != HBUS_OK ||
      hbus_client_new_order_id(self->client, command.client_order_id, NULL) != HBUS_OK)
    return;
  command.side = quote->side;
  command.order_type = HBUS_LIMIT;
  command.amount = self->amount;
  quote->order = (hbus_order){0};
  printf("%s %s at %s\n", hbus_side_name(quote->side), command.amount.text, command.price.text);
  hbus_status status = hbus_create_order(self->client, &command, 0, &order, &error);
  if (status == HBUS_OK || status == HBUS_OUTCOME_UNKNOWN) s_apply(self, quote, &order);
  if (status != HBUS_OK) { /* OUTCOME_UNKNOWN apart, it was certainly not placed */
    printf("%s not placed: %s\n", hbus_side_name(quote->side), error.text);
    self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
  }
}

static void s_ask(market_maker *self, quote *quote) {
  hbus_order order;
  hbus_error error = {0};
  hbus_status status = hbus_get_order(self->client, self->exchange, self->market, quote->order.order_id,
                                      quote->order.client_order_id, 0, &order, &error);
  if (status == HBUS_OK) s_apply(self, quote, &order);
  if (status == HBUS_UNKNOWN_ORDER) quote->state = GONE;
  if (quote->state != UNKNOWN) return;
  printf("%s %s: still unknown: %s\n", hbus_side_name(quote->side), quote->order.client_order_id, error.text);
  self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
}

/* Whether it is certain that the order is gone afterwards. */
static bool s_cancel(market_maker *self, quote *quote) {
  hbus_cancel cancel = {0};
  hbus_error error = {0};
  hbus_status status = hbus_cancel_order(self->client, self->exchange, self->market, quote->order.order_id,
                                         quote->order.client_order_id, 0, &cancel, &error);
  bool is_gone = (status == HBUS_OK && cancel.cancelled) || status == HBUS_UNKNOWN_ORDER;
  quote->state = is_gone ? GONE : UNKNOWN;
  printf("%s %s: %s%s\n", hbus_side_name(quote->side), quote->order.client_order_id,
         is_gone            ? "cancelled"
         : cancel.requested ? "the broker goes on cancelling it"
                            : "not cancelled: ",
         error.text);
  if (!is_gone) s_ask(self, quote); /* perhaps it was filled */
  return quote->state == GONE;
}

/* The middle of best bid and best ask, exactly. */
static bool s_mid(const market_maker *self, hbus_decimal *out) {
  hbus_decimal sum, half;
  if (hbus_decimal_is_absent(&self->best_bid) || hbus_decimal_is_absent(&self->best_ask)) return false;
  return hbus_decimal_add(&self->best_bid, &self->best_ask, &sum) == HBUS_OK &&
         hbus_decimal_parse("0.5", 3, &half) == HBUS_OK && hbus_decimal_multiply(&sum, &half, out) == HBUS_OK;
}

/* Around a mid near which our quotes stand well. */
static bool s_set_bounds(market_maker *self, const hbus_decimal *mid) {
  return hbus_decimal_multiply(mid, &self->low_factor, &self->lowest_mid) == HBUS_OK &&
         hbus_decimal_multiply(mid, &self->high_factor, &self->highest_mid) == HBUS_OK;
}

/* Both quotes stand, or both go and are placed anew; never a second order beside one that may be live. */
static void s_quote(market_maker *self) {
  hbus_decimal mid;
  if (!self->is_recovered || s_now_ms() < self->quiet_until_ms) return;
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++)
    if (quote->state == UNKNOWN) s_ask(self, quote);
  if (!s_mid(self, &mid)) return;
  bool are_whole = self->quotes[0].state == LIVE && self->quotes[1].state == LIVE && !self->has_traded;
  if (are_whole && hbus_decimal_is_absent(&self->lowest_mid)) { /* they are from before a restart */
    (void)s_set_bounds(self, &mid);
    return;
  }
  if (are_whole && hbus_decimal_compare(&mid, &self->lowest_mid) >= 0 &&
      hbus_decimal_compare(&mid, &self->highest_mid) <= 0)
    return;
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++)
    if (quote->state == UNKNOWN || (quote->state == LIVE && !s_cancel(self, quote))) return;
  if (!s_set_bounds(self, &mid)) return;
  self->has_traded = false;
  s_place(self, &self->quotes[0], &mid);
  s_place(self, &self->quotes[1], &mid);
}

static void s_on_event(market_maker *self, const hbus_event *event) {
  if (event->kind == HBUS_KIND_TICKER_UPDATE) {
    self->best_bid = event->data.ticker.bid;
    self->best_ask = event->data.ticker.ask;
  }
  bool has_reconnected = event->kind == HBUS_KIND_LINK && event->data.link.status == HBUS_LINK_CONNECTED;
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++) {
    if (has_reconnected && quote->state == LIVE) quote->state = UNKNOWN; /* who knows what happened meanwhile */
    if (event->kind != HBUS_KIND_ORDER_UPDATE || quote->state == GONE) continue;
    if (strcmp(quote->order.client_order_id, event->client_order_id) != 0) continue;
    if (!hbus_order_is_newer(&event->data.order, &quote->order)) continue; /* the reply to a call has told us already */
    s_apply(self, quote, &event->data.order);
    if (event->data.order.status == HBUS_CANCELLED) /* not by us: then do not fight */
      self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
  }
}

/* An order of ours from before a hello. One a side is our quote; another there cannot be but by a crash in the middle
 * of something, and goes. */
static void s_on_recovered_order(market_maker *self, const hbus_order *order) {
  quote *quote = &self->quotes[order->side == HBUS_BUY ? 0 : 1];
  if (strcmp(order->exchange, self->exchange) != 0 || strcmp(order->market, self->market) != 0) return;
  bool is_ours = strcmp(quote->order.client_order_id, order->client_order_id) == 0;
  if (quote->state == GONE || is_ours) {
    if (!is_ours) quote->order = (hbus_order){0};
    s_apply(self, quote, order);
    quote->is_told = true;
  } else {
    hbus_order copy = *order; /* what was lent is gone with the next call */
    hbus_cancel cancel;
    hbus_error error = {0};
    hbus_status status = hbus_cancel_order(self->client, self->exchange, self->market, copy.order_id,
                                           copy.client_order_id, 0, &cancel, &error);
    printf("%s %s: one too many, %s\n", hbus_side_name(copy.side), copy.client_order_id,
           status == HBUS_OK ? "cancelled" : error.text);
  }
}

/* What we took for live and were not told of is finished. */
static void s_on_recovered(market_maker *self, const hbus_reply *end) {
  self->is_recovered = end->status == HBUS_REPLY_OK;
  if (!self->is_recovered) {
    printf("what is open is not known: %.*s\n", (int)end->message.size, end->message.data);
    self->ask_again_ms = s_now_ms() + BACKOFF_MS;
  }
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++) {
    if (quote->state == LIVE && !quote->is_told) quote->state = UNKNOWN;
    quote->is_told = false;
  }
}

/* Watches what it needs, in the order in which nothing is missed: first listen, then ask. */
static hbus_status s_start(market_maker *self, hbus_error *error) {
  hbus_topic ticker_topic, order_topic;
  hbus_ticker ticker;
  hbus_status status = hbus_topic_ticker(self->exchange, self->market, &ticker_topic);
  if (status == HBUS_OK) status = hbus_topic_orders(self->exchange, self->market, &order_topic);
  if (status != HBUS_OK) return hbus_fail(error, status, "no names for a market");
  status = hbus_client_watch(self->client, ticker_topic.text, error);
  if (status == HBUS_OK) status = hbus_client_watch(self->client, order_topic.text, error);
  if (status == HBUS_OK) status = hbus_client_watch(self->client, "system/link/", error);
  if (status == HBUS_OK) status = hbus_get_ticker(self->client, self->exchange, self->market, 0, &ticker, error);
  if (status == HBUS_OK) {
    self->best_bid = ticker.bid;
    self->best_ask = ticker.ask;
  }
  return status;
}

static void s_on_message(market_maker *self, const hbus_message *message) {
  switch (message->kind) {
  case HBUS_MESSAGE_EVENT: s_on_event(self, &message->event); break;
  case HBUS_MESSAGE_ORDER: s_on_recovered_order(self, message->order); break;
  case HBUS_MESSAGE_RECOVERED: s_on_recovered(self, &message->reply); break;
  default: break;
  }
}

/* Until a signal comes; then cancels what may be live. The exit status: 4 when an order may have stayed. */
static int s_run(market_maker *self, int signals) {
  struct pollfd fds[] = {{.fd = hbus_client_fd(self->client), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  while (fds[1].revents == 0) {
    hbus_message message;
    while (hbus_client_next(self->client, 0, &message) == HBUS_OK)
      s_on_message(self, &message);
    if (self->ask_again_ms > 0 && s_now_ms() >= self->ask_again_ms) {
      self->ask_again_ms = 0;
      hbus_client_recover(self->client);
    }
    s_quote(self);
    fflush(stdout);
    poll(fds, 2, TICK_MS);
  }
  int result = 0;
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++)
    if (quote->state != GONE && !s_cancel(self, quote)) result = 4;
  return result;
}

/* 1 - distance and 1 + distance. */
static bool s_read_factors(const char *distance_text, hbus_decimal *below, hbus_decimal *above) {
  hbus_decimal one, distance;
  return hbus_decimal_from_integer(1, 0, &one) == HBUS_OK &&
         hbus_decimal_parse(distance_text, strlen(distance_text), &distance) == HBUS_OK &&
         hbus_decimal_subtract(&one, &distance, below) == HBUS_OK &&
         hbus_decimal_add(&one, &distance, above) == HBUS_OK;
}

static bool s_read_arguments(market_maker *self, int argc, char **argv) {
  static const struct option options[] = {
      {"spread", 1, NULL, 's'}, {"amount", 1, NULL, 'a'}, {"threshold", 1, NULL, 't'}, {0}};
  const char *spread = "0.002", *amount = "0.01", *threshold = "0.0005";
  for (int code; (code = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (code == '?') return false;
    *(code == 's' ? &spread : code == 'a' ? &amount : &threshold) = optarg;
  }
  if (argc - optind != 2) return false;
  self->exchange = argv[optind];
  self->market = argv[optind + 1];
  return s_read_factors(spread, &self->bid_factor, &self->ask_factor) &&
         s_read_factors(threshold, &self->low_factor, &self->high_factor) &&
         hbus_decimal_parse(amount, strlen(amount), &self->amount) == HBUS_OK;
}

int main(int argc, char **argv) {
  market_maker self = {.quotes = {{.side = HBUS_BUY}, {.side = HBUS_SELL}}};
  if (!s_read_arguments(&self, argc, argv)) {
    fprintf(stderr, "usage: market_maker EXCHANGE MARKET [--spread S] [--amount A] [--threshold T]\n");
    return 2;
  }
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
  connect.name = "market-maker"; /* the name owns the orders: the same at every start */
  connect.cancel_on_disconnect = true;
  connect.grace_ms = GRACE_MS;
  hbus_status status = hbus_client_connect(&connect, &self.client, &error);
  if (status == HBUS_OK) status = s_start(&self, &error);
  if (status != HBUS_OK) fprintf(stderr, "market_maker: %s\n", error.text);
  int result = status == HBUS_OK ? s_run(&self, signals) : 3;
  hbus_client_destroy(&self.client);
  return result;
}
