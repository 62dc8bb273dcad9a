#include "tests/sim/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/request.h"

#define S_PATH             "/ws"
#define S_REQUEST_MAX      HBUS_FRAME_MAX
#define S_RX_BUFFER        32768
#define S_WRITES_A_TURN    64 /* frames to one session before the others get their turn */
#define S_CLOSE_TIMEOUT_MS 1000
#define S_TICK_MS_MAX      3600000
#define S_US_PER_MS        1000
#define S_NS_PER_MS        1000000
#define S_NS_PER_SECOND    UINT64_C(1000000000)

static_assert(MESSAGE_HEADROOM >= LWS_PRE, "a message has room for what libwebsockets writes in front of it");

typedef struct server {
  simulator *sim;
  struct lws_context *context;
  struct lws_vhost *vhost;
  lws_sorted_usec_list_t timer;
  int signals; /* a signalfd */
  bool stopping;
  uint64_t stop_at_ms;
} server;

/* What libwebsockets keeps for each connection. */
typedef struct client {
  session *session;
  buffer received; /* the fragments of the message under way */
} client;

static uint64_t s_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * S_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t s_now_ms(void) {
  return s_clock_ns(CLOCK_MONOTONIC) / S_NS_PER_MS;
}

static void s_on_timer(lws_sorted_usec_list_t *timer);

/* Lets the simulator do what is due, and sets the timer for what comes next. */
static void s_tick(server *self) {
  uint64_t wait_ms = simulator_tick(self->sim, s_clock_ns(CLOCK_REALTIME), s_now_ms());
  if (wait_ms > S_TICK_MS_MAX) wait_ms = S_TICK_MS_MAX;
  lws_sul_schedule(self->context, 0, &self->timer, s_on_timer, (lws_usec_t)(wait_ms * S_US_PER_MS));
}

static void s_on_timer(lws_sorted_usec_list_t *timer) {
  s_tick(lws_container_of(timer, server, timer));
}

static server *s_server(struct lws *wsi) {
  return lws_get_protocol(wsi)->user;
}

static void s_wake(void *arg) {
  struct lws *wsi = arg;
  lws_callback_on_writable(wsi);
}

/* The only path there is. Returns what the callback is to return: not 0 refuses. */
static int s_check_path(struct lws *wsi) {
  char path[sizeof S_PATH];
  int size = lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
  return size > 0 && strcmp(path, S_PATH) == 0 ? 0 : 1;
}

static int s_open(struct lws *wsi, client *opened) {
  opened->session = hub_add(&s_server(wsi)->sim->sessions, s_wake, wsi);
  buffer_init(&opened->received, S_REQUEST_MAX);
  return opened->session ? 0 : -1;
}

static void s_close(struct lws *wsi, client *closed) {
  server *self = s_server(wsi);
  if (closed->session) hub_remove(&self->sim->sessions, &closed->session);
  buffer_free(&closed->received);
  /* A recording may have waited for it alone. */
  if (!self->stopping) s_tick(self);
}

static void s_receive(struct lws *wsi, client *from, const void *data, size_t size) {
  server *self = s_server(wsi);
  buffer_append(&from->received, data, size);
  if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0 || from->session->close_code) return;
  if (from->received.status == HBUS_OK) {
    s_tick(self);
    request_handle(self->sim, from->session, (const char *)from->received.data, from->received.size);
    s_tick(self);
  } else {
    session_close(from->session, SESSION_CLOSE_TOO_BIG, "the request is too big");
  }
  buffer_reset(&from->received);
}

/* While corked, small frames gather in full segments: one pass through the TCP stack for many. Measured on loopback:
 * more than four times the frames a second. */
static void s_cork(struct lws *wsi, int on) {
  (void)setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

/* Writes what waits, as much as the socket takes without libwebsockets having to keep any of it. */
static int s_write_queue(struct lws *wsi, session *to) {
  bool many = to->queue_count > 1;
  if (many) s_cork(wsi, 1);
  for (unsigned writes = 0; writes < S_WRITES_A_TURN && to->queue_count > 0; writes++) {
    if (writes > 0 && lws_send_pipe_choked(wsi)) break;
    message *written = session_pop(to);
    int result = lws_write(wsi, message_text(written), written->size, LWS_WRITE_TEXT);
    message_drop(written);
    if (result < 0) return -1;
  }
  if (many) s_cork(wsi, 0);
  return 0;
}

static int s_write(struct lws *wsi, client *writable) {
  server *self = s_server(wsi);
  session *to = writable->session;
  if (s_write_queue(wsi, to) < 0) return -1;
  if (self->sim->recording && to->queue_count < REPLAY_QUEUE_MAX / 2) s_tick(self);
  if (to->queue_count > 0) {
    lws_callback_on_writable(wsi);
    return 0;
  }
  if (to->cut) return -1;
  if (to->close_code) {
    unsigned char reason[SESSION_REASON_MAX + 1];
    memcpy(reason, to->close_reason, sizeof reason);
    lws_close_reason(wsi, (enum lws_close_status)to->close_code, reason, strlen(to->close_reason));
    return -1;
  }
  return 0;
}

static int s_on_session(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  switch (reason) {
  case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return s_check_path(wsi);
  case LWS_CALLBACK_ESTABLISHED: return s_open(wsi, user);
  case LWS_CALLBACK_RECEIVE: s_receive(wsi, user, in, size); return 0;
  case LWS_CALLBACK_SERVER_WRITEABLE: return s_write(wsi, user);
  case LWS_CALLBACK_CLOSED: s_close(wsi, user); return 0;
  default: return lws_callback_http_dummy(wsi, reason, user, in, size);
  }
}

static void s_stop(server *self) {
  self->stopping = true;
  self->stop_at_ms = s_now_ms() + S_CLOSE_TIMEOUT_MS;
  for (session *open = self->sim->sessions.sessions; open; open = open->next)
    session_close(open, SESSION_CLOSE_GOING_AWAY, "hbus-sim stops");
  /* So that the loop looks at the clock again when nobody answers. */
  lws_sul_schedule(self->context, 0, &self->timer, s_on_timer, S_CLOSE_TIMEOUT_MS * S_US_PER_MS);
}

static int s_on_signal(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  (void)user, (void)in, (void)size;
  if (reason == LWS_CALLBACK_RAW_RX_FILE) {
    server *self = s_server(wsi);
    struct signalfd_siginfo taken;
    if (read(self->signals, &taken, sizeof taken) == sizeof taken && !self->stopping) s_stop(self);
  }
  return 0;
}

/* SIGINT and SIGTERM become something to read on the loop. */
static hbus_status s_watch_signals(server *self, hbus_error *error) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  lws_sock_file_fd_type descriptor = {.filefd = self->signals};
  if (self->signals < 0 ||
      !lws_adopt_descriptor_vhost(self->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, "signals", NULL))
    return hbus_fail(error, HBUS_INTERNAL, "cannot watch signals: %s", strerror(errno));
  return HBUS_OK;
}

static void s_log(int level, const char *line) {
  (void)level;
  fprintf(stderr, "hbus-sim: %s", line);
}

/* Tries address and port out: libwebsockets would wait for an address that this machine does not have, and does not say
 * why it cannot bind. */
static hbus_status s_check_address(const server_options *options, hbus_error *error) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
  if (inet_pton(AF_INET, options->bind, &address.sin_addr) != 1)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on '%s': it is no IPv4 address", options->bind);
  int reuse = 1;
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool bound = probe >= 0 && setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0 &&
               bind(probe, (const struct sockaddr *)&address, sizeof address) == 0;
  hbus_status status = HBUS_OK;
  if (!bound)
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s:%d: %s", options->bind, options->port,
                       strerror(errno));
  if (probe >= 0) close(probe);
  return status;
}

static hbus_status s_listen(server *self, const server_options *options, const struct lws_protocols *protocols,
                            hbus_error *error) {
  struct lws_context_creation_info info = {0};
  info.port = options->port;
  info.iface = strcmp(options->bind, "0.0.0.0") == 0 ? NULL : options->bind;
  info.protocols = protocols;
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
  if (options->cert_path) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.ssl_cert_filepath = options->cert_path;
    info.ssl_private_key_filepath = options->key_path;
  }
  self->context = lws_create_context(&info);
  if (!self->context) return hbus_fail(error, HBUS_INTERNAL, "cannot start libwebsockets");
  self->vhost = lws_create_vhost(self->context, &info);
  if (!self->vhost)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s:%d: %s", options->bind, options->port,
                     options->cert_path ? "certificate and key cannot be used" : "libwebsockets refuses");
  return HBUS_OK;
}

static void s_say_ready(const server *self, const server_options *options) {
  printf("hbus-sim ready %s://%s:%d%s\n", options->cert_path ? "wss" : "ws", options->bind,
         lws_get_vhost_listen_port(self->vhost), S_PATH);
  fflush(stdout);
}

static bool s_finished(const server *self) {
  return self->stopping && (self->sim->sessions.session_count == 0 || s_now_ms() >= self->stop_at_ms);
}

hbus_status server_run(const server_options *options, simulator *sim, hbus_error *error) {
  server self = {.sim = sim, .signals = -1};
  const struct lws_protocols protocols[] = {
      {.name = "hummingbot",
       .callback = s_on_session,
       .per_session_data_size = sizeof(client),
       .rx_buffer_size = S_RX_BUFFER,
       .user = &self},
      {.name = "signals", .callback = s_on_signal, .user = &self},
      {0},
  };
  /* What goes wrong while it starts is said in one sentence of ours. */
  lws_set_log_level(options->verbose ? LLL_ERR | LLL_WARN | LLL_NOTICE : 0, s_log);
  hbus_status status = s_check_address(options, error);
  if (status == HBUS_OK) status = s_listen(&self, options, protocols, error);
  if (status == HBUS_OK) status = s_watch_signals(&self, error);
  if (status != HBUS_OK) goto out;

  if (!options->verbose) lws_set_log_level(LLL_ERR | LLL_WARN, s_log);
  s_say_ready(&self, options);
  s_tick(&self);
  while (!s_finished(&self)) {
    if (lws_service(self.context, 0) < 0) break;
  }

out:
  if (self.context) {
    lws_sul_cancel(&self.timer);
    lws_context_destroy(self.context);
  }
  return status;
}
