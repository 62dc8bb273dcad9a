#include "broker/broker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/command/command_path.h"
#include "broker/command/topic_demand.h"
#include "broker/demand.h"
#include "broker/event/heartbeat.h"
#include "broker/event/intake.h"
#include "broker/event/publisher.h"
#include "broker/event/slow.h"
#include "broker/event/staleness.h"
#include "broker/journal/journal.h"
#include "broker/limits.h"
#include "broker/link/link.h"
#include "broker/order/canceller.h"
#include "broker/order/fill_book.h"
#include "broker/order/id_set.h"
#include "broker/order/order_row.h"
#include "broker/order/order_table.h"
#include "broker/order/position_book.h"
#include "broker/order/reconcile.h"
#include "broker/recovery.h"
#include "broker/socket.h"
#include "broker/turn_meter.h"

/* How long replies have to leave, and to be read, before the sockets close behind them: ZeroMQ drops what a peer has
 * not read yet when its connection ends. */
#define LAST_REPLIES_MS 250

struct broker {
  uv_timer_t last_replies;
  bool serving;
  bool stopping;
  uv_loop_t *loop;
  const config *config;
  logger *log;
  counters counters;
  journal *journal;
  turn_meter *turns;
  websocket_context *websockets;
  socket_group *sockets;
  publisher *publisher;
  heartbeat *heartbeat;
  slow_readers *slow;
  order_table *orders;
  id_set *ids;
  fill_book *fills;
  position_book *positions;
  intake *intake;
  demand *demand;
  staleness *staleness;
  upstream_link *link;
  questions *questions;
  reconcile *reconcile;
  canceller *canceller;
  attendance *attendance;
  command_path *commands;
  topic_demand *topics;
};

/* From the link ---------------------------------------------------------------------------------------------------- */

static void s_on_event(void *arg, hbus_event *event) {
  broker *self = arg;
  intake_event(self->intake, event);
}

static void s_on_status(void *arg, const hbus_link *status) {
  broker *self = arg;
  hbus_event event = {.type = HBUS_EVENT_SYSTEM, .kind = HBUS_KIND_LINK, .src = "hbusd", .data = {.link = *status}};
  publisher_publish(self->publisher, &event, NULL);
  command_path_on_link(self->commands);
  staleness_on_link(self->staleness, status->status == HBUS_LINK_CONNECTED);
}

static void s_on_resubscribe(void *arg) {
  broker *self = arg;
  canceller_on_link(self->canceller); /* first: a cancel waits for nothing but the link (ORDERS.md, rule 16) */
  command_path_resubscribe(self->commands);
}

static void s_on_reconcile(void *arg) {
  broker *self = arg;
  reconcile_all(self->reconcile);
}

/* At the end of each turn ------------------------------------------------------------------------------------------ */

/* An order that has changed is written down, and its cancel sent if that was asked for and could not be sent before. */
static void s_on_changed(void *arg, order *order) {
  broker *self = arg;
  journal_order record;
  order_row(order, &record);
  journal_put_order(self->journal, &record);
  if (!self->stopping) canceller_look(self->canceller, order);
}

static void s_on_collect(void *arg) {
  broker *self = arg;
  order_table_take_changed(self->orders, s_on_changed, self);
}

static void s_on_order_change(void *arg) {
  journal_wake(arg);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

static hbus_status s_hold(broker *self, const config_subscription *subscription, hbus_error *error) {
  hbus_command what = {.kind = HBUS_SUBSCRIBE};
  snprintf(what.exchange, sizeof what.exchange, "%s", subscription->exchange);
  snprintf(what.market, sizeof what.market, "%s", subscription->market);
  hbus_channel first = subscription->channel ? subscription->channel : HBUS_CHANNEL_ORDER_BOOK;
  hbus_channel last = subscription->channel ? subscription->channel : HBUS_CHANNEL_COUNT - 1;
  for (what.channel = first; what.channel <= last; what.channel++) {
    if (demand_hold(self->demand, &what, DEMAND_CONFIG)) {
      return hbus_fail(error, HBUS_INVALID_REQUEST, "upstream.subscribe: more than %d subscriptions",
                       LIMIT_SUBSCRIPTIONS);
    }
  }
  return HBUS_OK;
}

/* What the journal cannot promise (ORDERS.md, rule 18). */
static void s_warn_of_journal(const broker *self) {
  if (self->config->journal.sync == JOURNAL_OFF)
    log_write(self->log, LOG_BROKER, LOG_LEVEL_WARN,
              "journal.sync is off: what became of an order, and which client_order_ids were used, is known until this "
              "broker ends and no longer");
  if (journal_this_start(self->journal)->may_lack)
    log_write(self->log, LOG_BROKER, LOG_LEVEL_WARN,
              "the machine has been started anew: the last that was written to the journal %s may be missing; what "
              "Hummingbot has is compared with it before orders are taken",
              self->config->journal.path);
}

static hbus_status s_open_journal(broker *self, uv_loop_t *loop, hbus_error *error) {
  self->turns = turn_meter_new(loop); /* before anything else of the loop's */
  if (!self->turns) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the broker");
  const journal_options options = {.loop = loop, .config = self->config, .log = self->log, .counters = &self->counters};
  hbus_status status = journal_open(&self->journal, &options, error);
  if (!status) s_warn_of_journal(self);
  return status;
}

/* The parts that need nothing but memory. */
static hbus_status s_make_tables(broker *self, uv_loop_t *loop, hbus_error *error) {
  uint64_t epoch = journal_this_start(self->journal)->epoch;
  self->sockets = socket_group_new(loop);
  self->orders = order_table_new(epoch, self->config->bounds.orders, &self->counters);
  self->ids = id_set_new(self->config->bounds.ids);
  self->demand = demand_new(LIMIT_SUBSCRIPTIONS);
  if (!self->sockets || !self->orders || !self->ids || !self->demand) {
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the broker");
  }
  order_table_on_change(self->orders, s_on_order_change, self->journal);
  journal_on_collect(self->journal, s_on_collect, self);
  hbus_status status = HBUS_OK;
  for (unsigned i = 0; i < self->config->upstream.subscribe_count && !status; i++) {
    status = s_hold(self, &self->config->upstream.subscribe[i], error);
  }
  return status;
}

static hbus_status s_make_link(broker *self, uv_loop_t *loop, hbus_error *error) {
  static const link_callbacks callbacks = {.on_event = s_on_event,
                                           .on_status = s_on_status,
                                           .on_resubscribe = s_on_resubscribe,
                                           .on_reconcile = s_on_reconcile};
  self->websockets = websocket_context_new(loop, error);
  if (!self->websockets) return error ? error->status : HBUS_NO_MEMORY;
  const link_options options = {.loop = loop,
                                .websockets = self->websockets,
                                .config = self->config,
                                .log = self->log,
                                .counters = &self->counters,
                                .callbacks = &callbacks,
                                .arg = self};
  hbus_status status = link_new(&self->link, &options, error);
  if (status) return status;
  self->questions = questions_new(loop, self->link, self->config, &self->counters);
  return self->questions ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for the link");
}

static hbus_status s_make_events(broker *self, uv_loop_t *loop, hbus_error *error) {
  hbus_status status =
      publisher_new(&self->publisher, self->sockets, self->config, self->journal, &self->counters, error);
  if (status) return status;
  self->heartbeat = heartbeat_new(loop, self->publisher, self->config->events.heartbeat_ms, &self->counters);
  const slow_parts slow = {.publisher = self->publisher,
                           .log = self->log,
                           .counters = &self->counters,
                           .slow_events = self->config->events.slow_events};
  self->slow = slow_readers_new(loop, &slow);
  self->positions = position_book_new(LIMIT_POSITIONS, self->journal);
  const fill_book_parts parts = {.orders = self->orders,
                                 .positions = self->positions,
                                 .publisher = self->publisher,
                                 .journal = self->journal,
                                 .log = self->log,
                                 .counters = &self->counters};
  self->fills = fill_book_new(&parts);
  self->intake = intake_new(loop, self->orders, self->publisher, self->fills, self->config->upstream.request_timeout_ms,
                            &self->counters);
  self->staleness =
      staleness_new(loop, self->demand, self->publisher, self->log, self->config->upstream.stale_after_ms);
  bool made = self->heartbeat && self->slow && self->positions && self->fills && self->intake && self->staleness;
  return made ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for the events");
}

static hbus_status s_make_reconcile(broker *self, uv_loop_t *loop, hbus_error *error) {
  const market_check_parts parts = {.config = self->config,
                                    .log = self->log,
                                    .questions = self->questions,
                                    .publisher = self->publisher,
                                    .fills = self->fills,
                                    .intake = self->intake,
                                    .orders = self->orders};
  self->reconcile = reconcile_new(loop, self->link, &parts);
  if (!self->reconcile) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the orders");
  if (journal_this_start(self->journal)->may_lack) reconcile_expect_losses(self->reconcile);
  return HBUS_OK;
}

static hbus_status s_make_cancels(broker *self, uv_loop_t *loop, hbus_error *error) {
  const canceller_parts parts = {.log = self->log,
                                 .counters = &self->counters,
                                 .link = self->link,
                                 .publisher = self->publisher,
                                 .fills = self->fills,
                                 .orders = self->orders,
                                 .reconcile = self->reconcile};
  self->canceller = canceller_new(loop, &parts);
  if (!self->canceller) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the cancels");
  const attendance_parts more = {.config = self->config,
                                 .log = self->log,
                                 .publisher = self->publisher,
                                 .journal = self->journal,
                                 .canceller = self->canceller};
  self->attendance = attendance_new(loop, &more);
  return self->attendance ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for the peers");
}

static hbus_status s_recover(broker *self, hbus_error *error) {
  const recovery_parts parts = {.log = self->log,
                                .journal = self->journal,
                                .orders = self->orders,
                                .ids = self->ids,
                                .publisher = self->publisher,
                                .fills = self->fills,
                                .positions = self->positions,
                                .attendance = self->attendance};
  return recovery_run(&parts, error);
}

static hbus_status s_make_commands(broker *self, hbus_error *error) {
  const command_parts parts = {.config = self->config,
                               .log = self->log,
                               .counters = &self->counters,
                               .link = self->link,
                               .questions = self->questions,
                               .publisher = self->publisher,
                               .journal = self->journal,
                               .orders = self->orders,
                               .ids = self->ids,
                               .fills = self->fills,
                               .positions = self->positions,
                               .reconcile = self->reconcile,
                               .canceller = self->canceller,
                               .attendance = self->attendance,
                               .intake = self->intake,
                               .demand = self->demand,
                               .staleness = self->staleness,
                               .heartbeat = self->heartbeat,
                               .slow = self->slow,
                               .turns = self->turns,
                               .epoch = journal_this_start(self->journal)->epoch};
  hbus_status status = command_path_new(&self->commands, self->sockets, &parts, error);
  if (status) return status;
  self->topics = topic_demand_new(self->loop, self->commands);
  return self->topics ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for the subscribers");
}

hbus_status broker_new(broker **out, uv_loop_t *loop, const config *config, logger *log, hbus_error *error) {
  broker *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the broker");
  self->config = config;
  self->log = log;
  uv_timer_init(loop, &self->last_replies);
  self->last_replies.data = self;
  self->loop = loop;
  hbus_status status = s_open_journal(self, loop, error);
  if (!status) status = s_make_tables(self, loop, error);
  if (!status) status = s_make_link(self, loop, error);
  if (!status) status = s_make_events(self, loop, error);
  if (!status) status = s_make_reconcile(self, loop, error);
  if (!status) status = s_make_cancels(self, loop, error);
  if (!status) status = s_recover(self, error);
  if (!status)
    status = s_make_commands(self, error); /* last: who connects finds everything known (ORDERS.md, rule 1) */
  if (status) broker_stop(self);
  *out = self; /* also on failure: its loop handles close only when the loop runs */
  return status;
}

void broker_start(broker *self) {
  self->serving = true;
  command_path_start(self->commands);
  link_start(self->link);
}

static void s_log_turns(const broker *self) {
  turn_figures turns = turn_meter_figures(self->turns);
  if (turns.count == 0) return; /* it could not start */
  log_write(self->log, LOG_BROKER, LOG_LEVEL_INFO,
            "the longest of %" PRIu64 " turns took %" PRIu64 " us; %" PRIu64 " took longer than %d us", turns.count,
            turns.longest_us, turns.over_limit, TURN_LONG_US);
}

static void s_on_last_replies(uv_timer_t *timer) {
  broker *self = timer->data;
  journal_close(&self->journal);
  socket_group_destroy(&self->sockets);
  uv_close((uv_handle_t *)timer, NULL);
}

/* What it came to is in the journal, and on its way to the peers. */
static void s_on_written(void *arg, hbus_status status) {
  (void)status;
  broker *self = arg;
  uv_timer_start(&self->last_replies, s_on_last_replies, self->serving ? LAST_REPLIES_MS : 0, 0);
}

/* Every command gets its outcome from the link's end, and the bus hears of it. */
static void s_end_parts(broker *self) {
  if (self->turns) s_log_turns(self);
  turn_meter_destroy(&self->turns);
  if (self->canceller) canceller_stop(self->canceller);
  if (self->reconcile) reconcile_stop(self->reconcile);
  if (self->questions) questions_stop(self->questions);
  link_destroy(&self->link);
  topic_demand_destroy(&self->topics);
  questions_destroy(&self->questions);
  attendance_destroy(&self->attendance);
  canceller_destroy(&self->canceller);
  reconcile_destroy(&self->reconcile);
  staleness_destroy(&self->staleness);
  slow_readers_destroy(&self->slow);
  heartbeat_destroy(&self->heartbeat);
  intake_destroy(&self->intake);
  websocket_context_destroy(&self->websockets);
}

static void s_on_settled(void *arg, hbus_status status) {
  (void)status;
  broker *self = arg;
  s_end_parts(self);
  journal_when(self->journal, s_on_written, self);
}

/* In steps, since what has begun ends in order: creates that wait for the journal have their answer, then the link goes
 * and with it what is under way, then that is written down, then the replies have time to leave. */
void broker_stop(broker *self) {
  if (self->stopping) return;
  self->stopping = true;
  if (self->sockets) socket_group_stop_reading(self->sockets);
  if (self->commands) command_path_stop(self->commands);
  if (self->journal) {
    journal_when(self->journal, s_on_settled, self);
  } else {
    s_end_parts(self);
    uv_timer_start(&self->last_replies, s_on_last_replies, 0, 0);
  }
}

void broker_free(broker **self_p) {
  broker *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  command_path_destroy(&self->commands);
  publisher_destroy(&self->publisher);
  position_book_destroy(&self->positions);
  fill_book_destroy(&self->fills);
  order_table_destroy(&self->orders);
  id_set_destroy(&self->ids);
  demand_destroy(&self->demand);
  free(self);
}

const char *broker_commands_addresses(const broker *self) {
  return command_path_addresses(self->commands);
}

const char *broker_market_addresses(const broker *self) {
  return publisher_market_addresses(self->publisher);
}

const char *broker_private_addresses(const broker *self) {
  return publisher_private_addresses(self->publisher);
}
