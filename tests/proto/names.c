#include "proto/names.h"

#include <criterion/criterion.h>
#include <string.h>

#include "hbus/command.h"
#include "hbus/event.h"

static const name_table *const s_tables[] = {
    &names_side,    &names_order_type,  &names_order_status, &names_market_type, &names_position_action,
    &names_origin,  &names_link_status, &names_channel,      &names_stream,      &names_event_type,
    &names_command, &names_kind,        &names_reply_status};

Test(names, every_value_has_a_name_that_leads_back) {
  for (size_t i = 0; i < sizeof s_tables / sizeof s_tables[0]; i++) {
    const name_table *table = s_tables[i];
    cr_assert_str_eq(name_of(table, 0), "");
    for (unsigned value = 1; value < table->count; value++) {
      const char *name = name_of(table, value);
      cr_assert_not_null(name, "table %zu has no name for %u", i, value);
      cr_assert_gt(strlen(name), 0);
      cr_assert_eq(name_find(table, name, strlen(name)), value);
    }
    cr_assert_str_eq(name_of(table, table->count), "");
    cr_assert_str_eq(name_of(table, 12345), "");
  }
}

Test(names, what_is_no_name_is_not_found) {
  cr_assert_eq(name_find(&names_side, "", 0), 0);
  cr_assert_eq(name_find(&names_side, "BUY", 3), 0);
  cr_assert_eq(name_find(&names_side, "buy", 2), 0);
  cr_assert_eq(name_find(&names_side, "buyer", 5), 0);
  cr_assert_eq(name_find(&names_side, "buyer", 3), HBUS_BUY);
}

Test(names, the_last_value_of_each_has_the_name_it_should) {
  cr_assert_str_eq(hbus_side_name(HBUS_SELL), "sell");
  cr_assert_str_eq(hbus_order_type_name(HBUS_LIMIT_MAKER), "limit_maker");
  cr_assert_str_eq(hbus_order_status_name(HBUS_UNKNOWN), "unknown");
  cr_assert_str_eq(hbus_order_status_name(HBUS_PARTIALLY_FILLED), "partially_filled");
  cr_assert_str_eq(hbus_market_type_name(HBUS_FUTURES), "futures");
  cr_assert_str_eq(hbus_position_action_name(HBUS_POSITION_CLOSE), "close");
  cr_assert_str_eq(hbus_link_status_name(HBUS_LINK_ERROR), "error");
  cr_assert_str_eq(hbus_origin_name(HBUS_INFERRED), "inferred");
  cr_assert_str_eq(hbus_channel_name(HBUS_CHANNEL_TICKER), "ticker");
  cr_assert_str_eq(hbus_stream_name(HBUS_STREAM_PRIVATE), "private");
  cr_assert_str_eq(hbus_event_type_name(HBUS_EVENT_AUDIT), "AUDIT");
  cr_assert_str_eq(hbus_kind_name(HBUS_KIND_LINK), "link");
  cr_assert_str_eq(hbus_command_name(HBUS_SET_LIMITS), "set_limits");
  cr_assert_str_eq(hbus_command_name(HBUS_GET_ORDER_BOOK), "get_order_book");
  cr_assert_str_eq(hbus_command_name(HBUS_COMMAND_NONE), "");
  cr_assert_str_eq(hbus_reply_status_name(HBUS_REPLY_UNKNOWN), "unknown");
}

Test(names, a_list_is_for_a_sentence) {
  char text[64];
  name_list(&names_side, text, sizeof text);
  cr_assert_str_eq(text, "buy, sell");
  name_list(&names_channel, text, 12);
  cr_assert_str_eq(text, "order_book,");
}
