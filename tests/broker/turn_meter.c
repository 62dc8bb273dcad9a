#include "broker/turn_meter.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include "broker/clock.h"

/* A loop that does something in each of some turns. */
typedef struct stage {
  uv_loop_t loop;
  uv_timer_t timer;
  turn_meter *meter;
  void (*work)(unsigned turn);
  unsigned turn;
  unsigned turns;
} stage;

static void s_on_timer(uv_timer_t *timer) {
  stage *self = timer->data;
  self->work(self->turn++);
  if (self->turn == self->turns) uv_timer_stop(timer);
}

static turn_figures s_run(stage *self, unsigned turns, void (*work)(unsigned turn)) {
  self->work = work;
  self->turn = 0;
  self->turns = turns;
  uv_timer_start(&self->timer, s_on_timer, 1, 1);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  return turn_meter_figures(self->meter);
}

static void s_open(stage *self) {
  uv_loop_init(&self->loop);
  self->meter = turn_meter_new(&self->loop);
  uv_timer_init(&self->loop, &self->timer);
  self->timer.data = self;
}

static void s_close(stage *self) {
  turn_meter_destroy(&self->meter);
  cr_expect_null(self->meter);
  uv_close((uv_handle_t *)&self->timer, NULL);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  cr_expect_eq(uv_loop_close(&self->loop), 0);
}

static void s_work_for(uint64_t cpu_us) {
  uint64_t start_ns = clock_thread_cpu_ns();
  while (clock_thread_cpu_ns() - start_ns < cpu_us * 1000) {
  }
}

static void s_do_nothing(unsigned turn) {
  (void)turn;
}

static void s_work_in_the_third(unsigned turn) {
  s_work_for(turn == 2 ? TURN_LONG_US + 1000 : 10);
}

static void s_work_longer(unsigned turn) {
  s_work_for(turn == 1 ? 2 * TURN_LONG_US : 10);
}

static void s_sleep(unsigned turn) {
  (void)turn;
  usleep(100000);
}

Test(turn_meter, tells_the_longest_turn_and_counts_the_long_ones) {
  stage stage;
  s_open(&stage);
  turn_figures figures = s_run(&stage, 5, s_work_in_the_third);
  cr_expect_geq(figures.count, 4, "%llu turns", (unsigned long long)figures.count);
  cr_expect_geq(figures.longest_us, TURN_LONG_US + 1000);
  cr_expect_eq(figures.longest_recent_us, figures.longest_us);
  cr_expect_eq(figures.over_limit, 1);
  figures = s_run(&stage, 3, s_work_longer);
  cr_expect_geq(figures.longest_us, 2 * TURN_LONG_US);
  cr_expect_eq(figures.over_limit, 2);
  s_close(&stage);
}

Test(turn_meter, forgets_the_recent_one_when_it_is_taken) {
  stage stage;
  s_open(&stage);
  turn_figures first = s_run(&stage, 5, s_work_in_the_third);
  turn_figures taken = turn_meter_take(stage.meter);
  cr_expect_eq(taken.longest_recent_us, first.longest_us);
  cr_expect_eq(turn_meter_figures(stage.meter).longest_recent_us, 0);
  turn_figures figures = s_run(&stage, 3, s_do_nothing);
  cr_expect_eq(figures.longest_us, first.longest_us);
  cr_expect_lt(figures.longest_recent_us, first.longest_us);
  cr_expect_gt(figures.count, first.count);
  s_close(&stage);
}

Test(turn_meter, sleeping_is_no_work) {
  stage stage;
  s_open(&stage);
  turn_figures figures = s_run(&stage, 3, s_sleep);
  cr_expect_lt(figures.longest_us, 50000, "%llu us", (unsigned long long)figures.longest_us);
  s_close(&stage);
}

Test(turn_meter, does_not_keep_the_loop_alive) {
  stage stage;
  s_open(&stage);
  uv_run(&stage.loop, UV_RUN_DEFAULT);
  cr_expect_eq(turn_meter_figures(stage.meter).count, 0);
  s_close(&stage);
}
