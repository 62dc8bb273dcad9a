/* The names of every enumeration on the wire: the one place where they are written down. */
#include "proto/names.h"

#include <stdio.h>
#include <string.h>

#include "hbus/command.h"
#include "hbus/event.h"

/* The size is the enumeration's own count, so that a value without a name is a hole that the test finds. */
#define NAMES(noun, count, ...)                                                                                        \
  static const char *const s_##noun[count] = {"", __VA_ARGS__};                                                        \
  const name_table names_##noun = {s_##noun, count};

NAMES(side, HBUS_SIDE_COUNT, "buy", "sell")
NAMES(order_type, HBUS_ORDER_TYPE_COUNT, "limit", "market", "stop", "stop_limit", "limit_maker")
NAMES(order_status, HBUS_ORDER_STATUS_COUNT, "pending", "open", "partially_filled", "filled", "cancelled", "failed",
      "unknown")
NAMES(market_type, HBUS_MARKET_TYPE_COUNT, "spot", "futures")
NAMES(position_action, HBUS_POSITION_ACTION_COUNT, "open", "close")
NAMES(link_status, HBUS_LINK_STATUS_COUNT, "disconnected", "connecting", "connected", "error")
NAMES(origin, HBUS_ORIGIN_COUNT, "pushed", "polled", "inferred")
NAMES(position_source, HBUS_POSITION_SOURCE_COUNT, "upstream", "fills")
NAMES(channel, HBUS_CHANNEL_COUNT, "order_book", "trades", "ticker")
NAMES(stream, HBUS_STREAM_COUNT, "market", "private")
NAMES(event_type, HBUS_EVENT_TYPE_COUNT, "MARKET_DATA", "ORDER_UPDATE", "TRADE_UPDATE", "STRATEGY_UPDATE", "ERROR",
      "INFO", "SYSTEM", "AUDIT")
NAMES(kind, HBUS_KIND_COUNT, "order_book_update", "ticker_update", "trade", "order_update", "error", "info", "link",
      "heartbeat", "slow", "strategy_update")
NAMES(command, HBUS_COMMAND_COUNT, "hello", "ping", "status", "create_order", "cancel_order", "cancel_all", "get_order",
      "get_open_orders", "get_order_history", "resolve_order", "get_order_book", "get_ticker", "get_balances",
      "get_positions", "set_leverage", "set_position_mode", "subscribe", "unsubscribe", "publish", "snapshot",
      "sequences", "replay", "halt", "resume", "get_limits", "set_limits")
NAMES(reply_status, HBUS_REPLY_STATUS_COUNT, "ok", "error", "unknown")

unsigned name_find(const name_table *table, const char *name, size_t size) {
  for (unsigned value = 1; value < table->count; value++)
    if (strlen(table->names[value]) == size && memcmp(table->names[value], name, size) == 0) return value;
  return 0;
}

const char *name_of(const name_table *table, unsigned value) {
  return value < table->count ? table->names[value] : "";
}

void name_list(const name_table *table, char *out, size_t out_size) {
  size_t used = 0;
  out[0] = '\0';
  for (unsigned value = 1; value < table->count && used < out_size; value++) {
    int size = snprintf(out + used, out_size - used, "%s%s", value > 1 ? ", " : "", table->names[value]);
    used += (size_t)size;
  }
}

const char *hbus_side_name(hbus_side value) {
  return name_of(&names_side, value);
}
const char *hbus_order_type_name(hbus_order_type value) {
  return name_of(&names_order_type, value);
}
const char *hbus_order_status_name(hbus_order_status value) {
  return name_of(&names_order_status, value);
}
const char *hbus_market_type_name(hbus_market_type value) {
  return name_of(&names_market_type, value);
}
const char *hbus_position_action_name(hbus_position_action value) {
  return name_of(&names_position_action, value);
}
const char *hbus_link_status_name(hbus_link_status value) {
  return name_of(&names_link_status, value);
}
const char *hbus_origin_name(hbus_origin value) {
  return name_of(&names_origin, value);
}
const char *hbus_position_source_name(hbus_position_source value) {
  return name_of(&names_position_source, value);
}
const char *hbus_channel_name(hbus_channel value) {
  return name_of(&names_channel, value);
}
const char *hbus_stream_name(hbus_stream value) {
  return name_of(&names_stream, value);
}
const char *hbus_event_type_name(hbus_event_type value) {
  return name_of(&names_event_type, value);
}
const char *hbus_kind_name(hbus_kind value) {
  return name_of(&names_kind, value);
}
const char *hbus_command_name(hbus_command_kind value) {
  return name_of(&names_command, value);
}
const char *hbus_reply_status_name(hbus_reply_status value) {
  return name_of(&names_reply_status, value);
}
