#include "broker/command/attendance.h"

#include <assert.h>
#include <czmq.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/clock.h"
#include "broker/timer.h"

#define RETRY_MS 1000 /* where there was no memory to begin */

/* A name that wishes its orders cancelled when it has gone. */
typedef struct attendant {
  hbus_name name;
  uint64_t connections; /* that have asked for it */
  bool leaving;         /* its grace is over, and its orders are being cancelled; nobody has come back since */
  uint64_t grace_ms;
  uint64_t due_ms; /* the end of its grace, while it has no connection */
} attendant;

struct attendance {
  attendance_parts parts;
  zhashx_t *names; /* name → attendant */
  uv_timer_t timer;
  uint64_t timer_ms; /* when it ends, while it runs */
};

/* Names ------------------------------------------------------------------------------------------------------------ */

static void s_free_attendant(void **item) {
  free(*item);
  *item = NULL;
}

/* NULL: no memory. */
static attendant *s_add(attendance *self, const char *name) {
  attendant *added = calloc(1, sizeof *added);
  if (!added) return NULL;
  snprintf(added->name, sizeof added->name, "%s", name);
  zhashx_insert(self->names, name, added);
  return added;
}

static void s_write_down(const attendance *self, const attendant *attendant, bool wishes) {
  journal_session session = {
      .cancel_on_disconnect = wishes, .grace_ms = attendant->grace_ms, .updated_ns = clock_real_ns()};
  memcpy(session.name, attendant->name, sizeof session.name);
  journal_put_session(self->parts.journal, &session);
}

static void s_end_wish(attendance *self, const attendant *attendant) {
  s_write_down(self, attendant, false);
  zhashx_delete(self->names, attendant->name);
}

/* The end of the grace --------------------------------------------------------------------------------------------- */

/* Orders that are being cancelled for somebody who has gone. */
typedef struct farewell {
  attendance *attendance;
  hbus_name name;
  uint64_t grace_ms;
} farewell;

static void s_tell(const farewell *farewell, const hbus_cancels *cancels) {
  const attendance_parts *parts = &farewell->attendance->parts;
  char text[HBUS_MESSAGE_MAX];
  snprintf(text, sizeof text,
           "%s has been gone for %" PRIu64 " ms and had asked for cancel on disconnect: %" PRIu64
           " of its orders are being cancelled, %" PRIu64 " were not sent and never will be",
           farewell->name, farewell->grace_ms, cancels->requested, cancels->not_sent);
  log_write(parts->log, LOG_ORDER, LOG_LEVEL_WARN, "%s", text);
  hbus_event event = {.type = HBUS_EVENT_INFO, .kind = HBUS_KIND_INFO, .src = "hbusd", .rx_ns = clock_real_ns()};
  memcpy(event.owner, farewell->name, sizeof event.owner);
  event.data.notice.message = hbus_text_of(text);
  publisher_publish(parts->publisher, &event, NULL);
}

/* Every cancel is latched: only now may the wish be forgotten, since a restart before would have to begin anew. Who has
 * come back meanwhile has wished anew. */
static void s_on_latched(void *arg, const hbus_cancels *cancels, const hbus_seen *seen) {
  (void)seen;
  farewell *farewell = arg;
  attendance *self = farewell->attendance;
  attendant *attendant = zhashx_lookup(self->names, farewell->name);
  s_tell(farewell, cancels);
  if (attendant && attendant->leaving) s_end_wish(self, attendant);
  free(farewell);
}

/* False: no memory; it is tried again. */
static bool s_cancel_all(attendance *self, const attendant *attendant) {
  farewell *farewell = calloc(1, sizeof *farewell);
  if (!farewell) return false;
  farewell->attendance = self;
  farewell->grace_ms = attendant->grace_ms;
  memcpy(farewell->name, attendant->name, sizeof farewell->name);
  const cancel_filter filter = {.owner = attendant->name, .exchange = "", .market = ""};
  if (!canceller_request_all(self->parts.canceller, &filter, s_on_latched, farewell)) return true;
  free(farewell);
  return false;
}

static void s_on_timer(uv_timer_t *timer);

static void s_set_timer(attendance *self, uint64_t due_ms) {
  bool runs = uv_is_active((uv_handle_t *)&self->timer);
  if (runs && self->timer_ms <= due_ms) return;
  self->timer_ms = due_ms;
  timer_start_at(&self->timer, s_on_timer, due_ms);
}

static void s_on_timer(uv_timer_t *timer) {
  attendance *self = timer->data;
  uint64_t now_ms = clock_monotonic_ms(), next_ms = UINT64_MAX;
  for (attendant *attendant = zhashx_first(self->names); attendant; attendant = zhashx_next(self->names)) {
    if (attendant->connections || attendant->leaving) continue;
    if (attendant->due_ms <= now_ms) {
      attendant->leaving = s_cancel_all(self, attendant);
      if (!attendant->leaving) attendant->due_ms = now_ms + RETRY_MS;
    }
    if (!attendant->leaving && attendant->due_ms < next_ms) next_ms = attendant->due_ms;
  }
  if (next_ms != UINT64_MAX) s_set_timer(self, next_ms);
}

static void s_begin_grace(attendance *self, attendant *attendant) {
  attendant->due_ms = clock_monotonic_ms() + attendant->grace_ms;
  s_set_timer(self, attendant->due_ms);
}

/* Coming and going ------------------------------------------------------------------------------------------------- */

hbus_status attendance_restore(attendance *self, const journal_session *session) {
  if (!session->cancel_on_disconnect) return HBUS_OK;
  if (zhashx_size(self->names) >= LIMIT_ATTENDANCE) return HBUS_OVERLOADED;
  attendant *attendant = zhashx_lookup(self->names, session->name);
  if (!attendant) attendant = s_add(self, session->name);
  if (!attendant) return HBUS_NO_MEMORY;
  attendant->grace_ms = session->grace_ms;
  s_begin_grace(self, attendant);
  return HBUS_OK;
}

hbus_status attendance_join(attendance *self, const char *name, bool again, uint64_t grace_ms) {
  attendant *attendant = zhashx_lookup(self->names, name);
  bool is_new = !attendant;
  assert(!again || (attendant && attendant->connections));
  if (is_new && zhashx_size(self->names) < LIMIT_ATTENDANCE) attendant = s_add(self, name);
  if (!attendant) return HBUS_OVERLOADED;
  if (!grace_ms) grace_ms = self->parts.config->access.cancel_grace_ms;
  bool changes = is_new || attendant->grace_ms != grace_ms;
  attendant->leaving = false;
  attendant->grace_ms = grace_ms;
  if (!again) attendant->connections++;
  if (changes) s_write_down(self, attendant, true);
  return HBUS_OK;
}

void attendance_withdraw(attendance *self, const char *name) {
  attendant *attendant = zhashx_lookup(self->names, name);
  assert(attendant && attendant->connections);
  if (--attendant->connections == 0) s_end_wish(self, attendant);
}

void attendance_leave(attendance *self, const char *name) {
  attendant *attendant = zhashx_lookup(self->names, name);
  assert(attendant && attendant->connections);
  if (--attendant->connections == 0) s_begin_grace(self, attendant);
}

size_t attendance_size(const attendance *self) {
  return zhashx_size(self->names);
}

/* Life cycle ------------------------------------------------------------------------------------------------------- */

attendance *attendance_new(uv_loop_t *loop, const attendance_parts *parts) {
  attendance *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->parts = *parts;
  self->names = zhashx_new();
  if (!self->names) {
    free(self);
    return NULL;
  }
  zhashx_set_destructor(self->names, s_free_attendant);
  uv_timer_init(loop, &self->timer);
  self->timer.data = self;
  return self;
}

static void s_on_closed(uv_handle_t *timer) {
  free(timer->data);
}

void attendance_destroy(attendance **self_p) {
  attendance *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  zhashx_destroy(&self->names);
  uv_close((uv_handle_t *)&self->timer, s_on_closed);
}
