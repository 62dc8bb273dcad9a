#include "tests/sim/fault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_NUMBER_MAX    1000000000
#define S_RESTART_MS    100
#define S_CLOSE_MIN     1000 /* RFC 6455, 7.4.2 */
#define S_CLOSE_MAX     4999
#define S_FRAGMENTS_MAX 16
#define S_MS_PER_SECOND 1000

/* The form of a fault's value. */
typedef enum fault_takes {
  TAKES_NOTHING,
  TAKES_TYPE,         /* [=TYPE] */
  TAKES_NUMBER,       /* =N */
  TAKES_NUMBER_TYPE,  /* =N[,TYPE] */
  TAKES_NUMBER_AFTER, /* =N[,FRAMES] */
  TAKES_AFTER,        /* =FRAMES */
  TAKES_TYPE_MESSAGE  /* =TYPE:MESSAGE */
} fault_takes;

struct fault_kind {
  const char *name;
  const char *syntax;
  const char *what;
  fault_takes takes;
  bool optional;     /* the value may be left out, and is then `preset` */
  uint64_t preset;   /* of the number */
  uint64_t min, max; /* of the number; max 0 is from 1 to S_NUMBER_MAX */
  /* The moments; NULL or 0 where it has no say. */
  fault_refusal (*refuse)(fault *self, const char *type, uint64_t now_ms);
  void (*plan_answer)(const fault *self, answer_plan *plan);
  void (*plan_frame)(fault *self, uint64_t number, frame_plan *plan);
  void (*plan_socket)(const fault *self, socket_plan *plan);
  message *(*greet)(const fault *self);
  session_fate fate; /* after so many frames */
  bool cuts;         /* at random, one frame in `number` */
  bool restarts, forgets;
  bool keeps; /* requests of its type, undone */
};

/* --- moments --- */

static fault_refusal s_reject(fault *self, const char *type, uint64_t now_ms) {
  (void)now_ms;
  bool meant = strcmp(self->type, type) == 0;
  return (fault_refusal){.message = meant ? strchr(self->spec, ':') + 1 : NULL};
}

static fault_refusal s_refuse_auth(fault *self, const char *type, uint64_t now_ms) {
  (void)self, (void)now_ms;
  return (fault_refusal){.message = strcmp(type, "authenticate") == 0 ? "Authentication failed" : NULL};
}

static fault_refusal s_rate_limit(fault *self, const char *type, uint64_t now_ms) {
  if (strcmp(type, "authenticate") == 0) return (fault_refusal){.message = NULL};
  if (now_ms / S_MS_PER_SECOND != self->second) self->seen = 0;
  self->second = now_ms / S_MS_PER_SECOND;
  if (++self->seen <= self->number) return (fault_refusal){.message = NULL};
  return (fault_refusal){.message = "Too many requests", .code = "429"};
}

static void s_no_answer(const fault *self, answer_plan *plan) {
  (void)self;
  plan->copies = 0;
}

static void s_late(const fault *self, answer_plan *plan) {
  plan->delay_ms += self->number;
}

static void s_shuffle(const fault *self, answer_plan *plan) {
  plan->shuffle = self->number;
}

static void s_twice(const fault *self, answer_plan *plan) {
  (void)self;
  plan->copies *= 2;
}

static void s_unknown_id(const fault *self, answer_plan *plan) {
  (void)self;
  plan->stranger_before = true;
}

static void s_garbage_answer(const fault *self, answer_plan *plan) {
  (void)self;
  plan->garbage = true;
}

static void s_every(const fault *self, uint64_t number, frame_plan *plan, const char *text) {
  if (number % self->number == 0) plan->before[plan->before_count++] = text;
}

static void s_garbage(fault *self, uint64_t number, frame_plan *plan) {
  s_every(self, number, plan, "{\"type\": this is no JSON");
}

static void s_unknown_type(fault *self, uint64_t number, frame_plan *plan) {
  s_every(self, number, plan, "{\"type\":\"weather_update\",\"data\":{\"sky\":\"clear\"}}");
}

/* Frames of all sessions bring a restart nearer. */
static void s_count(fault *self, uint64_t number, frame_plan *plan) {
  (void)number, (void)plan;
  self->seen++;
}

static void s_refuse_connections(const fault *self, socket_plan *plan) {
  (void)self;
  plan->refuse = true;
}

static void s_slow_reader(const fault *self, socket_plan *plan) {
  plan->read_rate = self->number;
}

static void s_fragments(const fault *self, socket_plan *plan) {
  plan->fragments = self->number;
}

static void s_wrong_cert(const fault *self, socket_plan *plan) {
  (void)self;
  plan->certificate = CERTIFICATE_WRONG_NAME;
}

static void s_expired_cert(const fault *self, socket_plan *plan) {
  (void)self;
  plan->certificate = CERTIFICATE_EXPIRED;
}

static message *s_oversize(const fault *self) {
  static const char head[] = "{\"type\":\"info\",\"data\":{\"message\":\"", tail[] = "\"}}";
  size_t fixed = sizeof head - 1 + sizeof tail - 1;
  size_t size = self->number > fixed ? (size_t)self->number : fixed;
  char *text = malloc(size);
  if (!text) return NULL;
  memset(text, 'x', size);
  memcpy(text, head, sizeof head - 1);
  memcpy(text + size - (sizeof tail - 1), tail, sizeof tail - 1);
  message *giant = message_new(text, size);
  free(text);
  return giant;
}

static message *s_bad_utf8(const fault *self) {
  (void)self;
  static const char text[] = "{\"type\":\"info\",\"data\":{\"message\":\"\xff\xfe\xc0\x80\"}}";
  return message_new(text, sizeof text - 1);
}

/* --- the table --- */

static const fault_kind s_kinds[] = {
    {"no-answer", "[=TYPE]", "does the requests (of that type) but never answers them", TAKES_TYPE, .optional = true,
     .plan_answer = s_no_answer},
    {"late", "=MS[,TYPE]", "answers that much later", TAKES_NUMBER_TYPE, .plan_answer = s_late},
    {"stuck", "=TYPE", "keeps requests of that type, and does them, unanswered, once this is cleared", TAKES_TYPE,
     .keeps = true},
    {"shuffle", "=N", "collects N answers and sends them in random order", TAKES_NUMBER, .plan_answer = s_shuffle},
    {"twice", "[=TYPE]", "answers twice", TAKES_TYPE, .optional = true, .plan_answer = s_twice},
    {"unknown-id", "[=TYPE]", "answers a request that was never made, before each answer", TAKES_TYPE, .optional = true,
     .plan_answer = s_unknown_id},
    {"garbage-answer", "[=TYPE]", "does the requests but sends what is no JSON in place of the answer", TAKES_TYPE,
     .optional = true, .plan_answer = s_garbage_answer},
    {"reject", "=TYPE:MESSAGE", "answers requests of that type with this error, undone", TAKES_TYPE_MESSAGE,
     .refuse = s_reject},
    {"rate-limit", "=N", "refuses what is more than N requests a second", TAKES_NUMBER, .refuse = s_rate_limit},
    {"refuse-auth", "", "refuses every API key", TAKES_NOTHING, .refuse = s_refuse_auth},
    {"garbage", "=N", "sends a frame that is no JSON before every Nth frame", TAKES_NUMBER, .plan_frame = s_garbage},
    {"unknown-type", "=N", "sends an event of an unknown type before every Nth frame", TAKES_NUMBER,
     .plan_frame = s_unknown_type},
    {"oversize", "=BYTES", "sends one frame of that size after authentication", TAKES_NUMBER, .greet = s_oversize},
    {"bad-utf8", "", "sends one frame that is not UTF-8 after authentication", TAKES_NOTHING, .greet = s_bad_utf8},
    {"drop-after", "=N", "cuts each connection after N frames", TAKES_AFTER, .min = 1, .max = S_NUMBER_MAX,
     .fate = FATE_CUT},
    {"close", "=CODE[,N]", "closes each connection with that code, at once or after N frames", TAKES_NUMBER_AFTER,
     .min = S_CLOSE_MIN, .max = S_CLOSE_MAX, .fate = FATE_CLOSED},
    {"silent-after", "=N", "sends nothing, no pong either, after N frames; what comes is thrown away", TAKES_AFTER,
     .max = S_NUMBER_MAX, .fate = FATE_SILENT},
    {"half-open", "[=N]", "the same, at once or after N frames, and reads nothing", TAKES_AFTER, .optional = true,
     .max = S_NUMBER_MAX, .fate = FATE_HALF_OPEN},
    {"cut-every", "=N", "cuts at random, at one in N frames that come or go", TAKES_NUMBER, .cuts = true},
    {"refuse", "", "takes no connection: closes it at once", TAKES_NOTHING, .plan_socket = s_refuse_connections},
    {"slow-reader", "=BYTES", "reads that many bytes a second", TAKES_NUMBER, .plan_socket = s_slow_reader},
    {"fragments", "[=N]", "sends each frame in two, split at every byte in turn, or in N, split at random",
     TAKES_NUMBER, .optional = true, .preset = 1, .min = 2, .max = S_FRAGMENTS_MAX, .plan_socket = s_fragments},
    {"wrong-cert", "", "serves TLS with a certificate for another name", TAKES_NOTHING, .plan_socket = s_wrong_cert},
    {"expired-cert", "", "serves TLS with a certificate that has expired", TAKES_NOTHING,
     .plan_socket = s_expired_cert},
    {"restart", "[=MS[,N]]", "once, now or at the Nth frame, which is lost: cuts all, does not listen for MS (100)",
     TAKES_NUMBER_AFTER, .optional = true, .preset = S_RESTART_MS, .plan_frame = s_count, .restarts = true},
    {"restart-lost", "[=MS[,N]]", "the same, and forgets all orders", TAKES_NUMBER_AFTER, .optional = true,
     .preset = S_RESTART_MS, .plan_frame = s_count, .restarts = true, .forgets = true},
};

#define S_KIND_COUNT (sizeof s_kinds / sizeof s_kinds[0])

/* --- specifications --- */

static const fault_kind *s_find_kind(const char *name, size_t size) {
  for (size_t i = 0; i < S_KIND_COUNT; i++) {
    if (strlen(s_kinds[i].name) == size && memcmp(s_kinds[i].name, name, size) == 0) return &s_kinds[i];
  }
  return NULL;
}

/* A whole number in the bounds; *end is behind it. */
static bool s_read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out, const char **end) {
  uint64_t value = 0;
  const char *at = text;
  while (*at >= '0' && *at <= '9' && value <= S_NUMBER_MAX)
    value = value * 10 + (uint64_t)(*at++ - '0');
  *out = value;
  *end = at;
  return at > text && value >= min && value <= max;
}

static bool s_read_type(const char *text, size_t size, fault *out) {
  if (size == 0 || size > HBUS_NAME_MAX) return false;
  memcpy(out->type, text, size);
  out->type[size] = '\0';
  return true;
}

/* "N", and for some ",TYPE" or ",FRAMES" behind it. */
static bool s_read_numbers(const char *value, fault *out) {
  const fault_kind *kind = out->kind;
  uint64_t min = kind->max ? kind->min : 1, max = kind->max ? kind->max : S_NUMBER_MAX;
  const char *end;
  if (!s_read_number(value, min, max, kind->takes == TAKES_AFTER ? &out->after : &out->number, &end)) return false;
  if (*end == ',' && kind->takes == TAKES_NUMBER_TYPE) return s_read_type(end + 1, strlen(end + 1), out);
  if (*end == ',' && kind->takes == TAKES_NUMBER_AFTER)
    return s_read_number(end + 1, 1, S_NUMBER_MAX, &out->after, &end) && *end == '\0';
  return *end == '\0';
}

/* Reads the value of a specification; NULL stands for none at all. */
static bool s_read_value(const char *value, fault *out) {
  if (!value) return out->kind->optional || out->kind->takes == TAKES_NOTHING;
  switch (out->kind->takes) {
  case TAKES_NOTHING: return false;
  case TAKES_TYPE: return s_read_type(value, strlen(value), out);
  case TAKES_NUMBER:
  case TAKES_NUMBER_TYPE:
  case TAKES_NUMBER_AFTER:
  case TAKES_AFTER: return s_read_numbers(value, out);
  case TAKES_TYPE_MESSAGE: {
    const char *colon = strchr(value, ':');
    return colon && colon[1] && s_read_type(value, (size_t)(colon - value), out);
  }
  }
  return false;
}

hbus_status fault_parse(fault_list *self, const char *spec, hbus_error *error) {
  const char *equals = strchr(spec, '=');
  size_t name_size = equals ? (size_t)(equals - spec) : strlen(spec);
  fault read = {.kind = s_find_kind(spec, name_size)};
  if (!read.kind) return hbus_fail(error, HBUS_INVALID_REQUEST, "unknown fault '%.*s'", (int)name_size, spec);
  read.number = read.kind->preset;
  if (strlen(spec) > FAULT_SPEC_MAX || !s_read_value(equals ? equals + 1 : NULL, &read))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "fault '%s' must be written %s%s", spec, read.kind->name,
                     read.kind->syntax);
  if (self->count == FAULT_COUNT_MAX) return hbus_fail(error, HBUS_TOO_BIG, "more than %d faults", FAULT_COUNT_MAX);
  snprintf(read.spec, sizeof read.spec, "%s", spec);
  self->items[self->count++] = read;
  return HBUS_OK;
}

static void s_remove(fault_list *self, size_t at) {
  assert(at < self->count);
  self->count--;
  memmove(&self->items[at], &self->items[at + 1], (self->count - at) * sizeof self->items[0]);
}

size_t fault_clear(fault_list *self, const char *name) {
  size_t before = self->count;
  for (size_t i = self->count; i > 0; i--) {
    if (!name || strcmp(self->items[i - 1].kind->name, name) == 0) s_remove(self, i - 1);
  }
  return before - self->count;
}

void fault_describe(void (*line)(void *arg, const char *name, const char *takes, const char *what), void *arg) {
  for (size_t i = 0; i < S_KIND_COUNT; i++)
    line(arg, s_kinds[i].name, s_kinds[i].syntax, s_kinds[i].what);
}

/* --- what the list as a whole has to say --- */

fault_refusal fault_refuse(fault_list *self, const char *type, uint64_t now_ms) {
  fault_refusal refusal = {.message = NULL};
  for (size_t i = 0; i < self->count && !refusal.message; i++) {
    fault *asked = &self->items[i];
    if (asked->kind->refuse) refusal = asked->kind->refuse(asked, type, now_ms);
  }
  return refusal;
}

bool fault_keeps(const fault_list *self, const char *type) {
  for (size_t i = 0; i < self->count; i++) {
    if (self->items[i].kind->keeps && strcmp(self->items[i].type, type) == 0) return true;
  }
  return false;
}

answer_plan fault_plan_answer(const fault_list *self, const char *type) {
  answer_plan plan = {.copies = 1};
  for (size_t i = 0; i < self->count; i++) {
    const fault *asked = &self->items[i];
    if (asked->kind->plan_answer && (!asked->type[0] || strcmp(asked->type, type) == 0))
      asked->kind->plan_answer(asked, &plan);
  }
  return plan;
}

frame_plan fault_plan_frame(fault_list *self, uint64_t number) {
  frame_plan plan = {.before_count = 0};
  for (size_t i = 0; i < self->count; i++) {
    if (self->items[i].kind->plan_frame) self->items[i].kind->plan_frame(&self->items[i], number, &plan);
  }
  return plan;
}

session_fate fault_fate(const fault_list *self, uint64_t number, unsigned *close_code) {
  for (size_t i = 0; i < self->count; i++) {
    const fault *asked = &self->items[i];
    if (asked->kind->fate == FATE_GOES_ON || number < asked->after) continue;
    *close_code = (unsigned)asked->number;
    return asked->kind->fate;
  }
  return FATE_GOES_ON;
}

/* Each fault that cuts draws, whatever the others drew: the same frames always use up the same numbers. */
static bool s_draw_cut(const fault_list *self, random_source *random) {
  bool cut = false;
  for (size_t i = 0; i < self->count; i++) {
    if (self->items[i].kind->cuts && random_below(random, self->items[i].number) == 0) cut = true;
  }
  return cut;
}

cut_point fault_cut_request(const fault_list *self, random_source *random) {
  if (!s_draw_cut(self, random)) return CUT_NONE;
  return (cut_point)random_between(random, CUT_UNDONE, CUT_UNHEARD);
}

bool fault_cut_frame(const fault_list *self, random_source *random) {
  return s_draw_cut(self, random);
}

socket_plan fault_plan_socket(const fault_list *self) {
  socket_plan plan = {.certificate = CERTIFICATE_GOOD};
  for (size_t i = 0; i < self->count; i++) {
    if (self->items[i].kind->plan_socket) self->items[i].kind->plan_socket(&self->items[i], &plan);
  }
  return plan;
}

bool fault_take_restart(fault_list *self, restart_plan *out) {
  for (size_t i = 0; i < self->count; i++) {
    const fault *asked = &self->items[i];
    if (!asked->kind->restarts || asked->seen < asked->after) continue;
    *out = (restart_plan){.down_ms = asked->number, .orders_lost = asked->kind->forgets};
    s_remove(self, i);
    return true;
  }
  return false;
}

size_t fault_greet(const fault_list *self, message *out[FAULT_COUNT_MAX]) {
  size_t count = 0;
  for (size_t i = 0; i < self->count; i++) {
    message *greeting = self->items[i].kind->greet ? self->items[i].kind->greet(&self->items[i]) : NULL;
    if (greeting) out[count++] = greeting;
  }
  return count;
}
