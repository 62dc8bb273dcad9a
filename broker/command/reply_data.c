#include "broker/command/reply_data.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "broker/clock.h"
#include "proto/pack.h"
#include "proto/record.h"

/* Pages ------------------------------------------------------------------------------------------------------------ */

/* A cursor is "OFFSET:ID": how many records came before, and which was the last. The id finds the place though the list
 * has changed since; the offset tells how much to ask upstream for. */
hbus_status reply_cursor_offset(const hbus_command *command, uint64_t *out, hbus_error *error) {
  uint64_t offset = 0;
  const char *at = command->cursor;
  for (; *at >= '0' && *at <= '9' && offset <= HBUS_HISTORY_MAX; at++)
    offset = offset * 10 + (uint64_t)(*at - '0');
  if (command->cursor[0] && (at == command->cursor || *at != ':' || offset > HBUS_HISTORY_MAX)) {
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'cursor' is not one that a reply gave");
  }
  *out = offset;
  return HBUS_OK;
}

static uint64_t s_page_size(const hbus_command *command) {
  uint64_t default_size = command->kind == HBUS_GET_ORDER_HISTORY ? 50 : HBUS_PAGE_MAX;
  uint64_t wanted = command->limit ? command->limit : default_size;
  return wanted < HBUS_PAGE_MAX ? wanted : HBUS_PAGE_MAX;
}

/* Of the record at an index: its id, by which a cursor finds its place again; whether it is told at all; itself. */
typedef void id_fn(const void *items, size_t index, char out[HBUS_CURSOR_MAX + 1]);
typedef bool keep_fn(const void *items, size_t index, const char *owner);
typedef hbus_status pack_fn(const void *items, size_t index, buffer *out);

/* All that a command asks for, of which a page is told. */
typedef struct record_list {
  const void *items;
  size_t total;
  id_fn *id_of;
  pack_fn *pack;
  keep_fn *keep; /* NULL: every record is told */
  const char *owner;
} record_list;

/* Which of them stand on this page: those that it is not told of are passed over. */
typedef struct page {
  size_t first;
  size_t count;
  size_t told; /* of them */
} page;

static bool s_is_told(const record_list *list, size_t index) {
  return !list->keep || list->keep(list->items, index, list->owner);
}

static bool s_has_id(const record_list *list, size_t index, const char *id) {
  char other[HBUS_CURSOR_MAX + 1];
  list->id_of(list->items, index, other);
  return strcmp(id, other) == 0;
}

/* HBUS_INVALID_REQUEST: what the cursor names is gone. */
static hbus_status s_find_page(const task *task, const record_list *list, page *out, hbus_error *error) {
  page page = {0};
  const char *last_id = strchr(task->command.cursor, ':');
  if (last_id) {
    while (page.first < list->total && !s_has_id(list, page.first, last_id + 1))
      page.first++;
    if (page.first++ == list->total) {
      return hbus_fail(error, HBUS_INVALID_REQUEST,
                       "'cursor': the record that it names is gone from the list; start again without it");
    }
  }
  uint64_t size = s_page_size(&task->command);
  while (page.first + page.count < list->total && page.count < HBUS_PAGE_MAX && page.told < size)
    page.told += s_is_told(list, page.first + page.count++);
  *out = page;
  return HBUS_OK;
}

static void s_order_id(const void *items, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s", ((const hbus_order *)items)[index].order_id);
}

/* Pending and unknown orders have no order_id, those of others have no id of ours. */
static void s_known_order_id(const void *items, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  const order *order = ((const struct order *const *)items)[index];
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s", order->create ? order->upstream_id : order->state.order_id);
}

static void s_balance_id(const void *items, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s", ((const hbus_balance *)items)[index].asset);
}

/* FNV-1a, of three names. */
static uint64_t s_hash(const char *first, const char *second, const char *third) {
  const char *const names[] = {first, second, third};
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < 3; i++)
    for (const char *at = names[i]; at == names[i] || at[-1]; at++)
      hash = (hash ^ (uint8_t)*at) * 0x100000001b3;
  return hash;
}

/* Of upstream's a market may have a long and a short one. Of those that fills have made every owner may have one, and
 * the three names are longer than a cursor. */
static void s_position_id(const void *items, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  const hbus_position *position = (const hbus_position *)items + index;
  if (position->owner[0]) {
    snprintf(out, HBUS_CURSOR_MAX + 1, "%016" PRIx64, s_hash(position->owner, position->exchange, position->market));
    return;
  }
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s/%s", position->market, hbus_side_name(position->side));
}

/* Records ---------------------------------------------------------------------------------------------------------- */

static bool s_is_of_owner(const void *items, size_t index, const char *owner) {
  return strcmp(((const hbus_order *)items)[index].owner, owner) == 0;
}

static hbus_status s_pack_order(const void *items, size_t index, buffer *out) {
  return record_pack_order((const hbus_order *)items + index, RECORD_IN_REPLY, out);
}

static hbus_status s_pack_known_order(const void *items, size_t index, buffer *out) {
  return record_pack_order(&((const order *const *)items)[index]->state, RECORD_IN_REPLY, out);
}

static hbus_status s_pack_balance(const void *items, size_t index, buffer *out) {
  return record_pack_balance((const hbus_balance *)items + index, out);
}

static hbus_status s_pack_position(const void *items, size_t index, buffer *out) {
  return record_pack_position((const hbus_position *)items + index, out);
}

/* A record that cannot be packed lacks what upstream must say, or there is no room for it. */
static hbus_status s_not_packed(hbus_status status, hbus_error *error) {
  if (status == HBUS_MALFORMED) return hbus_fail(error, HBUS_UPSTREAM_ERROR, "Hummingbot's answer is not complete");
  return hbus_fail(error, HBUS_OVERLOADED, "the answer is larger than a reply may be; ask for less");
}

static hbus_status s_one(hbus_status status, hbus_error *error) {
  return status ? s_not_packed(status, error) : HBUS_OK;
}

static hbus_status s_list(const task *task, const record_list *list, buffer *out, hbus_error *error) {
  page page = {0};
  hbus_status status = s_find_page(task, list, &page, error);
  if (status) return status;
  bool more = page.first + page.count < list->total;
  pack_map(out, more ? 2 : 1);
  pack_string(out, "items");
  pack_array(out, page.told);
  for (size_t i = page.first; i < page.first + page.count && !status; i++)
    status = s_is_told(list, i) ? list->pack(list->items, i, out) : HBUS_OK;
  if (status) return s_not_packed(status, error);
  if (more) {
    char cursor[HBUS_CURSOR_MAX + 1], last_id[HBUS_CURSOR_MAX + 1];
    list->id_of(list->items, page.first + page.count - 1, last_id);
    int size = snprintf(cursor, sizeof cursor, "%" PRIu64 ":%s", task->offset + page.count, last_id);
    assert(size < (int)sizeof cursor); /* its parts are bounded so that it fits */
    pack_string(out, "cursor");
    pack_string(out, cursor);
  }
  return s_one(out->status, error);
}

hbus_status reply_data_orders(const task *task, const upstream_answer *answer, const char *owner, buffer *out,
                              hbus_error *error) {
  const record_list list = {.items = answer->data.orders.items,
                            .total = answer->data.orders.count,
                            .id_of = s_order_id,
                            .pack = s_pack_order,
                            .keep = owner ? s_is_of_owner : NULL,
                            .owner = owner};
  return s_list(task, &list, out, error);
}

hbus_status reply_data_known_orders(const task *task, const order *const *orders, size_t count, buffer *out,
                                    hbus_error *error) {
  const record_list list = {.items = orders, .total = count, .id_of = s_known_order_id, .pack = s_pack_known_order};
  return s_list(task, &list, out, error);
}

static hbus_status s_balances(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error) {
  const record_list list = {.items = answer->data.balances.items,
                            .total = answer->data.balances.count,
                            .id_of = s_balance_id,
                            .pack = s_pack_balance};
  return s_list(task, &list, out, error);
}

static hbus_status s_positions(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error) {
  const record_list list = {.items = answer->data.positions.items,
                            .total = answer->data.positions.count,
                            .id_of = s_position_id,
                            .pack = s_pack_position};
  return s_list(task, &list, out, error);
}

hbus_status reply_data_query(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error) {
  switch (task->command.kind) {
  case HBUS_GET_ORDER: return s_one(record_pack_order(&answer->data.order, RECORD_IN_REPLY, out), error);
  case HBUS_GET_ORDER_BOOK: return s_one(record_pack_book(&answer->data.book, RECORD_IN_REPLY, out), error);
  case HBUS_GET_TICKER: return s_one(record_pack_ticker(&answer->data.ticker, RECORD_IN_REPLY, out), error);
  case HBUS_GET_BALANCES: return s_balances(task, answer, out, error);
  case HBUS_GET_POSITIONS: return s_positions(task, answer, out, error);
  default: return hbus_fail(error, HBUS_INTERNAL, "no reply for this command");
  }
}

void reply_data_order(const hbus_order *order, buffer *out) {
  record_pack_order(order, RECORD_IN_REPLY, out);
}

void reply_data_cancel(const hbus_cancel *cancel, buffer *out) {
  record_pack_cancel(cancel, out);
}

void reply_data_cancels(const hbus_cancels *cancels, buffer *out) {
  record_pack_cancels(cancels, out);
}

void reply_data_message(const char *message, buffer *out) {
  pack_map(out, 1);
  pack_string(out, "message");
  pack_string(out, message);
}

/* The broker itself ------------------------------------------------------------------------------------------------ */

static void s_pack_number(buffer *out, const char *key, uint64_t value) {
  pack_string(out, key);
  pack_unsigned(out, value);
}

void reply_data_now(buffer *out) {
  pack_map(out, 1);
  s_pack_number(out, "now", clock_real_ms());
}

void reply_data_hello(const command_path *path, const char *name, buffer *out) {
  pack_map(out, 5);
  pack_string(out, "name");
  pack_string(out, name);
  s_pack_number(out, "now", clock_real_ms());
  s_pack_number(out, "epoch", path->parts.epoch);
  pack_string(out, "version");
  pack_string(out, HBUS_VERSION);
  s_pack_number(out, "protocol", HBUS_PROTOCOL_VERSION);
}

static void s_pack_link(const command_path *path, buffer *out) {
  const hbus_link *link = link_status(path->parts.link);
  pack_map(out, 3);
  pack_string(out, "status");
  pack_string(out, hbus_link_status_name(link->status));
  pack_string(out, "reason");
  pack_text(out, link->reason.data, link->reason.size);
  s_pack_number(out, "since", path->link_since_ms);
}

/* Upstream's pace: absent headroom is no limit. What cancels have overdrawn shows as 0. */
static void s_pack_pace(const command_path *path, buffer *out) {
  int64_t headroom = link_headroom(path->parts.link);
  bool limited = headroom != INT64_MAX;
  pack_map(out, limited ? 2 : 1);
  if (limited) s_pack_number(out, "headroom", headroom > 0 ? (uint64_t)headroom : 0);
  s_pack_number(out, "waiting", link_waiting(path->parts.link));
}

static void s_pack_counters(const counters *counters, buffer *out) {
  size_t count = 0;
#define X(name, text) count++;
  COUNTERS(X)
#undef X
  pack_map(out, count);
#define X(name, text) s_pack_number(out, #name, counters->name);
  COUNTERS(X)
#undef X
}

static void s_pack_channel(const hbus_command *what, buffer *out) {
  pack_string(out, "channel");
  pack_string(out, hbus_channel_name(what->channel));
  pack_string(out, "exchange");
  pack_string(out, what->exchange);
  pack_string(out, "market");
  pack_string(out, what->market);
}

typedef struct subscription_list {
  buffer *out;
  size_t left;
} subscription_list;

static void s_pack_subscription(void *arg, const hbus_command *what) {
  subscription_list *list = arg;
  if (list->left == 0) return;
  list->left--;
  pack_map(list->out, 3);
  s_pack_channel(what, list->out);
}

/* As many as stand on a page: the list must not be what makes the reply too large. */
static void s_pack_subscriptions(demand *demand, buffer *out) {
  size_t count = demand_size(demand);
  subscription_list list = {.out = out, .left = count < HBUS_PAGE_MAX ? count : HBUS_PAGE_MAX};
  pack_array(out, list.left);
  demand_each(demand, s_pack_subscription, &list);
}

static void s_pack_stale(void *arg, const hbus_command *what, uint64_t quiet_ms) {
  pack_map(arg, 4);
  s_pack_channel(what, arg);
  s_pack_number(arg, "quiet_ms", quiet_ms);
}

/* When the whole feed is silent the list must not be what makes the reply too large. */
static void s_pack_staleness(const staleness *staleness, buffer *out) {
  size_t count = staleness_count(staleness);
  size_t shown = count < HBUS_PAGE_MAX ? count : HBUS_PAGE_MAX;
  s_pack_number(out, "stale_count", count);
  pack_string(out, "stale");
  pack_array(out, shown);
  staleness_each(staleness, clock_monotonic_ms(), shown, s_pack_stale, out);
}

/* One thing of each event stream. */
typedef uint64_t stream_number_fn(const command_path *path, hbus_stream stream);

static void s_pack_streams(const command_path *path, const char *key, stream_number_fn *number, buffer *out) {
  pack_string(out, key);
  pack_map(out, 2);
  for (hbus_stream stream = HBUS_STREAM_MARKET; stream <= HBUS_STREAM_PRIVATE; stream++)
    s_pack_number(out, hbus_stream_name(stream), number(path, stream));
}

static uint64_t s_topics(const command_path *path, hbus_stream stream) {
  return sequence_size(publisher_topics(path->parts.publisher, stream));
}

static uint64_t s_heartbeat_topics(const command_path *path, hbus_stream stream) {
  return heartbeat_topics(path->parts.heartbeat, stream);
}

static uint64_t s_ring_bytes(const command_path *path, hbus_stream stream) {
  return publisher_keeps(path->parts.publisher, stream).bytes;
}

static uint64_t s_ring_age_ms(const command_path *path, hbus_stream stream) {
  uint64_t oldest_ns = publisher_keeps(path->parts.publisher, stream).oldest_ns, now_ns = clock_real_ns();
  return oldest_ns && oldest_ns < now_ns ? (now_ns - oldest_ns) / 1000000 : 0;
}

static void s_pack_slow_reader(void *arg, const hbus_slow *slow) {
  pack_map(arg, 4);
  pack_string(arg, "name");
  pack_string(arg, slow->name);
  pack_string(arg, "stream");
  pack_string(arg, hbus_stream_name(slow->stream));
  pack_string(arg, "topic");
  pack_text(arg, slow->topic.data, slow->topic.size);
  s_pack_number(arg, "lag", slow->lag);
}

static void s_pack_slow(const slow_readers *slow, buffer *out) {
  size_t count = slow_readers_count(slow);
  size_t shown = count < HBUS_PAGE_MAX ? count : HBUS_PAGE_MAX;
  s_pack_number(out, "slow_count", count);
  pack_string(out, "slow");
  pack_array(out, shown);
  slow_readers_each(slow, shown, s_pack_slow_reader, out);
}

static void s_pack_turns(turn_meter *turns, buffer *out) {
  turn_figures figures = turn_meter_take(turns);
  s_pack_number(out, "turn_longest_us", figures.longest_us);
  s_pack_number(out, "turn_longest_recent_us", figures.longest_recent_us);
  s_pack_number(out, "turns", figures.count);
  s_pack_number(out, "turns_over_20ms", figures.over_limit);
}

void reply_data_status(const command_path *path, buffer *out) {
  pack_map(out, 26);
  pack_string(out, "version");
  pack_string(out, HBUS_VERSION);
  s_pack_number(out, "epoch", path->parts.epoch);
  s_pack_number(out, "now", clock_real_ms());
  s_pack_number(out, "uptime_ms", clock_monotonic_ms() - path->started_ms);
  pack_string(out, "link");
  s_pack_link(path, out);
  pack_string(out, "pace");
  s_pack_pace(path, out);
  s_pack_number(out, "orders", order_table_size(path->parts.orders));
  s_pack_number(out, "markets_unknown", reconcile_size(path->parts.reconcile));
  s_pack_number(out, "held_events", intake_held(path->parts.intake));
  s_pack_number(out, "commands", task_table_size(path->tasks));
  s_pack_number(out, "peers", session_table_size(path->sessions));
  s_pack_number(out, "subscription_count", demand_size(path->parts.demand));
  pack_string(out, "subscriptions");
  s_pack_subscriptions(path->parts.demand, out);
  s_pack_staleness(path->parts.staleness, out);
  s_pack_streams(path, "topics", s_topics, out);
  s_pack_streams(path, "heartbeat_topics", s_heartbeat_topics, out);
  s_pack_streams(path, "ring_bytes", s_ring_bytes, out);
  s_pack_streams(path, "ring_age_ms", s_ring_age_ms, out);
  s_pack_slow(path->parts.slow, out);
  s_pack_turns(path->parts.turns, out);
  pack_string(out, "counters");
  s_pack_counters(path->parts.counters, out);
}
