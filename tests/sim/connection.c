#include "tests/sim/connection.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/sim/request.h"

#define S_PATH            "/ws"
#define S_REQUEST_MAX     HBUS_FRAME_MAX
#define S_RX_BUFFER       32768
#define S_WRITES_A_TURN   64 /* frames to one session before the others get their turn */
#define S_MUTE_US         10000
#define S_PING_PERCENT    25 /* of the places between two fragments */
#define S_US_PER_SECOND   UINT64_C(1000000)
#define S_HEADER_MAX      10
#define S_FRAGMENTED_MAX  16
#define S_FIRST_BYTE_TEXT 0x81 /* RFC 6455, 5.2: final, text */

static_assert(MESSAGE_HEADROOM >= LWS_PRE, "a message has room for what libwebsockets writes in front of it");

typedef struct connection {
  struct lws *wsi;
  session *session;
  buffer received; /* the fragments of the message under way */
  random_source random;
  uint64_t fragmented; /* frames so far */
  bool muted;          /* reading has stopped for good */
} connection;

static sim_host *s_host(struct lws *wsi) {
  return lws_get_protocol(wsi)->user;
}

static int s_socket(const connection *self) {
  return lws_get_socket_fd(self->wsi);
}

/* Resets the connection now, whatever waits to be read or written: disconnecting an open TCP socket does that. */
static void s_reset(const connection *self) {
  struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  (void)connect(s_socket(self), &nowhere, sizeof nowhere);
}

static void s_wake(void *arg) {
  connection *self = arg;
  if (self->session && self->session->state == SESSION_ABORTED) s_reset(self);
  lws_callback_on_writable(self->wsi);
}

/* The only path there is. Returns what the callback is to return: not 0 refuses. */
static int s_check_path(struct lws *wsi) {
  char path[sizeof S_PATH];
  int size = lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
  return size > 0 && strcmp(path, S_PATH) == 0 ? 0 : 1;
}

static int s_open(struct lws *wsi, connection *self) {
  simulator *sim = s_host(wsi)->sim;
  *self = (connection){.wsi = wsi};
  buffer_init(&self->received, S_REQUEST_MAX);
  /* One that was accepted before a restart ends with it. */
  if (!simulator_is_up(sim)) return -1;
  self->session = hub_add(&sim->sessions, s_wake, self);
  if (!self->session) return -1;
  random_init(&self->random, sim->options.seed, ~self->session->number);
  return 0;
}

static void s_close(struct lws *wsi, connection *self) {
  if (self->session) hub_remove(&s_host(wsi)->sim->sessions, &self->session);
  buffer_free(&self->received);
  /* A recording may have waited for it alone. */
  s_host(wsi)->tick(s_host(wsi));
}

/* --- reading --- */

static bool s_listens(const connection *self) {
  return self->session->state == SESSION_OPEN && self->session->mute == SESSION_SPEAKS;
}

static void s_handle(connection *self, sim_host *host) {
  if (self->received.status == HBUS_OK) {
    host->tick(host);
    /* What was due may have ended this connection. */
    if (s_listens(self))
      request_handle(host->sim, self->session, (const char *)self->received.data, self->received.size);
    host->tick(host);
  } else {
    session_close(self->session, SESSION_CLOSE_TOO_BIG, "the request is too big");
  }
  buffer_reset(&self->received);
}

static void s_receive(connection *self, sim_host *host, const void *data, size_t size) {
  if (!s_listens(self)) return;
  uint64_t rate = fault_plan_socket(&host->sim->faults).read_rate;
  if (rate > 0) {
    lws_rx_flow_control(self->wsi, 0);
    lws_set_timer_usecs(self->wsi, (lws_usec_t)(size * S_US_PER_SECOND / rate + 1));
  }
  buffer_append(&self->received, data, size);
  if (lws_is_final_fragment(self->wsi) && lws_remaining_packet_payload(self->wsi) == 0) s_handle(self, host);
}

/* Throws away what came. Takes the bytes past libwebsockets, which would answer pings. */
static void s_drain(const connection *self) {
  char thrown_away[S_RX_BUFFER];
  while (recv(s_socket(self), thrown_away, sizeof thrown_away, MSG_DONTWAIT) > 0) {
  }
}

/* The other side has ended the connection. Behind bytes that are not read that does not show otherwise. */
static bool s_is_left(const connection *self) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  return getsockopt(s_socket(self), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != TCP_ESTABLISHED;
}

/* Reading goes on after a pause of the slow reader's; of a mute one, only what it takes to stay. */
static int s_on_timer(connection *self) {
  if (!self->muted) {
    lws_rx_flow_control(self->wsi, 1);
    return 0;
  }
  if (self->session->mute == SESSION_SILENT) s_drain(self);
  if (s_is_left(self)) return -1;
  lws_set_timer_usecs(self->wsi, S_MUTE_US);
  return 0;
}

static void s_mute(connection *self) {
  self->muted = true;
  lws_rx_flow_control(self->wsi, 0);
  lws_set_timer_usecs(self->wsi, S_MUTE_US);
}

/* --- writing --- */

/* While corked, small frames gather in full segments: one pass through the TCP stack for many. Measured on loopback:
 * more than four times the frames a second. */
static void s_cork(const connection *self, int on) {
  (void)setsockopt(s_socket(self), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static int s_write_part(connection *self, const uint8_t *text, size_t size, int how) {
  uint8_t *room = malloc(LWS_PRE + size);
  if (!room) return -1;
  memcpy(room + LWS_PRE, text, size);
  int result = lws_write(self->wsi, room + LWS_PRE, size, (enum lws_write_protocol)how);
  free(room);
  return result;
}

static int s_compare_sizes(const void *a, const void *b) {
  size_t left = *(const size_t *)a, right = *(const size_t *)b;
  return (left > right) - (left < right);
}

/* Where the fragments end, in order; the last at the end of the text. Two are split at the next byte each time, so that
 * frames in a row are split everywhere; more of them at random, empty ones too. */
static size_t s_split(connection *self, size_t size, uint64_t fragments, size_t ends[S_FRAGMENTED_MAX]) {
  size_t count = fragments == 1 ? 2 : (size_t)fragments;
  for (size_t i = 0; i + 1 < count; i++)
    ends[i] = (size_t)(fragments == 1 ? self->fragmented % (size + 1) : random_below(&self->random, size + 1));
  qsort(ends, count - 1, sizeof ends[0], s_compare_sizes);
  ends[count - 1] = size;
  self->fragmented++;
  return count;
}

static int s_write_fragments(connection *self, message *written, uint64_t fragments) {
  static const uint8_t ping[] = "between";
  size_t ends[S_FRAGMENTED_MAX], from = 0;
  size_t count = s_split(self, written->size, fragments, ends);
  for (size_t i = 0; i < count; i++) {
    int how = (i == 0 ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION) | (i + 1 < count ? LWS_WRITE_NO_FIN : 0);
    bool interrupted = i > 0 && random_chance(&self->random, S_PING_PERCENT);
    if (interrupted && s_write_part(self, ping, sizeof ping - 1, LWS_WRITE_PING) < 0) return -1;
    if (s_write_part(self, message_text(written) + from, ends[i] - from, how) < 0) return -1;
    from = ends[i];
  }
  return 0;
}

/* The header of a whole text frame of the server's (RFC 6455, 5.2). Returns its size. */
static size_t s_write_header(size_t size, uint8_t out[S_HEADER_MAX]) {
  size_t extended = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out[0] = S_FIRST_BYTE_TEXT;
  out[1] = (uint8_t)(extended == 0 ? size : extended == 2 ? 126 : 127);
  for (size_t i = 0; i < extended; i++)
    out[2 + i] = (uint8_t)((uint64_t)size >> (8 * (extended - 1 - i)));
  return 2 + extended;
}

/* Writes the beginning of a frame and never the rest, past libwebsockets, which only knows whole ones. If it still has
 * something to write, that is cut as well. */
static void s_write_torn(connection *self, message *torn) {
  if (lws_partial_buffered(self->wsi)) return;
  uint8_t *bytes = malloc(S_HEADER_MAX + torn->size);
  if (!bytes) return;
  size_t size = s_write_header(torn->size, bytes);
  memcpy(bytes + size, message_text(torn), torn->size);
  size_t part = 1 + (size_t)random_below(&self->random, size + torn->size - 1);
  SSL *tls = lws_get_ssl(self->wsi);
  if (tls)
    (void)SSL_write(tls, bytes, (int)part);
  else
    (void)send(s_socket(self), bytes, part, MSG_DONTWAIT | MSG_NOSIGNAL);
  free(bytes);
}

static int s_write_one(connection *self, message *written) {
  session *to = self->session;
  uint64_t fragments = fault_plan_socket(&s_host(self->wsi)->sim->faults).fragments;
  if (to->state == SESSION_TORN && to->queue_count == 0) {
    s_write_torn(self, written);
    return -1;
  }
  if (fragments > 0) return s_write_fragments(self, written, fragments);
  return lws_write(self->wsi, message_text(written), written->size, LWS_WRITE_TEXT);
}

/* Writes what waits, as much as the socket takes without libwebsockets having to keep any of it. */
static int s_write_queue(connection *self) {
  session *to = self->session;
  bool many = to->queue_count > 1;
  if (many) s_cork(self, 1);
  for (unsigned writes = 0; writes < S_WRITES_A_TURN && to->queue_count > 0; writes++) {
    if (writes > 0 && lws_send_pipe_choked(self->wsi)) break;
    message *written = session_pop(to);
    int result = s_write_one(self, written);
    message_drop(written);
    if (result < 0) return -1;
  }
  if (many) s_cork(self, 0);
  return 0;
}

static int s_write(connection *self, sim_host *host) {
  session *to = self->session;
  if (to->state == SESSION_ABORTED || s_write_queue(self) < 0) return -1;
  if (host->sim->recording && to->queue_count < REPLAY_QUEUE_MAX / 2) host->tick(host);
  if (to->queue_count > 0) {
    lws_callback_on_writable(self->wsi);
    return 0;
  }
  if (to->mute != SESSION_SPEAKS && !self->muted) s_mute(self);
  if (to->state == SESSION_CLOSING) {
    unsigned char reason[SESSION_REASON_MAX + 1];
    memcpy(reason, to->close_reason, sizeof reason);
    lws_close_reason(self->wsi, (enum lws_close_status)to->close_code, reason, strlen(to->close_reason));
  }
  return to->state == SESSION_OPEN ? 0 : -1;
}

/* --- libwebsockets --- */

int connection_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  switch (reason) {
  case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return s_check_path(wsi);
  case LWS_CALLBACK_ESTABLISHED: return s_open(wsi, user);
  case LWS_CALLBACK_RECEIVE: s_receive(user, s_host(wsi), in, size); return 0;
  case LWS_CALLBACK_SERVER_WRITEABLE: return s_write(user, s_host(wsi));
  case LWS_CALLBACK_TIMER: return s_on_timer(user);
  case LWS_CALLBACK_CLOSED: s_close(wsi, user); return 0;
  default: return lws_callback_http_dummy(wsi, reason, user, in, size);
  }
}

struct lws_protocols connection_protocol(sim_host *host) {
  return (struct lws_protocols){.name = "hummingbot",
                                .callback = connection_callback,
                                .per_session_data_size = sizeof(connection),
                                .rx_buffer_size = S_RX_BUFFER,
                                .user = host};
}
