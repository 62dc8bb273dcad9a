#include "tests/bench/feeder.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <uv.h>

#include "tests/bench/book_frames.h"
#include "tests/bench/feeder_answer.h"
#include "tests/broker/websocket_server.h"
#include "tests/integration/process.h"

#define FRAMES_MIN    1000  /* different ones, however few the markets */
#define BATCH_BYTES   65536 /* written at once */
#define FRAME_MAX     1100
#define BACKLOG_MAX   (1u << 20) /* bytes that wait for the kernel; what is beyond is sent later */
#define NS_PER_SECOND 1000000000ull

/* Beyond this pace frames go out together, at most so often: or the feeder's own system calls are what is measured. */
#define SINGLE_PER_SECOND_MAX 20000
#define TOGETHER_NS           200000

/* What is to be sent. */
typedef struct feed_plan {
  uint64_t per_second;
  uint64_t count;
} feed_plan;

struct feeder {
  book_frames frames;
  char url[64];
  pthread_t thread;
  uv_async_t wake; /* there is something new below */

  pthread_mutex_t lock;
  pthread_cond_t changed;
  feed_plan plan;
  unsigned plans_given, plans_taken;
  bool ends;
  bool numbers; /* not the time */
  size_t subscriptions;
  uint64_t last_stamp;      /* of the plan before */
  uint64_t last_per_second; /* ... as it came true */
  atomic_ullong total;      /* frames sent, of all plans */

  /* The thread's own. */
  uv_loop_t loop;
  server *server;
  unsigned opened; /* which of its connections has had its handshake */
  feed_plan current;
  uint64_t began_ns; /* monotonic clock */
  uint64_t sent;     /* of the current plan */
  uint64_t stamp;    /* of the last frame */
  size_t next;       /* frame */
  uint8_t batch[BATCH_BYTES];
};

static uint64_t s_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t feeder_now_ns(void) {
  return s_clock_ns(CLOCK_REALTIME);
}

/* --- the thread: answering --- */

static void s_on_open(server *server, void *arg, const char *request) {
  feeder *self = arg;
  (void)request;
  self->opened = server_accepted(server);
}

static void s_on_frame(server *server, void *arg, int opcode, const char *payload, size_t size) {
  feeder *self = arg;
  char answer[FEEDER_ANSWER_MAX];
  if (opcode != OPCODE_TEXT) return;
  bool subscribes = false;
  size_t answer_size = feeder_answer(payload, size, answer, &subscribes);
  server_send_frame(server, true, OPCODE_TEXT, answer, answer_size);
  if (!subscribes) return;
  pthread_mutex_lock(&self->lock);
  self->subscriptions++;
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->lock);
}

/* --- the thread: feeding --- */

static void s_on_wake(uv_async_t *wake) {
  (void)wake; /* that the loop turns is all that is wanted */
}

/* Takes the plan, and tells the stamp of the last frame of the one before. Returns whether to go on. */
static bool s_take_plan(feeder *self) {
  pthread_mutex_lock(&self->lock);
  if (self->plans_taken != self->plans_given) {
    uint64_t now_ns = s_clock_ns(CLOCK_MONOTONIC);
    self->plans_taken = self->plans_given;
    self->last_stamp = self->stamp;
    self->last_per_second = self->sent * NS_PER_SECOND / (now_ns - self->began_ns);
    self->current = self->plan;
    self->began_ns = now_ns;
    self->sent = 0;
    pthread_cond_broadcast(&self->changed);
  }
  bool goes_on = !self->ends;
  pthread_mutex_unlock(&self->lock);
  return goes_on;
}

static bool s_can_send(const feeder *self) {
  bool is_open = server_connected(self->server) && self->opened == server_accepted(self->server);
  return is_open && server_queued(self->server) < BACKLOG_MAX;
}

/* Frames that should have gone by now and have not. */
static uint64_t s_due(const feeder *self) {
  uint64_t due = self->current.count;
  if (self->current.per_second != FEEDER_FLAT_OUT) {
    uint64_t elapsed_ns = s_clock_ns(CLOCK_MONOTONIC) - self->began_ns;
    uint64_t by_now = 1 + elapsed_ns / (NS_PER_SECOND / self->current.per_second);
    if (by_now < due) due = by_now;
  }
  return due > self->sent ? due - self->sent : 0;
}

static void s_send_batch(feeder *self, uint64_t count) {
  uint64_t now_ns = feeder_now_ns();
  size_t used = 0;
  uint64_t done = 0;
  for (; count > 0 && used + FRAME_MAX <= BATCH_BYTES; count--) {
    self->stamp = self->stamp < now_ns && !self->numbers ? now_ns : self->stamp + 1;
    used += book_frames_copy(&self->frames, self->next, self->stamp, self->batch + used);
    self->next = (self->next + 1) % self->frames.count;
    self->sent++;
    done++;
  }
  self->total += done;
  server_send_raw(self->server, self->batch, used);
}

/* Sleeps until the next frame is due, or something comes in. */
static void s_wait(feeder *self) {
  struct pollfd ready = {.fd = uv_backend_fd(&self->loop), .events = POLLIN};
  struct timespec pause = {0}, *limit = NULL;
  bool is_feeding = self->sent < self->current.count && s_can_send(self);
  if (is_feeding) limit = &pause;
  if (is_feeding && self->current.per_second != FEEDER_FLAT_OUT) {
    uint64_t due_ns = self->began_ns + self->sent * (NS_PER_SECOND / self->current.per_second);
    uint64_t now_ns = s_clock_ns(CLOCK_MONOTONIC);
    if (self->current.per_second > SINGLE_PER_SECOND_MAX && due_ns < now_ns + TOGETHER_NS)
      due_ns = now_ns + TOGETHER_NS;
    if (due_ns > now_ns) pause.tv_nsec = (long)(due_ns - now_ns);
  }
  ppoll(&ready, 1, limit, NULL);
}

static void *s_run(void *arg) {
  feeder *self = arg;
  prctl(PR_SET_TIMERSLACK, 1); /* or the kernel rounds each pause up by 50 microseconds */
  while (s_take_plan(self)) {
    uint64_t due = s_can_send(self) ? s_due(self) : 0;
    if (due > 0) s_send_batch(self, due);
    uv_run(&self->loop, UV_RUN_NOWAIT); /* what a callback starts to watch, libuv hands to the kernel a turn later */
    uv_run(&self->loop, UV_RUN_NOWAIT);
    s_wait(self);
  }
  server_destroy(&self->server);
  uv_close((uv_handle_t *)&self->wake, NULL);
  uv_run(&self->loop, UV_RUN_DEFAULT);
  return NULL;
}

/* --- life cycle --- */

feeder *feeder_new(size_t markets) {
  static const server_callbacks callbacks = {.on_open = s_on_open, .on_frame = s_on_frame};
  feeder *self = calloc(1, sizeof *self);
  cr_assert_not_null(self);
  book_frames_init(&self->frames, markets > FRAMES_MIN ? markets : FRAMES_MIN, markets);
  pthread_mutex_init(&self->lock, NULL);
  pthread_cond_init(&self->changed, NULL);
  cr_assert_eq(uv_loop_init(&self->loop), 0);
  uv_async_init(&self->loop, &self->wake, s_on_wake);
  self->server = server_new(&self->loop, SERVER_GOOD, &callbacks, self);
  snprintf(self->url, sizeof self->url, "ws://127.0.0.1:%u/ws", server_port(self->server));
  cr_assert_eq(pthread_create(&self->thread, NULL, s_run, self), 0);
  return self;
}

void feeder_destroy(feeder **self) {
  feeder *old = *self;
  pthread_mutex_lock(&old->lock);
  old->ends = true;
  pthread_mutex_unlock(&old->lock);
  uv_async_send(&old->wake);
  pthread_join(old->thread, NULL);
  uv_loop_close(&old->loop);
  pthread_mutex_destroy(&old->lock);
  pthread_cond_destroy(&old->changed);
  book_frames_free(&old->frames);
  free(old);
  *self = NULL;
}

const char *feeder_url(const feeder *self) {
  return self->url;
}

/* Waits for a change, with the lock held. */
static void s_await_change(feeder *self, const char *what) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += PROCESS_PATIENCE_MS / 1000;
  cr_assert_eq(pthread_cond_timedwait(&self->changed, &self->lock, &end), 0, "%s", what);
}

void feeder_wait_subscriptions(feeder *self, size_t count) {
  pthread_mutex_lock(&self->lock);
  while (self->subscriptions < count)
    s_await_change(self, "subscriptions did not come");
  pthread_mutex_unlock(&self->lock);
}

void feeder_start(feeder *self, uint64_t per_second, uint64_t count) {
  pthread_mutex_lock(&self->lock);
  self->plan = (feed_plan){per_second, count};
  self->plans_given++;
  uv_async_send(&self->wake);
  while (self->plans_taken != self->plans_given)
    s_await_change(self, "the feeder stands still");
  pthread_mutex_unlock(&self->lock);
}

void feeder_number(feeder *self) {
  pthread_mutex_lock(&self->lock);
  self->numbers = true;
  self->stamp = FEEDER_FIRST_STAMP - 1;
  pthread_mutex_unlock(&self->lock);
}

uint64_t feeder_sent(const feeder *self) {
  return atomic_load(&self->total);
}

uint64_t feeder_last_per_second(const feeder *self) {
  return self->last_per_second;
}

uint64_t feeder_stop(feeder *self) {
  feeder_start(self, 1, 0);
  return self->last_stamp;
}
