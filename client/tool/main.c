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

static bool s_is_help(const char *word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* No verb has that name; perhaps several begin with it. */
static outcome s_explain(int argc, char **argv, bool wants_help) {
  if (argc > 2) wants_help = s_is_help(argv[2]);
  if (wants_help && verb_print_group(argv[1], stdout)) return OUTCOME_DONE;
  if (argv[1][0] == '-')
    (void)fprintf(stderr, "hbus: %s comes too early: a verb comes first, its options behind it; see \"hbus --help\"\n",
                  argv[1]);
  else
    (void)fprintf(stderr, "hbus: no verb \"%s%s%s\"; see \"hbus --help\"\n", argv[1], argc > 2 ? " " : "",
                  argc > 2 ? argv[2] : "");
  (void)verb_print_group(argv[1], stderr);
  return OUTCOME_USAGE;
}

int main(int argc, char **argv) {
  /* A reader that went away (hbus tail | head) shows as a failed write, and ends us quietly. */
  (void)signal(SIGPIPE, SIG_IGN);
  bool wants_help = argc > 1 && s_is_help(argv[1]);
  if (wants_help) { /* of what stands behind it */
    argc--;
    argv++;
  }
  if (argc < 2) {
    verb_print_all(wants_help ? stdout : stderr);
    return wants_help ? OUTCOME_DONE : OUTCOME_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    (void)puts("hbus " HBUS_VERSION);
    return OUTCOME_DONE;
  }
  int words = 0;
  const verb *verb = verb_find(argc, argv, &words);
  if (verb == NULL) return s_explain(argc, argv, wants_help);
  if (wants_help) {
    verb_print_help(verb, stdout);
    return OUTCOME_DONE;
  }
  outcome outcome = s_run(verb, argc - words, argv + words);
  (void)fflush(stdout);
  return outcome;
}
