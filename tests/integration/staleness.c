/* Subscribed markets that fall silent, through libhbus, hbusd and hbus-sim. */
#include <criterion/criterion.h>
#include <msgpack.h>
#include <string.h>

#include "tests/integration/rig.h"

/* How many maps `status` has in `stale`; *quiet_ms is what the last one says. */
static size_t s_stale(hbus_client *client, uint64_t *quiet_ms) {
  hbus_document document = {0};
  hbus_error error;
  msgpack_unpacked unpacked;
  cr_assert_eq(hbus_broker_status(client, 0, &document, &error), HBUS_OK, "%s", error.text);
  msgpack_unpacked_init(&unpacked);
  cr_assert_eq(msgpack_unpack_next(&unpacked, (const char *)document.data, document.size, NULL),
               MSGPACK_UNPACK_SUCCESS);
  const msgpack_object *stale = NULL;
  for (uint32_t i = 0; i < unpacked.data.via.map.size; i++) {
    const msgpack_object_kv *pair = &unpacked.data.via.map.ptr[i];
    if (pair->key.via.str.size == 5 && memcmp(pair->key.via.str.ptr, "stale", 5) == 0) stale = &pair->val;
  }
  cr_assert_not_null(stale);
  cr_assert_eq(stale->type, MSGPACK_OBJECT_ARRAY);
  size_t count = stale->via.array.size;
  if (count) {
    const msgpack_object_map *last = &stale->via.array.ptr[count - 1].via.map;
    static const char *const texts[] = {"order_book", "binance", "ETH-USDT"};
    cr_assert_eq(last->size, 4);
    for (size_t i = 0; i < 3; i++) {
      const msgpack_object_str *text = &last->ptr[i].val.via.str;
      cr_expect(text->size == strlen(texts[i]) && memcmp(text->ptr, texts[i], text->size) == 0, "%s", texts[i]);
    }
    *quiet_ms = last->ptr[3].val.via.u64;
  }
  msgpack_unpacked_destroy(&unpacked);
  hbus_document_free(&document);
  return count;
}

/* The next notice of the broker's own on each stream. */
static void s_expect_notice(hbus_client *client, const char *topic, hbus_status code, const char *begin) {
  unsigned streams = 0;
  hbus_message message;
  for (int i = 0; i < 2; i++) {
    rig_next_event(client, topic, &message);
    const hbus_notice *notice = &message.event.data.notice;
    cr_expect_str_eq(message.event.src, "hbusd");
    cr_expect_eq(notice->code, code);
    cr_expect_str_eq(notice->exchange, "binance");
    cr_expect_str_eq(notice->market, "ETH-USDT");
    cr_expect_eq(strncmp(notice->message.data, begin, strlen(begin)), 0, "'%.*s'", (int)notice->message.size,
                 notice->message.data);
    streams |= 1u << message.stream;
  }
  cr_expect_eq(streams, 1u << HBUS_STREAM_MARKET | 1u << HBUS_STREAM_PRIVATE, "once on each stream");
}

/* With --rate 0 a feed is its snapshot, and nothing after it. */
Test(staleness, a_quiet_market_is_told_of_and_so_is_its_return) {
  static const char *const quiet[] = {"--rate", "0", NULL};
  rig rig;
  hbus_error error;
  uint64_t quiet_ms = 0;
  rig_start(&rig, quiet, "  stale_after_ms: 200\n");
  hbus_client *client = rig_connect(&rig, "alice"), *other = rig_connect(&rig, "beatrice");
  cr_assert_eq(hbus_client_watch(client, "error/hbusd/", &error), HBUS_OK);
  cr_assert_eq(hbus_client_watch(client, "info/hbusd/", &error), HBUS_OK);
  cr_expect_eq(s_stale(client, &quiet_ms), 0);
  cr_assert_eq(hbus_subscribe_market(client, HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT", 0, &error), HBUS_OK, "%s",
               error.text);
  s_expect_notice(client, "error/hbusd/", HBUS_TIMEOUT, "no order_book of ETH-USDT on binance for ");
  cr_expect_eq(s_stale(client, &quiet_ms), 1);
  cr_expect_geq(quiet_ms, 200);

  /* Who subscribes is sent a snapshot: the feed speaks. */
  cr_assert_eq(hbus_subscribe_market(other, HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  s_expect_notice(client, "info/hbusd/", HBUS_OK, "order_book of ETH-USDT on binance is back after ");
  s_expect_notice(client, "error/hbusd/", HBUS_TIMEOUT, "no order_book of ETH-USDT on binance for ");

  /* What nobody wants any more may be quiet. */
  hbus_client_destroy(&other);
  cr_assert_eq(hbus_unsubscribe_market(client, HBUS_CHANNEL_ORDER_BOOK, "binance", "ETH-USDT", 0, &error), HBUS_OK);
  while (s_stale(client, &quiet_ms) > 0)
    hbus_client_next(client, 10, &(hbus_message){0}); /* until the broker has seen the other one leave */
  hbus_client_destroy(&client);
  rig_stop(&rig);
}

/* A market that goes on speaking is not told of, however long that takes. */
Test(staleness, a_busy_market_is_not) {
  static const char *const busy[] = {"--rate", "100", NULL};
  rig rig;
  hbus_error error;
  uint64_t quiet_ms;
  hbus_message message;
  rig_start(&rig, busy, "  stale_after_ms: 30000\n  subscribe: [{exchange: binance, market: ETH-USDT}]\n");
  hbus_client *client = rig_connect(&rig, "alice");
  cr_assert_eq(hbus_client_watch(client, "market_data/", &error), HBUS_OK);
  for (int i = 0; i < 50; i++)
    rig_next_event(client, "market_data/", &message);
  cr_expect_eq(s_stale(client, &quiet_ms), 0);
  hbus_client_destroy(&client);
  rig_stop(&rig);
}
