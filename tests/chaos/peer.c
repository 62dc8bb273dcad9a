/* chaos_peer: a trader of its own process, made to be killed: tests/chaos/peer ENDPOINT NUMBER NOTEBOOK SEED
 *
 * It places, repeats and cancels orders without rest, on a bare DEALER, and keeps in its notebook what must outlive it.
 * Whatever it loses on the way (the broker, or itself), it asks for what it does not know: by get_order, or by the same
 * create again. A byte on its standard output goes before every command ('.'), and tells of every reply (','). SIGTERM
 * ends it, with 0, when it knows what became of everything that it ever sent.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/command_codec.h"
#include "proto/reply_codec.h"
#include "tests/chaos/call.h"
#include "tests/chaos/draw.h"
#include "tests/chaos/notebook.h"

#define PAUSE_MS_MAX  30 /* between two commands */
#define LOOK_MS       10
#define PATIENCE_MS   10000 /* for a reply, while the connection stands */
#define HELLO_MS      1000  /* for hello's: the broker may have died with it */
#define RECONNECT_MS  10
#define CALLS_MAX     16 /* under way at once */
#define RECENT        20 /* of its tickets, about which it still asks */
#define ALIKE_PERCENT 35
#define HASTY_PERCENT 5 /* creates that expire at once */
#define EXPIRES_MS    1500
#define MARGIN_MS     100 /* behind that, what is not there will not come */

enum { PEERS = 4 };

typedef struct peer {
  unsigned number;
  const char *endpoint;
  random_source random;
  notebook notes;
  ticket_table tickets; /* its own alone */
  hbus_ticker tickers[TICKET_MARKETS];
  size_t first_cancelled; /* ticket that may be cancelled: those before are not worth it */

  /* This connection. */
  zsock_t *dealer;
  void *monitor;
  buffer frame;
  call_log calls;
  uint64_t *sent_ms; /* of each call; unix time */
  bool greeted;
  uint64_t began_ms;
  unsigned connections; /* up to this one */

  uint64_t due_ms;    /* of its next command */
  uint64_t wonder_ms; /* when to ask again for what it does not know */
  bool knows_all;
  bool finishing;
} peer;

/* Who watches it may kill somebody now. */
static void s_tell(char what) {
  ssize_t told = write(STDOUT_FILENO, &what, 1);
  assert(told == 1);
}

static uint64_t s_now_ms(void) {
  return (uint64_t)zclock_time();
}

/* --- sending --- */

static void s_send(peer *self, hbus_command *command, ticket *about) {
  call_log_add(&self->calls, command, about);
  self->sent_ms = realloc(self->sent_ms, self->calls.count * sizeof *self->sent_ms);
  assert(self->sent_ms);
  self->sent_ms[self->calls.count - 1] = s_now_ms();
  buffer_reset(&self->frame);
  hbus_status status = command_pack(command, &self->frame);
  assert(!status);
  s_tell('.');
  int sent = zmq_send(zsock_resolve(self->dealer), self->frame.data, self->frame.size, 0);
  assert(sent >= 0);
}

static void s_send_create(peer *self, ticket *about) {
  hbus_command create = about->create;
  create.expires_ms = about->expires_ms;
  about->asking = true;
  about->lost = false;
  s_send(self, &create, about);
}

/* What became of it: by its own id, or by upstream's. */
static void s_send_about(peer *self, hbus_command_kind kind, ticket *about, bool by_order_id) {
  hbus_command command;
  hbus_command_init(&command, kind, about->create.exchange, about->create.market, NULL);
  if (by_order_id) {
    memcpy(command.order_id, about->answered.order_id, sizeof command.order_id);
  } else {
    memcpy(command.client_order_id, about->create.client_order_id, sizeof command.client_order_id);
  }
  s_send(self, &command, about);
}

static void s_send_get(peer *self, ticket *about) {
  about->asking = true;
  about->lost = false;
  s_send_about(self, HBUS_GET_ORDER, about, false);
}

static void s_send_cancel(peer *self, ticket *about) {
  about->cancel_asked = true;
  s_send_about(self, HBUS_CANCEL_ORDER, about, about->answered.order_id[0] && random_chance(&self->random, 50));
}

/* --- the connection --- */

static void s_connect(peer *self) {
  self->dealer = zsock_new(ZMQ_DEALER);
  assert(self->dealer);
  zsock_set_linger(self->dealer, 0);
  zsock_set_sndhwm(self->dealer, 0);
  zsock_set_rcvhwm(self->dealer, 0);
  zsock_set_reconnect_ivl(self->dealer, RECONNECT_MS);
  char monitor[32]; /* of a name of its own: the last one may not be closed yet */
  snprintf(monitor, sizeof monitor, "inproc://monitor-%u", ++self->connections);
  int status = zmq_socket_monitor(zsock_resolve(self->dealer), monitor, ZMQ_EVENT_DISCONNECTED);
  assert(status == 0);
  self->monitor = zmq_socket(zsys_init(), ZMQ_PAIR);
  status = zmq_connect(self->monitor, monitor);
  assert(status == 0);
  status = zsock_connect(self->dealer, "%s", self->endpoint);
  assert(status == 0);
  self->greeted = false;
  self->began_ms = s_now_ms();
  hbus_command hello = {.kind = HBUS_HELLO};
  snprintf(hello.name, sizeof hello.name, "%s", ticket_owner_name(self->number));
  s_send(self, &hello, NULL);
}

static void s_disconnect(peer *self) {
  zmq_socket_monitor(zsock_resolve(self->dealer), NULL, 0);
  zmq_close(self->monitor);
  zsock_destroy(&self->dealer);
}

/* What was under way will not be answered any more. */
static void s_lose_calls(peer *self) {
  for (size_t i = 0; i < self->calls.count; i++) {
    const call *lost = &self->calls.items[i];
    if (lost->replies || !lost->about) continue;
    if (lost->kind == HBUS_CANCEL_ORDER) {
      lost->about->cancel_asked = false;
    } else {
      lost->about->asking = false;
      lost->about->lost = true;
    }
  }
  call_log_free(&self->calls);
  self->calls = (call_log){.count = 0};
}

static void s_reconnect(peer *self) {
  s_disconnect(self);
  s_lose_calls(self);
  s_connect(self);
}

static bool s_was_disconnected(peer *self) {
  char part[64];
  bool disconnected = false;
  while (zmq_recv(self->monitor, part, sizeof part, ZMQ_DONTWAIT) >= 0)
    disconnected = true;
  return disconnected;
}

/* The broker owes a reply for too long. */
static bool s_is_overdue(peer *self) {
  uint64_t now_ms = s_now_ms();
  if (!self->greeted) return now_ms > self->began_ms + HELLO_MS;
  for (size_t i = 0; i < self->calls.count; i++) {
    const call *open = &self->calls.items[i];
    if (open->replies || now_ms < self->sent_ms[i] + PATIENCE_MS) continue;
    if (open->about) notebook_complain(&self->notes, open->about, "a command was not answered");
    return true;
  }
  return false;
}

/* --- replies --- */

/* A lower rev is older, and the same rev is the same. */
static void s_check_rev(peer *self, const ticket *about, const hbus_order *now) {
  const ticket_picture *before = &about->answered;
  char text[160];
  bool same = now->status == before->status && ticket_same_filled(&now->filled, &before->filled);
  if (now->rev > before->rev || (now->rev == before->rev && same)) return;
  snprintf(text, sizeof text, "rev %llu %s %s was followed by rev %llu %s %s", (unsigned long long)before->rev,
           hbus_order_status_name(before->status), before->filled.text, (unsigned long long)now->rev,
           hbus_order_status_name(now->status), now->filled.text);
  notebook_complain(&self->notes, about, text);
}

static void s_learn(peer *self, ticket *about, const hbus_order *now) {
  if (about->reached) s_check_rev(self, about, now);
  if (about->reached && now->rev <= about->answered.rev) return;
  about->reached = about->settled = true;
  about->answered = (ticket_picture){.status = now->status, .rev = now->rev, .filled = now->filled};
  memcpy(about->answered.order_id, now->order_id, sizeof now->order_id);
  notebook_write(&self->notes, NOTEBOOK_TOLD, about);
}

/* The broker says that there is no such order, or does not say what became of it. It may still be on its way, in a
 * connection that was lost, as long as it has not expired. */
static void s_miss(peer *self, ticket *about, hbus_command_kind kind, const hbus_reply *reply, uint64_t sent_ms) {
  char text[64];
  bool absent = reply->code == HBUS_UNKNOWN_ORDER || reply->code == HBUS_EXPIRED;
  bool denied = kind == HBUS_CREATE_ORDER || reply->code == HBUS_UNKNOWN_ORDER;
  if (denied && about->reached && about->answered.status != HBUS_FAILED) {
    snprintf(text, sizeof text, "it was known, and is answered %s", hbus_status_name(reply->code));
    notebook_complain(&self->notes, about, text);
  }
  if (about->settled || !absent || sent_ms <= about->expires_ms + MARGIN_MS) return;
  about->settled = true;
  notebook_write(&self->notes, NOTEBOOK_ABSENT, about);
}

static void s_take_order(peer *self, const call *answered, const hbus_reply *reply) {
  ticket *about = answered->about;
  hbus_order order;
  about->asking = false;
  if (reply->data.size && hbus_unpack_order(reply->data, &order, NULL) == HBUS_OK)
    s_learn(self, about, &order);
  else if (reply->status == HBUS_REPLY_ERROR)
    s_miss(self, about, answered->kind, reply, self->sent_ms[answered - self->calls.items]);
  else
    notebook_complain(&self->notes, about, "an order was promised, and is not in the reply");
}

static void s_take_cancel(peer *self, ticket *about, const hbus_reply *reply) {
  hbus_cancel cancel;
  about->cancel_asked = false;
  if (reply->status == HBUS_REPLY_UNKNOWN) return; /* it is asked again */
  bool read = reply->status == HBUS_REPLY_OK && hbus_unpack_cancel(reply->data, &cancel, NULL) == HBUS_OK;
  bool promised = read && (cancel.cancelled || cancel.requested);
  about->cancelling = false;
  about->cancel_over = true;
  about->cancel_confirmed |= promised;
  notebook_write(&self->notes, promised ? NOTEBOOK_PROMISED : NOTEBOOK_OVER, about);
}

static void s_take(peer *self, const uint8_t *data, size_t size) {
  hbus_reply reply;
  hbus_error error;
  hbus_ticker ticker;
  hbus_status status = reply_unpack(data, size, &reply, &error);
  assert(!status);
  const call *answered = call_log_reply(&self->calls, &reply);
  assert(answered && answered->replies == 1);
  if (answered->kind == HBUS_HELLO) self->greeted = reply.status == HBUS_REPLY_OK;
  if (answered->kind == HBUS_CANCEL_ORDER) s_take_cancel(self, answered->about, &reply);
  if (answered->kind == HBUS_CREATE_ORDER || answered->kind == HBUS_GET_ORDER) s_take_order(self, answered, &reply);
  s_tell(',');
  if (answered->kind != HBUS_GET_TICKER || reply.status != HBUS_REPLY_OK) return;
  if (hbus_unpack_ticker(reply.data, &ticker, NULL) != HBUS_OK) return;
  for (unsigned i = 0; i < TICKET_MARKETS; i++) {
    bool is_it = !strcmp(ticket_markets[i].exchange, ticker.exchange) && !strcmp(ticket_markets[i].name, ticker.market);
    if (is_it) self->tickers[i] = ticker;
  }
}

static void s_read(peer *self) {
  void *handle = zsock_resolve(self->dealer);
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  int size;
  while ((size = zmq_msg_recv(&frame, handle, ZMQ_DONTWAIT)) >= 0)
    s_take(self, zmq_msg_data(&frame), (size_t)size);
  zmq_msg_close(&frame);
}

/* --- what it does --- */

static uint64_t s_draw_expiry(peer *self) {
  bool hasty = random_chance(&self->random, HASTY_PERCENT);
  return s_now_ms() + (hasty ? random_below(&self->random, 2) : EXPIRES_MS);
}

static void s_create(peer *self) {
  ticket_table *all = &self->tickets;
  ticket *written = NULL;
  if (all->count && random_chance(&self->random, ALIKE_PERCENT))
    written = ticket_table_add_alike(all, self->number, all->items[all->count - 1]);
  if (!written) {
    written = ticket_table_add(all, self->number, (unsigned)random_below(&self->random, TICKET_MARKETS));
    draw_order(&self->random, &self->tickers[written->market], written);
  }
  written->expires_ms = s_draw_expiry(self);
  notebook_write(&self->notes, NOTEBOOK_CREATE, written);
  s_send_create(self, written);
}

/* The same create again, whatever came of it: with the expiry that it had, or with another. */
static void s_create_again(peer *self, ticket *about) {
  if (!about->settled && random_chance(&self->random, 50)) about->expires_ms = s_draw_expiry(self);
  notebook_write(&self->notes, NOTEBOOK_AGAIN, about);
  s_send_create(self, about);
}

static ticket *s_recent(peer *self) {
  size_t count = self->tickets.count, recent = count < RECENT ? count : RECENT;
  return count ? self->tickets.items[count - 1 - random_below(&self->random, recent)] : NULL;
}

/* An order that was settled as absent stays so: nobody asks for it under that id again. */
static void s_repeat(peer *self) {
  ticket *about = s_recent(self);
  if (about && !about->asking && (about->reached || !about->settled)) s_create_again(self, about);
}

static void s_cancel(peer *self, ticket *about) {
  if (!about || about->cancelling || about->cancel_over) return;
  about->cancelling = true;
  notebook_write(&self->notes, NOTEBOOK_CANCEL, about);
  s_send_cancel(self, about);
}

static void s_cancel_recent(peer *self) {
  s_cancel(self, s_recent(self));
}

static bool s_is_open(const ticket *self) {
  bool open = self->answered.status == HBUS_OPEN || self->answered.status == HBUS_PARTIALLY_FILLED;
  return open && !self->cancelling && !self->cancel_over;
}

static void s_cancel_oldest(peer *self) {
  const ticket_table *all = &self->tickets;
  while (self->first_cancelled < all->count && all->items[self->first_cancelled]->settled &&
         !s_is_open(all->items[self->first_cancelled]))
    self->first_cancelled++;
  if (self->first_cancelled < all->count && s_is_open(all->items[self->first_cancelled]))
    s_cancel(self, all->items[self->first_cancelled]);
}

static void s_get(peer *self) {
  ticket *about = s_recent(self);
  if (about && !about->asking) s_send_get(self, about);
}

static void s_get_ticker(peer *self) {
  const ticket_market *where = &ticket_markets[random_below(&self->random, TICKET_MARKETS)];
  hbus_command command;
  hbus_command_init(&command, HBUS_GET_TICKER, where->exchange, where->name, NULL);
  s_send(self, &command, NULL);
}

static void s_act(peer *self) {
  static const struct {
    unsigned percent;
    void (*act)(peer *self);
  } acts[] = {{45, s_create},        {10, s_repeat}, {8, s_cancel_recent},
              {17, s_cancel_oldest}, {12, s_get},    {8, s_get_ticker}};
  unsigned drawn = (unsigned)random_below(&self->random, 100), i = 0;
  while (drawn >= acts[i].percent)
    drawn -= acts[i++].percent;
  acts[i].act(self);
  self->due_ms = s_now_ms() + random_below(&self->random, PAUSE_MS_MAX + 1);
}

/* Asks for what it does not know. */
static void s_wonder(peer *self) {
  uint64_t now_ms = s_now_ms();
  self->knows_all = true;
  self->wonder_ms = now_ms + LOOK_MS;
  for (size_t i = 0; i < self->tickets.count; i++) {
    ticket *about = self->tickets.items[i];
    if (about->settled && !about->cancelling) continue;
    self->knows_all = false;
    if (call_log_open(&self->calls) >= CALLS_MAX) break;
    if (about->cancelling && !about->cancel_asked) s_send_cancel(self, about);
    if (about->settled || about->asking || (!about->lost && now_ms <= about->expires_ms + MARGIN_MS)) continue;
    if (about->lost && random_chance(&self->random, 50) && !self->finishing)
      s_create_again(self, about);
    else
      s_send_get(self, about);
  }
}

static void s_turn(peer *self, int signals) {
  zmq_pollitem_t items[] = {{.socket = zsock_resolve(self->dealer), .events = ZMQ_POLLIN},
                            {.socket = self->monitor, .events = ZMQ_POLLIN},
                            {.fd = signals, .events = ZMQ_POLLIN}};
  uint64_t now_ms = s_now_ms();
  bool soon = self->greeted && !self->finishing && self->due_ms < now_ms + LOOK_MS;
  zmq_poll(items, 3, !soon ? LOOK_MS : self->due_ms > now_ms ? (long)(self->due_ms - now_ms) : 0);
  if (items[2].revents) self->finishing = true;
  s_read(self);
  if (s_was_disconnected(self) || s_is_overdue(self)) s_reconnect(self);
  bool may_act = self->greeted && !self->finishing && call_log_open(&self->calls) < CALLS_MAX;
  if (may_act && s_now_ms() >= self->due_ms) s_act(self);
  if (self->greeted && s_now_ms() >= self->wonder_ms) s_wonder(self);
}

int main(int argc, char *argv[]) {
  if (argc != 5) {
    fprintf(stderr, "usage: chaos_peer ENDPOINT NUMBER NOTEBOOK SEED\n");
    return 2;
  }
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGTERM);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  zsys_init();
  zsys_handler_set(NULL);

  peer self = {.endpoint = argv[1], .number = (unsigned)strtoul(argv[2], NULL, 10)};
  assert(self.number < PEERS);
  random_init(&self.random, strtoull(argv[4], NULL, 10), self.number);
  buffer_init(&self.frame, HBUS_COMMAND_FRAME_MAX);
  ticket_table_init(&self.tickets);
  ticket_table_share(&self.tickets, self.number, PEERS);
  notebook_open(&self.notes, argv[3], self.number, &self.tickets);
  int signals = signalfd(-1, &ended, SFD_CLOEXEC);
  s_connect(&self);
  while (!(self.finishing && self.knows_all && call_log_open(&self.calls) == 0))
    s_turn(&self, signals);

  s_disconnect(&self);
  call_log_free(&self.calls);
  free(self.sent_ms);
  notebook_close(&self.notes);
  ticket_table_free(&self.tickets);
  buffer_free(&self.frame);
  close(signals);
  return 0;
}
