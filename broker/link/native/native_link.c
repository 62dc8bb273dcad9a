#include "broker/link/native/native_link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/limits.h"
#include "broker/link/link_state.h"
#include "broker/link/request_table.h"
#include "broker/timer.h"
#include "proto/upstream/native/native.h"

typedef struct native {
  upstream_link base;
  link_options options;
  websocket *websocket; /* NULL between attempts */
  native_decoder *decoder;
  request_table *requests;
  buffer out; /* the frame being written */
  uv_timer_t reconnect;
  uv_timer_t deadline;
  unsigned open_timers;
  link_state state;
  hbus_link status;                  /* as it was last told */
  char reason[HBUS_ERROR_TEXT_SIZE]; /* why the last connection ended; "" while there is one */
  hbus_status close_code;
} native;

static void s_take(native *self, link_event event);

/* Status and reports ----------------------------------------------------------------------------------------------- */

static void s_tell_status(native *self, hbus_status code) {
  self->status =
      (hbus_link){.status = link_state_status(&self->state), .code = code, .reason = hbus_text_of(self->reason)};
  self->options.callbacks->on_status(self->options.arg, &self->status);
}

/* An ERROR event of the broker's own, about something that upstream sent. */
static void s_report(native *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void s_report(native *self, const char *format, ...) {
  char text[HBUS_ERROR_TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  log_write(self->options.log, LOG_LINK, LOG_LEVEL_WARN, "%s", text);
  hbus_event event = {.type = HBUS_EVENT_ERROR, .kind = HBUS_KIND_ERROR, .src = "hbusd", .rx_ns = clock_real_ns()};
  event.data.notice.code = HBUS_UPSTREAM_ERROR;
  event.data.notice.message = (hbus_text){.data = text, .size = strlen(text)};
  self->options.callbacks->on_event(self->options.arg, &event);
}

/* Requests --------------------------------------------------------------------------------------------------------- */

static void s_on_deadline(uv_timer_t *timer);

static void s_set_timer(native *self) {
  uint64_t deadline_ms;
  if (uv_is_active((uv_handle_t *)&self->deadline) || !request_table_deadline(self->requests, &deadline_ms)) return;
  timer_start_at(&self->deadline, s_on_deadline, deadline_ms);
}

static void s_on_deadline(uv_timer_t *timer) {
  native *self = timer->data;
  self->options.counters->upstream_timeouts += request_table_expire(self->requests, clock_monotonic_ms());
  s_set_timer(self);
}

/* Sends what s_encode_fn wrote for the request just added, or takes the request back. */
static hbus_status s_send(native *self) {
  hbus_status status = self->out.status;
  if (!status) status = websocket_send(self->websocket, (const char *)self->out.data, self->out.size);
  if (status) {
    request_table_take_back(self->requests);
    return status;
  }
  self->options.counters->upstream_requests++;
  s_set_timer(self);
  return HBUS_OK;
}

static hbus_status s_add(native *self, hbus_command_kind kind, link_outcome_fn *done, void *arg,
                         char id[REQUEST_ID_SIZE]) {
  uint64_t deadline_ms = clock_monotonic_ms() + self->options.config->upstream.request_timeout_ms;
  buffer_reset(&self->out);
  return request_table_add(self->requests, kind, deadline_ms, done, arg, id);
}

static hbus_status s_request(upstream_link *base, const hbus_command *command, const char *upstream_id,
                             link_outcome_fn *done, void *arg) {
  native *self = (native *)base;
  char id[REQUEST_ID_SIZE];
  hbus_status status = s_add(self, command->kind, done, arg, id);
  if (status) return status;
  status = native_encode(&self->out, id, command, self->options.config->upstream.client_order_ids ? upstream_id : "");
  if (status) {
    request_table_take_back(self->requests);
    return status;
  }
  return s_send(self);
}

/* Authentication --------------------------------------------------------------------------------------------------- */

static void s_on_authenticated(void *arg, const link_outcome *outcome) {
  native *self = arg;
  if (outcome->result == LINK_LOST) return; /* the close says why */
  if (outcome->result == LINK_ANSWERED && outcome->answer->code == HBUS_OK) {
    s_take(self, LINK_EVENT_ACCEPTED);
    return;
  }
  if (outcome->result == LINK_ANSWERED) {
    hbus_text message = outcome->answer->message;
    snprintf(self->reason, sizeof self->reason, "Hummingbot refused the API key (%.*s); check HUMMINGBOT_API_KEY",
             (int)message.size, message.size ? message.data : "");
    s_take(self, LINK_EVENT_REFUSED);
  } else {
    snprintf(self->reason, sizeof self->reason, "no answer to the authentication");
    websocket_close(self->websocket, self->reason);
  }
}

static void s_authenticate(native *self) {
  char id[REQUEST_ID_SIZE];
  hbus_status status = s_add(self, HBUS_COMMAND_NONE, s_on_authenticated, self, id);
  assert(!status); /* a new connection has nothing under way */
  native_encode_authenticate(&self->out, id, self->options.config->upstream.api_key);
  if (s_send(self)) websocket_close(self->websocket, "could not send");
}

/* Frames ----------------------------------------------------------------------------------------------------------- */

static void s_on_response(native *self, const native_frame *frame, uint64_t rx_ns) {
  hbus_command_kind kind;
  if (!request_table_find(self->requests, frame->id, &kind)) {
    self->options.counters->upstream_answers_unasked++;
    log_debug(self->options.log, LOG_LINK, "skipped an answer to a request that is not under way");
    return;
  }
  /* Who asked may ask something else from its outcome, so the id must not lie in the decoder's memory. */
  char id[REQUEST_ID_SIZE];
  memcpy(id, frame->id.data, frame->id.size);
  hbus_text id_text = {.data = id, .size = frame->id.size};
  upstream_answer answer;
  hbus_error error;
  link_outcome outcome = {.result = LINK_ANSWERED, .answer = &answer, .rx_ns = rx_ns};
  if (native_decode_answer(self->decoder, kind, &answer, &error)) {
    outcome.result = LINK_UNREADABLE;
    self->options.counters->upstream_frames_bad++;
    s_report(self, "an answer to %s cannot be read: %s", kind ? hbus_command_name(kind) : "authenticate", error.text);
  }
  if (outcome.result == LINK_ANSWERED) link_note_answer(&self->base, &answer);
  request_table_finish(self->requests, id_text, &outcome);
}

static void s_on_message(void *arg, const char *text, size_t size) {
  native *self = arg;
  native_frame frame;
  hbus_error error;
  uint64_t rx_ns = clock_real_ns();
  self->options.counters->upstream_frames++;
  hbus_status status = native_decode(self->decoder, text, size, &frame, &error);
  if (status == HBUS_UNSUPPORTED) {
    self->options.counters->upstream_frames_unknown_type++;
    s_report(self, "skipped a frame from Hummingbot: %s", error.text);
  } else if (status) {
    self->options.counters->upstream_frames_bad++;
    s_report(self, "skipped a frame from Hummingbot: %s", error.text);
  } else if (frame.kind == NATIVE_RESPONSE) {
    s_on_response(self, &frame, rx_ns);
  } else if (link_state_is_open(&self->state)) {
    frame.event.rx_ns = rx_ns;
    self->options.callbacks->on_event(self->options.arg, &frame.event);
  }
}

static void s_on_oversize(void *arg, size_t size) {
  native *self = arg;
  self->options.counters->upstream_frames++;
  self->options.counters->upstream_frames_oversize++;
  s_report(self, "skipped a frame from Hummingbot: larger than %d bytes (%zu so far)", HBUS_FRAME_MAX, size);
}

/* The connection --------------------------------------------------------------------------------------------------- */

static void s_on_open(void *arg) {
  s_take(arg, LINK_EVENT_OPENED);
}

static void s_on_close(void *arg, hbus_status code, const char *reason) {
  native *self = arg;
  bool was_up = self->state.phase == LINK_PHASE_UP;
  websocket_destroy(&self->websocket);
  /* What we found out ourselves says more than how the connection ended. */
  if (!self->reason[0]) snprintf(self->reason, sizeof self->reason, "%s", reason);
  self->close_code = self->state.refused ? HBUS_UNAUTHENTICATED : code;
  if (was_up) self->options.counters->link_losses++;
  s_take(self, LINK_EVENT_CLOSED);
  link_drop_waiting(&self->base);
  request_table_fail_all(self->requests);
  uv_timer_stop(&self->deadline);
}

static void s_connect(native *self) {
  static const websocket_callbacks callbacks = {
      .on_open = s_on_open, .on_message = s_on_message, .on_oversize = s_on_oversize, .on_close = s_on_close};
  const config *config = self->options.config;
  const websocket_options options = {.url = config->upstream.url,
                                     .ca_file = config->upstream.ca_file,
                                     .client_cert_file = config->upstream.client_cert_file,
                                     .client_key_file = config->upstream.client_key_file,
                                     .frame_max = HBUS_FRAME_MAX,
                                     .send_queue_max = LIMIT_LINK_SEND_QUEUE,
                                     .connect_timeout_ms = config->upstream.connect_timeout_ms,
                                     .ping_ms = config->upstream.ping_ms,
                                     .hang_up_ms = config->upstream.hang_up_ms};
  self->reason[0] = 0;
  self->websocket = websocket_connect(self->options.websockets, &options, &callbacks, self);
  if (!self->websocket) s_on_close(self, HBUS_NO_MEMORY, "no memory for a connection");
}

/* The machine ------------------------------------------------------------------------------------------------------ */

static void s_on_reconnect(uv_timer_t *timer) {
  s_take(timer->data, LINK_EVENT_TIMER);
}

static void s_wait(native *self, uint64_t delay_ms) {
  log_write(self->options.log, LOG_LINK, self->state.refused ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
            "no link to %s: %s; trying again in %" PRIu64 " ms", self->options.config->upstream.url, self->reason,
            delay_ms);
  uv_timer_start(&self->reconnect, s_on_reconnect, delay_ms, 0);
}

static void s_take(native *self, link_event event) {
  uint32_t random = 0;
  uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
  link_step step = link_state_take(&self->state, event, clock_monotonic_ms(), random);
  if (self->state.phase == LINK_PHASE_UP && event == LINK_EVENT_RECONCILED) {
    link_note_connected(&self->base);
    log_write(self->options.log, LOG_LINK, LOG_LEVEL_INFO, "connected to %s", self->options.config->upstream.url);
  }
  if (step.actions & LINK_DO_CONNECT) self->reason[0] = 0;
  if (step.actions & LINK_DO_TELL)
    s_tell_status(self, self->state.phase == LINK_PHASE_WAITING ? self->close_code : HBUS_OK);
  if (step.actions & LINK_DO_WAIT) s_wait(self, step.delay_ms);
  if (step.actions & LINK_DO_CONNECT) s_connect(self);
  if (step.actions & LINK_DO_CLOSE) websocket_close(self->websocket, "the API key was refused");
  if (step.actions & LINK_DO_AUTHENTICATE) s_authenticate(self);
  if (step.actions & LINK_DO_RESUBSCRIBE) self->options.callbacks->on_resubscribe(self->options.arg);
  if (step.actions & LINK_DO_RECONCILE) self->options.callbacks->on_reconcile(self->options.arg);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

static void s_on_timer_closed(uv_handle_t *timer) {
  native *self = timer->data;
  if (--self->open_timers == 0) free(self);
}

static void s_destroy(upstream_link *base) {
  native *self = (native *)base;
  link_state_take(&self->state, LINK_EVENT_STOP, 0, 0);
  websocket_destroy(&self->websocket);
  if (self->requests) request_table_fail_all(self->requests);
  request_table_destroy(&self->requests);
  native_decoder_destroy(&self->decoder);
  buffer_free(&self->out);
  uv_close((uv_handle_t *)&self->reconnect, s_on_timer_closed);
  uv_close((uv_handle_t *)&self->deadline, s_on_timer_closed);
}

static hbus_status s_create(upstream_link **out, const link_options *options, hbus_error *error) {
  if (!options->config->upstream.api_key) {
    return hbus_fail(error, HBUS_INVALID_REQUEST,
                     "no API key for Hummingbot: set HUMMINGBOT_API_KEY, or upstream.api_key_file in the config");
  }
  native *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the link");
  self->options = *options;
  self->status.status = HBUS_LINK_DISCONNECTED;
  link_state_init(&self->state, options->config->upstream.reconnect_min_ms, options->config->upstream.reconnect_max_ms,
                  options->config->upstream.refused_retry_ms);
  uv_timer_init(options->loop, &self->reconnect);
  uv_timer_init(options->loop, &self->deadline);
  self->reconnect.data = self->deadline.data = self;
  self->open_timers = 2;
  buffer_init(&self->out, HBUS_COMMAND_FRAME_MAX);
  self->decoder = native_decoder_new(HBUS_FRAME_MAX);
  self->requests = request_table_new(LIMIT_REQUESTS);
  if (!self->decoder || !self->requests) {
    s_destroy(&self->base);
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the link");
  }
  *out = &self->base;
  return HBUS_OK;
}

static void s_start(upstream_link *base) {
  s_take((native *)base, LINK_EVENT_START);
}

static bool s_is_open(const upstream_link *base) {
  return link_state_is_open(&((const native *)base)->state);
}

static void s_resubscribed(upstream_link *base) {
  s_take((native *)base, LINK_EVENT_RESUBSCRIBED);
}

static void s_reconciled(upstream_link *base) {
  s_take((native *)base, LINK_EVENT_RECONCILED);
}

static const hbus_link *s_status(const upstream_link *base) {
  return &((const native *)base)->status;
}

static bool s_has_order_type(hbus_order_type type) {
  return type == HBUS_LIMIT || type == HBUS_MARKET || type == HBUS_STOP || type == HBUS_STOP_LIMIT;
}

const link_dialect native_link = {
    .name = "native",
    .create = s_create,
    .start = s_start,
    .destroy = s_destroy,
    .status = s_status,
    .is_open = s_is_open,
    .resubscribed = s_resubscribed,
    .reconciled = s_reconciled,
    .has_order_type = s_has_order_type,
    .request = s_request,
};
