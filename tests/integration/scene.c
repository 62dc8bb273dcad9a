#include "tests/integration/scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A subscription travels for itself, on the socket of events. When the events of a refused create arrive, those that
 * were made before theirs are known as well. Such an order is on no exchange, and leaves nothing behind. */
static void s_wait_until_heard(scene *self) {
  for (int tries = 0; tries < PROCESS_PATIENCE_MS / 100; tries++) {
    char market[32];
    hbus_reply reply;
    hbus_message message;
    snprintf(market, sizeof market, "TRY-%d", tries);
    hbus_command order = rig_order("nowhere", market, HBUS_BUY, HBUS_LIMIT, "1", "1");
    cr_assert_neq(scene_create(self, &order, &reply), HBUS_OK);
    while (hbus_client_next(self->alice, 100, &message) == HBUS_OK) {
      if (message.kind == HBUS_MESSAGE_EVENT && strcmp(message.topic, "error/hummingbot/") == 0 &&
          strcmp(message.event.data.notice.market, market) == 0)
        return;
    }
  }
  cr_assert_fail("no event came");
}

void scene_join(scene *self) {
  static const char *const topics[] = {"system/link/", "trade_update/", "order_update/", "error/"};
  self->alice = rig_connect(&self->rig, "alice");
  self->sender = rig_connect(&self->rig, "alice");
  self->observer = rig_connect(&self->rig, "observer");
  for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
    cr_assert_eq(hbus_client_watch(self->alice, topics[i], &self->error), HBUS_OK);
}

void scene_start(scene *self, const char *const *sim_arguments, const char *config) {
  const char *arguments[16] = {"--rate", "0"};
  for (size_t i = 0; sim_arguments && sim_arguments[i]; i++)
    arguments[2 + i] = sim_arguments[i];
  *self = (scene){0};
  rig_start(&self->rig, arguments, config);
  scene_join(self);
  s_wait_until_heard(self);
}

void scene_stop(scene *self) {
  hbus_client_destroy(&self->alice);
  hbus_client_destroy(&self->sender);
  hbus_client_destroy(&self->observer);
  rig_stop(&self->rig);
}

void scene_next(scene *self, const char *prefix, hbus_message *out) {
  do {
    rig_next_event(self->alice, prefix, out);
  } while (out->stream != HBUS_STREAM_PRIVATE);
}

static bool s_has_text(hbus_text text, const char *part) {
  return !part || (text.size && memmem(text.data, text.size, part, strlen(part)));
}

void scene_expect_link(scene *self, hbus_link_status status, const char *reason) {
  hbus_message message;
  scene_next(self, "system/link/", &message);
  const hbus_link *link = &message.event.data.link;
  cr_assert_eq(link->status, status, "%s, not %s: %.*s", hbus_link_status_name(link->status),
               hbus_link_status_name(status), (int)link->reason.size, link->reason.size ? link->reason.data : "");
  cr_assert(s_has_text(link->reason, reason), "'%.*s'", (int)link->reason.size,
            link->reason.size ? link->reason.data : "");
}

void scene_wait_link(scene *self, hbus_link_status status, const char *reason) {
  hbus_message message;
  const hbus_link *link = &message.event.data.link;
  do {
    scene_next(self, "system/link/", &message);
  } while (link->status != status || !s_has_text(link->reason, reason));
}

void scene_expect_order(scene *self, const hbus_command *order, hbus_order_status status, hbus_message *out) {
  do {
    scene_next(self, "order_update/", out);
  } while (strcmp(out->event.client_order_id, order->client_order_id) != 0 || out->event.data.order.status != status);
}

void scene_expect_error(scene *self, hbus_status code, const char *text) {
  hbus_message message;
  scene_next(self, "error/", &message);
  const hbus_notice *notice = &message.event.data.notice;
  cr_assert_eq(notice->code, code, "%s", hbus_status_name(notice->code));
  cr_assert(s_has_text(notice->message, text), "'%.*s'", (int)notice->message.size, notice->message.data);
}

hbus_status scene_create(scene *self, hbus_command *order, hbus_reply *reply) {
  if (!order->client_order_id[0]) hbus_client_new_order_id(self->alice, order->client_order_id, NULL);
  return hbus_client_call(self->alice, order, 0, reply, &self->error);
}

void scene_send_create(scene *self, hbus_command *order) {
  uint64_t before = rig_counter(self->observer, "upstream_creates");
  cr_assert_eq(hbus_client_send(self->sender, order, 0, &self->error), HBUS_OK, "%s", self->error.text);
  rig_wait_number(self->observer, "counters.upstream_creates", before + 1);
}

void scene_next_reply(scene *self, hbus_reply *out) {
  hbus_message message;
  do {
    cr_assert_eq(hbus_client_next(self->sender, PROCESS_PATIENCE_MS, &message), HBUS_OK, "no reply came");
  } while (message.kind != HBUS_MESSAGE_REPLY);
  *out = message.reply;
}

hbus_order scene_get_order(scene *self, const hbus_command *order) {
  hbus_order found = {0};
  cr_assert_eq(hbus_get_order(self->alice, order->exchange, order->market, NULL, order->client_order_id, 0, &found,
                              &self->error),
               HBUS_OK, "%s", self->error.text);
  return found;
}

void scene_expect_ticker(scene *self) {
  hbus_ticker ticker;
  cr_expect_eq(hbus_get_ticker(self->observer, "binance", "ETH-USDT", 0, &ticker, &self->error), HBUS_OK, "%s",
               self->error.text);
}
