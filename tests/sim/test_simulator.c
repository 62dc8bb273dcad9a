#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/test_support.h"

#define S_BUY                                                                                                          \
  "{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\",\"side\":\"buy\","         \
  "\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\",\"client_order_id\":\"mine\"}"
#define S_OPEN "{\"id\":\"2\",\"type\":\"get_open_orders\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\"}"

/* A client with an open order. */
static void s_init(support *self) {
  simulator_options options = support_options();
  support_init(self, &options);
  support_has(support_ask(self, S_BUY), "\"status\":\"open\"");
}

static void s_come_back(support *self) {
  hub_remove(&self->sim.sessions, &self->client);
  self->client = hub_add(&self->sim.sessions, NULL, NULL);
  self->client->authenticated = true;
}

Test(simulator, a_restart_ends_connections_and_keeps_orders) {
  support s;
  s_init(&s);
  support_send(&s, S_OPEN);
  cr_assert_eq(simulator_set_fault(&s.sim, "restart=50", NULL), HBUS_OK);
  support_wait(&s, 0);
  cr_assert(!simulator_is_up(&s.sim));
  cr_assert_eq(s.sim.faults.count, 0);
  cr_assert_eq(s.client->state, SESSION_ABORTED);
  cr_assert_eq(s.client->queue_count, 0);
  support_wait(&s, 49);
  cr_assert(!simulator_is_up(&s.sim));
  support_wait(&s, 1);
  cr_assert(simulator_is_up(&s.sim));
  s_come_back(&s);
  support_has(support_ask(&s, S_OPEN), "\"client_order_id\":\"mine\"");
  cr_assert_eq(s.sim.restarts, 1);
  support_free(&s);
}

Test(simulator, a_restart_that_loses_orders_gives_back_what_they_reserved) {
  support s;
  s_init(&s);
  cr_assert_eq(simulator_set_fault(&s.sim, "restart-lost=1", NULL), HBUS_OK);
  support_wait(&s, 0);
  support_wait(&s, 1);
  s_come_back(&s);
  support_has(support_ask(&s, S_OPEN), "\"data\":[]");
  support_has(support_ask(&s, "{\"id\":\"3\",\"type\":\"get_balances\",\"exchange\":\"binance\"}"),
              "\"USDT\":{\"total\":\"1000000.00\",\"available\":\"1000000.00\"}");
  world_check(&s.sim.exchanges);
  cr_assert_eq(ledger_count(s.sim.truth, LEDGER_LOST, LEDGER_DONE), 1);
  support_has(support_ask(&s, S_BUY), "\"status\":\"open\"");
  world_check(&s.sim.exchanges);
  support_free(&s);
}

Test(simulator, a_restart_ends_when_it_is_cleared) {
  support s;
  s_init(&s);
  cr_assert_eq(simulator_set_fault(&s.sim, "restart=1000000", NULL), HBUS_OK);
  support_wait(&s, 0);
  simulator_clear_faults(&s.sim, "late");
  support_wait(&s, 0);
  cr_assert(!simulator_is_up(&s.sim));
  simulator_clear_faults(&s.sim, "restart");
  support_wait(&s, 0);
  cr_assert(simulator_is_up(&s.sim));
  support_free(&s);
}

Test(simulator, a_restart_waits_for_its_frames) {
  support s;
  s_init(&s);
  cr_assert_eq(simulator_set_fault(&s.sim, "restart=5,3", NULL), HBUS_OK);
  for (unsigned frame = 1; frame <= 3; frame++) {
    support_wait(&s, 1);
    cr_assert(simulator_is_up(&s.sim));
    support_send(&s, S_OPEN);
  }
  support_wait(&s, 1);
  cr_assert(!simulator_is_up(&s.sim));
  support_free(&s);
}

Test(simulator, every_create_that_a_cut_meets_is_in_the_ledger_once) {
  support s;
  simulator_options options = support_options();
  cr_assert_eq(fault_parse(&options.faults, "cut-every=3", NULL), HBUS_OK);
  support_init(&s, &options);
  unsigned answered = 0;
  for (unsigned i = 0; i < 300; i++) {
    if (s.client->state != SESSION_OPEN) s_come_back(&s);
    support_send(&s, S_BUY);
    for (const char *text; *(text = support_next(&s));)
      answered += strstr(text, "\"status\":\"success\"") != NULL;
  }
  uint64_t accepted = ledger_count(s.sim.truth, LEDGER_CREATE, LEDGER_ACCEPTED);
  uint64_t dropped = ledger_count(s.sim.truth, LEDGER_CREATE, LEDGER_DROPPED);
  cr_assert_eq(accepted + dropped, 300);
  cr_assert(dropped > 10 && accepted > 100 && answered > 50 && answered < accepted);
  cr_assert_gt(s.sim.sessions.cut, 150);
  world_check(&s.sim.exchanges);
  support_free(&s);
}
