#include "tests/sim/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define S_DEFAULT_PORT 15888
#define S_DEFAULT_KEY  "hbus-sim-key"
#define S_DEFAULT_RATE 10
#define S_DIGITS_MAX   18

static hbus_status s_number(const char *name, const char *text, uint64_t max, uint64_t *out, hbus_error *error) {
  size_t digits = strspn(text, "0123456789");
  uint64_t value = 0;
  for (size_t i = 0; i < digits && digits <= S_DIGITS_MAX; i++)
    value = value * 10 + (uint64_t)(text[i] - '0');
  if (digits == 0 || digits > S_DIGITS_MAX || text[digits] || value > max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s takes a number up to %llu, not '%s'", name,
                     (unsigned long long)max, text);
  *out = value;
  return HBUS_OK;
}

static hbus_status s_port(options *self, const char *text, hbus_error *error) {
  uint64_t port = 0;
  hbus_status status = s_number("port", text, 65535, &port, error);
  if (status == HBUS_OK) self->server.port = (int)port;
  return status;
}

static hbus_status s_bind(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->server.bind = text;
  return HBUS_OK;
}

static hbus_status s_api_key(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->simulator.api_key = text;
  return HBUS_OK;
}

static hbus_status s_seed(options *self, const char *text, hbus_error *error) {
  return s_number("seed", text, INT64_MAX, &self->simulator.seed, error);
}

static hbus_status s_rate(options *self, const char *text, hbus_error *error) {
  return s_number("rate", text, SIMULATOR_RATE_MAX, &self->simulator.rate, error);
}

static hbus_status s_replay(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->simulator.replay.path = text;
  return HBUS_OK;
}

/* "max", or a decimal with up to three digits after the point: "0.5", "10". */
static hbus_status s_speed(options *self, const char *text, hbus_error *error) {
  hbus_decimal decimal;
  int64_t milli = 0;
  if (strcmp(text, "max") == 0) {
    self->simulator.replay.speed_milli = 0;
    return HBUS_OK;
  }
  if (hbus_decimal_parse(text, strlen(text), &decimal) != HBUS_OK ||
      hbus_decimal_to_integer(&decimal, 3, &milli) != HBUS_OK || milli <= 0 || milli > 1000000000)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--speed takes a factor such as 1, 0.5 or 10, or max, not '%s'",
                     text);
  self->simulator.replay.speed_milli = (uint64_t)milli;
  return HBUS_OK;
}

static hbus_status s_at_least_one(const char *name, const char *text, uint64_t *out, hbus_error *error) {
  uint64_t value = 0;
  hbus_status status = s_number(name, text, 1000000000, &value, error);
  if (status == HBUS_OK && value == 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s takes a number from 1", name);
  if (status == HBUS_OK) *out = value;
  return status;
}

static hbus_status s_replay_wait(options *self, const char *text, hbus_error *error) {
  return s_at_least_one("replay-wait", text, &self->simulator.replay.wait, error);
}

static hbus_status s_replay_repeat(options *self, const char *text, hbus_error *error) {
  return s_at_least_one("replay-repeat", text, &self->simulator.replay.repeat, error);
}

static hbus_status s_no_client_ids(options *self, const char *text, hbus_error *error) {
  (void)text, (void)error;
  self->simulator.no_client_ids = true;
  return HBUS_OK;
}

static hbus_status s_cert(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->server.cert_path = text;
  return HBUS_OK;
}

static hbus_status s_key(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->server.key_path = text;
  return HBUS_OK;
}

static hbus_status s_tls(options *self, const char *text, hbus_error *error) {
  (void)text, (void)error;
  self->server.tls = true;
  return HBUS_OK;
}

static hbus_status s_ca_out(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->server.ca_path = text;
  return HBUS_OK;
}

static hbus_status s_control(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->server.control_path = text;
  return HBUS_OK;
}

static hbus_status s_fault(options *self, const char *text, hbus_error *error) {
  return fault_parse(&self->simulator.faults, text, error);
}

static hbus_status s_ledger(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->simulator.ledger_path = text;
  return HBUS_OK;
}

static hbus_status s_state(options *self, const char *text, hbus_error *error) {
  (void)error;
  self->simulator.state_path = text;
  return HBUS_OK;
}

static hbus_status s_log_level(options *self, const char *text, hbus_error *error) {
  static const char *const levels[] = {"debug", "info", "warn", "error"};
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    if (strcmp(levels[i], text) == 0) {
      self->server.verbose = i < 2;
      return HBUS_OK;
    }
  }
  return hbus_fail(error, HBUS_INVALID_REQUEST, "--log-level takes debug, info, warn or error, not '%s'", text);
}

static hbus_status s_help(options *self, const char *text, hbus_error *error) {
  (void)text, (void)error;
  self->help = true;
  return HBUS_OK;
}

static hbus_status s_version(options *self, const char *text, hbus_error *error) {
  (void)text, (void)error;
  self->version = true;
  return HBUS_OK;
}

typedef struct option_row {
  const char *name;
  const char *takes; /* NULL: nothing */
  const char *what;
  hbus_status (*handle)(options *self, const char *text, hbus_error *error);
} option_row;

static const option_row s_rows[] = {
    {"port", "N", "listen there (15888); 0 is any port that is free", s_port},
    {"bind", "ADDR", "listen on that address (127.0.0.1)", s_bind},
    {"api-key", "KEY", "what clients authenticate with ($HUMMINGBOT_API_KEY, or \"" S_DEFAULT_KEY "\")", s_api_key},
    {"seed", "N", "of the random market and of the faults (1)", s_seed},
    {"rate", "N", "steps a second of each random market (10); 0 stands still", s_rate},
    {"replay", "FILE[.gz]", "stream a recorded session instead of the random market", s_replay},
    {"speed", "X|max", "of the recording: 1 is its own pace (1)", s_speed},
    {"replay-wait", "N", "start when N subscriptions are in place (1)", s_replay_wait},
    {"replay-repeat", "N", "play the recording N times (1)", s_replay_repeat},
    {"no-client-ids", NULL, "forget client_order_id, as some exchanges do", s_no_client_ids},
    {"cert", "FILE", "serve TLS with this certificate", s_cert},
    {"key", "FILE", "and this private key", s_key},
    {"tls", NULL, "serve TLS with certificates made at the start", s_tls},
    {"ca-out", "FILE", "write the certificate of the authority that signed them there", s_ca_out},
    {"fault", "SPEC", "misbehave; may be given again and again", s_fault},
    {"control", "PATH", "take commands on this unix socket", s_control},
    {"ledger", "FILE", "append a line for each create, cancel, fill and connection", s_ledger},
    {"state", "FILE", "remember orders and fills there, and go on from it", s_state},
    {"log-level", "LEVEL", "debug, info, warn (the default) or error", s_log_level},
    {"help", NULL, "print this", s_help},
    {"version", NULL, "print the version", s_version},
};

#define S_ROW_COUNT (sizeof s_rows / sizeof s_rows[0])

static hbus_status s_check(const options *self, hbus_error *error) {
  if (!self->server.cert_path != !self->server.key_path)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--cert and --key go together");
  if (self->server.tls && self->server.cert_path)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--tls and --cert exclude each other");
  if (self->server.ca_path && !self->server.tls)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--ca-out goes with --tls");
  if (!self->simulator.api_key[0]) return hbus_fail(error, HBUS_INVALID_REQUEST, "the API key is empty");
  return HBUS_OK;
}

static options s_defaults(void) {
  const char *key = getenv("HUMMINGBOT_API_KEY");
  return (options){
      .simulator = {.api_key = key && key[0] ? key : S_DEFAULT_KEY,
                    .seed = 1,
                    .rate = S_DEFAULT_RATE,
                    .replay = {.speed_milli = 1000, .wait = 1, .repeat = 1},
                    .first_id = 1},
      .server = {.bind = "127.0.0.1", .port = S_DEFAULT_PORT},
  };
}

hbus_status options_parse(int argc, char *const argv[], options *out, hbus_error *error) {
  struct option table[S_ROW_COUNT + 1] = {{0}};
  for (size_t i = 0; i < S_ROW_COUNT; i++)
    table[i] = (struct option){.name = s_rows[i].name, .has_arg = s_rows[i].takes ? required_argument : no_argument};

  options read = s_defaults();
  opterr = 0;
  optind = 1;
  for (;;) {
    int row = 0;
    int found = getopt_long(argc, argv, ":", table, &row);
    if (found == -1) break;
    if (found != 0)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "%s '%s'",
                       found == ':' ? "a value is missing after" : "unknown option", argv[optind - 1]);
    hbus_status status = s_rows[row].handle(&read, optarg, error);
    if (status != HBUS_OK) return status;
  }
  if (optind < argc) return hbus_fail(error, HBUS_INVALID_REQUEST, "unknown argument '%s'", argv[optind]);
  hbus_status status = s_check(&read, error);
  if (status == HBUS_OK) *out = read;
  return status;
}

static void s_print_fault(void *arg, const char *name, const char *takes, const char *what) {
  char text[32];
  snprintf(text, sizeof text, "%s%s", name, takes);
  fprintf(arg, "  %-24s %s\n", text, what);
}

void options_print_help(FILE *to) {
  fputs("usage: hbus-sim [OPTION ...]\n\nA simulated Hummingbot: a small exchange behind its WebSocket.\n\n", to);
  for (size_t i = 0; i < S_ROW_COUNT; i++) {
    char text[32];
    snprintf(text, sizeof text, "--%s %s", s_rows[i].name, s_rows[i].takes ? s_rows[i].takes : "");
    fprintf(to, "  %-24s %s\n", text, s_rows[i].what);
  }
  fputs("\nFaults:\n", to);
  fault_describe(s_print_fault, to);
}
