#include "broker/command/topic_demand.h"

#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/command/errand.h"
#include "broker/recent.h"

#define WINDOW 64 /* requests under way at once */

/* A topic that has subscribers, or had some a moment ago. */
typedef struct hold {
  hbus_command what; /* channel, exchange and market */
  char key[DEMAND_KEY_SIZE];
  bool queued;        /* to be asked for */
  bool unsure;        /* it was asked for, and there was no answer */
  bool refused;       /* it is not held: upstream has refused it */
  bool told;          /* the bus has heard that it was granted */
  uint64_t leaves_ms; /* monotonic clock, when it ends; 0: it has subscribers */
  struct hold *leaves_before;
  struct hold *leaves_after;
} hold;

typedef struct refusal {
  hbus_status code;
  char message[HBUS_ERROR_TEXT_SIZE];
} refusal;

struct topic_demand {
  command_path *path;
  zhashx_t *holds;  /* by key */
  zlistx_t *queue;  /* keys of holds to be asked for */
  recent *refusals; /* by key */
  hold *first_leaving;
  hold *last_leaving; /* all linger for as long, so that the first to leave is the first to end */
  unsigned under_way;
  uint64_t retry_ms; /* monotonic clock, when those that are unsure are asked for again; 0: none is */
  uv_timer_t timer;
};

/* Asking ----------------------------------------------------------------------------------------------------------- */

static void s_on_asked(void *arg);
static void s_set_timer(topic_demand *self);

/* Not at once: it has just not been answered. */
static void s_ask_later(topic_demand *self, hold *hold) {
  hold->unsure = true;
  if (!self->retry_ms) self->retry_ms = clock_monotonic_ms() + self->path->parts.config->upstream.request_timeout_ms;
  s_set_timer(self);
}

static void s_ask_next(topic_demand *self) {
  while (self->under_way < WINDOW && zlistx_size(self->queue) && link_is_open(self->path->parts.link)) {
    char *key = zlistx_detach(self->queue, NULL);
    hold *hold = zhashx_lookup(self->holds, key);
    free(key);
    if (!hold || !hold->queued) continue; /* it has left meanwhile */
    hold->queued = false;
    if (errand_subscribe(self->path, &hold->what, s_on_asked, self)) {
      self->under_way++;
    } else {
      s_ask_later(self, hold);
    }
  }
}

static void s_on_asked(void *arg) {
  topic_demand *self = arg;
  self->under_way--;
  s_ask_next(self);
}

static void s_queue(topic_demand *self, hold *hold) {
  hold->unsure = false;
  if (hold->queued) return;
  hold->queued = true;
  zlistx_add_end(self->queue, hold->key);
}

/* Time ------------------------------------------------------------------------------------------------------------- */

static void s_on_timer(uv_timer_t *timer);

/* For what comes first. */
static void s_set_timer(topic_demand *self) {
  uint64_t due_ms = self->retry_ms;
  if (self->first_leaving && (!due_ms || self->first_leaving->leaves_ms < due_ms))
    due_ms = self->first_leaving->leaves_ms;
  if (!due_ms) {
    uv_timer_stop(&self->timer);
    return;
  }
  uint64_t now_ms = clock_monotonic_ms();
  uv_timer_start(&self->timer, s_on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void s_stop_leaving(topic_demand *self, hold *hold) {
  if (!hold->leaves_ms) return;
  *(hold->leaves_before ? &hold->leaves_before->leaves_after : &self->first_leaving) = hold->leaves_after;
  *(hold->leaves_after ? &hold->leaves_after->leaves_before : &self->last_leaving) = hold->leaves_before;
  hold->leaves_before = hold->leaves_after = NULL;
  hold->leaves_ms = 0;
}

static void s_let_leave(topic_demand *self, hold *hold, uint64_t leaves_ms) {
  hold->leaves_ms = leaves_ms;
  hold->leaves_before = self->last_leaving;
  *(self->last_leaving ? &self->last_leaving->leaves_after : &self->first_leaving) = hold;
  self->last_leaving = hold;
}

static void s_retry(topic_demand *self) {
  self->retry_ms = 0;
  for (hold *hold = zhashx_first(self->holds); hold; hold = zhashx_next(self->holds))
    if (hold->unsure) s_queue(self, hold);
  s_ask_next(self); /* looks holds up, which would disturb the walk */
}

/* Holds ------------------------------------------------------------------------------------------------------------ */

static void s_end(topic_demand *self, hold *hold) {
  s_stop_leaving(self, hold);
  bool ended = !hold->refused && demand_release(self->path->parts.demand, &hold->what, DEMAND_SOCKET);
  if (ended) errand_unsubscribe(self->path, &hold->what);
  zhashx_delete(self->holds, hold->key);
}

static void s_on_timer(uv_timer_t *timer) {
  topic_demand *self = timer->data;
  uint64_t now_ms = clock_monotonic_ms();
  while (self->first_leaving && self->first_leaving->leaves_ms <= now_ms)
    s_end(self, self->first_leaving);
  if (self->retry_ms && self->retry_ms <= now_ms) s_retry(self);
  s_set_timer(self);
}

static hold *s_add(topic_demand *self, const hbus_command *what, const char *key) {
  if (zhashx_size(self->holds) >= LIMIT_SUBSCRIPTIONS) return NULL;
  hold *hold = calloc(1, sizeof *hold);
  if (!hold) return NULL;
  hold->what = *what;
  memcpy(hold->key, key, sizeof hold->key);
  zhashx_insert(self->holds, hold->key, hold);
  return hold;
}

/* What was refused may be there by now: a new subscriber is a reason to ask again. */
static void s_begin(topic_demand *self, const hbus_command *what, const char *key) {
  hold *hold = zhashx_lookup(self->holds, key);
  if (hold) {
    s_stop_leaving(self, hold);
    s_set_timer(self);
    if (!hold->refused) return;
  } else {
    hold = s_add(self, what, key);
  }
  if (!hold || demand_hold(self->path->parts.demand, what, DEMAND_SOCKET)) {
    self->path->parts.counters->subscriptions_overloaded++;
    if (hold) s_end(self, hold);
    return;
  }
  hold->refused = false;
  if (!link_is_open(self->path->parts.link)) return; /* when it is, all that is wanted is asked for */
  s_queue(self, hold);
  s_ask_next(self);
}

static void s_leave(topic_demand *self, const char *key) {
  hold *hold = zhashx_lookup(self->holds, key);
  uint64_t linger_ms = self->path->parts.config->events.linger_ms;
  if (!hold || hold->leaves_ms) return;
  if (hold->refused || linger_ms == 0) {
    s_end(self, hold);
  } else {
    s_let_leave(self, hold, clock_monotonic_ms() + linger_ms);
    s_set_timer(self);
  }
}

static void s_on_subscription(void *arg, hbus_stream stream, bool begins, hbus_text prefix) {
  topic_demand *self = arg;
  hbus_command what = {.kind = HBUS_SUBSCRIBE};
  if (stream != HBUS_STREAM_MARKET) return;
  if (topic_names_channel(prefix.data, prefix.size, &what.channel, what.exchange, what.market)) return;
  if (!topic_names_fit(what.exchange, what.market)) return;
  char key[DEMAND_KEY_SIZE];
  demand_key(&what, key);
  if (begins) {
    s_begin(self, &what, key);
  } else {
    s_leave(self, key);
  }
}

/* What upstream says ----------------------------------------------------------------------------------------------- */

static void s_tell_granted(const topic_demand *self, const hbus_command *what) {
  char text[HBUS_ERROR_TEXT_SIZE];
  snprintf(text, sizeof text, "subscribed to %s of %s on %s", hbus_channel_name(what->channel), what->market,
           what->exchange);
  hbus_event event = {.type = HBUS_EVENT_INFO, .kind = HBUS_KIND_INFO, .src = "hbusd"};
  hbus_notice *notice = &event.data.notice;
  notice->message = hbus_text_of(text);
  memcpy(notice->exchange, what->exchange, sizeof notice->exchange);
  memcpy(notice->market, what->market, sizeof notice->market);
  publisher_publish(self->path->parts.publisher, &event, NULL);
}

static void s_remember(topic_demand *self, const char *key, const upstream_answer *answer) {
  refusal *refusal = recent_find(self->refusals, key);
  if (!refusal) refusal = recent_add(self->refusals, key);
  if (!refusal) return;
  refusal->code = answer->code;
  snprintf(refusal->message, sizeof refusal->message, "%.*s", (int)answer->message.size,
           answer->message.size ? answer->message.data : "");
}

static void s_on_granted(topic_demand *self, const char *key, hold *hold) {
  recent_remove(self->refusals, key);
  if (!hold || hold->refused || hold->told) return;
  hold->told = true;
  s_tell_granted(self, &hold->what);
}

static void s_on_refused(topic_demand *self, const char *key, hold *hold, const upstream_answer *answer) {
  s_remember(self, key, answer);
  if (!hold || hold->refused) return;
  demand_release(self->path->parts.demand, &hold->what, DEMAND_SOCKET); /* nothing to end: upstream never began */
  hold->refused = true;
  hold->told = false;
  if (hold->leaves_ms) s_end(self, hold);
}

/* Whether upstream said neither yes nor no, and may do so when it is asked again. With the link lost it will be. */
static bool s_is_unsure(const link_outcome *outcome) {
  switch (outcome->result) {
  case LINK_ANSWERED: return outcome->answer->code == HBUS_TIMEOUT || outcome->answer->code == HBUS_RATE_LIMITED;
  case LINK_NOT_SENT: return outcome->code != HBUS_LINK_DOWN;
  case LINK_LOST: return false;
  default: return true;
  }
}

void topic_demand_heard(topic_demand *self, const hbus_command *what, const link_outcome *outcome) {
  char key[DEMAND_KEY_SIZE];
  demand_key(what, key);
  hold *hold = zhashx_lookup(self->holds, key);
  if (s_is_unsure(outcome)) {
    if (hold && !hold->refused) s_ask_later(self, hold);
  } else if (outcome->result == LINK_ANSWERED) {
    if (hold) hold->unsure = false;
    if (outcome->answer->code) {
      s_on_refused(self, key, hold, outcome->answer);
    } else {
      s_on_granted(self, key, hold);
    }
  }
}

void topic_demand_on_link(topic_demand *self) {
  zlistx_purge(self->queue);
  for (hold *hold = zhashx_first(self->holds); hold; hold = zhashx_next(self->holds)) {
    hold->queued = hold->unsure = false;
    if (hold->refused && !demand_hold(self->path->parts.demand, &hold->what, DEMAND_SOCKET)) hold->refused = false;
  }
  self->retry_ms = 0;
}

hbus_status topic_demand_refusal(const topic_demand *self, const char *exchange, const char *market,
                                 hbus_error *error) {
  hbus_command what = {.kind = HBUS_SUBSCRIBE};
  snprintf(what.exchange, sizeof what.exchange, "%s", exchange);
  snprintf(what.market, sizeof what.market, "%s", market);
  const refusal *found = NULL;
  for (what.channel = 1; what.channel < HBUS_CHANNEL_COUNT; what.channel++) {
    char key[DEMAND_KEY_SIZE];
    demand_key(&what, key);
    if (demand_find(self->path->parts.demand, key)) return HBUS_OK;
    if (!found) found = recent_find(self->refusals, key);
  }
  if (!found) return HBUS_OK;
  return hbus_fail(error, found->code, "Hummingbot has refused this market: %s", found->message);
}

size_t topic_demand_size(const topic_demand *self) {
  return zhashx_size(self->holds);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

static void s_hold_free(void **item) {
  free(*item);
  *item = NULL;
}

static void *s_copy_key(const void *key) {
  return strdup(key);
}

static void s_key_free(void **key) {
  free(*key);
  *key = NULL;
}

static void s_free(topic_demand *self) {
  zhashx_destroy(&self->holds);
  zlistx_destroy(&self->queue);
  recent_destroy(&self->refusals);
  free(self);
}

static void s_on_closed(uv_handle_t *timer) {
  s_free(timer->data);
}

topic_demand *topic_demand_new(uv_loop_t *loop, command_path *path) {
  topic_demand *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->path = path;
  self->holds = zhashx_new();
  self->queue = zlistx_new();
  self->refusals = recent_new(LIMIT_REFUSALS, sizeof(refusal));
  if (!self->holds || !self->queue || !self->refusals) {
    s_free(self);
    return NULL;
  }
  zhashx_set_destructor(self->holds, s_hold_free);
  zlistx_set_duplicator(self->queue, s_copy_key);
  zlistx_set_destructor(self->queue, s_key_free);
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  path->topics = self;
  publisher_on_subscription(path->parts.publisher, s_on_subscription, self);
  return self;
}

void topic_demand_destroy(topic_demand **self_p) {
  topic_demand *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  self->path->topics = NULL;
  publisher_on_subscription(self->path->parts.publisher, NULL, NULL);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
