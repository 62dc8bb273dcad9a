/* hbus: the bus from a command line. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client/tool/peer.h"
#include "client/tool/verb.h"

static outcome s_run(const verb *verb, int argc, char **argv) {
  arguments arguments;
  hbus_error error = {0};
  if (arguments_parse(verb, argc, argv, &arguments, &error) != HBUS_OK) {
    (void)fprintf(stderr, "hbus %s: %s; see \"hbus %s --help\"\n", verb->name, error.text, verb->name);
    return OUTCOME_USAGE;
  }
  if (arguments.help) {
    verb_print_help(verb, stdout);
    return OUTCOME_DONE;
  }
  return verb->run(verb, &arguments);
}

int main(int argc, char **argv) {
  /* A reader that went away (hbus tail | head) shows as a failed write, and ends us quietly. */
  (void)signal(SIGPIPE, SIG_IGN);
  if (argc < 2) {
    verb_print_all(stderr);
    return OUTCOME_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    verb_print_all(stdout);
    return OUTCOME_DONE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    (void)puts("hbus " HBUS_VERSION);
    return OUTCOME_DONE;
  }
  int words = 0;
  const verb *verb = verb_find(argc, argv, &words);
  if (verb == NULL) {
    (void)fprintf(stderr, "hbus: no verb \"%s%s%s\"; see \"hbus --help\"\n", argv[1], argc > 2 ? " " : "",
                  argc > 2 ? argv[2] : "");
    return OUTCOME_USAGE;
  }
  outcome outcome = s_run(verb, argc - words, argv + words);
  (void)fflush(stdout);
  return outcome;
}
