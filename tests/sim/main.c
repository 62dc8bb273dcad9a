/* hbus-sim: a simulated Hummingbot. */
#include <time.h>

#include "tests/sim/options.h"

static uint64_t s_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(int argc, char *argv[]) {
  options chosen;
  hbus_error error;
  if (options_parse(argc, argv, &chosen, &error) != HBUS_OK) {
    fprintf(stderr, "hbus-sim: %s (--help tells more)\n", error.text);
    return 2;
  }
  if (chosen.help || chosen.version) {
    if (chosen.help)
      options_print_help(stdout);
    else
      puts("hbus-sim " HBUS_VERSION);
    return 0;
  }

  simulator sim;
  chosen.simulator.start_ns = s_now_ns();
  /* Orders and trades are numbered from the microsecond of the start: a simulator that is started again never uses a
   * number twice. */
  chosen.simulator.first_id = chosen.simulator.start_ns / 1000;
  hbus_status status = simulator_init(&sim, &chosen.simulator, &error);
  if (status == HBUS_OK) {
    status = server_run(&chosen.server, &sim, &error);
    simulator_free(&sim);
  }
  if (status != HBUS_OK) fprintf(stderr, "hbus-sim: %s\n", error.text);
  return status == HBUS_OK ? 0 : 1;
}
