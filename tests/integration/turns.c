/* How long the broker's one thread works in one go, as hbusd tells it. */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <signal.h>
#include <string.h>

#include "tests/integration/rig.h"

typedef struct figures {
  uint64_t turns, over_20ms, longest_us, recent_us;
} figures;

static void s_take(const msgpack_object_kv *pair, const char *key, uint64_t *out) {
  if (pair->key.via.str.size != strlen(key) || memcmp(pair->key.via.str.ptr, key, strlen(key)) != 0) return;
  cr_expect_eq(pair->val.type, MSGPACK_OBJECT_POSITIVE_INTEGER, "%s", key);
  *out = pair->val.via.u64;
}

static figures s_ask(hbus_client *client) {
  figures out = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
  hbus_document document = {0};
  hbus_error error;
  msgpack_unpacked unpacked;
  cr_assert_eq(hbus_broker_status(client, 0, &document, &error), HBUS_OK, "%s", error.text);
  msgpack_unpacked_init(&unpacked);
  cr_assert_eq(msgpack_unpack_next(&unpacked, (const char *)document.data, document.size, NULL),
               MSGPACK_UNPACK_SUCCESS);
  for (uint32_t i = 0; i < unpacked.data.via.map.size; i++) {
    const msgpack_object_kv *pair = &unpacked.data.via.map.ptr[i];
    s_take(pair, "turns", &out.turns);
    s_take(pair, "turns_over_20ms", &out.over_20ms);
    s_take(pair, "turn_longest_us", &out.longest_us);
    s_take(pair, "turn_longest_recent_us", &out.recent_us);
  }
  msgpack_unpacked_destroy(&unpacked);
  hbus_document_free(&document);
  return out;
}

Test(turns, are_told_in_status_and_at_the_end) {
  rig rig;
  rig_start(&rig, NULL, NULL);
  hbus_client *client = rig_connect(&rig, "alice");
  figures first = s_ask(client), second = s_ask(client);
  for (int i = 0; i < 1000 && second.turns == first.turns; i++) /* a turn may hear more than one question */
    second = s_ask(client);
  cr_expect_gt(first.turns, 0);
  cr_expect_gt(second.turns, first.turns);
  cr_expect_neq(second.turns, UINT64_MAX);
  cr_expect_gt(first.longest_us, 0, "authenticating and answering took some time");
  cr_expect_leq(first.recent_us, first.longest_us);
  cr_expect_leq(second.recent_us, second.longest_us);
  cr_expect_geq(second.longest_us, first.longest_us);
  cr_expect_leq(second.over_20ms, second.turns);
  hbus_client_destroy(&client);

  char line[512];
  bool told = false;
  kill(rig.broker.pid, SIGTERM);
  while (process_read_error_line(&rig.broker, line, sizeof line))
    told |= strstr(line, "INFO") && strstr(line, "the longest of ") && strstr(line, " turns took ");
  cr_expect(told);
  rig_stop(&rig);
}
