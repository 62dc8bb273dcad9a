#include "broker/turn_meter.h"

#include <stdbool.h>
#include <stdlib.h>

#include "broker/clock.h"

struct turn_meter {
  uv_prepare_t prepare;
  turn_figures figures;
  bool begun;
  uint64_t last_ns; /* thread's CPU time at the poll before */
};

static void s_on_prepare(uv_prepare_t *prepare) {
  turn_meter *self = prepare->data;
  turn_figures *figures = &self->figures;
  uint64_t now_ns = clock_thread_cpu_ns();
  uint64_t turn_us = (now_ns - self->last_ns) / 1000;
  bool begun = self->begun;
  self->last_ns = now_ns;
  self->begun = true;
  if (!begun) return; /* starting up is no turn */
  figures->count++;
  if (turn_us > TURN_LONG_US) figures->over_limit++;
  if (turn_us > figures->longest_us) figures->longest_us = turn_us;
  if (turn_us > figures->longest_recent_us) figures->longest_recent_us = turn_us;
}

turn_meter *turn_meter_new(uv_loop_t *loop) {
  turn_meter *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->prepare.data = self;
  uv_prepare_init(loop, &self->prepare);
  uv_prepare_start(&self->prepare, s_on_prepare);
  uv_unref((uv_handle_t *)&self->prepare);
  return self;
}

static void s_on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void turn_meter_destroy(turn_meter **self_p) {
  turn_meter *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  uv_close((uv_handle_t *)&self->prepare, s_on_closed);
}

turn_figures turn_meter_figures(const turn_meter *self) {
  return self->figures;
}

turn_figures turn_meter_take(turn_meter *self) {
  turn_figures figures = self->figures;
  self->figures.longest_recent_us = 0;
  return figures;
}
