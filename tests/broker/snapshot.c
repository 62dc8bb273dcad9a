/* The pages of snapshots: stamps before state, and nothing left out or told twice whatever happens in between. */
#include "broker/command/snapshot.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/order/position_book.h"
#include "tests/broker/event_stage.h"
#include "tests/broker/fake_link.h"

#define MARKETS_MAX 2000

typedef struct stage {
  event_stage *bus;
  fake_link fake;
  command_path path; /* as much of it as is looked at */
  snapshot_page *page;
} stage;

static void s_open(stage *self) {
  *self = (stage){.bus = event_stage_new_with(5000), .page = malloc(sizeof *self->page)};
  fake_link_open(&self->fake, &self->bus->loop);
  self->path.parts = (command_parts){.link = self->fake.link,
                                     .publisher = self->bus->publisher,
                                     .orders = self->bus->orders,
                                     .positions = position_book_new(MARKETS_MAX, NULL),
                                     .epoch = STAGE_EPOCH};
}

static void s_close(stage *self) {
  free(self->page);
  position_book_destroy(&self->path.parts.positions);
  fake_link_close(&self->fake);
  event_stage_destroy(&self->bus);
}

static void s_take(stage *self, hbus_command *command, size_t max) {
  hbus_error error;
  cr_assert_eq(snapshot_take(&self->path, command, max, self->page, &error), HBUS_OK, "%s", error.text);
  memcpy(command->cursor, self->page->reply.cursor, sizeof command->cursor);
}

static hbus_order s_order(int number, hbus_order_status status) {
  char id[16];
  snprintf(id, sizeof id, "up-%d", number);
  return event_stage_order(id, status);
}

static order *s_add(stage *self, int number) {
  bool changed;
  const hbus_order said = s_order(number, HBUS_OPEN);
  order *order = order_table_apply(self->bus->orders, &said, "", &changed);
  cr_assert_not_null(order);
  return order;
}

/* A fill of bob's in a market of that number: its event, and what it makes of his position. */
static void s_fill(stage *self, int market) {
  hbus_event event = event_stage_fill("up-1", "t-1");
  snprintf(event.data.trade.market, sizeof event.data.trade.market, "M-%d", market);
  cr_assert_eq(position_book_fill(self->path.parts.positions, "bob", &event.data.trade), HBUS_OK);
  publisher_publish(self->bus->publisher, &event, NULL);
}

static int s_number_of(const char *text, const char *prefix) {
  cr_assert_eq(strncmp(text, prefix, strlen(prefix)), 0, "%s", text);
  return (int)strtol(text + strlen(prefix), NULL, 10);
}

/* Pages of 2 while an order finishes, one comes back that was finished, and one is new: each that was live all the time
 * is told once. */
Test(snapshot, orders_are_told_once_in_whatever_order_they_are_kept) {
  enum { COUNT = 9 };
  stage stage;
  s_open(&stage);
  order *orders[COUNT + 1];
  unsigned told[COUNT + 1] = {0};
  for (int i = 0; i < COUNT; i++)
    orders[i] = s_add(&stage, i);
  const hbus_order failed = s_order(1, HBUS_FAILED), open = s_order(1, HBUS_OPEN);
  order_table_merge(stage.bus->orders, orders[1], &failed);
  order_table_merge(stage.bus->orders, orders[1], &open); /* it is the last one of the list now */
  cr_assert_eq(orders[1]->state.status, HBUS_OPEN);
  hbus_command command = {.kind = HBUS_SNAPSHOT, .limit = 2};
  for (int page = 0; page == 0 || command.cursor[0]; page++) {
    s_take(&stage, &command, HBUS_PAGE_MAX);
    cr_assert_leq(stage.page->reply.order_count, 2);
    for (size_t i = 0; i < stage.page->reply.order_count; i++)
      told[s_number_of(stage.page->orders[i].order_id, "up-")]++;
    if (page > 0) continue;
    const hbus_order finished = s_order(0, HBUS_CANCELLED);
    order_table_merge(stage.bus->orders, orders[0], &finished); /* told before */
    orders[COUNT] = s_add(&stage, COUNT);
  }
  for (size_t i = 0; i <= COUNT; i++)
    cr_expect_eq(told[i], 1, "order %zu: %u", i, told[i]);
  s_close(&stage);
}

/* A reader that takes the first stamp of each topic, and for positions that of their page. */
Test(snapshot, stamps_come_before_state_and_positions_are_true_by_their_page) {
  enum { COUNT = 1500 };
  stage stage;
  s_open(&stage);
  uint64_t *base = calloc(COUNT, sizeof *base);
  unsigned *told = calloc(COUNT, sizeof *told), state_pages = 0;
  for (int i = 0; i < COUNT; i++)
    s_fill(&stage, i);
  s_add(&stage, 1);
  hbus_command command = {.kind = HBUS_SNAPSHOT};
  do {
    s_take(&stage, &command, HBUS_PAGE_MAX);
    const hbus_snapshot *reply = &stage.page->reply;
    uint64_t *here = calloc(COUNT, sizeof *here);
    cr_assert_leq(reply->stamp_count, HBUS_STAMPS_MAX);
    for (size_t i = 0; i < reply->stamp_count; i++) {
      if (strncmp(reply->stamps[i].topic.data, "trade_update/", 13) != 0) continue;
      int market = s_number_of(reply->stamps[i].topic.data, "trade_update/binance/M-");
      here[market] = reply->stamps[i].seq;
      if (!base[market]) base[market] = reply->stamps[i].seq;
    }
    for (int i = 0; reply->position_count + reply->order_count && i < COUNT; i++)
      cr_assert_neq(base[i], 0, "no state before all topics are stamped");
    for (size_t i = 0; i < reply->position_count; i++) {
      int market = s_number_of(reply->positions[i].market, "M-");
      told[market]++;
      hbus_decimal fills = {0}, one;
      hbus_decimal_parse("0", 1, &fills);
      const hbus_event fill = event_stage_fill("up-1", "t-1");
      one = fill.data.trade.amount;
      for (uint64_t seq = 0; seq < (here[market] ? here[market] : base[market]); seq++)
        cr_assert_eq(hbus_decimal_add(&fills, &one, &fills), HBUS_OK);
      cr_assert_eq(hbus_decimal_compare(&reply->positions[i].amount, &fills), 0, "M-%d has %s, its stamp says %s",
                   market, reply->positions[i].amount.text, fills.text);
    }
    state_pages += reply->position_count > 0;
    free(here);
    s_fill(&stage, 0);
    s_fill(&stage, COUNT - 1);
  } while (command.cursor[0]);
  cr_expect_geq(state_pages, 3);
  for (int i = 0; i < COUNT; i++)
    cr_expect_eq(told[i], 1, "M-%d", i);
  free(base);
  free(told);
  s_close(&stage);
}

/* A page that was too large for a reply is taken again with less, and the next one goes on behind that. */
Test(snapshot, shorter_pages_leave_nothing_out) {
  enum { COUNT = 7 };
  stage stage;
  s_open(&stage);
  unsigned orders = 0, positions = 0, stamps = 0, pages = 0;
  for (int i = 0; i < COUNT; i++) {
    s_add(&stage, i);
    s_fill(&stage, i);
  }
  hbus_command command = {.kind = HBUS_SNAPSHOT};
  do {
    hbus_command tried = command;
    s_take(&stage, &tried, HBUS_PAGE_MAX);
    s_take(&stage, &command, 3);
    const hbus_snapshot *reply = &stage.page->reply;
    cr_assert(reply->order_count <= 3 && reply->position_count <= 3 && reply->stamp_count <= 6);
    orders += reply->order_count;
    positions += reply->position_count;
    stamps += reply->stamp_count;
    cr_expect_eq(reply->orders_hash[0] != 0, pages == 0);
    cr_assert_lt(pages++, 20);
  } while (command.cursor[0]);
  cr_expect_eq(orders, COUNT);
  cr_expect_eq(positions, COUNT);
  cr_expect_geq(stamps, COUNT);
  s_close(&stage);
}

Test(snapshot, of_a_market_has_its_own_alone) {
  stage stage;
  s_open(&stage);
  s_add(&stage, 1);
  s_fill(&stage, 5);
  hbus_command command = {.kind = HBUS_SNAPSHOT, .exchange = "binance", .market = "M-5"};
  s_take(&stage, &command, HBUS_PAGE_MAX);
  const hbus_snapshot *reply = &stage.page->reply;
  cr_expect_eq(reply->order_count, 0);
  cr_expect_eq(reply->position_count, 1);
  cr_assert_eq(reply->stamp_count, 5);
  cr_expect_eq(reply->stamps[4].stream, HBUS_STREAM_PRIVATE);
  cr_expect_eq(reply->stamps[4].seq, 1);
  cr_expect_eq(reply->stamps[3].seq, 0);
  cr_expect_eq(reply->book.size, 0);
  cr_expect_str_eq(reply->orders_hash, "");
  cr_expect_eq(reply->epoch, STAGE_EPOCH);
  s_close(&stage);
}

Test(snapshot, a_cursor_of_an_earlier_start_is_refused) {
  stage stage;
  hbus_error error;
  s_open(&stage);
  hbus_command command = {.kind = HBUS_SNAPSHOT, .cursor = "1700000000000000:0:0:0"};
  cr_expect_eq(snapshot_take(&stage.path, &command, HBUS_PAGE_MAX, stage.page, &error), HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(error.text, "started again"), "%s", error.text);
  s_close(&stage);
}
