/* Signals of peers to each other, and the limits of what one connection may ask for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/scene.h"

/* [1.5, "buy"], as another msgpack library would pack it: a float, which may stand nowhere else. */
static const uint8_t s_data[] = {0x92, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xa3, 'b', 'u', 'y'};

static hbus_command s_publish(const char *name) {
  hbus_command command = {.kind = HBUS_PUBLISH, .data = {.data = s_data, .size = sizeof s_data}};
  snprintf(command.name, sizeof command.name, "%s", name);
  return command;
}

Test(signals, reach_who_listens_numbered_and_named_in_the_reply) {
  scene scene;
  hbus_reply reply;
  hbus_message message;
  scene_start(&scene, NULL, NULL);
  cr_assert_eq(hbus_client_watch(scene.alice, "strategy_update/", &scene.error), HBUS_OK);
  rig_settle(&scene.rig, scene.alice);
  for (uint64_t seq = 1; seq <= 3; seq++) {
    hbus_command command = s_publish("fair value");
    cr_assert_eq(hbus_client_call(scene.observer, &command, 0, &reply, &scene.error), HBUS_OK, "%s", scene.error.text);
    cr_expect_eq(reply.seen.stream, HBUS_STREAM_PRIVATE);
    cr_expect_str_eq(reply.seen.topic, "strategy_update/observer/fair%20value/");
    cr_expect_eq(reply.seen.seq, seq);
    scene_next(&scene, "strategy_update/", &message);
    cr_expect_str_eq(message.topic, reply.seen.topic);
    cr_expect_eq(message.event.kind, HBUS_KIND_STRATEGY_UPDATE);
    cr_expect_eq(message.event.seq, seq);
    cr_expect_str_eq(message.event.owner, "observer");
    const hbus_signal *signal = &message.event.data.signal;
    cr_expect_str_eq(signal->name, "fair value");
    cr_assert_eq(signal->data.size, sizeof s_data);
    cr_expect_eq(memcmp(signal->data.data, s_data, sizeof s_data), 0);
  }
  cr_expect_eq(rig_counter(scene.observer, "signals"), 3);
  scene_stop(&scene);
}

Test(signals, of_a_name_that_fits_no_topic_are_refused) {
  scene scene;
  hbus_reply reply;
  char name[HBUS_NAME_MAX + 1];
  scene_start(&scene, NULL, NULL);
  memset(name, '/', sizeof name - 1); /* each is three bytes of a topic */
  name[sizeof name - 1] = 0;
  hbus_client *other = rig_connect(&scene.rig, name);
  hbus_command command = s_publish(name);
  cr_expect_eq(hbus_client_call(other, &command, 0, &reply, &scene.error), HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(scene.error.text, "'name'"), "%s", scene.error.text);
  hbus_client_destroy(&other);
  scene_stop(&scene);
}

/* A peer that makes up a new name each time must not use up the topics that orders need. */
Test(signals, leave_half_of_the_topics_to_others) {
  scene scene;
  hbus_reply reply;
  hbus_status status = HBUS_OK;
  scene_start(&scene, NULL, "bounds:\n  topics: 20\n");
  int names = 0;
  while (!status && names < 20) {
    char name[16];
    snprintf(name, sizeof name, "n%d", names);
    hbus_command command = s_publish(name);
    status = hbus_client_call(scene.observer, &command, 0, &reply, &scene.error);
    names += !status;
  }
  cr_expect_eq(status, HBUS_OVERLOADED);
  cr_expect(names > 0 && names < 10, "%d", names);
  hbus_command old = s_publish("n0"), order = rig_resting_order(HBUS_BUY, "0.1");
  hbus_message update;
  cr_expect_eq(hbus_client_call(scene.observer, &old, 0, &reply, &scene.error), HBUS_OK, "%s", scene.error.text);
  cr_assert_eq(scene_create(&scene, &order, &reply), HBUS_OK, "%s", scene.error.text);
  scene_expect_order(&scene, &order, HBUS_OPEN, &update);
  scene_stop(&scene);
}

/* Of two connections one has had its share; the other, of the same name, has its own. The library repairs on the same
 * connection, by itself, and takes some. */
Test(signals, and_repair_are_bounded_for_each_connection) {
  static const hbus_command_kind kinds[] = {HBUS_PUBLISH, HBUS_SNAPSHOT};
  static const unsigned bursts[] = {2, 40};
  scene scene;
  hbus_reply reply;
  scene_start(&scene, NULL, "events:\n  publish_per_second: 1\n  repair_per_second: 20\n");
  for (size_t i = 0; i < 2; i++) {
    hbus_status status = HBUS_OK;
    unsigned served = 0;
    while (!status && served < 1000) {
      hbus_command command = s_publish("x");
      command.kind = kinds[i];
      status = hbus_client_call(scene.alice, &command, 0, &reply, &scene.error);
      served += !status;
    }
    cr_expect_eq(status, HBUS_RATE_LIMITED, "%s", scene.error.text);
    cr_expect_geq(served, bursts[i]);
    cr_expect_not_null(strstr(scene.error.text, " ms"), "%s", scene.error.text);
    hbus_command command = s_publish("x");
    command.kind = kinds[i];
    cr_expect_eq(hbus_client_call(scene.sender, &command, 0, &reply, &scene.error), HBUS_OK, "%s", scene.error.text);
  }
  cr_expect_eq(rig_counter(scene.observer, "signals_rate_limited"), 1);
  cr_expect_geq(rig_counter(scene.observer, "repairs_rate_limited"), 1);
  scene_stop(&scene);
}
