/* Many requests at once, answered in another order: each answer finds who asked. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/rig.h"

enum { IN_FLIGHT = 100 };

static size_t s_index_of(hbus_command commands[IN_FLIGHT], const char *id) {
  for (size_t i = 0; i < IN_FLIGHT; i++) {
    if (strcmp(commands[i].id, id) == 0) return i;
  }
  cr_assert_fail("a reply with the id '%s', which nobody sent", id);
  return 0;
}

Test(in_flight, a_hundred_creates_answered_out_of_order) {
  static const char *const arguments[] = {"--rate", "0", "--fault", "shuffle=100", NULL};
  rig rig;
  rig_start(&rig, arguments, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  hbus_command commands[IN_FLIGHT];
  hbus_error error;
  for (size_t i = 0; i < IN_FLIGHT; i++) {
    char price[32];
    snprintf(price, sizeof price, "%zu.00", 1400 + i);
    commands[i] = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "0.1000", price);
    cr_assert_eq(hbus_client_send(client, &commands[i], 0, &error), HBUS_OK, "%s", error.text);
  }
  bool answered[IN_FLIGHT] = {false};
  size_t out_of_order = 0, last = 0;
  for (size_t n = 0; n < IN_FLIGHT; n++) {
    hbus_message message;
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, &message), HBUS_OK);
    cr_assert_eq(message.kind, HBUS_MESSAGE_REPLY);
    cr_assert_eq(message.reply.code, HBUS_OK);
    size_t index = s_index_of(commands, message.reply.id);
    cr_expect(!answered[index], "answered once");
    answered[index] = true;
    out_of_order += index < last;
    last = index;
    hbus_order order;
    cr_assert_eq(hbus_unpack_order(message.reply.data, &order, &error), HBUS_OK);
    cr_expect_str_eq(order.price.text, commands[index].price.text, "the answer to this one, not to another");
    cr_expect_str_eq(order.client_order_id, commands[index].client_order_id);
  }
  cr_expect_gt(out_of_order, 10, "they were shuffled");
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

Test(in_flight, ten_peers_each_hear_their_own) {
  enum { PEERS = 10, EACH = 10 };
  static const char *const arguments[] = {"--rate", "0", "--fault", "shuffle=100", NULL};
  rig rig;
  rig_start(&rig, arguments, NULL);
  hbus_client *clients[PEERS];
  hbus_command commands[PEERS][EACH];
  hbus_error error;
  for (size_t p = 0; p < PEERS; p++) {
    char name[16];
    snprintf(name, sizeof name, "peer-%zu", p);
    clients[p] = rig_connect(&rig, name);
  }
  for (size_t i = 0; i < EACH; i++) {
    for (size_t p = 0; p < PEERS; p++) {
      char price[32];
      snprintf(price, sizeof price, "%zu.00", 1400 + 10 * p + i);
      commands[p][i] = rig_order("binance", "ETH-USDT", HBUS_BUY, HBUS_LIMIT, "0.1000", price);
      cr_assert_eq(hbus_client_send(clients[p], &commands[p][i], 0, &error), HBUS_OK);
    }
  }
  for (size_t p = 0; p < PEERS; p++) {
    for (size_t n = 0; n < EACH; n++) {
      hbus_message message;
      hbus_order order;
      cr_assert_eq(hbus_client_next(clients[p], PROCESS_PATIENCE_MS, &message), HBUS_OK);
      cr_assert_eq(hbus_unpack_order(message.reply.data, &order, &error), HBUS_OK);
      char name[16];
      snprintf(name, sizeof name, "peer-%zu", p);
      cr_expect_str_eq(order.owner, name);
    }
    hbus_client_destroy(&clients[p]);
  }
  rig_stop(&rig);
}
