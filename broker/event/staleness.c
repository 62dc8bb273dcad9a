#include "broker/event/staleness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/limits.h"
#include "proto/topic.h"

#define LOOK_MIN_MS 10 /* between two looks */

struct staleness {
  demand *demand;
  publisher *publisher;
  logger *log;
  uint64_t stale_after_ms;
  uv_timer_t timer;
};

/* Telling ---------------------------------------------------------------------------------------------------------- */

static void s_tell(staleness *self, const hbus_command *what, feed_change change, uint64_t quiet_ms) {
  bool is_stale = change == FEED_STALE;
  char text[HBUS_ERROR_TEXT_SIZE];
  snprintf(text, sizeof text,
           is_stale ? "no %s of %s on %s for %" PRIu64 ".%" PRIu64 " s"
                    : "%s of %s on %s is back after %" PRIu64 ".%" PRIu64 " s",
           hbus_channel_name(what->channel), what->market, what->exchange, quiet_ms / 1000, quiet_ms / 100 % 10);
  log_write(self->log, LOG_EVENT, is_stale ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%s", text);
  hbus_event event = {.type = is_stale ? HBUS_EVENT_ERROR : HBUS_EVENT_INFO,
                      .kind = is_stale ? HBUS_KIND_ERROR : HBUS_KIND_INFO,
                      .src = "hbusd"};
  hbus_notice *notice = &event.data.notice;
  notice->code = is_stale ? HBUS_TIMEOUT : HBUS_OK;
  notice->message = hbus_text_of(text);
  memcpy(notice->exchange, what->exchange, sizeof notice->exchange);
  memcpy(notice->market, what->market, sizeof notice->market);
  publisher_publish(self->publisher, &event, NULL);
}

/* Looking ---------------------------------------------------------------------------------------------------------- */

typedef struct look {
  staleness *self;
  uint64_t now_ms;
  unsigned reports;
  bool left_out;
} look;

static void s_look(void *arg, const hbus_command *what, feed *feed) {
  look *look = arg;
  staleness *self = look->self;
  topic topic;
  if (topic_of_channel(what->channel, what->exchange, what->market, &topic)) return; /* nor is it ever published */
  if (look->reports == LIMIT_STALE_REPORTS) {
    look->left_out = true;
    return;
  }
  uint64_t quiet_ms;
  uint64_t events = publisher_market_last(self->publisher, &topic);
  feed_change change = feed_look(feed, events, look->now_ms, self->stale_after_ms, &quiet_ms);
  if (change == FEED_AS_BEFORE) return;
  look->reports++;
  s_tell(self, what, change, quiet_ms);
}

bool staleness_look(staleness *self, uint64_t now_ms) {
  look look = {.self = self, .now_ms = now_ms};
  demand_each_feed(self->demand, s_look, &look);
  return look.left_out;
}

static void s_on_timer(uv_timer_t *timer);

static void s_set_timer(staleness *self, uint64_t delay_ms) {
  uv_timer_start(&self->timer, s_on_timer, delay_ms < LOOK_MIN_MS ? LOOK_MIN_MS : delay_ms, 0);
}

static void s_on_timer(uv_timer_t *timer) {
  staleness *self = timer->data;
  bool left_out = staleness_look(self, clock_monotonic_ms());
  s_set_timer(self, left_out ? LOOK_MIN_MS : self->stale_after_ms / 4);
}

static void s_restart(void *arg, const hbus_command *what, feed *feed) {
  (void)what;
  feed_restart(feed, *(const uint64_t *)arg);
}

void staleness_on_link(staleness *self, bool is_up) {
  if (self->stale_after_ms == 0) return;
  if (!is_up) {
    uv_timer_stop(&self->timer);
  } else if (!uv_is_active((uv_handle_t *)&self->timer)) {
    uint64_t now_ms = clock_monotonic_ms();
    demand_each_feed(self->demand, s_restart, &now_ms);
    s_set_timer(self, self->stale_after_ms / 4);
  }
}

/* What is stale ---------------------------------------------------------------------------------------------------- */

typedef struct walk {
  uint64_t now_ms;
  size_t left;
  staleness_fn *each;
  void *arg;
} walk;

static void s_count(void *arg, const hbus_command *what, feed *feed) {
  (void)what;
  *(size_t *)arg += feed->stale;
}

static void s_give(void *arg, const hbus_command *what, feed *feed) {
  walk *walk = arg;
  if (!feed->stale || walk->left == 0) return;
  walk->left--;
  walk->each(walk->arg, what, walk->now_ms - feed->quiet_since_ms);
}

size_t staleness_count(const staleness *self) {
  size_t count = 0;
  demand_each_feed(self->demand, s_count, &count);
  return count;
}

void staleness_each(const staleness *self, uint64_t now_ms, size_t max, staleness_fn *each, void *arg) {
  walk walk = {.now_ms = now_ms, .left = max, .each = each, .arg = arg};
  demand_each_feed(self->demand, s_give, &walk);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

staleness *staleness_new(uv_loop_t *loop, demand *demand, publisher *publisher, logger *log, uint64_t stale_after_ms) {
  staleness *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->demand = demand;
  self->publisher = publisher;
  self->log = log;
  self->stale_after_ms = stale_after_ms;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void staleness_destroy(staleness **self_p) {
  staleness *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
