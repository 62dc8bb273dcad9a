/* A program under test: started, listened to, ended. */
#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_PATIENCE_MS 60000 /* how long a test waits for what must come; only a failing test waits that long */

typedef struct process {
  pid_t pid;
  int out; /* its standard output */
  int err; /* its standard error */
} process;

/* Starts `path` with `arguments` (NULL at the end, argv[0] not among them) and `environment` ("NAME=VALUE", NULL at the
 * end, may be NULL) added to this one's. Fails the test if it cannot. It is killed when this process dies. */
process process_start(const char *path, const char *const *arguments, const char *const *environment);

/* Whether there is something to read on its standard output. */
bool process_has_output(const process *self);
/* One line of its standard output, or error, without the newline. False: it ended, or nothing came. */
bool process_read_line(process *self, char *line, size_t size);
bool process_read_error_line(process *self, char *line, size_t size);

/* The rest of its output (and of its errors), until it ends; NUL-terminated, cut where it would not fit. */
void process_read_all(process *self, char *out, size_t out_size, char *err, size_t err_size);

/* Whether it has ended, by itself or not; process_wait tells how. */
bool process_has_ended(const process *self);
/* Waits for its end; its exit status, or 128 + the signal's number. Reads nothing. */
int process_wait(process *self);
/* Sends a signal, then waits. */
int process_stop(process *self, int signal_number);

#endif
