#include "tests/chaos/audience.h"

#include <assert.h>
#include <string.h>

#define RECONNECT_MS 10 /* the broker may have been started again */

typedef char topic_key[HBUS_TOPIC_MAX + 2];

static zsock_t *s_subscribe(const char *endpoint) {
  zsock_t *subscriber = zsock_new(ZMQ_SUB);
  assert(subscriber);
  zsock_set_rcvhwm(subscriber, 0);
  zsock_set_linger(subscriber, 0);
  zsock_set_reconnect_ivl(subscriber, RECONNECT_MS);
  zsock_set_subscribe(subscriber, "");
  int status = zsock_connect(subscriber, "%s", endpoint);
  assert(status == 0);
  return subscriber;
}

void audience_init(audience *self, const char *market_endpoint, const char *private_endpoint, ticket_table *tickets) {
  *self = (audience){.market = s_subscribe(market_endpoint),
                     .private_ = s_subscribe(private_endpoint),
                     .unpacker = event_unpacker_new(),
                     .numbers = zhashx_new(),
                     .tickets = tickets};
  assert(self->unpacker && self->numbers);
}

void audience_free(audience *self) {
  zsock_destroy(&self->market);
  zsock_destroy(&self->private_);
  event_unpacker_destroy(&self->unpacker);
  zhashx_destroy(&self->numbers);
}

uint64_t audience_number(const audience *self, const char *topic) {
  topic_key name;
  snprintf(name, sizeof name, "m%s", topic);
  return (uintptr_t)zhashx_lookup(self->numbers, name);
}

/* The value at a key of a map; NULL: none. */
static const msgpack_object *s_get(const msgpack_object *map, const char *key) {
  if (!map || map->type != MSGPACK_OBJECT_MAP) return NULL;
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object_str *name = &map->via.map.ptr[i].key.via.str;
    if (name->size == strlen(key) && memcmp(name->ptr, key, name->size) == 0) return &map->via.map.ptr[i].val;
  }
  return NULL;
}

void audience_candidates(const msgpack_object *order, char out[TICKET_CANDIDATES_MAX]) {
  const msgpack_object *list = s_get(order, "candidates");
  size_t size = 0;
  out[0] = 0;
  for (uint32_t i = 0; list && list->type == MSGPACK_OBJECT_ARRAY && i < list->via.array.size; i++) {
    const msgpack_object_str *id = &list->via.array.ptr[i].via.str;
    size +=
        (size_t)snprintf(out + size, TICKET_CANDIDATES_MAX - size, "%s%.*s,", size ? "" : ",", (int)id->size, id->ptr);
    assert(size < TICKET_CANDIDATES_MAX);
  }
}

static void s_take_order(audience *self, const hbus_event *event, const uint8_t *body, size_t size) {
  ticket *about = ticket_find(self->tickets, event->client_order_id);
  if (!about || event->rev < about->streamed.rev) return;
  const hbus_order *said = &event->data.order;
  ticket_picture *known = &about->streamed;
  known->status = said->status;
  known->rev = event->rev;
  known->filled = said->filled;
  memcpy(known->order_id, said->order_id, sizeof known->order_id);
  known->candidates[0] = 0;
  if (said->status != HBUS_UNKNOWN) return;
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  if (msgpack_unpack_next(&unpacked, (const char *)body, size, NULL) == MSGPACK_UNPACK_SUCCESS)
    audience_candidates(s_get(&unpacked.data, "data"), known->candidates);
  msgpack_unpacked_destroy(&unpacked);
}

static void s_take_ticker(audience *self, const hbus_ticker *said) {
  for (unsigned i = 0; i < TICKET_MARKETS; i++) {
    bool is_it = !strcmp(ticket_markets[i].exchange, said->exchange) && !strcmp(ticket_markets[i].name, said->market);
    if (is_it) self->tickers[i] = *said;
  }
}

static void s_take(audience *self, const char *topic, const uint8_t *body, size_t size) {
  hbus_event event;
  hbus_error error;
  self->events++;
  if (event_unpack(self->unpacker, body, size, &event, &error)) {
    self->broken++;
    return;
  }
  uintptr_t last = (uintptr_t)zhashx_lookup(self->numbers, topic);
  if (last && event.seq != last + 1) self->gaps++;
  bool kept = topic[0] == 'p' && event.kind != HBUS_KIND_HEARTBEAT; /* of those the journal has the number alone */
  if (self->chronicle && kept) chronicle_hear(self->chronicle, topic + 1, event.seq, body, size);
  zhashx_update(self->numbers, topic, (void *)(uintptr_t)event.seq);
  if (event.kind == HBUS_KIND_ORDER_UPDATE) s_take_order(self, &event, body, size);
  if (event.kind == HBUS_KIND_TICKER_UPDATE) s_take_ticker(self, &event.data.ticker);
  if (event.kind == HBUS_KIND_LINK && topic[0] == 'p') self->connected += event.data.link.status == HBUS_LINK_CONNECTED;
}

static void s_read(audience *self, zsock_t *from, char stream) {
  void *handle = zsock_resolve(from);
  zmq_msg_t body;
  topic_key topic = {stream};
  int size;
  while ((size = zmq_recv(handle, topic + 1, HBUS_TOPIC_MAX, ZMQ_DONTWAIT)) >= 0) {
    topic[1 + size] = 0;
    zmq_msg_init(&body);
    size = zmq_msg_recv(&body, handle, 0); /* the rest of a message is there when its first frame is */
    if (size >= 0) s_take(self, topic, zmq_msg_data(&body), (size_t)size);
    zmq_msg_close(&body);
  }
}

void audience_read(audience *self) {
  s_read(self, self->private_, 'p');
  s_read(self, self->market, 'm');
}
