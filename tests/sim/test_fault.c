#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim/test_support.h"

#define S_TICKER(id) "{\"id\":\"" id "\",\"type\":\"get_ticker\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\"}"

static void s_init(support *self, uint64_t seed, const char *first, const char *second) {
  simulator_options options = support_options();
  hbus_error error;
  options.seed = seed;
  cr_assert_eq(fault_parse(&options.faults, first, &error), HBUS_OK, "%s", error.text);
  if (second) cr_assert_eq(fault_parse(&options.faults, second, &error), HBUS_OK, "%s", error.text);
  support_init(self, &options);
}

Test(fault, specifications_are_checked) {
  static const struct {
    const char *spec, *text;
  } rows[] = {
      {"gremlin", "unknown fault 'gremlin'"},
      {"late", "fault 'late' must be written late=MS[,TYPE]"},
      {"late=", "fault 'late=' must be written late=MS[,TYPE]"},
      {"late=0", "fault 'late=0' must be written late=MS[,TYPE]"},
      {"late=5,", "fault 'late=5,' must be written late=MS[,TYPE]"},
      {"late=5x", "fault 'late=5x' must be written late=MS[,TYPE]"},
      {"shuffle=-1", "fault 'shuffle=-1' must be written shuffle=N"},
      {"reject=create_order", "fault 'reject=create_order' must be written reject=TYPE:MESSAGE"},
      {"reject=:text", "fault 'reject=:text' must be written reject=TYPE:MESSAGE"},
      {"refuse-auth=1", "fault 'refuse-auth=1' must be written refuse-auth"},
  };
  fault_list list = {.count = 0};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    hbus_error error;
    cr_assert_eq(fault_parse(&list, rows[i].spec, &error), HBUS_INVALID_REQUEST);
    cr_assert_str_eq(error.text, rows[i].text);
  }
  cr_assert_eq(list.count, 0);
  for (size_t i = 0; i < FAULT_COUNT_MAX; i++)
    cr_assert_eq(fault_parse(&list, "late=5,get_order", NULL), HBUS_OK);
  cr_assert_eq(fault_parse(&list, "twice", NULL), HBUS_TOO_BIG);
  cr_assert_eq(fault_plan_answer(&list, "get_order").delay_ms, 5 * FAULT_COUNT_MAX);
  cr_assert_eq(fault_plan_answer(&list, "get_ticker").delay_ms, 0);
}

Test(fault, no_answer_does_the_request_all_the_same) {
  support s;
  s_init(&s, 1, "no-answer=create_order", NULL);
  support_send(&s, "{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\","
                   "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}");
  support_has(support_next(&s), "\"order_update\"");
  cr_assert_str_eq(support_next(&s), "");
  support_has(support_ask(&s, "{\"id\":\"2\",\"type\":\"get_open_orders\",\"exchange\":\"binance\","
                              "\"market\":\"ETH-USDT\"}"),
              "\"status\":\"open\"");
  support_free(&s);
}

Test(fault, late_answers_come_when_they_are_due) {
  support s;
  s_init(&s, 1, "late=50,get_ticker", NULL);
  support_send(&s, S_TICKER("1"));
  support_send(&s, S_TICKER("3"));
  support_wait(&s, 49);
  cr_assert_str_eq(support_next(&s), "");
  support_send(&s, S_TICKER("2"));
  support_wait(&s, 1);
  support_has(support_next(&s), "\"id\":\"1\"");
  support_has(support_next(&s), "\"id\":\"3\"");
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 49);
  support_has(support_next(&s), "\"id\":\"2\"");
  support_free(&s);
}

/* The ids of nine answers as they come back. */
static void s_shuffled(uint64_t seed, char out[16]) {
  support s;
  s_init(&s, seed, "shuffle=9", NULL);
  static const char *const requests[] = {S_TICKER("1"), S_TICKER("2"), S_TICKER("3"), S_TICKER("4"), S_TICKER("5"),
                                         S_TICKER("6"), S_TICKER("7"), S_TICKER("8"), S_TICKER("9")};
  for (size_t i = 0; i < 9; i++) {
    cr_assert_eq(s.client->queue_count, 0);
    support_send(&s, requests[i]);
  }
  for (size_t i = 0; i < 9; i++)
    out[i] = support_next(&s)[7];
  out[9] = '\0';
  support_free(&s);
}

Test(fault, shuffle_is_a_permutation_that_the_seed_decides) {
  char first[16], again[16], other[16];
  s_shuffled(1, first);
  s_shuffled(1, again);
  s_shuffled(2, other);
  cr_assert_str_eq(first, again);
  cr_assert_str_neq(first, other);
  cr_assert_str_neq(first, "123456789");
  for (char id = '1'; id <= '9'; id++)
    cr_assert_not_null(strchr(first, id));
}

Test(fault, shuffle_does_not_wait_forever) {
  support s;
  s_init(&s, 1, "shuffle=9", NULL);
  support_send(&s, S_TICKER("1"));
  support_wait(&s, HUB_SHUFFLE_HOLD_MS - 1);
  cr_assert_str_eq(support_next(&s), "");
  support_wait(&s, 1);
  support_has(support_next(&s), "\"id\":\"1\"");
  support_free(&s);
}

Test(fault, held_answers_go_with_their_session) {
  support s;
  s_init(&s, 1, "shuffle=9", "late=50,get_order_book");
  support_send(&s, S_TICKER("1"));
  support_send(&s, "{\"id\":\"2\",\"type\":\"get_order_book\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\"}");
  hub_remove(&s.sim.sessions, &s.client);
  support_wait(&s, 1000);
  cr_assert_eq(s.sim.sessions.held_count + s.sim.sessions.pool_count, 0);
  support_free(&s);
}

Test(fault, twice_and_unknown_id) {
  support s;
  s_init(&s, 1, "twice", "unknown-id");
  support_send(&s, S_TICKER("1"));
  support_has(support_next(&s), "\"id\":\"never-issued\"");
  support_has(support_next(&s), "\"id\":\"1\"");
  support_has(support_next(&s), "\"id\":\"1\"");
  cr_assert_str_eq(support_next(&s), "");
  support_free(&s);
}

Test(fault, reject_answers_with_its_message_and_does_nothing) {
  support s;
  s_init(&s, 1, "reject=create_order:Rate limit exceeded", NULL);
  cr_assert_str_eq(support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\"}"),
                   "{\"id\":\"1\",\"status\":\"error\",\"message\":\"Rate limit exceeded\"}");
  support_has(support_ask(&s, S_TICKER("2")), "success");
  support_free(&s);
}

Test(fault, refuse_auth_refuses_the_right_key) {
  support s;
  s_init(&s, 1, "refuse-auth", NULL);
  s.client->authenticated = false;
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"authenticate\",\"api_key\":\"key\"}"), "Authentication failed");
  cr_assert_eq(s.client->close_code, SESSION_CLOSE_POLICY);
  support_free(&s);
}

Test(fault, garbage_and_unknown_types_come_before_every_nth_frame) {
  support s;
  s_init(&s, 1, "garbage=2", "unknown-type=3");
  static const char *const expected[] = {"\"id\":\"1\"", "this is no JSON", "\"id\":\"2\"", "weather_update",
                                         "\"id\":\"3\"", "this is no JSON", "\"id\":\"4\""};
  support_send(&s, S_TICKER("1"));
  support_send(&s, S_TICKER("2"));
  support_send(&s, S_TICKER("3"));
  support_send(&s, S_TICKER("4"));
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    support_has(support_next(&s), expected[i]);
  cr_assert_str_eq(support_next(&s), "");
  support_free(&s);
}

Test(fault, drop_after_cuts_the_connection) {
  support s;
  s_init(&s, 1, "drop-after=2", NULL);
  support_send(&s, S_TICKER("1"));
  cr_assert_eq(s.client->state, SESSION_OPEN);
  support_send(&s, S_TICKER("2"));
  cr_assert_eq(s.client->state, SESSION_CUT);
  support_send(&s, S_TICKER("3"));
  cr_assert_eq(s.client->queue_count, 2);
  support_free(&s);
}

Test(fault, greets_with_what_no_client_can_read) {
  support s;
  s_init(&s, 1, "oversize=5000", "bad-utf8");
  s.client->authenticated = false;
  support_send(&s, "{\"id\":\"1\",\"type\":\"authenticate\",\"api_key\":\"key\"}");
  support_has(support_next(&s), "success");
  message *giant = session_pop(s.client);
  cr_assert_eq(giant->size, 5000);
  message_drop(giant);
  support_has(support_next(&s), "\xff\xfe");
  support_free(&s);
}
