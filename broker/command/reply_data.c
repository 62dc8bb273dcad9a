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

static bool s_has_id(const upstream_answer *answer, size_t index, reply_id_fn *id_of, const char *id) {
  char other[HBUS_CURSOR_MAX + 1];
  id_of(answer, index, other);
  return strcmp(id, other) == 0;
}

hbus_status reply_page_find(const task *task, const upstream_answer *answer, size_t total, reply_id_fn *id_of,
                            reply_page *out, hbus_error *error) {
  size_t first = 0;
  const char *last_id = strchr(task->command.cursor, ':');
  if (last_id) {
    while (first < total && !s_has_id(answer, first, id_of, last_id + 1))
      first++;
    if (first++ == total) {
      return hbus_fail(error, HBUS_INVALID_REQUEST,
                       "'cursor': the record that it names is gone from the list; start again without it");
    }
  }
  uint64_t size = s_page_size(&task->command);
  out->first = first;
  out->more = total - first > size;
  out->count = out->more ? (size_t)size : total - first;
  return HBUS_OK;
}

static void s_order_id(const upstream_answer *answer, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s", answer->data.orders.items[index].order_id);
}

static void s_balance_id(const upstream_answer *answer, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s", answer->data.balances.items[index].asset);
}

/* A market may have a long and a short one. */
static void s_position_id(const upstream_answer *answer, size_t index, char out[HBUS_CURSOR_MAX + 1]) {
  const hbus_position *position = &answer->data.positions.items[index];
  snprintf(out, HBUS_CURSOR_MAX + 1, "%s/%s", position->market, hbus_side_name(position->side));
}

/* Records ---------------------------------------------------------------------------------------------------------- */

static hbus_status s_pack_order(const upstream_answer *answer, size_t index, buffer *out) {
  return record_pack_order(&answer->data.orders.items[index], RECORD_IN_REPLY, out);
}

static hbus_status s_pack_balance(const upstream_answer *answer, size_t index, buffer *out) {
  return record_pack_balance(&answer->data.balances.items[index], out);
}

static hbus_status s_pack_position(const upstream_answer *answer, size_t index, buffer *out) {
  return record_pack_position(&answer->data.positions.items[index], out);
}

/* A record that cannot be packed lacks what upstream must say, or there is no room for it. */
static hbus_status s_not_packed(hbus_status status, hbus_error *error) {
  if (status == HBUS_MALFORMED) return hbus_fail(error, HBUS_UPSTREAM_ERROR, "Hummingbot's answer is not complete");
  return hbus_fail(error, HBUS_OVERLOADED, "the answer is larger than a reply may be; ask for less");
}

static hbus_status s_one(hbus_status status, hbus_error *error) {
  return status ? s_not_packed(status, error) : HBUS_OK;
}

typedef hbus_status pack_fn(const upstream_answer *answer, size_t index, buffer *out);

static hbus_status s_list(const task *task, const upstream_answer *answer, size_t total, reply_id_fn *id_of,
                          pack_fn *pack, buffer *out, hbus_error *error) {
  reply_page page;
  hbus_status status = reply_page_find(task, answer, total, id_of, &page, error);
  if (status) return status;
  pack_map(out, page.more ? 2 : 1);
  pack_string(out, "items");
  pack_array(out, page.count);
  for (size_t i = 0; i < page.count && !status; i++)
    status = pack(answer, page.first + i, out);
  if (status) return s_not_packed(status, error);
  if (page.more) {
    char cursor[HBUS_CURSOR_MAX + 1], last_id[HBUS_CURSOR_MAX + 1];
    id_of(answer, page.first + page.count - 1, last_id);
    int size = snprintf(cursor, sizeof cursor, "%" PRIu64 ":%s", task->offset + page.count, last_id);
    assert(size < (int)sizeof cursor); /* its parts are bounded so that it fits */
    pack_string(out, "cursor");
    pack_string(out, cursor);
  }
  return s_one(out->status, error);
}

hbus_status reply_data_query(const task *task, const upstream_answer *answer, buffer *out, hbus_error *error) {
  switch (task->command.kind) {
  case HBUS_GET_ORDER: return s_one(record_pack_order(&answer->data.order, RECORD_IN_REPLY, out), error);
  case HBUS_GET_ORDER_BOOK: return s_one(record_pack_book(&answer->data.book, RECORD_IN_REPLY, out), error);
  case HBUS_GET_TICKER: return s_one(record_pack_ticker(&answer->data.ticker, RECORD_IN_REPLY, out), error);
  case HBUS_GET_OPEN_ORDERS:
  case HBUS_GET_ORDER_HISTORY:
    return s_list(task, answer, answer->data.orders.count, s_order_id, s_pack_order, out, error);
  case HBUS_GET_BALANCES:
    return s_list(task, answer, answer->data.balances.count, s_balance_id, s_pack_balance, out, error);
  case HBUS_GET_POSITIONS:
    return s_list(task, answer, answer->data.positions.count, s_position_id, s_pack_position, out, error);
  default: return hbus_fail(error, HBUS_INTERNAL, "no reply for this command");
  }
}

void reply_data_order(const hbus_order *order, buffer *out) {
  record_pack_order(order, RECORD_IN_REPLY, out);
}

void reply_data_cancel(const hbus_cancel *cancel, buffer *out) {
  record_pack_cancel(cancel, out);
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

static void s_pack_turns(turn_meter *turns, buffer *out) {
  turn_figures figures = turn_meter_take(turns);
  s_pack_number(out, "turn_longest_us", figures.longest_us);
  s_pack_number(out, "turn_longest_recent_us", figures.longest_recent_us);
  s_pack_number(out, "turns", figures.count);
  s_pack_number(out, "turns_over_20ms", figures.over_limit);
}

void reply_data_status(const command_path *path, buffer *out) {
  pack_map(out, 20);
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
  s_pack_turns(path->parts.turns, out);
  pack_string(out, "counters");
  s_pack_counters(path->parts.counters, out);
}
