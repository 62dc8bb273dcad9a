#include "tests/chaos/trader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/command_codec.h"
#include "proto/reply_codec.h"
#include "tests/chaos/draw.h"

#define PAUSE_MS_MAX                                                                                                   \
  80                     /* between two commands; half of it on average. Few enough orders for the simulator to        \
                          * remember them all for a thousand cuts. */
#define RECENT        20 /* of its tickets, about which it still asks */
#define ALIKE_PERCENT 35
#define HASTY_PERCENT 5 /* creates that expire at once */
#define EXPIRES_MS    2000

/* --- sending --- */

static void s_send(trader *self, hbus_command *command, ticket *about) {
  call_log_add(self->calls, command, about);
  buffer_reset(&self->frame);
  hbus_status status = command_pack(command, &self->frame);
  assert(!status);
  int sent = zmq_send(zsock_resolve(self->dealer), self->frame.data, self->frame.size, 0);
  assert(sent >= 0);
}

void trader_init(trader *self, unsigned number, const char *endpoint, uint64_t seed, audience *audience,
                 ticket_table *tickets, call_log *calls) {
  *self = (trader){
      .number = number, .dealer = zsock_new(ZMQ_DEALER), .audience = audience, .tickets = tickets, .calls = calls};
  assert(self->dealer);
  zsock_set_linger(self->dealer, 0);
  zsock_set_sndhwm(self->dealer, 0);
  zsock_set_rcvhwm(self->dealer, 0);
  buffer_init(&self->frame, HBUS_COMMAND_FRAME_MAX);
  random_init(&self->random, seed, number);
  int status = zsock_connect(self->dealer, "%s", endpoint);
  assert(status == 0);
  hbus_command hello = {.kind = HBUS_HELLO};
  snprintf(hello.name, sizeof hello.name, "%s", ticket_owner_name(number));
  s_send(self, &hello, NULL);
  for (unsigned i = 0; i < TICKET_MARKETS; i++) {
    hbus_command subscribe;
    hbus_command_init(&subscribe, HBUS_SUBSCRIBE, ticket_markets[i].exchange, ticket_markets[i].name, NULL);
    for (subscribe.channel = HBUS_CHANNEL_ORDER_BOOK; subscribe.channel < HBUS_CHANNEL_COUNT; subscribe.channel++)
      s_send(self, &subscribe, NULL);
  }
}

void trader_free(trader *self) {
  zsock_destroy(&self->dealer);
  buffer_free(&self->frame);
  free(self->own);
}

/* --- orders --- */

static void s_send_create(trader *self, ticket *about) {
  hbus_command create = about->create;
  bool hasty = random_chance(&self->random, HASTY_PERCENT);
  create.expires_ms = (uint64_t)zclock_time() + (hasty ? random_below(&self->random, 2) : EXPIRES_MS);
  s_send(self, &create, about);
}

static void s_create(trader *self) {
  ticket *written = NULL;
  if (self->tickets->count && random_chance(&self->random, ALIKE_PERCENT))
    written = ticket_table_add_alike(self->tickets, self->number, self->tickets->items[self->tickets->count - 1]);
  if (!written) {
    written = ticket_table_add(self->tickets, self->number, (unsigned)random_below(&self->random, TICKET_MARKETS));
    draw_order(&self->random, &self->audience->tickers[written->market], written);
  }
  ticket **own = realloc(self->own, (self->own_count + 1) * sizeof *own);
  assert(own);
  self->own = own;
  self->own[self->own_count++] = written;
  s_send_create(self, written);
}

static ticket *s_recent(trader *self) {
  if (!self->own_count) return NULL;
  size_t recent = self->own_count < RECENT ? self->own_count : RECENT;
  return self->own[self->own_count - 1 - random_below(&self->random, recent)];
}

/* The same create again, whatever came of it: a peer may do that at any time. */
static void s_repeat(trader *self) {
  ticket *about = s_recent(self);
  if (about) s_send_create(self, about);
}

static bool s_is_open(const ticket *self) {
  return self->streamed.status == HBUS_OPEN || self->streamed.status == HBUS_PARTIALLY_FILLED;
}

static ticket *s_oldest_open(trader *self) {
  size_t i = self->first_open;
  while (i < self->own_count && !s_is_open(self->own[i]))
    i++;
  self->first_open = i;
  return i < self->own_count ? self->own[i] : NULL;
}

/* What became of it: by its own id, or by upstream's. */
static void s_send_about(trader *self, hbus_command_kind kind, ticket *about, bool by_order_id) {
  hbus_command command;
  hbus_command_init(&command, kind, about->create.exchange, about->create.market, NULL);
  if (by_order_id) {
    memcpy(command.order_id, about->streamed.order_id, sizeof command.order_id);
  } else {
    memcpy(command.client_order_id, about->create.client_order_id, sizeof command.client_order_id);
  }
  s_send(self, &command, about);
}

static void s_look_at(trader *self, hbus_command_kind kind, ticket *about) {
  if (about) s_send_about(self, kind, about, about->streamed.order_id[0] && random_chance(&self->random, 50));
}

static void s_cancel_recent(trader *self) {
  s_look_at(self, HBUS_CANCEL_ORDER, s_recent(self));
}

static void s_cancel_oldest(trader *self) {
  s_look_at(self, HBUS_CANCEL_ORDER, s_oldest_open(self));
}

static void s_get(trader *self) {
  s_look_at(self, HBUS_GET_ORDER, s_recent(self));
}

static void s_read_market(trader *self) {
  static const hbus_command_kind kinds[] = {HBUS_GET_TICKER, HBUS_GET_ORDER_BOOK, HBUS_GET_OPEN_ORDERS};
  const ticket_market *where = &ticket_markets[random_below(&self->random, TICKET_MARKETS)];
  hbus_command command;
  hbus_command_init(&command, kinds[random_below(&self->random, 3)], where->exchange, where->name, NULL);
  s_send(self, &command, NULL);
}

void trader_ask(trader *self, ticket *about) {
  about->asking = true;
  s_send_about(self, HBUS_GET_ORDER, about, false);
}

void trader_ask_create(trader *self, ticket *about) {
  hbus_command create = about->create;
  create.expires_ms = 1;
  about->asked_create = true;
  s_send(self, &create, about);
}

void trader_act(trader *self) {
  static const struct {
    unsigned percent;
    void (*act)(trader *self);
  } acts[] = {{45, s_create},        {10, s_repeat}, {8, s_cancel_recent},
              {17, s_cancel_oldest}, {12, s_get},    {8, s_read_market}};
  unsigned drawn = (unsigned)random_below(&self->random, 100), i = 0;
  while (drawn >= acts[i].percent)
    drawn -= acts[i++].percent;
  acts[i].act(self);
  self->due_ms = (uint64_t)zclock_mono() + random_below(&self->random, PAUSE_MS_MAX + 1);
}

/* --- replies --- */

/* "data of a create that reached upstream, whatever came of it" is how a reply tells the two kinds of error apart. */
static void s_take_create(trader *self, ticket *about, const hbus_reply *reply) {
  hbus_order order;
  if (reply->status == HBUS_REPLY_ERROR && !reply->data.size) {
    about->not_sent++;
    self->calls->not_sent++;
    return;
  }
  about->reached = true;
  static const char not_sent[] = "not sent: ";
  if (reply->message.size > sizeof not_sent && !memcmp(reply->message.data, not_sent, sizeof not_sent - 1))
    about->said_not_sent = true;
  if (reply->status == HBUS_REPLY_UNKNOWN) about->was_unknown = true;
  if (reply->status == HBUS_REPLY_OK && !hbus_unpack_order(reply->data, &order, NULL))
    memcpy(about->order_id, order.order_id, sizeof about->order_id);
}

static void s_take_cancel(ticket *about, const hbus_reply *reply) {
  hbus_cancel cancel;
  if (reply->status != HBUS_REPLY_OK || hbus_unpack_cancel(reply->data, &cancel, NULL)) return;
  about->cancel_confirmed |= cancel.cancelled;
}

static void s_take_answer(ticket *about, const hbus_reply *reply) {
  hbus_order order;
  about->asking = false;
  if (reply->status != HBUS_REPLY_OK || hbus_unpack_order(reply->data, &order, NULL)) return;
  ticket_picture *known = &about->answered;
  known->status = order.status;
  known->rev = order.rev;
  known->filled = order.filled;
  memcpy(known->order_id, order.order_id, sizeof known->order_id);
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  if (msgpack_unpack_next(&unpacked, (const char *)reply->data.data, reply->data.size, NULL) == MSGPACK_UNPACK_SUCCESS)
    audience_candidates(&unpacked.data, known->candidates);
  msgpack_unpacked_destroy(&unpacked);
}

static void s_take(trader *self, const uint8_t *data, size_t size) {
  hbus_reply reply;
  hbus_error error;
  hbus_status status = reply_unpack(data, size, &reply, &error);
  assert(!status);
  const call *answered = call_log_reply(self->calls, &reply);
  if (!answered || !answered->about) return;
  switch (answered->kind) {
  case HBUS_CREATE_ORDER: s_take_create(self, answered->about, &reply); break;
  case HBUS_CANCEL_ORDER: s_take_cancel(answered->about, &reply); break;
  default: s_take_answer(answered->about, &reply); break;
  }
}

void trader_read(trader *self) {
  void *handle = zsock_resolve(self->dealer);
  zmq_msg_t frame;
  zmq_msg_init(&frame);
  int size;
  while ((size = zmq_msg_recv(&frame, handle, ZMQ_DONTWAIT)) >= 0)
    s_take(self, zmq_msg_data(&frame), (size_t)size);
  zmq_msg_close(&frame);
}
