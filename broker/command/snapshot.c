#include "broker/command/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/order/order_state.h"
#include "broker/order/position_book.h"
#include "hbus/order.h"

/* Places ----------------------------------------------------------------------------------------------------------- */

#define CURSOR_PARTS 4 /* "EPOCH:TOPIC:ORDER:POSITION" */

static void s_write_cursor(snapshot_page *page) {
  snprintf(page->reply.cursor, sizeof page->reply.cursor, "%" PRIu64 ":%zu:%" PRIu64 ":%zu", page->reply.epoch,
           page->place.topic, page->place.order_number, page->place.position);
}

/* Numbers below 2^53, so that none of ours overflows. */
static bool s_read_number(const char **at, uint64_t *out) {
  const char *begin = *at;
  uint64_t number = 0;
  for (; **at >= '0' && **at <= '9' && number < UINT64_C(1) << 53; ++*at)
    number = number * 10 + (uint64_t)(**at - '0');
  *out = number;
  return *at > begin && number < UINT64_C(1) << 53;
}

static hbus_status s_read_cursor(const char *cursor, uint64_t epoch, snapshot_place *out, hbus_error *error) {
  uint64_t parts[CURSOR_PARTS] = {0};
  bool is_ours = true;
  const char *at = cursor;
  for (size_t i = 0; i < CURSOR_PARTS && is_ours; i++)
    is_ours = s_read_number(&at, &parts[i]) && *at++ == (i + 1 < CURSOR_PARTS ? ':' : '\0');
  if (!is_ours) return hbus_fail(error, HBUS_INVALID_REQUEST, "'cursor' is not one that a reply gave");
  if (parts[0] != epoch)
    return hbus_fail(error, HBUS_INVALID_REQUEST,
                     "'cursor': the broker has been started again since; start again without it");
  *out = (snapshot_place){.topic = parts[1], .order_number = parts[2], .position = parts[3]};
  return HBUS_OK;
}

/* Orders ----------------------------------------------------------------------------------------------------------- */

/* The orders with the lowest numbers above the place, of which a page tells. */
typedef struct selection {
  const hbus_command *command;
  uint64_t after;
  size_t max;
  const order *orders[HBUS_PAGE_MAX + 1]; /* by number; one more than told, to see whether there is one */
  size_t count;
} selection;

static bool s_is_wanted(const hbus_command *command, const hbus_order *order) {
  return !command->market[0] ||
         (strcmp(command->market, order->market) == 0 && strcmp(command->exchange, order->exchange) == 0);
}

/* Nearly all come in the order of their numbers, so that nearly every one is put at the end or not at all. */
static void s_select(void *arg, order *order) {
  selection *self = arg;
  if (order->number <= self->after || order_state_is_final(order->state.status)) return;
  if (!s_is_wanted(self->command, &order->state)) return;
  size_t place = self->count;
  while (place > 0 && self->orders[place - 1]->number > order->number)
    place--;
  if (place > self->max) return;
  size_t moved = self->count - place;
  if (self->count > self->max) {
    moved--; /* the last one falls out */
  } else {
    self->count++;
  }
  memmove(self->orders + place + 1, self->orders + place, moved * sizeof self->orders[0]);
  self->orders[place] = order;
}

static void s_take_orders(const command_path *path, const hbus_command *command, size_t max, snapshot_page *page) {
  selection selection = {.command = command, .after = page->place.order_number, .max = max};
  order_table_each_live(path->parts.orders, s_select, &selection);
  page->more |= selection.count > max;
  page->reply.order_count = selection.count < max ? selection.count : max;
  for (size_t i = 0; i < page->reply.order_count; i++) {
    page->orders[i] = selection.orders[i]->state;
    page->place.order_number = selection.orders[i]->number;
  }
}

static void s_add_to_hash(void *arg, order *order) {
  if (!order_state_is_final(order->state.status)) hbus_orders_hash_add(arg, &order->state);
}

static void s_take_hash(const command_path *path, snapshot_page *page) {
  uint64_t sum = 0;
  order_table_each_live(path->parts.orders, s_add_to_hash, &sum);
  hbus_orders_hash_text(sum, page->reply.orders_hash);
}

static size_t s_records_max(const hbus_command *command, size_t max) {
  return command->limit && command->limit < max ? command->limit : max;
}

/* Positions and stamps --------------------------------------------------------------------------------------------- */

static hbus_status s_take_positions(const command_path *path, const hbus_command *command, size_t max,
                                    snapshot_page *page, hbus_error *error) {
  bool more;
  hbus_status status =
      position_book_page(path->parts.positions, path->parts.orders, command->exchange, command->market, max,
                         &page->place.position, page->positions, &page->reply.position_count, &more);
  page->more |= !status && more;
  if (!status) return HBUS_OK;
  return hbus_fail(error, status == HBUS_TOO_BIG ? HBUS_INTERNAL : HBUS_OVERLOADED, "the positions cannot be told: %s",
                   hbus_status_text(status));
}

static void s_stamp(snapshot_page *page, hbus_stream stream, const char *text, size_t size, uint64_t seq) {
  page->stamps[page->reply.stamp_count++] =
      (hbus_stamp){.stream = stream, .topic = {.data = text, .size = size}, .seq = seq};
}

static void s_stamp_topic(snapshot_page *page, hbus_stream stream, const numbered_topic *topic) {
  s_stamp(page, stream, topic->text, topic->size, topic->last);
}

/* A position has no rev, so one that is told later than its topic was stamped has a stamp of its own. */
static void s_stamp_positions(const command_path *path, snapshot_page *page) {
  const sequence *topics = publisher_topics(path->parts.publisher, HBUS_STREAM_PRIVATE);
  for (size_t i = 0; i < page->reply.position_count; i++) {
    topic fills;
    const hbus_position *position = &page->positions[i];
    if (topic_of_channel(HBUS_CHANNEL_TRADES, position->exchange, position->market, &fills)) continue;
    const numbered_topic *numbered = sequence_find(topics, fills.text);
    if (numbered) s_stamp_topic(page, HBUS_STREAM_PRIVATE, numbered);
  }
}

static hbus_status s_take_private(const command_path *path, const hbus_command *command, size_t max,
                                  snapshot_page *page, hbus_error *error) {
  const sequence *topics = publisher_topics(path->parts.publisher, HBUS_STREAM_PRIVATE);
  size_t stamps_max = max < HBUS_PAGE_MAX ? max : HBUS_STAMPS_MAX;
  size_t records_max = s_records_max(command, max);
  for (; page->place.topic < sequence_size(topics) && page->reply.stamp_count < stamps_max; page->place.topic++) {
    const numbered_topic *topic = sequence_at(topics, page->place.topic);
    if (topic->last) s_stamp_topic(page, HBUS_STREAM_PRIVATE, topic);
  }
  if (!command->cursor[0]) s_take_hash(path, page);
  if (page->place.topic < sequence_size(topics)) {
    page->more = true; /* no state before its stamps: a reader would take what it includes for news, or news for old */
    return HBUS_OK;
  }
  size_t stamps_left = HBUS_STAMPS_MAX - page->reply.stamp_count;
  s_take_orders(path, command, records_max, page);
  if (records_max > stamps_left) records_max = stamps_left;
  hbus_status status = s_take_positions(path, command, records_max, page, error);
  if (!status && command->cursor[0]) s_stamp_positions(path, page);
  return status;
}

/* A market --------------------------------------------------------------------------------------------------------- */

static hbus_status s_topic_of_orders(const hbus_command *command, topic *out) {
  hbus_event event = {.kind = HBUS_KIND_ORDER_UPDATE};
  memcpy(event.data.order.exchange, command->exchange, sizeof command->exchange);
  memcpy(event.data.order.market, command->market, sizeof command->market);
  return topic_of_event(&event, out);
}

/* The topics that concern a market, in the order of page->topics. */
static const struct {
  hbus_stream stream;
  hbus_channel channel; /* HBUS_CHANNEL_NONE: of its orders */
} s_market_topics[] = {{HBUS_STREAM_MARKET, HBUS_CHANNEL_ORDER_BOOK},
                       {HBUS_STREAM_MARKET, HBUS_CHANNEL_TICKER},
                       {HBUS_STREAM_MARKET, HBUS_CHANNEL_TRADES},
                       {HBUS_STREAM_PRIVATE, HBUS_CHANNEL_NONE},
                       {HBUS_STREAM_PRIVATE, HBUS_CHANNEL_TRADES}};

/* The last event of a topic of the market stream, unless the ring has given its room to others. */
static void s_take_body(const publisher *publisher, const numbered_topic *topic, hbus_bytes *out) {
  hbus_bytes body;
  if (topic && publisher_recall(publisher, HBUS_STREAM_MARKET, topic, topic->last, &body)) *out = body;
}

static hbus_status s_take_market(const command_path *path, const hbus_command *command, size_t max, snapshot_page *page,
                                 hbus_error *error) {
  const publisher *publisher = path->parts.publisher;
  for (size_t i = 0; i < sizeof s_market_topics / sizeof s_market_topics[0]; i++) {
    hbus_stream stream = s_market_topics[i].stream;
    hbus_channel channel = s_market_topics[i].channel;
    topic *topic = &page->topics[i];
    hbus_status status = channel ? topic_of_channel(channel, command->exchange, command->market, topic)
                                 : s_topic_of_orders(command, topic);
    if (status) return hbus_fail(error, HBUS_INVALID_REQUEST, "'market': no topic can carry its name");
    const numbered_topic *numbered = sequence_find(publisher_topics(publisher, stream), topic->text);
    s_stamp(page, stream, topic->text, topic->size, numbered ? numbered->last : 0);
    if (command->cursor[0] || stream != HBUS_STREAM_MARKET) continue;
    if (channel == HBUS_CHANNEL_ORDER_BOOK) s_take_body(publisher, numbered, &page->reply.book);
    if (channel == HBUS_CHANNEL_TICKER) s_take_body(publisher, numbered, &page->reply.ticker);
  }
  s_take_orders(path, command, s_records_max(command, max), page);
  return s_take_positions(path, command, s_records_max(command, max), page, error);
}

hbus_status snapshot_take(const command_path *path, const hbus_command *command, size_t max, snapshot_page *out,
                          hbus_error *error) {
  out->reply = (hbus_snapshot){.epoch = path->parts.epoch, .link = *link_status(path->parts.link)};
  out->place = (snapshot_place){0};
  out->more = false;
  hbus_status status = HBUS_OK;
  if (command->cursor[0]) status = s_read_cursor(command->cursor, path->parts.epoch, &out->place, error);
  if (status) return status;
  status = command->market[0] ? s_take_market(path, command, max, out, error)
                              : s_take_private(path, command, max, out, error);
  if (status) return status;
  out->reply.stamps = out->stamps;
  out->reply.orders = out->orders;
  out->reply.positions = out->positions;
  if (out->more) s_write_cursor(out);
  return HBUS_OK;
}
