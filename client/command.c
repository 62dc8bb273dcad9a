/* Sending commands: completing them, waiting for a reply or not, and what no answer means. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "client/client.h"
#include "client/session.h"

static hbus_status s_copy_name(char *out, const char *name, const char *field, hbus_error *error) {
  size_t size = name == NULL ? 0 : strlen(name);
  if (size > HBUS_NAME_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s has %zu bytes, at most %d", field, size, HBUS_NAME_MAX);
  if (size > 0) memcpy(out, name, size);
  return HBUS_OK;
}

hbus_status hbus_command_init(hbus_command *out, hbus_command_kind kind, const char *exchange, const char *market,
                              hbus_error *error) {
  hbus_command command = {.kind = kind};
  hbus_status status = s_copy_name(command.exchange, exchange, "exchange", error);
  if (status == HBUS_OK) status = s_copy_name(command.market, market, "market", error);
  if (status == HBUS_OK) *out = command;
  return status;
}

hbus_status command_set_owner(hbus_command *command, const char *owner, hbus_error *error) {
  return s_copy_name(command->owner, owner, "owner", error);
}

/* 128 random bits in 26 characters of base 32 (RFC 4648's alphabet in lower case). */
hbus_status hbus_client_new_order_id(hbus_client *self, hbus_client_order_id out, hbus_error *error) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  enum { RANDOM_BYTES = 16, CHARACTERS = 26 };
  uint8_t random[RANDOM_BYTES + 1] = {0}; /* one more, for the bits behind the last */
  ssize_t got = -1;
  do
    got = getrandom(random, RANDOM_BYTES, 0);
  while (got < 0 && errno == EINTR);
  if (got != RANDOM_BYTES) return hbus_fail(error, HBUS_INTERNAL, "no randomness for an order id: %s", strerror(errno));

  char text[CHARACTERS + 1] = {0};
  for (unsigned i = 0; i < CHARACTERS; i++) {
    unsigned bit = i * 5;
    unsigned window = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
    text[i] = alphabet[window >> (11 - bit % 8) & 31];
  }
  (void)snprintf(out, sizeof(hbus_client_order_id), "%s%s", self->settings.order_id_prefix, text);
  return HBUS_OK;
}

/* What a create has even if its caller does not care: an id to find it by, and an end (ORDERS.md, rule 20). */
static hbus_status s_complete(hbus_client *self, hbus_command *command, int timeout_ms, hbus_error *error) {
  if (command->kind != HBUS_CREATE_ORDER) return HBUS_OK;
  if (command->client_order_id[0] == '\0') {
    hbus_status status = hbus_client_new_order_id(self, command->client_order_id, error);
    if (status != HBUS_OK) return status;
  }
  if (command->expires_ms == 0) command->expires_ms = hbus_client_broker_now_ms(self) + (uint64_t)timeout_ms;
  return HBUS_OK;
}

/* Before a command is sent: the session in order, and the whole of the subscriptions bounded. */
static hbus_status s_prepare(hbus_client *self, hbus_command *command, int *timeout_ms, hbus_error *error) {
  client_take_back(self);
  if (*timeout_ms <= 0) *timeout_ms = self->settings.request_timeout_ms;
  if (command->kind == HBUS_SUBSCRIBE && self->subscriptions.count == HBUS_SUBSCRIPTIONS_MAX)
    return hbus_fail(error, HBUS_OVERLOADED, "at most %d market subscriptions", HBUS_SUBSCRIPTIONS_MAX);
  hbus_status status = s_complete(self, command, *timeout_ms, error);
  if (status != HBUS_OK) return status;
  session_progress(self);
  return HBUS_OK;
}

/* After it was sent. */
static void s_follow_up(hbus_client *self, const hbus_command *command) {
  if (command->kind == HBUS_UNSUBSCRIBE) subscriptions_remove(&self->subscriptions, command);
  if (command->kind == HBUS_CREATE_ORDER) session_refresh_clock(self);
}

hbus_status hbus_client_send(hbus_client *self, hbus_command *command, int timeout_ms, hbus_error *error) {
  pending_command *slot = NULL;
  hbus_status status = s_prepare(self, command, &timeout_ms, error);
  if (status == HBUS_OK) status = session_send(self, PENDING_SENT, command, timeout_ms, &slot, error);
  if (status == HBUS_OK) s_follow_up(self, command);
  wakeup_set(&self->wakeup, true);
  return status;
}

/* Sends as soon as there is a connection, until the deadline. */
static hbus_status s_send_in_time(hbus_client *self, hbus_command *command, uint64_t deadline_ms, pending_command **out,
                                  hbus_error *error) {
  for (;;) {
    uint64_t now_ms = client_monotonic_ms();
    int left_ms = now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0;
    hbus_status status = session_send(self, PENDING_CALL, command, left_ms, out, error);
    if (status != HBUS_TIMEOUT || left_ms == 0) return status;
    (void)sockets_wait(&self->sockets, SOCKETS_WANT_TO_SEND, session_wait_ms(self, deadline_ms));
    session_progress(self);
  }
}

/* What the reply means to a caller who waited for it. */
static hbus_status s_judge(const hbus_reply *reply, hbus_error *error) {
  if (reply->status == HBUS_REPLY_OK) return HBUS_OK;
  hbus_text message = reply->message;
  if (message.size == 0) {
    message.data = hbus_status_text(reply->code);
    message.size = strlen(message.data);
  }
  bool is_unknown = reply->status == HBUS_REPLY_UNKNOWN;
  return hbus_fail(error, is_unknown ? HBUS_OUTCOME_UNKNOWN : reply->code, "%s%.*s",
                   is_unknown ? "the outcome is not known: " : "", (int)message.size, message.data);
}

hbus_status hbus_client_call(hbus_client *self, hbus_command *command, int timeout_ms, hbus_reply *reply,
                             hbus_error *error) {
  pending_command *slot = NULL;
  *reply = (hbus_reply){0};
  hbus_status status = s_prepare(self, command, &timeout_ms, error);
  uint64_t deadline_ms = client_monotonic_ms() + (uint64_t)timeout_ms;
  if (status == HBUS_OK) status = s_send_in_time(self, command, deadline_ms, &slot, error);
  if (status == HBUS_OK) {
    slot->timeout_ms = timeout_ms; /* as the caller said, for the sentence; the deadline stays */
    s_follow_up(self, command);
    while (!slot->answered) {
      session_progress(self);
      if (!slot->answered) (void)sockets_wait(&self->sockets, session_wants(self), session_wait_ms(self, UINT64_MAX));
    }
    status = s_judge(&slot->reply, error);
    if (slot->problem.status == HBUS_OK) *reply = slot->reply;
    self->lent = slot;
  }
  wakeup_set(&self->wakeup, true);
  return status;
}
