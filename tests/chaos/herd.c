/* chaos_herd NAME COUNT: so many clients in one process, each of which has joined the private state and keeps a picture
 * of the live orders.
 *
 * It says "joined EPOCH" when all of them have a whole picture and hear that start of the broker. SIGUSR1 has it say
 * "hash HASH COUNT" for each of the pictures that there are, how many have it, then "end". SIGTERM ends it, with 0.
 */
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hbus/hbus.h"
#include "tests/chaos/picture.h"

#define LOOK_MS    500 /* the library is called that often at least */
#define CONNECT_MS 60000

typedef struct member {
  hbus_client *client;
  picture orders;
  uint64_t epoch; /* that it hears, with a whole picture */
} member;

typedef struct herd {
  member *members;
  size_t count;
  uint64_t epoch; /* that all have reached, and that was said */
  bool ended;
} herd;

static void s_connect(member *self, const char *name, size_t number) {
  char own_name[HBUS_NAME_MAX + 1];
  hbus_options options;
  hbus_error error;
  hbus_options_init(&options);
  hbus_options_from_environment(&options);
  snprintf(own_name, sizeof own_name, "%s-%zu", name, number);
  options.name = own_name;
  options.market_endpoint = NULL;
  options.recover_orders = false;
  options.connect_timeout_ms = CONNECT_MS;
  if (hbus_client_connect(&options, &self->client, &error) != HBUS_OK) {
    fprintf(stderr, "chaos_herd: %s\n", error.text);
    exit(1);
  }
  hbus_status status = hbus_client_join_private(self->client, NULL);
  assert(!status);
}

/* --- what they are shown --- */

static void s_take_snapshot(member *self, const hbus_message *message) {
  if (message->reply.status != HBUS_REPLY_OK) return;
  const hbus_snapshot *snapshot = message->snapshot;
  if (message->part == 1) picture_clear(&self->orders);
  for (size_t i = 0; i < snapshot->order_count; i++)
    picture_take(&self->orders, &snapshot->orders[i]);
  if (message->is_last) self->epoch = snapshot->epoch;
}

/* Not too much at once: there are others. */
static void s_read(member *self) {
  hbus_message message;
  for (unsigned i = 0; i < 64 && hbus_client_next(self->client, 0, &message) != HBUS_TIMEOUT; i++) {
    if (message.kind == HBUS_MESSAGE_SNAPSHOT) s_take_snapshot(self, &message);
    if (message.kind == HBUS_MESSAGE_NOTICE && message.notice.kind == HBUS_NOTICE_RESTARTED)
      self->epoch = message.notice.epoch; /* private numbers go on, and so does the picture */
    if (message.kind == HBUS_MESSAGE_EVENT && message.event.kind == HBUS_KIND_ORDER_UPDATE)
      picture_take(&self->orders, &message.event.data.order);
  }
}

/* --- what is said of them --- */

static void s_tell_epoch(herd *self) {
  uint64_t lowest = UINT64_MAX;
  for (size_t i = 0; i < self->count; i++)
    if (self->members[i].epoch < lowest) lowest = self->members[i].epoch;
  if (lowest == self->epoch) return;
  self->epoch = lowest;
  printf("joined %" PRIu64 "\n", lowest);
  fflush(stdout);
}

static int s_compare(const void *a, const void *b) {
  return strcmp(a, b);
}

static void s_tell_hashes(const herd *self) {
  hbus_orders_hash *hashes = calloc(self->count, sizeof *hashes);
  assert(hashes);
  for (size_t i = 0; i < self->count; i++)
    picture_hash(&self->members[i].orders, hashes[i]);
  qsort(hashes, self->count, sizeof *hashes, s_compare);
  for (size_t i = 0, alike = 1; i < self->count; i++, alike++) {
    if (i + 1 < self->count && strcmp(hashes[i], hashes[i + 1]) == 0) continue;
    printf("hash %s %zu\n", hashes[i], alike);
    alike = 0;
  }
  puts("end");
  fflush(stdout);
  free(hashes);
}

static void s_take_signals(herd *self, int signals) {
  struct signalfd_siginfo got;
  while (read(signals, &got, sizeof got) == sizeof got) {
    if (got.ssi_signo == SIGUSR1) s_tell_hashes(self);
    if (got.ssi_signo == SIGTERM) self->ended = true;
  }
}

/* --- the whole --- */

static void s_run(herd *self, int signals) {
  struct pollfd *ready = calloc(self->count + 1, sizeof *ready);
  assert(ready);
  for (size_t i = 0; i < self->count; i++)
    ready[i] = (struct pollfd){.fd = hbus_client_fd(self->members[i].client), .events = POLLIN};
  ready[self->count] = (struct pollfd){.fd = signals, .events = POLLIN};
  while (!self->ended) {
    int some = poll(ready, self->count + 1, LOOK_MS);
    for (size_t i = 0; i < self->count; i++)
      if (some <= 0 || ready[i].revents) s_read(&self->members[i]);
    s_tell_epoch(self);
    s_take_signals(self, signals);
  }
  free(ready);
}

int main(int argc, char *argv[]) {
  if (argc != 3) {
    fprintf(stderr, "usage: chaos_herd NAME COUNT\n");
    return 2;
  }
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGUSR1);
  sigaddset(&heard, SIGTERM);
  sigprocmask(SIG_BLOCK, &heard, NULL);
  int signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  herd self = {.count = strtoul(argv[2], NULL, 10)};
  self.members = calloc(self.count, sizeof *self.members);
  assert(self.members && self.count > 0);
  for (size_t i = 0; i < self.count; i++)
    s_connect(&self.members[i], argv[1], i);
  s_run(&self, signals);
  for (size_t i = 0; i < self.count; i++) {
    hbus_client_destroy(&self.members[i].client);
    picture_free(&self.members[i].orders);
  }
  free(self.members);
  close(signals);
  return 0;
}
