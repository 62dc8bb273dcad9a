#include "tests/sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The form of a fault's value. */
typedef enum fault_takes { TAKES_NOTHING, TAKES_NUMBER, TAKES_TYPE, TAKES_NUMBER_TYPE, TAKES_TYPE_MESSAGE } fault_takes;

struct fault_kind {
  const char *name;
  fault_takes takes;
  const char *syntax;
  const char *what;
  /* The moments; NULL where it has no say. */
  const char *(*refuse)(const fault *self, const char *type);
  void (*plan_answer)(const fault *self, answer_plan *plan);
  void (*plan_frame)(const fault *self, uint64_t number, frame_plan *plan);
  message *(*greet)(const fault *self);
};

static const char *s_reject(const fault *self, const char *type) {
  return strcmp(self->type, type) == 0 ? self->message : NULL;
}

static const char *s_refuse_auth(const fault *self, const char *type) {
  (void)self;
  return strcmp(type, "authenticate") == 0 ? "Authentication failed" : NULL;
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

static void s_every(const fault *self, uint64_t number, frame_plan *plan, const char *text) {
  if (number % self->number == 0) plan->before[plan->before_count++] = text;
}

static void s_garbage(const fault *self, uint64_t number, frame_plan *plan) {
  s_every(self, number, plan, "{\"type\": this is no JSON");
}

static void s_unknown_type(const fault *self, uint64_t number, frame_plan *plan) {
  s_every(self, number, plan, "{\"type\":\"weather_update\",\"data\":{\"sky\":\"clear\"}}");
}

static void s_drop_after(const fault *self, uint64_t number, frame_plan *plan) {
  plan->cut_after = plan->cut_after || number == self->number;
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

static const fault_kind s_kinds[] = {
    {.name = "no-answer",
     .takes = TAKES_TYPE,
     .syntax = "[=TYPE]",
     .what = "does the requests (of that type) but never answers them",
     .plan_answer = s_no_answer},
    {.name = "late",
     .takes = TAKES_NUMBER_TYPE,
     .syntax = "=MS[,TYPE]",
     .what = "answers that much later",
     .plan_answer = s_late},
    {.name = "shuffle",
     .takes = TAKES_NUMBER,
     .syntax = "=N",
     .what = "collects N answers and sends them in random order",
     .plan_answer = s_shuffle},
    {.name = "twice", .takes = TAKES_TYPE, .syntax = "[=TYPE]", .what = "answers twice", .plan_answer = s_twice},
    {.name = "unknown-id",
     .takes = TAKES_TYPE,
     .syntax = "[=TYPE]",
     .what = "answers a request that was never made, before each answer",
     .plan_answer = s_unknown_id},
    {.name = "reject",
     .takes = TAKES_TYPE_MESSAGE,
     .syntax = "=TYPE:MESSAGE",
     .what = "answers requests of that type with this error, undone",
     .refuse = s_reject},
    {.name = "refuse-auth",
     .takes = TAKES_NOTHING,
     .syntax = "",
     .what = "refuses every API key",
     .refuse = s_refuse_auth},
    {.name = "garbage",
     .takes = TAKES_NUMBER,
     .syntax = "=N",
     .what = "sends a frame that is no JSON before every Nth frame",
     .plan_frame = s_garbage},
    {.name = "unknown-type",
     .takes = TAKES_NUMBER,
     .syntax = "=N",
     .what = "sends an event of an unknown type before every Nth frame",
     .plan_frame = s_unknown_type},
    {.name = "drop-after",
     .takes = TAKES_NUMBER,
     .syntax = "=N",
     .what = "cuts each connection after N frames",
     .plan_frame = s_drop_after},
    {.name = "oversize",
     .takes = TAKES_NUMBER,
     .syntax = "=BYTES",
     .what = "sends one frame of that size after authentication",
     .greet = s_oversize},
    {.name = "bad-utf8",
     .takes = TAKES_NOTHING,
     .syntax = "",
     .what = "sends one frame that is not UTF-8 after authentication",
     .greet = s_bad_utf8},
};

#define S_KIND_COUNT (sizeof s_kinds / sizeof s_kinds[0])

static const fault_kind *s_find_kind(const char *name, size_t size) {
  for (size_t i = 0; i < S_KIND_COUNT; i++) {
    if (strlen(s_kinds[i].name) == size && memcmp(s_kinds[i].name, name, size) == 0) return &s_kinds[i];
  }
  return NULL;
}

/* A positive number up to a thousand million; *end is behind it. */
static bool s_read_number(const char *text, uint64_t *out, const char **end) {
  uint64_t value = 0;
  const char *at = text;
  while (*at >= '0' && *at <= '9' && value <= 1000000000)
    value = value * 10 + (uint64_t)(*at++ - '0');
  *out = value;
  *end = at;
  return value > 0 && value <= 1000000000;
}

static bool s_read_type(const char *text, size_t size, fault *out) {
  if (size == 0 || size > HBUS_NAME_MAX) return false;
  memcpy(out->type, text, size);
  out->type[size] = '\0';
  return true;
}

/* Reads the value of a specification; NULL stands for none at all. */
static bool s_read_value(const char *value, fault *out) {
  const char *end;
  switch (out->kind->takes) {
  case TAKES_NOTHING: return value == NULL;
  case TAKES_TYPE: return !value || s_read_type(value, strlen(value), out);
  case TAKES_NUMBER: return value && s_read_number(value, &out->number, &end) && *end == '\0';
  case TAKES_NUMBER_TYPE:
    if (!value || !s_read_number(value, &out->number, &end)) return false;
    return *end == '\0' || (*end == ',' && s_read_type(end + 1, strlen(end + 1), out));
  case TAKES_TYPE_MESSAGE: {
    const char *colon = value ? strchr(value, ':') : NULL;
    if (!colon || !colon[1] || strlen(colon + 1) >= sizeof out->message) return false;
    snprintf(out->message, sizeof out->message, "%s", colon + 1);
    return s_read_type(value, (size_t)(colon - value), out);
  }
  }
  return false;
}

hbus_status fault_parse(fault_list *self, const char *spec, hbus_error *error) {
  const char *equals = strchr(spec, '=');
  size_t name_size = equals ? (size_t)(equals - spec) : strlen(spec);
  fault read = {.kind = s_find_kind(spec, name_size)};
  if (!read.kind) return hbus_fail(error, HBUS_INVALID_REQUEST, "unknown fault '%.*s'", (int)name_size, spec);
  if (!s_read_value(equals ? equals + 1 : NULL, &read))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "fault '%s' must be written %s%s", spec, read.kind->name,
                     read.kind->syntax);
  if (self->count == FAULT_COUNT_MAX) return hbus_fail(error, HBUS_TOO_BIG, "more than %d faults", FAULT_COUNT_MAX);
  self->items[self->count++] = read;
  return HBUS_OK;
}

void fault_describe(void (*line)(void *arg, const char *name, const char *takes, const char *what), void *arg) {
  for (size_t i = 0; i < S_KIND_COUNT; i++)
    line(arg, s_kinds[i].name, s_kinds[i].syntax, s_kinds[i].what);
}

const char *fault_refuse(const fault_list *self, const char *type) {
  for (size_t i = 0; i < self->count; i++) {
    const fault *asked = &self->items[i];
    const char *refusal = asked->kind->refuse ? asked->kind->refuse(asked, type) : NULL;
    if (refusal) return refusal;
  }
  return NULL;
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

frame_plan fault_plan_frame(const fault_list *self, uint64_t number) {
  frame_plan plan = {.before_count = 0};
  for (size_t i = 0; i < self->count; i++) {
    if (self->items[i].kind->plan_frame) self->items[i].kind->plan_frame(&self->items[i], number, &plan);
  }
  return plan;
}

size_t fault_greet(const fault_list *self, message *out[FAULT_COUNT_MAX]) {
  size_t count = 0;
  for (size_t i = 0; i < self->count; i++) {
    message *greeting = self->items[i].kind->greet ? self->items[i].kind->greet(&self->items[i]) : NULL;
    if (greeting) out[count++] = greeting;
  }
  return count;
}
