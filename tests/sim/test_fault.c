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

/* A create in a buffer of Hummingbot's is done when nobody waits for it any more. */
Test(fault, stuck_requests_are_done_unanswered_once_it_is_cleared) {
  support s;
  static const char list[] =
      "{\"id\":\"2\",\"type\":\"get_open_orders\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\"}";
  s_init(&s, 1, "stuck=create_order", "late=10,create_order");
  support_send(&s, "{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\","
                   "\"side\":\"buy\",\"order_type\":\"limit\",\"amount\":\"1\",\"price\":\"1500\"}");
  cr_assert_str_eq(support_next(&s), "");
  support_has(support_ask(&s, list), "\"data\":[]");
  simulator_clear_faults(&s.sim, "late");
  cr_assert_str_eq(support_next(&s), "", "it is kept still");
  simulator_clear_faults(&s.sim, "stuck");
  support_has(support_next(&s), "\"order_update\"");
  cr_assert_str_eq(support_next(&s), "", "no answer");
  support_has(support_ask(&s, list), "\"status\":\"open\"");
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

Test(fault, clear_takes_out_by_name) {
  fault_list list = {.count = 0};
  cr_assert_eq(fault_parse(&list, "late=5", NULL), HBUS_OK);
  cr_assert_eq(fault_parse(&list, "twice", NULL), HBUS_OK);
  cr_assert_eq(fault_parse(&list, "late=7", NULL), HBUS_OK);
  cr_assert_eq(fault_clear(&list, "shuffle"), 0);
  cr_assert_eq(fault_clear(&list, "late"), 2);
  cr_assert_eq(list.count, 1);
  cr_assert_str_eq(list.items[0].spec, "twice");
  cr_assert_eq(fault_plan_answer(&list, "get_order").copies, 2);
  cr_assert_eq(fault_clear(&list, NULL), 1);
  cr_assert_eq(fault_plan_answer(&list, "get_order").copies, 1);
}

Test(fault, numbers_have_bounds) {
  static const struct {
    const char *spec;
    hbus_status status;
  } rows[] = {
      {"close=999", HBUS_INVALID_REQUEST},
      {"close=1000", HBUS_OK},
      {"close=4999,1", HBUS_OK},
      {"close=5000", HBUS_INVALID_REQUEST},
      {"close=1000,0", HBUS_INVALID_REQUEST},
      {"silent-after=0", HBUS_OK},
      {"silent-after", HBUS_INVALID_REQUEST},
      {"half-open", HBUS_OK},
      {"half-open=3", HBUS_OK},
      {"fragments=1", HBUS_INVALID_REQUEST},
      {"fragments=16", HBUS_OK},
      {"fragments=17", HBUS_INVALID_REQUEST},
      {"drop-after=0", HBUS_INVALID_REQUEST},
      {"restart=1000000000,1000000000", HBUS_OK},
      {"restart=1000000001", HBUS_INVALID_REQUEST},
      {"restart=5,", HBUS_INVALID_REQUEST},
      {"restart-lost", HBUS_OK},
      {"restart=99999999999999999999", HBUS_INVALID_REQUEST},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    fault_list list = {.count = 0};
    cr_assert_eq(fault_parse(&list, rows[i].spec, NULL), rows[i].status, "%s", rows[i].spec);
  }
}

Test(fault, fates_come_after_so_many_frames) {
  static const struct {
    const char *spec;
    session_state state;
    session_mute mute;
    unsigned code;
  } rows[] = {
      {"drop-after=2", SESSION_CUT, SESSION_SPEAKS, 0},
      {"close=1012,2", SESSION_CLOSING, SESSION_SPEAKS, 1012},
      {"silent-after=2", SESSION_OPEN, SESSION_SILENT, 0},
      {"half-open=2", SESSION_OPEN, SESSION_HALF_OPEN, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    support s;
    s_init(&s, 1, rows[i].spec, NULL);
    support_send(&s, S_TICKER("1"));
    cr_assert(session_takes(s.client), "%s", rows[i].spec);
    support_send(&s, S_TICKER("2"));
    cr_assert_eq(s.client->state, rows[i].state, "%s", rows[i].spec);
    cr_assert_eq(s.client->mute, rows[i].mute, "%s", rows[i].spec);
    cr_assert_eq(s.client->close_code, rows[i].code, "%s", rows[i].spec);
    support_send(&s, S_TICKER("3"));
    cr_assert_eq(s.client->queue_count, 2, "%s", rows[i].spec);
    support_free(&s);
  }
}

Test(fault, frames_are_counted_from_when_it_is_set) {
  support s;
  s_init(&s, 1, "late=1,get_order", NULL);
  support_send(&s, S_TICKER("1"));
  support_send(&s, S_TICKER("2"));
  cr_assert_eq(simulator_set_fault(&s.sim, "drop-after=2", NULL), HBUS_OK);
  support_send(&s, S_TICKER("3"));
  cr_assert_eq(s.client->state, SESSION_OPEN);
  cr_assert_eq(simulator_clear_faults(&s.sim, "drop-after"), 1);
  support_send(&s, S_TICKER("4"));
  cr_assert_eq(simulator_set_fault(&s.sim, "half-open", NULL), HBUS_OK);
  cr_assert_eq(s.client->mute, SESSION_HALF_OPEN);
  cr_assert_eq(s.client->queue_count, 4);
  support_free(&s);
}

Test(fault, rate_limit_counts_by_the_second) {
  support s;
  s_init(&s, 1, "rate-limit=2", NULL);
  support_wait(&s, 1000 - s.now_ms);
  for (unsigned second = 0; second < 2; second++) {
    support_has(support_ask(&s, S_TICKER("1")), "success");
    support_wait(&s, 999);
    support_has(support_ask(&s, S_TICKER("2")), "success");
    cr_assert_str_eq(support_ask(&s, S_TICKER("3")),
                     "{\"id\":\"3\",\"status\":\"error\",\"code\":\"429\",\"message\":\"Too many requests\"}");
    support_has(support_ask(&s, "{\"id\":\"4\",\"type\":\"authenticate\",\"api_key\":\"key\"}"), "success");
    support_wait(&s, 1);
  }
  support_free(&s);
}

Test(fault, garbage_comes_in_place_of_the_answer) {
  support s;
  s_init(&s, 1, "garbage-answer=get_ticker", "twice");
  support_send(&s, S_TICKER("1"));
  cr_assert_str_eq(support_next(&s), "{\"id\": this was an answer");
  cr_assert_str_eq(support_next(&s), "{\"id\": this was an answer");
  cr_assert_str_eq(support_next(&s), "");
  support_free(&s);
}

Test(fault, cuts_are_drawn_evenly_at_their_rate) {
  fault_list list = {.count = 0};
  random_source random;
  unsigned points[CUT_UNHEARD + 1] = {0}, frames = 0;
  random_init(&random, 1, 1);
  cr_assert_eq(fault_cut_request(&list, &random), CUT_NONE);
  cr_assert_eq(fault_parse(&list, "cut-every=10", NULL), HBUS_OK);
  for (unsigned i = 0; i < 30000; i++) {
    points[fault_cut_request(&list, &random)]++;
    frames += fault_cut_frame(&list, &random);
  }
  for (cut_point point = CUT_UNDONE; point <= CUT_UNHEARD; point++)
    cr_assert(points[point] > 800 && points[point] < 1200, "%u", points[point]);
  cr_assert(frames > 2700 && frames < 3300, "%u", frames);
}

Test(fault, sockets_behave_as_the_list_says) {
  fault_list list = {.count = 0};
  cr_assert_eq(fault_plan_socket(&list).certificate, CERTIFICATE_GOOD);
  static const char *const specs[] = {"refuse", "slow-reader=7", "fragments", "expired-cert"};
  for (size_t i = 0; i < 4; i++)
    cr_assert_eq(fault_parse(&list, specs[i], NULL), HBUS_OK);
  socket_plan plan = fault_plan_socket(&list);
  cr_assert(plan.refuse);
  cr_assert_eq(plan.read_rate, 7);
  cr_assert_eq(plan.fragments, 1);
  cr_assert_eq(plan.certificate, CERTIFICATE_EXPIRED);
}
