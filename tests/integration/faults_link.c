/* Faults of the connection: what a peer, the log, `status` and the counters say of each. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/scene.h"

static const char *const s_keep_no_ids[] = {"--no-client-ids", NULL};

/* What everyone is told when the link falls: the reason is the same everywhere. */
static void s_expect_fall(scene *scene, const char *reason) {
  scene_expect_link(scene, HBUS_LINK_DISCONNECTED, reason);
  rig_expect_warning(&scene->rig, "no link to ws");
  cr_expect_eq(rig_counter(scene->observer, "link_losses"), 1);
}

/* And when it is back. */
static void s_expect_return(scene *scene) {
  char text[256];
  scene_wait_link(scene, HBUS_LINK_CONNECTED, NULL);
  rig_expect_log(&scene->rig, "connected to ws");
  rig_text(scene->observer, "link.status", text, sizeof text);
  cr_expect_str_eq(text, "connected");
  rig_text(scene->observer, "link.reason", text, sizeof text);
  cr_expect_str_eq(text, "");
  cr_expect_eq(rig_counter(scene->observer, "link_connects"), 2);
  scene_expect_ticker(scene);
}

/* While the link is down `status` has the reason between two attempts, and whoever asks hears it. */
static void s_expect_refusals(scene *scene, const char *reason) {
  hbus_ticker ticker;
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  do {
    cr_assert_eq(hbus_get_ticker(scene->alice, "binance", "ETH-USDT", 0, &ticker, &scene->error), HBUS_LINK_DOWN);
  } while (!strstr(scene->error.text, reason));
  do {
    cr_assert_eq(scene_create(scene, &order, &reply), HBUS_LINK_DOWN, "refused, not kept");
  } while (!strstr(scene->error.text, reason));
  char text[256];
  do {
    rig_text(scene->observer, "link.reason", text, sizeof text);
  } while (!strstr(text, reason));
}

/* The connection ends ---------------------------------------------------------------------------------------------- */

Test(faults_link, dropped_after_some_frames) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  rig_control(&scene.rig, "fault drop-after=3");
  for (int i = 0; i < 3; i++)
    scene_expect_ticker(&scene);
  s_expect_fall(&scene, "hung up");
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTED, NULL);
  scene_expect_ticker(&scene);
  cr_expect_eq(rig_counter(scene.observer, "link_connects"), 2);
  cr_expect_eq(rig_counter(scene.observer, "upstream_timeouts"), 0);
  scene_stop(&scene);
}

Test(faults_link, a_question_under_way_when_it_drops_is_asked_again) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  rig_control(&scene.rig, "fault no-answer=get_ticker");
  hbus_command question;
  hbus_reply reply;
  uint64_t before = rig_counter(scene.observer, "upstream_requests");
  hbus_command_init(&question, HBUS_GET_TICKER, "binance", "ETH-USDT", NULL);
  cr_assert_eq(hbus_client_send(scene.sender, &question, 0, &scene.error), HBUS_OK);
  rig_wait_number(scene.observer, "counters.upstream_requests", before + 1);
  rig_control(&scene.rig, "fault clear");
  rig_control(&scene.rig, "cut");
  scene_next_reply(&scene, &reply);
  cr_expect_eq(reply.status, HBUS_REPLY_OK);
  cr_expect_geq(rig_counter(scene.observer, "upstream_retries"), 1);
  cr_expect_eq(rig_counter(scene.observer, "upstream_timeouts"), 0);
  s_expect_fall(&scene, NULL);
  s_expect_return(&scene);
  scene_stop(&scene);
}

Test(faults_link, rule_3_dropped_under_a_create) {
  scene scene;
  scene_start(&scene, s_keep_no_ids, NULL);
  rig_control(&scene.rig, "fault no-answer=create_order");
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_message update;
  hbus_reply reply;
  scene_send_create(&scene, &order);
  rig_wait_truth(&scene.rig, "creates_accepted", 1);
  rig_control(&scene.rig, "cut");
  scene_next_reply(&scene, &reply);
  cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
  cr_expect_eq(reply.code, HBUS_LINK_DOWN);
  cr_expect(memmem(reply.message.data, reply.message.size, "may be live", 11) != NULL);
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED);
  rig_expect_warning(&scene.rig, "no link to ws");
  rig_expect_warning(&scene.rig, "is unknown: the link was lost before Hummingbot answered");
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  cr_expect_eq(rig_counter(scene.observer, "link_losses"), 1);
  rig_wait_link(scene.observer, HBUS_LINK_CONNECTED);
  cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 1, "it is not sent again");
  scene_stop(&scene);
}

Test(faults_link, closed_with_a_code) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  rig_control(&scene.rig, "fault close=1011,2");
  scene_expect_ticker(&scene);
  scene_expect_ticker(&scene);
  scene_expect_link(&scene, HBUS_LINK_DISCONNECTED, "closed by the server (1011: a fault)");
  rig_expect_warning(&scene.rig, "closed by the server (1011: a fault); trying again");
  cr_expect_eq(rig_counter(scene.observer, "link_losses"), 1);
  s_expect_return(&scene);
  scene_stop(&scene);
}

/* The connection stays, and nothing comes ---------------------------------------------------------------------------
 */

Test(faults_link, silent_and_half_open) {
  static const char *const faults[] = {"fault silent-after=0", "fault half-open"};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    scene scene;
    hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
    hbus_reply reply;
    hbus_message message;
    scene_start(&scene, NULL, "  ping_ms: 200\n  hang_up_ms: 2000\n  request_timeout_ms: 60000\n");
    rig_control(&scene.rig, faults[i]);
    scene_send_create(&scene, &order);
    rig_control(&scene.rig, "fault clear"); /* for the next connection: one that is silent stays so */
    scene_next(&scene, "system/link/", &message);
    cr_expect_eq(message.event.data.link.status, HBUS_LINK_DISCONNECTED);
    cr_expect_eq(message.event.data.link.code, HBUS_TIMEOUT);
    rig_expect_warning(&scene.rig, "no answer to a ping for 2000 ms; trying again");
    scene_next_reply(&scene, &reply);
    cr_expect_eq(reply.status, HBUS_REPLY_UNKNOWN);
    cr_expect_eq(reply.code, HBUS_LINK_DOWN);
    cr_expect_eq(rig_counter(scene.observer, "link_losses"), 1);
    s_expect_return(&scene);
    cr_expect_eq(rig_truth(&scene.rig, "creates_accepted"), 0);
    cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
    scene_stop(&scene);
  }
}

/* No connection ---------------------------------------------------------------------------------------------------- */

Test(faults_link, refused) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  rig_control(&scene.rig, "fault refuse");
  rig_control(&scene.rig, "cut");
  s_expect_fall(&scene, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  scene_expect_link(&scene, HBUS_LINK_DISCONNECTED, "hung up");
  rig_expect_warning(&scene.rig, "hung up; trying again");
  s_expect_refusals(&scene, "hung up");
  cr_expect_eq(rig_counter(scene.observer, "link_losses"), 1, "what never was up is not lost");
  cr_expect_eq(rig_counter(scene.observer, "upstream_creates"), 1, "the one of the beginning");
  rig_control(&scene.rig, "fault clear");
  s_expect_return(&scene);
  scene_stop(&scene);
}

Test(faults_link, authentication_refused) {
  scene scene;
  scene_start(&scene, NULL, "  refused_retry_ms: 100\n");
  rig_control(&scene.rig, "fault refuse-auth");
  rig_control(&scene.rig, "cut");
  s_expect_fall(&scene, NULL);
  scene_expect_link(&scene, HBUS_LINK_CONNECTING, NULL);
  hbus_message message;
  scene_next(&scene, "system/link/", &message);
  cr_expect_eq(message.event.data.link.status, HBUS_LINK_ERROR);
  cr_expect_eq(message.event.data.link.code, HBUS_UNAUTHENTICATED);
  rig_expect_warning(&scene.rig, "Hummingbot refused the API key (Authentication failed); check HUMMINGBOT_API_KEY");
  s_expect_refusals(&scene, "refused the API key");
  cr_expect_eq(rig_counter(scene.observer, "link_connects"), 1);
  rig_control(&scene.rig, "fault clear");
  s_expect_return(&scene);
  scene_stop(&scene);
}

/* A restart -------------------------------------------------------------------------------------------------------- */

Test(faults_link, rule_10_restarted_with_orders_kept) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  cr_assert_eq(scene_create(&scene, &order, &reply), HBUS_OK);
  rig_control(&scene.rig, "fault restart=300");
  s_expect_fall(&scene, NULL);
  scene_wait_link(&scene, HBUS_LINK_DISCONNECTED, "refused");
  s_expect_return(&scene);
  cr_expect_eq(rig_truth(&scene.rig, "restarts"), 1);
  cr_expect_eq(scene_get_order(&scene, &order).status, HBUS_OPEN);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 0);
  scene_stop(&scene);
}

Test(faults_link, rule_10_restarted_with_orders_lost) {
  scene scene;
  scene_start(&scene, NULL, NULL);
  hbus_command order = rig_resting_order(HBUS_BUY, "0.5000");
  hbus_reply reply;
  hbus_message update;
  cr_assert_eq(scene_create(&scene, &order, &reply), HBUS_OK);
  rig_control(&scene.rig, "fault restart-lost=300");
  s_expect_fall(&scene, NULL);
  scene_expect_order(&scene, &order, HBUS_UNKNOWN, &update);
  cr_expect_eq(update.event.origin, HBUS_INFERRED, "whether it traded before it went, nobody can tell");
  rig_expect_log(&scene.rig, "of ETH-USDT on binance is not known upstream any more");
  s_expect_return(&scene);
  cr_expect_eq(rig_truth(&scene.rig, "orders_lost"), 1);
  cr_expect_eq(rig_number(scene.observer, "markets_unknown"), 1);
  scene_stop(&scene);
}

/* TLS -------------------------------------------------------------------------------------------------------------- */

/* A simulator with that fault, and a broker that trusts whoever signed its certificates. */
static void s_start_tls(scene *scene, const char *fault, char ca[128]) {
  char config[192];
  *scene = (struct scene){0};
  rig_open(&scene->rig);
  snprintf(ca, 128, "%s/ca.pem", scene->rig.folder);
  snprintf(config, sizeof config, "  ca_file: %s\n", ca);
  const char *const arguments[] = {"--rate", "0", "--tls", "--ca-out", ca, fault ? "--fault" : NULL, fault, NULL};
  rig_start_sim(&scene->rig, arguments);
  rig_start_broker(&scene->rig, config);
  scene_join(scene);
}

static void s_stop_tls(scene *scene, const char *ca) {
  unlink(ca);
  scene_stop(scene);
}

Test(faults_link, tls_that_is_right) {
  scene scene;
  char ca[128];
  s_start_tls(&scene, NULL, ca);
  rig_wait_link(scene.observer, HBUS_LINK_CONNECTED);
  rig_expect_log(&scene.rig, "connected to wss://");
  scene_expect_ticker(&scene);
  cr_expect_eq(rig_counter(scene.observer, "link_losses"), 0);
  s_stop_tls(&scene, ca);
}

typedef struct tls_case {
  const char *fault;
  const char *reason;
} tls_case;

Test(faults_link, certificates_that_are_not_accepted) {
  static const tls_case cases[] = {{"wrong-cert", "for another"}, {"expired-cert", "expired"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scene scene;
    char ca[128];
    s_start_tls(&scene, cases[i].fault, ca);
    rig_expect_warning(&scene.rig, cases[i].reason);
    scene_wait_link(&scene, HBUS_LINK_DISCONNECTED, cases[i].reason);
    s_expect_refusals(&scene, cases[i].reason);
    cr_expect_eq(rig_counter(scene.observer, "link_connects"), 0);
    cr_expect_eq(rig_truth(&scene.rig, "requests"), 0, "the API key is not shown to a stranger");
    rig_control(&scene.rig, "fault clear");
    scene_wait_link(&scene, HBUS_LINK_CONNECTED, NULL);
    scene_expect_ticker(&scene);
    s_stop_tls(&scene, ca);
  }
}
