#include "client/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_COMMANDS           "tcp://127.0.0.1:5570"
#define DEFAULT_MARKET             "tcp://127.0.0.1:5571"
#define DEFAULT_PRIVATE            "tcp://127.0.0.1:5572"
#define DEFAULT_CONNECT_TIMEOUT_MS 5000
/* Longer than the broker's own patience with Hummingbot (5000), so that its answer "unknown" comes before ours. */
#define DEFAULT_REQUEST_TIMEOUT_MS 8000
#define DEFAULT_PENDING_MAX        1024
#define DEFAULT_HIGH_WATER_MARK    100000

void hbus_options_init(hbus_options *out) {
  *out = (hbus_options){.commands_endpoint = DEFAULT_COMMANDS,
                        .market_endpoint = DEFAULT_MARKET,
                        .private_endpoint = DEFAULT_PRIVATE,
                        .recover_orders = true,
                        .connect_timeout_ms = DEFAULT_CONNECT_TIMEOUT_MS,
                        .request_timeout_ms = DEFAULT_REQUEST_TIMEOUT_MS,
                        .pending_max = DEFAULT_PENDING_MAX,
                        .high_water_mark = DEFAULT_HIGH_WATER_MARK,
                        .repair = true};
}

static void s_take_variable(const char *variable, const char **out) {
  const char *value = getenv(variable);
  if (value != NULL && *value != '\0') *out = value;
}

void hbus_options_from_environment(hbus_options *options) {
  s_take_variable("HBUS_COMMANDS", &options->commands_endpoint);
  s_take_variable("HBUS_MARKET", &options->market_endpoint);
  s_take_variable("HBUS_PRIVATE", &options->private_endpoint);
}

/* Copies text of 1 (or 0, where it may be absent) to `max` bytes. */
static hbus_status s_copy(char *out, size_t max, const char *text, size_t min, const char *option, hbus_error *error) {
  size_t size = text == NULL ? 0 : strlen(text);
  if (size < min || size > max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "option %s has %zu bytes, expected %zu to %zu", option, size, min,
                     max);
  if (size > 0) memcpy(out, text, size);
  out[size] = '\0';
  return HBUS_OK;
}

static hbus_status s_check_range(long long value, long long min, long long max, const char *option, hbus_error *error) {
  if (value >= min && value <= max) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "option %s is %lld, expected %lld to %lld", option, value, min, max);
}

hbus_status options_check(const hbus_options *options, settings *out, hbus_error *error) {
  settings checked = {.request_timeout_ms = options->request_timeout_ms,
                      .recover_orders = options->recover_orders,
                      .cancel_on_disconnect = options->cancel_on_disconnect,
                      .grace_ms = options->grace_ms,
                      .high_water_mark = (unsigned)options->high_water_mark,
                      .repair = options->repair,
                      .newest_only = options->newest_only};
  const char *name = options->name != NULL ? options->name : program_invocation_short_name;
  hbus_status status =
      s_copy(checked.commands_endpoint, ENDPOINT_MAX, options->commands_endpoint, 1, "commands_endpoint", error);
  if (status == HBUS_OK) status = s_copy(checked.name, HBUS_NAME_MAX, name, 1, "name", error);
  if (status == HBUS_OK)
    status = s_copy(checked.order_id_prefix, HBUS_ORDER_ID_PREFIX_MAX, options->order_id_prefix, 0, "order_id_prefix",
                    error);
  if (status == HBUS_OK) status = s_check_range(options->connect_timeout_ms, 1, INT32_MAX, "connect_timeout_ms", error);
  if (status == HBUS_OK) status = s_check_range(options->request_timeout_ms, 1, INT32_MAX, "request_timeout_ms", error);
  if (status == HBUS_OK) status = s_check_range(options->pending_max, 1, HBUS_PENDING_MAX, "pending_max", error);
  if (status == HBUS_OK) status = s_check_range(options->high_water_mark, 1, INT32_MAX, "high_water_mark", error);
  if (status == HBUS_OK) status = s_check_range(options->grace_ms, 0, HBUS_GRACE_MAX_MS, "grace_ms", error);
  if (status == HBUS_OK && options->grace_ms > 0 && !options->cancel_on_disconnect)
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "option grace_ms needs cancel_on_disconnect");
  if (status == HBUS_OK) *out = checked;
  return status;
}
