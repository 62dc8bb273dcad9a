#include "tests/sim/test_support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/request.h"

simulator_options support_options(void) {
  return (simulator_options){
      .api_key = "key", .seed = 1, .first_id = 1, .replay = {.speed_milli = 1000, .wait = 1, .repeat = 1}};
}

void support_init(support *self, const simulator_options *options) {
  hbus_error error = {0};
  *self = (support){.now_ms = 1};
  cr_assert_eq(simulator_init(&self->sim, options, &error), HBUS_OK, "%s", error.text);
  simulator_tick(&self->sim, SUPPORT_NOW_NS, self->now_ms);
  self->client = hub_add(&self->sim.sessions, NULL, NULL);
  cr_assert_not_null(self->client);
  self->client->authenticated = true;
}

void support_free(support *self) {
  simulator_free(&self->sim);
}

void support_wait(support *self, uint64_t ms) {
  self->now_ms += ms;
  simulator_tick(&self->sim, SUPPORT_NOW_NS, self->now_ms);
}

void support_send(support *self, const char *text) {
  request_handle(&self->sim, self->client, text, strlen(text));
}

const char *support_next(support *self) {
  static char text[65536]; /* a test is a process of its own */
  text[0] = '\0';
  message *next = session_pop(self->client);
  if (next) {
    cr_assert_lt(next->size, sizeof text);
    memcpy(text, message_text(next), next->size);
    text[next->size] = '\0';
    message_drop(next);
  }
  return text;
}

const char *support_ask(support *self, const char *text) {
  support_send(self, text);
  while (self->client->queue_count > 1)
    support_next(self);
  return support_next(self);
}

void support_has(const char *text, const char *part) {
  cr_assert(strstr(text, part), "\n%s\nhas no\n%s", text, part);
}

uint64_t support_order_id(const char *answer) {
  static const char key[] = "\"order_id\":\"";
  const char *found = strstr(answer, key);
  return found ? strtoull(found + sizeof key - 1, NULL, 10) : 0;
}
