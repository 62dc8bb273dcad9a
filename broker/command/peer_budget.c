#include "broker/command/peer_budget.h"

#include <inttypes.h>

/* What may come at once after a pause, in seconds of the rate: who repairs asks for all its topics together. */
#define REPAIR_BURST_SECONDS 4
#define SIGNAL_BURST_SECONDS 2

static void s_init(token_bucket *self, uint64_t rate, unsigned burst_seconds, uint64_t now_ms) {
  uint64_t burst = rate * burst_seconds;
  if (burst > TOKEN_BUCKET_BURST_MAX) burst = TOKEN_BUCKET_BURST_MAX;
  token_bucket_init(self, (uint32_t)rate, (uint32_t)burst, now_ms);
}

void peer_budget_init(peer_budget *self, const config *config, uint64_t now_ms) {
  s_init(&self->repair, config->events.repair_per_second, REPAIR_BURST_SECONDS, now_ms);
  s_init(&self->signals, config->events.publish_per_second, SIGNAL_BURST_SECONDS, now_ms);
}

static hbus_status s_take(token_bucket *bucket, const char *what, const char *option, uint64_t now_ms,
                          uint64_t *refused, hbus_error *error) {
  if (token_bucket_take(bucket, now_ms)) return HBUS_OK;
  ++*refused;
  return hbus_fail(error, HBUS_RATE_LIMITED, "more %s than %s allows; try again in %" PRIu64 " ms", what, option,
                   token_bucket_ready_in_ms(bucket, now_ms));
}

hbus_status peer_budget_take(peer_budget *self, hbus_command_kind kind, uint64_t now_ms, counters *counters,
                             hbus_error *error) {
  switch (kind) {
  case HBUS_SEQUENCES:
  case HBUS_REPLAY:
  case HBUS_SNAPSHOT:
    return s_take(&self->repair, "repair", "events.repair_per_second", now_ms, &counters->repairs_rate_limited, error);
  case HBUS_PUBLISH:
    return s_take(&self->signals, "signals", "events.publish_per_second", now_ms, &counters->signals_rate_limited,
                  error);
  default: return HBUS_OK;
  }
}
