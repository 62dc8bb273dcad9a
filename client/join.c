/* Joining: watching without a hole between the state and the events that follow it (hbus/client.h). */
#include "client/joins.h"

#include <string.h>

#include "client/client.h"
#include "client/reception.h"

static void s_unwatch_first(hbus_client *self, const join *item, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    (void)reception_unwatch(self, 1u << item->topics[i].stream, item->topics[i].prefix.text);
}

static hbus_status s_watch(hbus_client *self, const join *item, hbus_error *error) {
  for (unsigned i = 0; i < item->topic_count; i++) {
    const join_topic *topic = &item->topics[i];
    hbus_status status = reception_watch(self, 1u << topic->stream, topic->prefix.text, error);
    if (status == HBUS_OK) continue;
    s_unwatch_first(self, item, i);
    return status;
  }
  return HBUS_OK;
}

/* The snapshot is asked for after the subscriptions, and its topics wait from before their first event. */
static hbus_status s_join(hbus_client *self, const char *exchange, const char *market, hbus_error *error) {
  join *item = joins_find(&self->joins, exchange, market);
  if (item != NULL && item->is_wanted) return hbus_fail(error, HBUS_INVALID_REQUEST, "it is joined already");
  hbus_status status = item == NULL ? joins_add(&self->joins, exchange, market, &item) : HBUS_OK;
  if (status != HBUS_OK) return hbus_fail(error, status, "\"%s\" of \"%s\" cannot be joined", market, exchange);
  joins_begin(&self->joins, item, self->tracker, 0);
  status = s_watch(self, item, error);
  if (status == HBUS_OK)
    item->is_wanted = true;
  else
    joins_remove(&self->joins, item, self->tracker);
  return status;
}

static hbus_status s_leave(hbus_client *self, const char *exchange, const char *market, hbus_error *error) {
  join *item = joins_find(&self->joins, exchange, market);
  if (item == NULL || !item->is_wanted) return hbus_fail(error, HBUS_INVALID_REQUEST, "it is not joined");
  s_unwatch_first(self, item, item->topic_count);
  tracker_drop_parts(self->tracker, item->exchange, item->market);
  joins_remove(&self->joins, item, self->tracker);
  return HBUS_OK;
}

hbus_status hbus_client_join_market(hbus_client *self, const char *exchange, const char *market, hbus_error *error) {
  if (*exchange == '\0' || *market == '\0')
    return hbus_fail(error, HBUS_INVALID_REQUEST, "a market has a name, and its exchange too");
  return s_join(self, exchange, market, error);
}

hbus_status hbus_client_leave_market(hbus_client *self, const char *exchange, const char *market, hbus_error *error) {
  return s_leave(self, exchange, market, error);
}

hbus_status hbus_client_join_private(hbus_client *self, hbus_error *error) {
  if (self->sockets.streams[HBUS_STREAM_PRIVATE] == NULL)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the private stream is not read: option private_endpoint");
  return s_join(self, "", "", error);
}

hbus_status hbus_client_leave_private(hbus_client *self, hbus_error *error) {
  return s_leave(self, "", "", error);
}
