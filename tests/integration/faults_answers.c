/* Faults of the answers: what a peer, the log, `status` and the counters say of each. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "tests/integration/scene.h"

#define SHORT_TIMEOUT "  request_timeout_ms: 200\n  retry_attempts: 0\n"
#define DEBUG_LINK    "log:\n  components:\n    link: debug\n"

static const char *const s_keep_no_ids[] = {"--no-client-ids", NULL};

static void s_expect_text(hbus_text text, const char *part) {
  cr_expect(text.size && memmem(text.data, text.size, part, strlen(part)), "'%.*s' has no '%s'", (int)text.size,
            text.size ? text.data : "", part);
}

/* Nothing of it ends the link. */
static void s_stop_connected(scene *scene) {
  char text[32];
  rig_text(scene->observer, "link.status", text, sizeof text);
  cr_expect_str_eq(text, "connected");
  cr_expect_eq(rig_counter(scene->observer, "link_losses"), 0);
  scene_stop(scene);
}

/* Too few answers -------------------------------------------------------------------------------------------------- */

Test(faults_answers, never) {
  scene scene;
  scene_start(&scene, s_keep_no_ids, SHORT_TIMEOUT);
  rig_control(&scene.rig, "fault no-answer=create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  hbus_message update;
  cr_expect_eq(scene_create(&scene, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_TIMEOUT);
  s_expect_text(reply.message, "did not answer in time; the order may be live");
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  rig_expect_warning(&scene.rig, "of alice is unknown: Hummingbot did not answer in time; the order may be live");
  cr_expect_eq(rig_counter(scene.observer, "upstream_timeouts"), 1);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 1, "and it is not sent again");
  s_stop_connected(&scene);
}

Test(faults_answers, late) {
  scene scene;
  scene_start(&scene, s_keep_no_ids, SHORT_TIMEOUT);
  rig_control(&scene.rig, "fault late=1000,create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  hbus_message update;
  cr_expect_eq(scene_create(&scene, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  cr_expect_eq(update.event.origin, HBUS_PUSHED, "upstream's own word");
  rig_expect_warning(&scene.rig, "is unknown: Hummingbot did not answer in time");
  rig_expect_log(&scene.rig, "of alice was answered late: it is open");
  cr_expect_eq(rig_counter(scene.observer, "upstream_timeouts"), 1);
  cr_expect_eq(rig_counter(scene.observer, "upstream_answers_late"), 1);
  cr_expect_eq(scene_get_order(&scene, &order).status, HBUS_OPEN);
  s_stop_connected(&scene);
}

Test(faults_answers, garbage) {
  scene scene;
  scene_start(&scene, s_keep_no_ids, SHORT_TIMEOUT);
  rig_control(&scene.rig, "fault garbage-answer=create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  cr_expect_eq(scene_create(&scene, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_TIMEOUT, "whose answer it was cannot be read");
  scene_expect_error(&scene, HBUS_UPSTREAM_ERROR, "skipped a frame from Hummingbot: ");
  rig_expect_warning(&scene.rig, "skipped a frame from Hummingbot: ");
  rig_expect_warning(&scene.rig, "is unknown: Hummingbot did not answer in time");
  cr_expect_eq(rig_counter(scene.observer, "upstream_frames_bad"), 1);
  cr_expect_eq(rig_counter(scene.observer, "upstream_timeouts"), 1);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  s_stop_connected(&scene);
}

/* Too many --------------------------------------------------------------------------------------------------------- */

Test(faults_answers, to_a_request_that_was_answered_or_never_made) {
  static const char *const faults[] = {"fault twice", "fault unknown-id"};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    scene scene;
    scene_start(&scene, NULL, DEBUG_LINK);
    uint64_t accepted = rig_truth(&scene.rig, "creates_accepted");
    rig_control(&scene.rig, faults[i]);
    hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
    hbus_cancel cancel;
    hbus_reply reply;
    hbus_message update;
    cr_expect_eq(scene_create(&scene, &order, &reply), HBUS_OK, "%s: %s", faults[i], scene.error.text);
    cr_expect_eq(hbus_cancel_order(scene.alice, order.exchange, order.market, NULL, order.client_order_id, 0, &cancel,
                                   &scene.error),
                 HBUS_OK);
    rig_wait_number(scene.observer, "counters.upstream_answers_unasked", 2);
    rig_expect_log(&scene.rig, "skipped an answer to a request that is not under way");
    scene_expect_order(&scene, &order, HBUS_OPEN, &update);
    scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
    cr_expect_eq(scene_get_order(&scene, &order).status, HBUS_CANCELLED, "an order that is gone does not come back");
    cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), accepted + 1);
    cr_expect_eq(rig_counter(scene.observer, "upstream_answers_late"), 0);
    s_stop_connected(&scene);
  }
}

/* A refusal -------------------------------------------------------------------------------------------------------- */

Test(faults_answers, too_many_requests) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  rig_control(&scene.rig, "fault rate-limit=1");
  hbus_command order;
  hbus_reply reply;
  hbus_message update;
  for (;;) { /* one in each second of the simulator's is taken */
    order = rig_resting_order(HBUS_BUY, "0.5000");
    if (scene_create(&scene, &order, &reply) != HBUS_OK) break;
  }
  cr_expect_eq(reply.status, HBUS_REPLY_ERROR);
  cr_expect_eq(reply.code, HBUS_RATE_LIMITED);
  s_expect_text(reply.message, "Too many requests");
  scene_expect_order(&scene, &order, HBUS_FAILED, &update);
  scene_expect_error(&scene, HBUS_RATE_LIMITED, "Too many requests");
  rig_expect_warning(&scene.rig, "Hummingbot says that there are too many requests");
  cr_expect_geq(rig_counter(scene.observer, "upstream_rate_limits"), 1);
  s_stop_connected(&scene);
}

/* Whole, but not in one piece -------------------------------------------------------------------------------------- */

/* The broker has nothing to complain of. */
static void s_expect_no_warning(scene *scene) {
  char line[1024];
  kill(scene->rig.broker.pid, SIGTERM);
  while (process_read_error_line(&scene->rig.broker, line, sizeof line))
    cr_expect(!strstr(line, " WARN ") && !strstr(line, " ERROR "), "%s", line);
}

Test(faults_answers, in_fragments_at_every_split) {
  static const char *const faults[] = {"fault fragments", "fault fragments=16"};
  enum { ROUNDS = 150 }; /* frames of two kinds, each some hundred bytes long, are split at the next byte each time */
  scene scene;
  scene_start(&scene, NULL, NULL);
  uint64_t accepted = rig_truth(&scene.rig, "creates_accepted");
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    rig_control(&scene.rig, "fault clear");
    rig_control(&scene.rig, faults[i]);
    for (int round = 0; round < ROUNDS; round++) {
      hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
      hbus_cancel cancel;
      hbus_reply reply;
      hbus_message update;
      cr_assert_eq(scene_create(&scene, &order, &reply), HBUS_OK, "%s", scene.error.text);
      cr_assert_eq(hbus_cancel_order(scene.alice, order.exchange, order.market, NULL, order.client_order_id, 0, &cancel,
                                     &scene.error),
                   HBUS_OK, "%s", scene.error.text);
      scene_expect_order(&scene, &order, HBUS_OPEN, &update);
      cr_assert_str_eq(update.event.data.order.price.text, "1500.00");
      scene_expect_order(&scene, &order, HBUS_CANCELLED, &update);
    }
  }
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), accepted + 2 * ROUNDS);
  static const char *const silent[] = {"upstream_frames_bad",
                                       "upstream_frames_unknown_type",
                                       "upstream_frames_oversize",
                                       "upstream_answers_unasked",
                                       "upstream_answers_late",
                                       "upstream_timeouts",
                                       "link_losses"};
  for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
    cr_expect_eq(rig_counter(scene.observer, silent[i]), 0, "%s", silent[i]);
  s_expect_no_warning(&scene);
  scene_stop(&scene);
}

/* Not read --------------------------------------------------------------------------------------------------------- */

/* A byte a second: one request is read, and the next when the test is long over. */
#define NEVER_HANG_UP "  ping_ms: 600000\n  hang_up_ms: 3600000\n"

Test(faults_answers, a_slow_reader) {
  scene scene;
  hbus_ticker ticker;
  hbus_reply reply;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  scene_start(&scene, NULL, NEVER_HANG_UP SHORT_TIMEOUT);
  rig_control(&scene.rig, "fault slow-reader=1");
  hbus_get_ticker(scene.alice, "binance", "ETH-USDT", 0, &ticker, &scene.error);
  cr_expect_eq(hbus_get_ticker(scene.alice, "binance", "ETH-USDT", 0, &ticker, &scene.error), HBUS_TIMEOUT);
  cr_expect_eq(scene_create(&scene, &order, &reply), HBUS_OUTCOME_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_TIMEOUT);
  cr_expect_eq(hbus_ping(scene.alice, 0, NULL, &scene.error), HBUS_OK, "the bus waits for nobody");
  rig_expect_warning(&scene.rig, "of alice is unknown: Hummingbot did not answer in time");
  cr_expect_geq(rig_counter(scene.observer, "upstream_timeouts"), 2);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 0);
  s_stop_connected(&scene);
}

Test(faults_answers, a_slow_reader_of_more_than_may_be_under_way) {
  enum { PEERS = 9, EACH = 1000, UNDER_WAY = 8192 };
  scene scene;
  hbus_client *peers[PEERS];
  uint64_t refused = 0;
  scene_start(&scene, NULL, NEVER_HANG_UP "  request_timeout_ms: 600000\n");
  rig_control(&scene.rig, "fault slow-reader=1");
  uint64_t before = rig_counter(scene.observer, "commands");
  for (size_t i = 0; i < PEERS; i++) {
    peers[i] = rig_connect(&scene.rig, "flood");
    for (int n = 0; n < EACH; n++) {
      hbus_command question;
      hbus_command_init(&question, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL);
      cr_assert_eq(hbus_client_send(peers[i], &question, 0, &scene.error), HBUS_OK, "%s", scene.error.text);
    }
  }
  rig_wait_number(scene.observer, "counters.commands", before + PEERS * (EACH + 1));
  for (size_t i = 0; i < PEERS; i++) {
    hbus_message message;
    while (hbus_client_next(peers[i], 0, &message) == HBUS_OK)
      refused += message.kind == HBUS_MESSAGE_REPLY && message.reply.code == HBUS_OVERLOADED;
  }
  cr_expect_gt(rig_counter(scene.observer, "requests_overloaded"), 0);
  cr_expect_leq(rig_counter(scene.observer, "requests_overloaded"), PEERS * EACH - UNDER_WAY);
  cr_expect_gt(refused, 0);
  cr_expect_eq(hbus_ping(scene.alice, 0, NULL, &scene.error), HBUS_OK);
  for (size_t i = 0; i < PEERS; i++)
    hbus_client_destroy(&peers[i]);
  s_stop_connected(&scene);
}
