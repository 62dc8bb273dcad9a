/* Runs the built tool and reads what it says. */
#ifndef TESTS_CLIENT_TOOL_RUNNER_H
#define TESTS_CLIENT_TOOL_RUNNER_H

#include <stdio.h>
#include <sys/types.h>

#include "fake_broker.h"

#define TOOL_OUTPUT_MAX 65536

typedef struct tool_result {
  int exit_status;
  char out[TOOL_OUTPUT_MAX];
  char err[TOOL_OUTPUT_MAX];
} tool_result;

/* Starts the tool with `words`, up to NULL, and the broker's endpoints, unless that is NULL; stdout and stderr go to
 * these. */
pid_t tool_start_words(const fake_broker *broker, const char *const words[], int out, int err);
/* The same with one text, which is split at blanks. */
pid_t tool_start(const fake_broker *broker, const char *arguments, int out, int err);
/* Waits for its end, and gives its exit status. */
int tool_wait(pid_t pid);
/* Reads a file from its beginning and closes it. */
void tool_read_all(FILE *file, char out[TOOL_OUTPUT_MAX]);

/* From start to end; free() what it returns. */
tool_result *tool_run_words(const fake_broker *broker, const char *const words[]);
tool_result *tool_run(const fake_broker *broker, const char *arguments);

/* Runs it and checks its exit status, and that it prints and says this, unless NULL: nothing on stderr when it is done,
 * one line otherwise. */
void tool_expect(const fake_broker *broker, const char *arguments, int exit_status, const char *out, const char *err);

#endif
