#include "client/tool/snapshot.h"

#include <inttypes.h>
#include <string.h>

#include "client/tool/event_line.h"
#include "client/tool/json.h"
#include "client/tool/list.h"
#include "proto/event_codec.h"

static bool s_is_key(const msgpack_object *key, const char *text) {
  return key->type == MSGPACK_OBJECT_STR && key->via.str.size == strlen(text) &&
         memcmp(key->via.str.ptr, text, strlen(text)) == 0;
}

static void s_write_event(json_writer *writer, const msgpack_object *body) {
  msgpack_unpacked unpacked;
  if (peer_unpack((hbus_bytes){(const uint8_t *)body->via.bin.ptr, body->via.bin.size}, &unpacked, NULL) == HBUS_OK)
    json_write(writer, &unpacked.data);
  else
    json_null(writer);
  msgpack_unpacked_destroy(&unpacked);
}

/* One JSON object, with the book and the ticker as the events that they are. */
static void s_write_page(json_writer *writer, const msgpack_object *page) {
  json_begin_object(writer);
  for (uint32_t i = 0; page->type == MSGPACK_OBJECT_MAP && i < page->via.map.size; i++) {
    const msgpack_object_kv *pair = &page->via.map.ptr[i];
    if (pair->key.type != MSGPACK_OBJECT_STR || s_is_key(&pair->key, "cursor")) continue; /* every page is fetched */
    json_key_text(writer, pair->key.via.str.ptr, pair->key.via.str.size);
    bool is_event = s_is_key(&pair->key, "book") || s_is_key(&pair->key, "ticker");
    if (is_event && pair->val.type == MSGPACK_OBJECT_BIN)
      s_write_event(writer, &pair->val);
    else
      json_write(writer, &pair->val);
  }
  json_end_object(writer);
}

static void s_print_json(const msgpack_object *page, void *context) {
  const bool *is_among_events = context;
  buffer text;
  json_writer writer;
  buffer_init(&text, HBUS_FRAME_MAX * 6);
  json_writer_init(&writer, &text);
  if (*is_among_events) json_begin_object(&writer);
  if (*is_among_events) json_key(&writer, "snapshot");
  s_write_page(&writer, page);
  if (*is_among_events) json_end_object(&writer);
  json_print_buffer(&text);
  buffer_free(&text);
}

static uint32_t s_size(const msgpack_object *page, const char *key) {
  const msgpack_object *list = peer_get(page, key);
  return list != NULL && list->type == MSGPACK_OBJECT_ARRAY ? list->via.array.size : 0;
}

void snapshot_print(const hbus_reply *reply, bool json) {
  msgpack_unpacked unpacked;
  bool can_read = peer_unpack(reply->data, &unpacked, NULL) == HBUS_OK;
  if (can_read && json) s_print_json(&unpacked.data, &(bool){true});
  if (can_read && !json)
    (void)printf("the state in place of what is lost: live orders %u, positions %u\n", s_size(&unpacked.data, "orders"),
                 s_size(&unpacked.data, "positions"));
  msgpack_unpacked_destroy(&unpacked);
}

/* For people: what there is once is printed as it comes, the lists of all pages are gathered. */
typedef struct view {
  bool is_begun;
  bool wants_balances;
  buffer scratch;
  event_unpacker *events;
  table *orders, *positions, *balances;
} view;

static void s_print_text(const char *title, const msgpack_object *text) {
  if (text == NULL || text->type != MSGPACK_OBJECT_STR) return;
  (void)printf("%-9s %.*s\n", title, (int)text->via.str.size, text->via.str.ptr);
}

static void s_print_event(view *self, const msgpack_object *page, const char *key) {
  hbus_event event;
  const msgpack_object *body = peer_get(page, key);
  if (body == NULL || body->type != MSGPACK_OBJECT_BIN) return;
  if (event_unpack(self->events, (const uint8_t *)body->via.bin.ptr, body->via.bin.size, &event, NULL) != HBUS_OK)
    return;
  (void)printf("%-9s ", key);
  event_line_print_data(&event, &self->scratch);
  (void)printf("  (event %" PRIu64 ")\n", event.seq);
}

static void s_print_once(view *self, const msgpack_object *page) {
  const msgpack_object *link = peer_get(page, "link"), *problem = peer_get(page, "balances_error");
  if (link != NULL) s_print_text("link", peer_get(link, "status"));
  if (link != NULL) s_print_text("reason", peer_get(link, "reason"));
  s_print_event(self, page, "book");
  s_print_event(self, page, "ticker");
  if (problem != NULL) s_print_text("balances", peer_get(problem, "message"));
  if (problem != NULL) self->wants_balances = false;
}

static void s_gather(const msgpack_object *page, const char *key, table *rows) {
  const msgpack_object *list = peer_get(page, key);
  if (list == NULL || list->type != MSGPACK_OBJECT_ARRAY) return;
  for (uint32_t i = 0; i < list->via.array.size; i++)
    table_add(&list->via.array.ptr[i], rows);
}

static void s_view(const msgpack_object *page, void *context) {
  view *self = context;
  if (!self->is_begun) s_print_once(self, page);
  self->is_begun = true;
  s_gather(page, "orders", self->orders);
  s_gather(page, "positions", self->positions);
  s_gather(page, "balances", self->balances);
}

static outcome s_run_for_people(const verb *self, const arguments *arguments, hbus_command *command) {
  view view = {.wants_balances = arguments->balances,
               .events = event_unpacker_new(),
               .orders = table_new(list_placed_columns, list_placed_column_count),
               .positions = table_new(list_fill_position_columns, list_fill_position_column_count),
               .balances = table_new(list_balance_columns, list_balance_column_count)};
  buffer_init(&view.scratch, HBUS_FRAME_MAX * 6);
  outcome outcome = OUTCOME_REFUSED;
  if (view.events != NULL && view.orders != NULL && view.positions != NULL && view.balances != NULL)
    outcome = peer_fetch(self, arguments, command, 0, s_view, &view);
  if (outcome == OUTCOME_DONE) {
    table_print(view.orders, "no live orders");
    table_print(view.positions, "no positions");
    if (view.wants_balances) table_print(view.balances, "no balances");
  }
  table_destroy(&view.orders);
  table_destroy(&view.positions);
  table_destroy(&view.balances);
  event_unpacker_destroy(&view.events);
  buffer_free(&view.scratch);
  return outcome;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  hbus_error error = {0};
  outcome outcome = peer_command(self, arguments, HBUS_SNAPSHOT, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  if (arguments->positional_count == 1 || (arguments->balances && arguments->positional_count == 0)) {
    (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "expected EXCHANGE MARKET%s",
                    arguments->balances ? " with --balances" : ", or neither for the private state");
    return peer_report_usage(self, &error);
  }
  command.balances = arguments->balances;
  if (arguments->json) return peer_fetch(self, arguments, &command, 0, s_print_json, &(bool){false});
  return s_run_for_people(self, arguments, &command);
}

const verb verb_snapshot = {
    .name = "snapshot",
    .parameters = "[EXCHANGE MARKET]",
    .summary = "What the broker holds: of a market, or of every peer's orders and positions",
    .details = "Of a market: its last book and ticker, its live orders and positions, of every peer. Of none: all live "
               "orders\n"
               "and positions. With --json also the number up to which each topic is included (stamps), a page a line.",
    .options = ARGUMENT_BALANCES,
    .positionals_min = 0,
    .positionals_max = 2,
    .run = s_run};
