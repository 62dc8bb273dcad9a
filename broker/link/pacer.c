#include "broker/link/pacer.h"

#include <stdlib.h>

#include "broker/clock.h"
#include "broker/timer.h"

#define SLOWED_AGAIN_MS 1000

struct pacer {
  uv_timer_t timer;
  request_queue *queue;
  request_budget budget;
  uint64_t queue_ms;
  uint64_t read_ms;
  uint64_t slowed_ms; /* when upstream last said that there were too many */
  const pacer_callbacks *callbacks;
  void *arg;
};

pacer *pacer_new(uv_loop_t *loop, const config *config, size_t capacity, const pacer_callbacks *callbacks, void *arg) {
  pacer *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->queue = request_queue_new(capacity, 0);
  if (!self->queue) {
    free(self);
    return NULL;
  }
  uint64_t now_ms = clock_monotonic_ms();
  uint32_t burst = (uint32_t)config->upstream.rate_limit.burst;
  token_bucket_init(&self->budget.all, (uint32_t)config->upstream.rate_limit.requests_per_second, burst, now_ms);
  token_bucket_init(&self->budget.by_class[REQUEST_CANCEL], 0, burst, now_ms);
  token_bucket_init(&self->budget.by_class[REQUEST_CREATE], (uint32_t)config->upstream.rate_limit.creates_per_second,
                    burst, now_ms);
  token_bucket_init(&self->budget.by_class[REQUEST_READ], (uint32_t)config->upstream.rate_limit.reads_per_second, burst,
                    now_ms);
  self->queue_ms = config->upstream.rate_limit.queue_ms;
  self->read_ms = config->upstream.request_timeout_ms;
  self->callbacks = callbacks;
  self->arg = arg;
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void pacer_destroy(pacer **self_p) {
  pacer *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  request_queue_destroy(&self->queue);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}

static void s_on_timer(uv_timer_t *timer);

static void s_set_timer(pacer *self, uint64_t now_ms) {
  uint64_t in_ms = request_queue_next_in_ms(self->queue, &self->budget, now_ms);
  uv_timer_stop(&self->timer);
  if (in_ms == REQUEST_QUEUE_NEVER) return;
  timer_start_at(&self->timer, s_on_timer, now_ms + in_ms);
}

static void s_on_timer(uv_timer_t *timer) {
  pacer *self = timer->data;
  uint64_t now_ms = clock_monotonic_ms();
  void *item;
  while ((item = request_queue_pop_expired(self->queue, now_ms)))
    self->callbacks->expire(self->arg, item);
  while ((item = request_queue_pop(self->queue, &self->budget, now_ms)))
    self->callbacks->send(self->arg, item);
  s_set_timer(self, now_ms);
}

/* What waits goes first, or a newcomer of the same class would overtake it. */
bool pacer_may_send(pacer *self, request_class class) {
  uint64_t now_ms = clock_monotonic_ms();
  token_bucket *all = &self->budget.all, *own = &self->budget.by_class[class];
  if (class == REQUEST_CANCEL) {
    token_bucket_overdraw(all, now_ms);
    return true;
  }
  if (request_queue_size(self->queue, class)) return false;
  if (token_bucket_ready_in_ms(all, now_ms) || token_bucket_ready_in_ms(own, now_ms)) return false;
  return token_bucket_take(all, now_ms) && token_bucket_take(own, now_ms);
}

hbus_status pacer_keep(pacer *self, request_class class, const char *owner, void *item, uint64_t expires_ms,
                       request_place **place) {
  uint64_t now_ms = clock_monotonic_ms(), real_ms = clock_real_ms();
  uint64_t patience_ms = class == REQUEST_CREATE ? self->queue_ms : self->read_ms;
  if (expires_ms) {
    uint64_t left_ms = expires_ms > real_ms ? expires_ms - real_ms : 0;
    if (left_ms < patience_ms) patience_ms = left_ms;
  }
  hbus_status status = request_queue_push(self->queue, class, owner, item, now_ms + patience_ms, place);
  if (!status) s_set_timer(self, now_ms);
  return status;
}

void *pacer_withdraw(pacer *self, request_place *place) {
  void *item = request_queue_remove(self->queue, place);
  s_set_timer(self, clock_monotonic_ms());
  return item;
}

void *pacer_take_any(pacer *self) {
  return request_queue_pop_any(self->queue);
}

/* Many requests under way may hear the same at once: that is one reason to slow down, not many. */
bool pacer_slow_down(pacer *self) {
  uint64_t now_ms = clock_monotonic_ms();
  if (self->slowed_ms && now_ms - self->slowed_ms < SLOWED_AGAIN_MS) return false;
  self->slowed_ms = now_ms;
  token_bucket_slow_down(&self->budget.all, now_ms);
  return true;
}

int64_t pacer_headroom(const pacer *self) {
  return token_bucket_available(&self->budget.all, clock_monotonic_ms());
}

size_t pacer_waiting(const pacer *self) {
  size_t count = 0;
  for (request_class class = REQUEST_CANCEL; class < REQUEST_CLASSES; class ++) {
    count += request_queue_size(self->queue, class);
  }
  return count;
}
