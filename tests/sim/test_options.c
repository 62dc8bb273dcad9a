#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/options.h"

#define S_ARGUMENTS_MAX 64

/* Parses a command line whose arguments are separated by single spaces. What *out points at stays until the next call.
 */
static hbus_status s_parse(const char *line, options *out, hbus_error *error) {
  static char text[512]; /* a test is a process of its own */
  static char program[] = "hbus-sim";
  char *argv[S_ARGUMENTS_MAX] = {program};
  int argc = 1;
  snprintf(text, sizeof text, "%s", line);
  for (char *rest = text; rest && *line;)
    argv[argc++] = strsep(&rest, " ");
  return options_parse(argc, argv, out, error);
}

Test(options, has_the_defaults_of_the_manual) {
  options read;
  unsetenv("HUMMINGBOT_API_KEY");
  cr_assert_eq(s_parse("--help", &read, NULL), HBUS_OK);
  cr_assert(read.help);
  cr_assert_eq(read.server.port, 15888);
  cr_assert_str_eq(read.server.bind, "127.0.0.1");
  cr_assert_str_eq(read.simulator.api_key, "hbus-sim-key");
  cr_assert_eq(read.simulator.rate, 10);
  cr_assert_eq(read.simulator.replay.wait, 1);
  cr_assert_eq(read.simulator.replay.speed_milli, 1000);
}

Test(options, takes_the_key_from_the_environment_unless_told) {
  options read;
  setenv("HUMMINGBOT_API_KEY", "from-environment", 1);
  cr_assert_eq(s_parse("--help", &read, NULL), HBUS_OK);
  cr_assert_str_eq(read.simulator.api_key, "from-environment");
  cr_assert_eq(s_parse("--api-key given", &read, NULL), HBUS_OK);
  cr_assert_str_eq(read.simulator.api_key, "given");
}

Test(options, reads_everything) {
  options read;
  cr_assert_eq(
      s_parse("--port=0 --bind 0.0.0.0 --seed 7 --rate 0 --replay f.gz --speed 2.5 --replay-wait 3 --replay-repeat 4 "
              "--no-client-ids --cert c --key k --fault twice --fault late=5 --ledger l --control s --state f "
              "--log-level info",
              &read, NULL),
      HBUS_OK);
  cr_assert_eq(read.server.port, 0);
  cr_assert_eq(read.simulator.seed, 7);
  cr_assert_eq(read.simulator.rate, 0);
  cr_assert_eq(read.simulator.replay.speed_milli, 2500);
  cr_assert_eq(read.simulator.replay.wait, 3);
  cr_assert_eq(read.simulator.replay.repeat, 4);
  cr_assert(read.simulator.no_client_ids);
  cr_assert_eq(read.simulator.faults.count, 2);
  cr_assert_str_eq(read.simulator.ledger_path, "l");
  cr_assert_str_eq(read.server.control_path, "s");
  cr_assert_str_eq(read.simulator.state_path, "f");
  cr_assert(read.server.verbose);
  cr_assert_eq(s_parse("--tls --ca-out f", &read, NULL), HBUS_OK);
  cr_assert(read.server.tls);
  cr_assert_str_eq(read.server.ca_path, "f");
  cr_assert_eq(s_parse("--speed max", &read, NULL), HBUS_OK);
  cr_assert_eq(read.simulator.replay.speed_milli, 0);
}

static void s_refused(hbus_status status, const hbus_error *error, const char *text) {
  cr_assert_eq(status, HBUS_INVALID_REQUEST);
  cr_assert_str_eq(error->text, text);
}

Test(options, refuses_by_name) {
  options read;
  hbus_error error;
  s_refused(s_parse("--port 70000", &read, &error), &error, "--port takes a number up to 65535, not '70000'");
  s_refused(s_parse("--port -1", &read, &error), &error, "--port takes a number up to 65535, not '-1'");
  s_refused(s_parse("--rate=", &read, &error), &error, "--rate takes a number up to 1000, not ''");
  s_refused(s_parse("--speed 0", &read, &error), &error,
            "--speed takes a factor such as 1, 0.5 or 10, or max, not '0'");
  s_refused(s_parse("--replay-wait 0", &read, &error), &error, "--replay-wait takes a number from 1");
  s_refused(s_parse("--cert c", &read, &error), &error, "--cert and --key go together");
  s_refused(s_parse("--tls --cert c --key k", &read, &error), &error, "--tls and --cert exclude each other");
  s_refused(s_parse("--ca-out f", &read, &error), &error, "--ca-out goes with --tls");
  s_refused(s_parse("--api-key=", &read, &error), &error, "the API key is empty");
  s_refused(s_parse("--nonsense", &read, &error), &error, "unknown option '--nonsense'");
  s_refused(s_parse("--seed", &read, &error), &error, "a value is missing after '--seed'");
  s_refused(s_parse("stray", &read, &error), &error, "unknown argument 'stray'");
  s_refused(s_parse("--fault gremlin", &read, &error), &error, "unknown fault 'gremlin'");
  s_refused(s_parse("--log-level loud", &read, &error), &error,
            "--log-level takes debug, info, warn or error, not 'loud'");
}
