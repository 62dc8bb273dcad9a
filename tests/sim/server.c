#include "tests/sim/server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/certificate.h"
#include "tests/sim/connection.h"
#include "tests/sim/control_socket.h"
#include "tests/sim/listener.h"

#define S_PATH             "/ws"
#define S_CLOSE_TIMEOUT_MS 1000
#define S_TICK_MS_MAX      3600000
#define S_SLOW_BUFFER      4096 /* bytes that the kernel takes for a slow reader, about */
#define S_US_PER_MS        1000
#define S_NS_PER_MS        1000000
#define S_NS_PER_SECOND    UINT64_C(1000000000)

typedef struct server {
  sim_host host; /* first: its tick finds the server */
  const server_options *options;
  struct lws_context *context;
  struct lws_vhost *vhost;
  certificates *certificates; /* NULL: no TLS, or with files */
  SSL_CTX *tls;               /* the virtual host's */
  listener port;
  struct lws *listening; /* NULL while a restart is under way */
  lws_sorted_usec_list_t timer;
  int signals; /* a signalfd */
  bool stopping;
  uint64_t stop_at_ms;
} server;

static uint64_t s_clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * S_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t s_now_ms(void) {
  return s_clock_ns(CLOCK_MONOTONIC) / S_NS_PER_MS;
}

static server *s_server(struct lws *wsi) {
  return lws_context_user(lws_get_context(wsi));
}

/* --- listening --- */

/* Makes a descriptor something to read on the loop, which closes it in the end. */
static struct lws *s_watch(server *self, int file, const char *protocol) {
  lws_sock_file_fd_type descriptor = {.filefd = file};
  return lws_adopt_descriptor_vhost(self->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, protocol, NULL);
}

static hbus_status s_listen(server *self, hbus_error *error) {
  int listening = listener_start(&self->port);
  if (listening >= 0) self->listening = s_watch(self, listening, "listener");
  if (!self->listening)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s:%d: %s", self->options->bind,
                     listener_port(&self->port), strerror(errno));
  return HBUS_OK;
}

/* Listens while the simulator is up, and only then. */
static void s_follow_restart(server *self) {
  hbus_error error;
  bool up = simulator_is_up(self->host.sim) && !self->stopping;
  if (up && !self->listening) {
    if (s_listen(self, &error) != HBUS_OK) fprintf(stderr, "hbus-sim: %s\n", error.text);
  } else if (!up && self->listening) {
    lws_set_timeout(self->listening, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    self->listening = NULL;
  }
}

/* Hands a new connection to libwebsockets, which copies the certificate of the hour for it. */
static int s_on_listener(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  (void)user, (void)in, (void)size;
  if (reason != LWS_CALLBACK_RAW_RX_FILE) return 0;
  server *self = s_server(wsi);
  socket_plan plan = fault_plan_socket(&self->host.sim->faults);
  int room = S_SLOW_BUFFER, accepted = listener_accept(lws_get_socket_fd(wsi));
  if (accepted < 0) return 0;
  if (plan.refuse) {
    close(accepted);
    return 0;
  }
  if (plan.read_rate > 0) (void)setsockopt(accepted, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (self->certificates && !certificates_use(self->certificates, plan.certificate, self->tls)) {
    close(accepted);
    return 0;
  }
  lws_adopt_socket_vhost(self->vhost, accepted);
  return 0;
}

/* --- time --- */

static void s_on_timer(lws_sorted_usec_list_t *timer);

/* Lets the simulator do what is due, and sets the timer for what comes next. */
static void s_tick(sim_host *host) {
  server *self = lws_container_of(host, server, host);
  if (self->stopping) return;
  uint64_t wait_ms = simulator_tick(host->sim, s_clock_ns(CLOCK_REALTIME), s_now_ms());
  if (wait_ms > S_TICK_MS_MAX) wait_ms = S_TICK_MS_MAX;
  lws_sul_schedule(self->context, 0, &self->timer, s_on_timer, (lws_usec_t)(wait_ms * S_US_PER_MS));
  s_follow_restart(self);
}

static void s_on_timer(lws_sorted_usec_list_t *timer) {
  s_tick(&lws_container_of(timer, server, timer)->host);
}

/* --- the end --- */

static void s_stop(server *self) {
  self->stopping = true;
  self->stop_at_ms = s_now_ms() + S_CLOSE_TIMEOUT_MS;
  for (session *open = self->host.sim->sessions.sessions; open; open = open->next)
    session_close(open, SESSION_CLOSE_GOING_AWAY, "hbus-sim stops");
  /* So that the loop looks at the clock again when nobody answers. */
  lws_sul_schedule(self->context, 0, &self->timer, s_on_timer, S_CLOSE_TIMEOUT_MS * S_US_PER_MS);
}

static bool s_finished(const server *self) {
  return self->stopping && (self->host.sim->sessions.session_count == 0 || s_now_ms() >= self->stop_at_ms);
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
  if (self->signals < 0 || !s_watch(self, self->signals, "signals"))
    return hbus_fail(error, HBUS_INTERNAL, "cannot watch signals: %s", strerror(errno));
  return HBUS_OK;
}

/* --- the start --- */

/* What a connection does, and before there is any: where its certificates go. */
static int s_on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  if (reason != LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
    return connection_callback(wsi, reason, user, in, size);
  server *self = s_server(wsi);
  self->tls = user;
  return !self->certificates || certificates_use(self->certificates, CERTIFICATE_GOOD, self->tls) ? 0 : 1;
}

static hbus_status s_make_certificates(server *self, hbus_error *error) {
  if (!self->options->tls) return HBUS_OK;
  hbus_status status = certificates_new(&self->certificates, error);
  if (status == HBUS_OK && self->options->ca_path)
    status = certificates_write_authority(self->certificates, self->options->ca_path, error);
  return status;
}

/* libwebsockets takes the connections that are handed to it; it does not listen itself. */
static hbus_status s_make_context(server *self, const struct lws_protocols *protocols, hbus_error *error) {
  const server_options *options = self->options;
  struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER,
                                           .protocols = protocols,
                                           .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                           .ssl_cert_filepath = options->cert_path,
                                           .ssl_private_key_filepath = options->key_path,
                                           .user = self};
  if (options->tls || options->cert_path)
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
  self->context = lws_create_context(&info);
  if (!self->context) return hbus_fail(error, HBUS_INTERNAL, "cannot start libwebsockets");
  self->vhost = lws_create_vhost(self->context, &info);
  if (!self->vhost)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s:%d: %s", options->bind, options->port,
                     options->cert_path ? "certificate and key cannot be used" : "libwebsockets refuses");
  return HBUS_OK;
}

static hbus_status s_start(server *self, const struct lws_protocols *protocols, hbus_error *error) {
  const server_options *options = self->options;
  hbus_status status = listener_open(&self->port, options->bind, options->port, error);
  if (status == HBUS_OK) status = s_make_certificates(self, error);
  if (status == HBUS_OK) status = s_make_context(self, protocols, error);
  if (status == HBUS_OK) status = s_watch_signals(self, error);
  if (status == HBUS_OK && options->control_path)
    status = control_socket_open(self->vhost, options->control_path, error);
  if (status == HBUS_OK) status = s_listen(self, error);
  return status;
}

static void s_say_ready(const server *self) {
  printf("hbus-sim ready %s://%s:%d%s\n", self->tls ? "wss" : "ws", self->options->bind, listener_port(&self->port),
         S_PATH);
  fflush(stdout);
}

static void s_log(int level, const char *line) {
  (void)level;
  fprintf(stderr, "hbus-sim: %s", line);
}

hbus_status server_run(const server_options *options, simulator *sim, hbus_error *error) {
  server self = {.host = {.sim = sim, .tick = s_tick}, .options = options, .port = {.keeper = -1}, .signals = -1};
  struct lws_protocols protocols[] = {
      connection_protocol(&self.host),
      control_socket_listener_protocol(&self.host),
      control_socket_protocol(&self.host),
      {.name = "listener", .callback = s_on_listener},
      {.name = "signals", .callback = s_on_signal},
      {0},
  };
  protocols[0].callback = s_on_connection;
  /* What goes wrong while it starts is said in one sentence of ours. */
  lws_set_log_level(options->verbose ? LLL_ERR | LLL_WARN | LLL_NOTICE : 0, s_log);
  hbus_status status = s_start(&self, protocols, error);
  if (status != HBUS_OK) goto out;

  if (!options->verbose) lws_set_log_level(LLL_ERR | LLL_WARN, s_log);
  s_say_ready(&self);
  s_tick(&self.host);
  while (!s_finished(&self)) {
    if (lws_service(self.context, 0) < 0) break;
  }

out:
  self.stopping = true;
  if (self.context) {
    lws_sul_cancel(&self.timer);
    lws_context_destroy(self.context);
    if (options->control_path) unlink(options->control_path);
  }
  certificates_destroy(&self.certificates);
  listener_close(&self.port);
  return status;
}
