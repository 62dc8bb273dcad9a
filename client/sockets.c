#include "client/sockets.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define MONITOR_ADDRESS      "inproc://hbus-monitor"
#define LINGER_MS            100
#define RECONNECT_MIN_MS     50
#define RECONNECT_MAX_MS     1000
#define HEARTBEAT_MS         5000
#define HEARTBEAT_TIMEOUT_MS 15000
/* Room for every command that may be under way, twice: libzmq gives credit back only for half a queue at a time. */
#define COMMANDS_MAX(pending_max) ((int)(((pending_max) + HBUS_SUBSCRIPTIONS_MAX + 16) * 2))

static void s_set_int(void *socket, int option, int value) {
  int rc = zmq_setsockopt(socket, option, &value, sizeof(value));
  assert(rc == 0);
}

/* A socket with everything that libzmq's defaults get wrong for us. The routing id stays unset: of two peers with the
 * same one the second is never heard. */
static void *s_new_socket(void *context, int type, int high_water_mark) {
  void *socket = zmq_socket(context, type);
  if (socket == NULL) return NULL;
  s_set_int(socket, ZMQ_LINGER, LINGER_MS);
  s_set_int(socket, ZMQ_SNDHWM, high_water_mark);
  s_set_int(socket, ZMQ_RCVHWM, high_water_mark);
  s_set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MIN_MS);
  s_set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
  int64_t frame_max = HBUS_FRAME_MAX;
  int rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max));
  assert(rc == 0);
  return socket;
}

static hbus_status s_connect(void *socket, const char *what, const char *endpoint, hbus_error *error) {
  if (zmq_connect(socket, endpoint) == 0) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "%s endpoint \"%s\": %s; expected one like tcp://127.0.0.1:5570", what,
                   endpoint, zmq_strerror(errno));
}

static hbus_status s_open_commands(sockets *self, const hbus_options *options, hbus_error *error) {
  self->commands = s_new_socket(self->context, ZMQ_DEALER, COMMANDS_MAX(options->pending_max));
  self->monitor = s_new_socket(self->context, ZMQ_PAIR, 0); /* unbounded: the I/O thread would wait for us otherwise */
  if (self->commands == NULL || self->monitor == NULL) goto failed;
  /* Nothing is queued for a broker that is away: an order must not go out at yesterday's price when it returns. */
  s_set_int(self->commands, ZMQ_IMMEDIATE, 1);
  /* Heartbeats notice a machine that went away without closing its connections. The broker notices the same of us,
   * which is what cancel on disconnect waits for. */
  s_set_int(self->commands, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
  s_set_int(self->commands, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS);
  s_set_int(self->commands, ZMQ_HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS);
  if (zmq_socket_monitor(self->commands, MONITOR_ADDRESS, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
    goto failed;
  if (zmq_connect(self->monitor, MONITOR_ADDRESS) != 0) goto failed;
  return s_connect(self->commands, "commands", options->commands_endpoint, error);
failed:
  return hbus_fail(error, HBUS_NO_MEMORY, "cannot open the command socket: %s", zmq_strerror(errno));
}

static hbus_status s_open_stream(sockets *self, hbus_stream stream, const char *endpoint, int high_water_mark,
                                 hbus_error *error) {
  if (endpoint == NULL || *endpoint == '\0') return HBUS_OK;
  self->streams[stream] = s_new_socket(self->context, ZMQ_SUB, high_water_mark);
  if (self->streams[stream] == NULL)
    return hbus_fail(error, HBUS_NO_MEMORY, "cannot open the %s stream: %s", hbus_stream_name(stream),
                     zmq_strerror(errno));
  /* No heartbeats of ZeroMQ's here: while the queue of a slow program is full, libzmq reads none, takes the connection
   * for dead, and ends the process by a failed assertion when the program reads on (libzmq issue 3937, in 4.3.4). TCP's
   * own do as well, and the kernel answers them. */
  s_set_int(self->streams[stream], ZMQ_TCP_KEEPALIVE, 1);
  s_set_int(self->streams[stream], ZMQ_TCP_KEEPALIVE_IDLE, HEARTBEAT_MS / 1000);
  s_set_int(self->streams[stream], ZMQ_TCP_KEEPALIVE_INTVL, HEARTBEAT_MS / 1000);
  s_set_int(self->streams[stream], ZMQ_TCP_KEEPALIVE_CNT, HEARTBEAT_TIMEOUT_MS / HEARTBEAT_MS);
  return s_connect(self->streams[stream], hbus_stream_name(stream), endpoint, error);
}

hbus_status sockets_open(sockets *self, const hbus_options *options, hbus_error *error) {
  *self = (sockets){0};
  self->context = zmq_ctx_new();
  if (self->context == NULL) return hbus_fail(error, HBUS_NO_MEMORY, "no ZeroMQ context: %s", zmq_strerror(errno));
  /* The first socket starts libzmq's threads. They take none of the program's signals: a moment after they start they
   * block all by themselves, and in that moment SIGINT would end a program that has blocked it. */
  sigset_t all, before;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  hbus_status status = s_open_commands(self, options, error);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status == HBUS_OK)
    status = s_open_stream(self, HBUS_STREAM_MARKET, options->market_endpoint, options->high_water_mark, error);
  if (status == HBUS_OK)
    status = s_open_stream(self, HBUS_STREAM_PRIVATE, options->private_endpoint, options->high_water_mark, error);
  if (status != HBUS_OK) sockets_close(self);
  return status;
}

void sockets_close(sockets *self) {
  if (self->commands != NULL) (void)zmq_socket_monitor(self->commands, NULL, 0);
  void *all[] = {self->commands, self->monitor, self->streams[HBUS_STREAM_MARKET], self->streams[HBUS_STREAM_PRIVATE]};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (all[i] != NULL) (void)zmq_close(all[i]);
  while (self->context != NULL && zmq_ctx_term(self->context) != 0 && errno == EINTR)
    continue;
  *self = (sockets){0};
}

unsigned sockets_fds(const sockets *self, int fds[SOCKETS_FD_COUNT]) {
  void *all[SOCKETS_FD_COUNT] = {self->commands, self->monitor, self->streams[HBUS_STREAM_MARKET],
                                 self->streams[HBUS_STREAM_PRIVATE]};
  unsigned count = 0;
  for (unsigned i = 0; i < SOCKETS_FD_COUNT; i++) {
    size_t size = sizeof(fds[count]);
    if (all[i] != NULL && zmq_getsockopt(all[i], ZMQ_FD, &fds[count], &size) == 0) count++;
  }
  return count;
}

hbus_status sockets_send(sockets *self, const void *data, size_t size) {
  /* Reading ZMQ_EVENTS takes in what the I/O thread has to tell (a new connection, say); a send may put that off. */
  int ready = 0;
  size_t ready_size = sizeof(ready);
  (void)zmq_getsockopt(self->commands, ZMQ_EVENTS, &ready, &ready_size);
  int rc = -1;
  do
    rc = zmq_send(self->commands, data, size, ZMQ_DONTWAIT);
  while (rc < 0 && errno == EINTR);
  return rc < 0 ? HBUS_TIMEOUT : HBUS_OK;
}

static bool s_receive(void *socket, zmq_msg_t *message) {
  int rc = -1;
  do
    rc = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
  while (rc < 0 && errno == EINTR);
  return rc >= 0;
}

/* Drops the frames behind `message` that nobody expects. */
static hbus_status s_drop_rest(void *socket, zmq_msg_t *message) {
  while (zmq_msg_more(message))
    if (!s_receive(socket, message)) break;
  return HBUS_MALFORMED;
}

hbus_status sockets_receive_reply(sockets *self, zmq_msg_t *body) {
  if (!s_receive(self->commands, body)) return HBUS_TIMEOUT;
  return zmq_msg_more(body) ? s_drop_rest(self->commands, body) : HBUS_OK;
}

hbus_status sockets_receive_event(sockets *self, hbus_stream stream, zmq_msg_t *name, zmq_msg_t *body) {
  void *socket = self->streams[stream];
  if (socket == NULL || !s_receive(socket, name)) return HBUS_TIMEOUT;
  if (!zmq_msg_more(name) || !s_receive(socket, body)) return HBUS_MALFORMED;
  return zmq_msg_more(body) ? s_drop_rest(socket, body) : HBUS_OK;
}

/* A monitor's message is two frames: event (16 bits) and value (32 bits), in the machine's byte order; and the address.
 */
sockets_change sockets_next_change(sockets *self) {
  sockets_change change = SOCKETS_UNCHANGED;
  zmq_msg_t message;
  zmq_msg_init(&message);
  while (change == SOCKETS_UNCHANGED && s_receive(self->monitor, &message)) {
    uint16_t event = 0;
    if (zmq_msg_size(&message) >= sizeof(event)) memcpy(&event, zmq_msg_data(&message), sizeof(event));
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) change = SOCKETS_CONNECTED;
    if (event == ZMQ_EVENT_DISCONNECTED) change = SOCKETS_DISCONNECTED;
    (void)s_drop_rest(self->monitor, &message);
  }
  zmq_msg_close(&message);
  return change;
}

hbus_status sockets_wait(sockets *self, unsigned wants, int timeout_ms) {
  zmq_pollitem_t items[SOCKETS_FD_COUNT] = {
      {.socket = self->commands, .events = (short)(ZMQ_POLLIN | (wants & SOCKETS_WANT_TO_SEND ? ZMQ_POLLOUT : 0))},
      {.socket = self->monitor, .events = ZMQ_POLLIN}};
  int count = 2;
  for (int stream = HBUS_STREAM_MARKET; stream <= HBUS_STREAM_PRIVATE && (wants & SOCKETS_WANT_EVENTS); stream++)
    if (self->streams[stream] != NULL)
      items[count++] = (zmq_pollitem_t){.socket = self->streams[stream], .events = ZMQ_POLLIN};
  return zmq_poll(items, count, timeout_ms) < 0 ? HBUS_TIMEOUT : HBUS_OK;
}

void sockets_subscribe(sockets *self, int option, unsigned streams, const char *prefix, size_t size) {
  for (unsigned stream = HBUS_STREAM_MARKET; stream <= HBUS_STREAM_PRIVATE; stream++) {
    if (self->streams[stream] == NULL || (streams & (1u << stream)) == 0) continue;
    int rc = zmq_setsockopt(self->streams[stream], option, prefix, size);
    assert(rc == 0 || errno == EINTR);
  }
}
