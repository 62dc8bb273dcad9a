/* A market maker to start from: one bid and one ask around the mid price of a market.
 *
 *   market_maker EXCHANGE MARKET [--spread 0.002] [--amount 0.01] [--threshold 0.0005]
 *
 * It quotes at mid * (1 - spread) and mid * (1 + spread), and quotes anew when one of its orders trades or when the mid
 * has moved by more than threshold * mid. Ctrl-C cancels what it has and ends.
 *
 * What to copy from it: one loop, no waiting inside; prices that never become binary floating point; and an order whose
 * outcome is unknown counts as live until the broker knows better, so nothing is ever quoted twice.
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
#include <unistd.h>

#define TICK_MS    500  /* how often unknown orders are asked for, and refused quotes tried again */
#define BACKOFF_MS 2000 /* after a refused quote */
#define CANCEL_MS  3000 /* patience with each cancel at the end */

/* One side's order, from the sending to its end. At most one command about it is under way at a time. */
typedef struct quote {
  hbus_side side;
  enum { IDLE, PLACING, LIVE, CANCELLING, UNKNOWN, ASKING } state;
  hbus_client_order_id client_order_id;
  hbus_order_id order_id;                   /* once the exchange has given it one */
  uint64_t rev;                             /* the newest picture of the order that we have seen */
  char command_id[HBUS_COMMAND_ID_MAX + 1]; /* the command under way */
} quote;

typedef struct market_maker {
  hbus_client *client;
  const char *exchange, *market;
  hbus_decimal below, above; /* 1 - spread, 1 + spread */
  hbus_decimal amount, threshold;
  hbus_decimal bid, ask; /* the market's best, as last heard; absent before */
  hbus_decimal quoted_mid;
  uint64_t quiet_until_ms;
  quote quotes[2];
} market_maker;

static uint64_t s_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static hbus_decimal s_decimal(const char *text) {
  hbus_decimal decimal;
  if (hbus_decimal_parse(text, strlen(text), &decimal) != HBUS_OK) {
    fprintf(stderr, "market_maker: \"%s\" is not a decimal\n", text);
    exit(2);
  }
  return decimal;
}

/* The middle of best bid and best ask, exactly. */
static bool s_mid(const market_maker *self, hbus_decimal *out) {
  hbus_decimal sum, half = s_decimal("0.5");
  if (hbus_decimal_is_absent(&self->bid) || hbus_decimal_is_absent(&self->ask)) return false;
  return hbus_decimal_add(&self->bid, &self->ask, &sum) == HBUS_OK &&
         hbus_decimal_multiply(&sum, &half, out) == HBUS_OK;
}

/* Whether the mid is further from the one quoted than the threshold allows. */
static bool s_has_moved(const market_maker *self, const hbus_decimal *mid) {
  hbus_decimal move, allowed, zero = s_decimal("0");
  if (hbus_decimal_is_absent(&self->quoted_mid)) return true;
  if (hbus_decimal_subtract(mid, &self->quoted_mid, &move) != HBUS_OK) return true;
  if (hbus_decimal_sign(&move) < 0 && hbus_decimal_subtract(&zero, &move, &move) != HBUS_OK) return true;
  if (hbus_decimal_multiply(&self->quoted_mid, &self->threshold, &allowed) != HBUS_OK) return true;
  return hbus_decimal_compare(&move, &allowed) > 0;
}

/* Sends a command about a quote without waiting; its reply comes through hbus_client_next. */
static void s_send(market_maker *self, quote *quote, hbus_command *command, int next_state) {
  hbus_error error;
  memcpy(command->client_order_id, quote->client_order_id, sizeof(command->client_order_id));
  memcpy(command->order_id, quote->order_id, sizeof(command->order_id));
  if (hbus_client_send(self->client, command, 0, &error) == HBUS_OK) {
    memcpy(quote->command_id, command->id, sizeof(quote->command_id));
    quote->state = next_state;
  } else { /* nothing was sent: the state stays, the next tick tries again */
    printf("%s not sent: %s\n", hbus_command_name(command->kind), error.text);
    self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
  }
}

static void s_place(market_maker *self, quote *quote, const hbus_decimal *mid) {
  bool is_bid = quote->side == HBUS_BUY;
  hbus_command order;
  hbus_decimal exact;
  if (hbus_command_init(&order, HBUS_CREATE_ORDER, self->exchange, self->market, NULL) != HBUS_OK) return;
  /* Away from the mid, to as many digits as the market itself shows. */
  if (hbus_decimal_multiply(mid, is_bid ? &self->below : &self->above, &exact) != HBUS_OK ||
      hbus_decimal_round(&exact, hbus_decimal_scale(&self->bid), is_bid ? HBUS_ROUND_DOWN : HBUS_ROUND_UP,
                         &order.price) != HBUS_OK)
    return;
  order.side = quote->side;
  order.order_type = HBUS_LIMIT;
  order.amount = self->amount;
  /* The id comes first. A strategy that must survive its own crash writes it down before it sends. */
  if (hbus_client_new_order_id(self->client, quote->client_order_id, NULL) != HBUS_OK) return;
  quote->order_id[0] = '\0';
  quote->rev = 0;
  printf("%s %s at %s\n", hbus_side_name(quote->side), order.amount.text, order.price.text);
  s_send(self, quote, &order, PLACING);
}

static void s_command_about(market_maker *self, quote *quote, hbus_command_kind kind, int next_state) {
  hbus_command command;
  if (hbus_command_init(&command, kind, self->exchange, self->market, NULL) == HBUS_OK)
    s_send(self, quote, &command, next_state);
}

/* Brings the quotes one step nearer to what they should be. */
static void s_step(market_maker *self) {
  hbus_decimal mid;
  if (!s_mid(self, &mid) || s_now_ms() < self->quiet_until_ms) return;
  quote *bid = &self->quotes[0], *ask = &self->quotes[1];
  if (bid->state == IDLE && ask->state == IDLE) {
    self->quoted_mid = mid;
    s_place(self, bid, &mid);
    s_place(self, ask, &mid);
    return;
  }
  /* One side is gone, or both stand in the wrong place: the rest goes too, then both are quoted again. */
  bool is_stale = bid->state == IDLE || ask->state == IDLE || s_has_moved(self, &mid);
  for (quote *quote = bid; quote <= ask; quote++)
    if (is_stale && quote->state == LIVE) s_command_about(self, quote, HBUS_CANCEL_ORDER, CANCELLING);
}

/* What the broker says of an order of ours. A picture older than what we have seen changes nothing. */
static void s_apply(market_maker *self, quote *quote, const hbus_order *order, uint64_t rev) {
  if (rev < quote->rev) return;
  if (rev > quote->rev || quote->state == ASKING)
    printf("%s %s: %s, filled %s\n", hbus_side_name(quote->side), order->order_id,
           hbus_order_status_name(order->status), order->filled.text);
  quote->rev = rev;
  if (*order->order_id != '\0') memcpy(quote->order_id, order->order_id, sizeof(quote->order_id));
  switch (order->status) {
  case HBUS_PARTIALLY_FILLED: self->quoted_mid = (hbus_decimal){0}; /* traded: quote anew */ /* fall through */
  case HBUS_OPEN:
    if (quote->state != CANCELLING) quote->state = LIVE;
    break;
  case HBUS_CANCELLED: /* by somebody else, if not by us: then do not fight */
    if (quote->state != CANCELLING && quote->state != IDLE) self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
    quote->state = IDLE;
    break;
  case HBUS_FILLED:
  case HBUS_FAILED: quote->state = IDLE; break;
  case HBUS_UNKNOWN: quote->state = UNKNOWN; break;
  default: break;
  }
}

static quote *s_quote_of(market_maker *self, const char *command_id, const char *client_order_id) {
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++) {
    if (quote->state == IDLE) continue;
    if (command_id != NULL && strcmp(quote->command_id, command_id) == 0) return quote;
    if (client_order_id != NULL && strcmp(quote->client_order_id, client_order_id) == 0) return quote;
  }
  return NULL;
}

static void s_on_reply(market_maker *self, const hbus_message *message) {
  const hbus_reply *reply = &message->reply;
  quote *quote = s_quote_of(self, reply->id, NULL);
  hbus_order order;
  hbus_cancel cancel;
  if (quote == NULL) return;
  if (reply->status != HBUS_REPLY_OK)
    printf("%s of the %s: %s %.*s\n", hbus_command_name(message->command), hbus_side_name(quote->side),
           hbus_status_name(reply->code), (int)reply->message.size, reply->message.data);
  if (message->command == HBUS_CANCEL_ORDER) {
    bool is_gone =
        reply->status == HBUS_REPLY_OK && hbus_unpack_cancel(reply->data, &cancel, NULL) == HBUS_OK && cancel.cancelled;
    quote->state = is_gone ? IDLE : UNKNOWN; /* not cancelled: perhaps it was filled, so ask */
  } else if (reply->status == HBUS_REPLY_OK && hbus_unpack_order(reply->data, &order, NULL) == HBUS_OK) {
    s_apply(self, quote, &order, order.rev);
    if (quote->state == PLACING || quote->state == ASKING) quote->state = UNKNOWN; /* still pending */
  } else if (message->command == HBUS_CREATE_ORDER && reply->status == HBUS_REPLY_ERROR) {
    quote->state = IDLE; /* refused: certainly not placed */
    self->quiet_until_ms = s_now_ms() + BACKOFF_MS;
  } else {
    quote->state = UNKNOWN; /* as good as live, until get_order says otherwise */
  }
}

static void s_on_event(market_maker *self, const hbus_event *event) {
  if (event->kind == HBUS_KIND_TICKER_UPDATE) {
    self->bid = event->data.ticker.bid;
    self->ask = event->data.ticker.ask;
  } else if (event->kind == HBUS_KIND_ORDER_UPDATE) {
    quote *quote = s_quote_of(self, NULL, event->client_order_id);
    if (quote != NULL) s_apply(self, quote, &event->data.order, event->rev);
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
  if (status == HBUS_OK)
    status = hbus_subscribe_market(self->client, HBUS_CHANNEL_TICKER, self->exchange, self->market, 0, error);
  if (status == HBUS_OK) status = hbus_get_ticker(self->client, self->exchange, self->market, 0, &ticker, error);
  if (status == HBUS_OK) {
    self->bid = ticker.bid;
    self->ask = ticker.ask;
  }
  return status;
}

/* The whole program: wake up when there is something, take all of it, do one step. */
static void s_run(market_maker *self, int signals) {
  struct pollfd fds[] = {{.fd = hbus_client_fd(self->client), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  uint64_t tick_at_ms = s_now_ms() + TICK_MS;
  while (fds[1].revents == 0) {
    hbus_message message;
    while (hbus_client_next(self->client, 0, &message) == HBUS_OK) {
      if (message.kind == HBUS_MESSAGE_REPLY)
        s_on_reply(self, &message);
      else
        s_on_event(self, &message.event);
    }
    if (s_now_ms() >= tick_at_ms) {
      for (quote *quote = self->quotes; quote < self->quotes + 2; quote++)
        if (quote->state == UNKNOWN) s_command_about(self, quote, HBUS_GET_ORDER, ASKING);
      tick_at_ms = s_now_ms() + TICK_MS;
    }
    s_step(self);
    fflush(stdout);
    poll(fds, 2, TICK_MS);
  }
}

/* Cancels what may be live, and says what it could not make sure of. */
static int s_stop(market_maker *self) {
  int left = 0;
  for (quote *quote = self->quotes; quote < self->quotes + 2; quote++) {
    hbus_cancel cancel;
    hbus_error error = {0};
    if (quote->state == IDLE) continue;
    hbus_status status = hbus_cancel_order(self->client, self->exchange, self->market, quote->order_id,
                                           quote->client_order_id, CANCEL_MS, &cancel, &error);
    bool is_gone = (status == HBUS_OK && cancel.cancelled) || status == HBUS_UNKNOWN_ORDER;
    printf("%s %s: %s %s\n", hbus_side_name(quote->side), quote->client_order_id,
           is_gone ? "cancelled" : "MAY BE LIVE:", error.text);
    left += !is_gone;
  }
  return left == 0 ? 0 : 4;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"spread", 1, NULL, 's'}, {"amount", 1, NULL, 'a'}, {"threshold", 1, NULL, 't'}, {0}};
  hbus_decimal spread = s_decimal("0.002"), one = s_decimal("1");
  market_maker self = {.amount = s_decimal("0.01"),
                       .threshold = s_decimal("0.0005"),
                       .quotes = {{.side = HBUS_BUY}, {.side = HBUS_SELL}}};
  int code;
  while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (code == 's')
      spread = s_decimal(optarg);
    else if (code == 'a')
      self.amount = s_decimal(optarg);
    else if (code == 't')
      self.threshold = s_decimal(optarg);
    else
      return 2;
  }
  if (argc - optind != 2) {
    fprintf(stderr, "usage: market_maker EXCHANGE MARKET [--spread S] [--amount A] [--threshold T]\n");
    return 2;
  }
  self.exchange = argv[optind];
  self.market = argv[optind + 1];
  if (hbus_decimal_subtract(&one, &spread, &self.below) != HBUS_OK ||
      hbus_decimal_add(&one, &spread, &self.above) != HBUS_OK)
    return 2;

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
  int result = 3;
  if (hbus_client_connect(&connect, &self.client, &error) != HBUS_OK || s_start(&self, &error) != HBUS_OK) {
    fprintf(stderr, "market_maker: %s\n", error.text);
  } else {
    s_run(&self, signals);
    result = s_stop(&self);
  }
  hbus_client_destroy(&self.client);
  close(signals);
  return result;
}
