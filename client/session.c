#include "client/session.h"

#include <limits.h>
#include <string.h>

#include "client/repair.h"
#include "client/unpack.h"
#include "hbus/result.h"
#include "proto/command_codec.h"
#include "proto/frame.h"
#include "proto/reply_codec.h"

#define REPLIES_PER_PASS 4096

/* The reply of a command that the broker did not answer, or not so that we could read it. A create may be live. */
static void s_answer_ourselves(hbus_client *self, pending_command *command, hbus_status code) {
  hbus_reply *reply = &command->reply;
  reply->status = command->kind == HBUS_CREATE_ORDER ? HBUS_REPLY_UNKNOWN : HBUS_REPLY_ERROR;
  reply->code = code;
  reply->message = (hbus_text){.data = command->problem.text, .size = strlen(command->problem.text)};
  pending_answer(self->pending, command);
}

static hbus_status s_resend(hbus_client *self, pending_command *command) {
  return sockets_send(&self->sockets, command->frame.data, command->frame.size);
}

hbus_status session_send(hbus_client *self, pending_owner owner, hbus_command *command, int timeout_ms,
                         pending_command **out, hbus_error *error) {
  pending_command *slot = pending_add(self->pending, owner, command->kind, command->id);
  if (slot == NULL)
    return hbus_fail(error, HBUS_OVERLOADED,
                     "too many commands under way: fetch replies with hbus_client_next, or "
                     "raise the option pending_max");
  hbus_status status = command_pack(command, &slot->frame);
  if (status != HBUS_OK) {
    (void)hbus_fail(error, status, "%s cannot be written: %s", hbus_command_name(command->kind),
                    hbus_status_text(status));
  } else {
    status = s_resend(self, slot);
    if (status != HBUS_OK && self->stats.connected)
      (void)hbus_fail(error, status, "the broker at %s takes no more commands", self->settings.commands_endpoint);
    else if (status != HBUS_OK)
      (void)hbus_fail(error, status, "no broker at %s: is hbusd running, and is this its commands endpoint?",
                      self->settings.commands_endpoint);
  }
  if (status != HBUS_OK) {
    pending_release(self->pending, slot);
    return status;
  }
  if (command->kind == HBUS_HELLO && !self->greeted) self->greeting = slot;
  slot->timeout_ms = timeout_ms;
  pending_set_deadline(self->pending, slot, client_monotonic_ms() + (uint64_t)timeout_ms);
  *out = slot;
  return HBUS_OK;
}

static hbus_status s_send_own(hbus_client *self, hbus_command *command) {
  pending_command *slot = NULL;
  return session_send(self, PENDING_INTERNAL, command, self->settings.request_timeout_ms, &slot, NULL);
}

hbus_command session_hello(const hbus_client *self) {
  const settings *settings = &self->settings;
  hbus_command command = {.kind = HBUS_HELLO,
                          .cancel_on_disconnect = settings->cancel_on_disconnect,
                          .grace_ms = (uint64_t)settings->grace_ms};
  memcpy(command.name, settings->name, sizeof(command.name));
  return command;
}

static hbus_status s_say_hello(hbus_client *self) {
  if (self->hello_under_way) return HBUS_OK;
  hbus_command command = session_hello(self);
  hbus_status status = s_send_own(self, &command);
  if (status == HBUS_OK) self->hello_under_way = true;
  return status;
}

void session_refresh_clock(hbus_client *self) {
  if (self->ping_under_way || !broker_clock_is_stale(&self->clock, client_boot_ms())) return;
  hbus_command command = {.kind = HBUS_PING};
  if (s_send_own(self, &command) == HBUS_OK) self->ping_under_way = true;
}

/* On a new connection the broker knows nothing of us. Should the connection go in the middle, all of it is said again
 * on the next one. */
static void s_renew(hbus_client *self) {
  if (!self->greeted) {
    if (self->greeting != NULL && s_resend(self, self->greeting) != HBUS_OK) return;
    self->renew_due = self->greeting_lost = false;
    return;
  }
  if (s_say_hello(self) != HBUS_OK) return;
  for (unsigned i = 0; i < self->subscriptions.count; i++) {
    const subscription *item = &self->subscriptions.items[i];
    hbus_command command = {.kind = HBUS_SUBSCRIBE, .channel = item->channel};
    memcpy(command.exchange, item->exchange, sizeof(command.exchange));
    memcpy(command.market, item->market, sizeof(command.market));
    if (s_send_own(self, &command) != HBUS_OK) return;
  }
  self->renew_due = false;
}

static void s_notice_changes(hbus_client *self) {
  sockets_change change = SOCKETS_UNCHANGED;
  while ((change = sockets_next_change(&self->sockets)) != SOCKETS_UNCHANGED) {
    self->stats.connected = change == SOCKETS_CONNECTED;
    self->hello_under_way = false;
    self->ping_under_way = false;
    pending_drop_internal(self->pending);
    recovery_lose(&self->recovery);
    repair_lose(self);
    if (change != SOCKETS_CONNECTED) {
      self->greeting_lost = self->greeting != NULL;
      continue;
    }
    self->stats.connections++;
    self->renew_due = self->greeted || self->greeting_lost;
  }
}

static void s_learn_hello(hbus_client *self, const hbus_reply *reply) {
  hbus_hello hello = {0};
  if (unpack_hello(reply->data, &hello, NULL) != HBUS_OK) return;
  self->hello = hello;
  self->greeted = true;
  broker_clock_set(&self->clock, hello.now_ms, client_boot_ms());
  if (self->settings.recover_orders) recovery_begin(&self->recovery);
  repair_on_hello(self);
}

/* Our orders, a page at a time; not before the broker knows who we are. */
static void s_recover(hbus_client *self) {
  hbus_command command;
  if (!self->greeted || self->renew_due || self->hello_under_way) return;
  if (recovery_question(&self->recovery, &command) && s_send_own(self, &command) == HBUS_OK)
    recovery_asked(&self->recovery);
}

static void s_learn_subscription(hbus_client *self, const pending_command *command) {
  hbus_command sent;
  if (command_unpack(command->frame.data, command->frame.size, &sent, NULL) != HBUS_OK) return;
  if (command->reply.status == HBUS_REPLY_OK) {
    (void)subscriptions_add(&self->subscriptions, &sent);
  } else if (command->owner == PENDING_INTERNAL && command->problem.status == HBUS_OK) {
    subscriptions_remove(&self->subscriptions, &sent);
    self->stats.subscriptions_lost++;
  }
}

/* What the library itself wants to know from a reply, whoever asked. */
static void s_learn(hbus_client *self, const pending_command *command) {
  bool is_ok = command->reply.status == HBUS_REPLY_OK;
  uint64_t now_ms = 0;
  if (command->kind == HBUS_HELLO && is_ok) s_learn_hello(self, &command->reply);
  if (command->kind == HBUS_PING && is_ok && hbus_unpack_now(command->reply.data, &now_ms, NULL) == HBUS_OK)
    broker_clock_set(&self->clock, now_ms, client_boot_ms());
  if (command->kind == HBUS_SUBSCRIBE) s_learn_subscription(self, command);
  if (command->owner != PENDING_INTERNAL) return;
  if (command->kind == HBUS_HELLO) self->hello_under_way = false;
  if (command->kind == HBUS_PING) self->ping_under_way = false;
  const char *name = *self->hello.name != '\0' ? self->hello.name : self->settings.name;
  if (command->kind == HBUS_GET_OPEN_ORDERS) recovery_learn(&self->recovery, name, &command->reply);
  repair_learn(self, command);
}

/* A command overtook the news of a reconnect and met a broker that does not know us. It did nothing there, so after a
 * hello it may be said again, once. */
static bool s_retry_after_hello(hbus_client *self, pending_command *command) {
  bool was_refused = command->reply.status == HBUS_REPLY_ERROR && command->reply.code == HBUS_UNAUTHENTICATED;
  if (!was_refused || command->said_hello || !self->greeted || command->kind == HBUS_HELLO) return false;
  command->said_hello = true;
  return s_say_hello(self) == HBUS_OK && s_resend(self, command) == HBUS_OK;
}

static void s_finish(hbus_client *self, pending_command *command) {
  s_learn(self, command);
  if (command == self->greeting) self->greeting = NULL;
  if (command->owner == PENDING_INTERNAL) pending_release(self->pending, command);
}

static void s_take_reply(hbus_client *self, zmq_msg_t *message) {
  hbus_text id;
  if (frame_find_text(zmq_msg_data(message), zmq_msg_size(message), "id", &id) != HBUS_OK) {
    self->stats.malformed++;
    return;
  }
  pending_command *command = pending_find(self->pending, id.data, id.size);
  if (command == NULL) {
    self->stats.late_replies++;
    return;
  }
  zmq_msg_move(&command->answer, message); /* first move, then unpack: a small message lies in the zmq_msg_t itself */
  command->problem.status = HBUS_OK;
  hbus_error why = {0};
  hbus_status status =
      reply_unpack(zmq_msg_data(&command->answer), zmq_msg_size(&command->answer), &command->reply, &why);
  if (status != HBUS_OK) {
    self->stats.malformed++;
    (void)hbus_fail(&command->problem, status, "the broker's reply cannot be read: %s", why.text);
    s_answer_ourselves(self, command, HBUS_INTERNAL);
  } else if (s_retry_after_hello(self, command)) {
    return;
  } else {
    pending_answer(self->pending, command);
  }
  s_finish(self, command);
}

static void s_take_replies(hbus_client *self) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  unsigned count = 0;
  for (; count < REPLIES_PER_PASS; count++) {
    hbus_status status = sockets_receive_reply(&self->sockets, &message);
    if (status == HBUS_TIMEOUT) break;
    if (status == HBUS_OK)
      s_take_reply(self, &message);
    else
      self->stats.malformed++;
  }
  if (count == REPLIES_PER_PASS) self->work_left = true;
  zmq_msg_close(&message);
}

static void s_give_up_overdue(hbus_client *self) {
  pending_command *command = NULL;
  while ((command = pending_next_overdue(self->pending, client_monotonic_ms())) != NULL) {
    self->stats.timeouts++;
    (void)hbus_fail(&command->problem, HBUS_TIMEOUT, "%s: no answer from %s within %d ms",
                    hbus_command_name(command->kind), self->settings.commands_endpoint, command->timeout_ms);
    s_answer_ourselves(self, command, HBUS_TIMEOUT);
    s_finish(self, command);
  }
}

void session_progress(hbus_client *self) {
  s_notice_changes(self);
  if (self->renew_due) s_renew(self);
  s_take_replies(self);
  s_give_up_overdue(self);
  s_recover(self);
  repair_progress(self);
}

unsigned session_wants(const hbus_client *self) {
  return self->renew_due ? SOCKETS_WANT_TO_SEND : 0;
}

int session_wait_ms(const hbus_client *self, uint64_t deadline_ms) {
  uint64_t due_ms = pending_deadline(self->pending);
  if (deadline_ms < due_ms) due_ms = deadline_ms;
  if (due_ms == UINT64_MAX) return -1;
  uint64_t now_ms = client_monotonic_ms();
  if (due_ms <= now_ms) return 0;
  return due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}
