/* hbusd: the command line, and the life of the process around the broker. */
#include <czmq.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/config.h"
#include "broker/log.h"

enum { EXIT_DONE = 0, EXIT_CANNOT_START = 1, EXIT_WRONG_USAGE = 2 };

typedef struct arguments {
  const char *config_path;
  bool check_config;
} arguments;

static const char s_usage[] = "usage: hbusd [--config FILE] [--check-config]\n"
                              "\n"
                              "The hbus broker: holds the link to Hummingbot, serves ZeroMQ peers.\n"
                              "\n"
                              "  -c, --config FILE   read the configuration from FILE (YAML); without it, defaults\n"
                              "      --check-config  print the configuration that would be used, and exit\n"
                              "  -h, --help          print this, and exit\n"
                              "      --version       print the version, and exit\n"
                              "\n"
                              "HUMMINGBOT_API_KEY is the key that Hummingbot asks for; HUMMINGBOT_HOST and\n"
                              "HUMMINGBOT_PORT win over the configured address. See hbusd(8).\n";

/* Returns whether to go on; otherwise *status is the exit status. */
static bool s_parse(int argc, char **argv, arguments *out, int *status) {
  enum { OPTION_CHECK = 256, OPTION_VERSION };
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"check-config", no_argument, NULL, OPTION_CHECK},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, OPTION_VERSION},
                                          {0}};
  *status = EXIT_WRONG_USAGE;
  for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
    switch (option) {
    case 'c': out->config_path = optarg; break;
    case OPTION_CHECK: out->check_config = true; break;
    case 'h':
      fputs(s_usage, stdout);
      *status = EXIT_DONE;
      return false;
    case OPTION_VERSION:
      puts("hbusd " HBUS_VERSION);
      *status = EXIT_DONE;
      return false;
    default: fputs("try 'hbusd --help'\n", stderr); return false;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "hbusd: unexpected argument '%s'; try 'hbusd --help'\n", argv[optind]);
    return false;
  }
  return true;
}

typedef struct process {
  uv_loop_t loop;
  uv_signal_t signals[2];
  broker *broker;
  logger *log;
} process;

static void s_on_signal(uv_signal_t *signal, int number) {
  process *self = signal->data;
  log_write(self->log, LOG_BROKER, LOG_LEVEL_INFO, "stopping: %s", number == SIGINT ? "interrupted" : "terminated");
  for (size_t i = 0; i < 2; i++)
    uv_close((uv_handle_t *)&self->signals[i], NULL);
  broker_stop(self->broker);
}

static void s_watch_signals(process *self) {
  static const int numbers[2] = {SIGINT, SIGTERM};
  for (size_t i = 0; i < 2; i++) {
    uv_signal_init(&self->loop, &self->signals[i]);
    self->signals[i].data = self;
    uv_signal_start(&self->signals[i], s_on_signal, numbers[i]);
  }
}

/* Whoever started it waits for this one line, and learns from it which ports a '*' became. */
static void s_announce(const broker *broker) {
  printf("hbusd ready commands=%s market=%s private=%s\n", broker_commands_addresses(broker),
         broker_market_addresses(broker), broker_private_addresses(broker));
  fflush(stdout);
}

static int s_serve(const config *config) {
  process self = {.log = log_new(stderr, config->log.level, config->log.format)};
  if (!self.log) return EXIT_CANNOT_START;
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++) {
    log_set_level(self.log, (log_component)i, config->log.components[i]);
  }
  int status = EXIT_CANNOT_START;
  hbus_error error;
  signal(SIGPIPE, SIG_IGN);
  zsys_init();
  zsys_handler_set(NULL); /* the loop has its own */
  uv_loop_init(&self.loop);
  if (broker_new(&self.broker, &self.loop, config, self.log, &error)) {
    fprintf(stderr, "hbusd: %s\n", error.text);
  } else {
    s_watch_signals(&self);
    broker_start(self.broker);
    log_write(self.log, LOG_BROKER, LOG_LEVEL_INFO, "hbusd %s serves commands at %s", HBUS_VERSION,
              broker_commands_addresses(self.broker));
    s_announce(self.broker);
    status = EXIT_DONE;
  }
  uv_run(&self.loop, UV_RUN_DEFAULT);
  broker_free(&self.broker);
  uv_loop_close(&self.loop);
  zsys_shutdown();
  log_destroy(&self.log);
  return status;
}

int main(int argc, char **argv) {
  arguments arguments = {0};
  int status;
  if (!s_parse(argc, argv, &arguments, &status)) return status;
  config *config = NULL;
  hbus_error error;
  if (config_load(arguments.config_path, getenv, &config, &error)) {
    fprintf(stderr, "hbusd: %s\n", error.text);
    return EXIT_WRONG_USAGE;
  }
  if (arguments.check_config) {
    config_print(config, stdout);
    status = EXIT_DONE;
  } else {
    status = s_serve(config);
  }
  config_destroy(&config);
  return status;
}
