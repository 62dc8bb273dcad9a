#include "tests/integration/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40

static void s_exec(const char *path, const char *const *arguments, const char *const *environment, int out, int err) {
  char *argv[ARGUMENTS_MAX + 2] = {strdup(path)};
  for (size_t i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
    argv[i + 1] = strdup(arguments[i]);
  for (size_t i = 0; environment && environment[i]; i++)
    putenv(strdup(environment[i]));
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(path, argv);
  _exit(127);
}

process process_start(const char *path, const char *const *arguments, const char *const *environment) {
  int out[2], err[2];
  cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
  cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
  process self = {.pid = fork(), .out = out[0], .err = err[0]};
  cr_assert_geq(self.pid, 0);
  if (self.pid == 0) s_exec(path, arguments, environment, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  return self;
}

/* Byte by byte, so that what comes behind the line stays in the pipe. */
static bool s_read_line(int descriptor, char *line, size_t size) {
  size_t used = 0;
  for (;;) {
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    if (poll(&ready, 1, PROCESS_PATIENCE_MS) <= 0) return false;
    char byte;
    if (read(descriptor, &byte, 1) != 1) return false;
    if (byte == '\n') break;
    if (used + 1 < size) line[used++] = byte;
  }
  line[used] = 0;
  return true;
}

bool process_has_output(const process *self) {
  struct pollfd output = {.fd = self->out, .events = POLLIN};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLIN);
}

bool process_read_line(process *self, char *line, size_t size) {
  return s_read_line(self->out, line, size);
}

bool process_read_error_line(process *self, char *line, size_t size) {
  return s_read_line(self->err, line, size);
}

/* Returns whether there may be more. What does not fit is read and dropped, so that the writer never stops. */
static bool s_drain(int descriptor, char *text, size_t size, size_t *used) {
  char chunk[4096];
  ssize_t count = read(descriptor, chunk, sizeof chunk);
  if (count <= 0) return false;
  size_t room = size - 1 - *used;
  size_t taken = (size_t)count < room ? (size_t)count : room;
  memcpy(text + *used, chunk, taken);
  *used += taken;
  text[*used] = 0;
  return true;
}

void process_read_all(process *self, char *out, size_t out_size, char *err, size_t err_size) {
  size_t out_used = 0, err_used = 0;
  out[0] = err[0] = 0;
  struct pollfd both[2] = {{.fd = self->out, .events = POLLIN}, {.fd = self->err, .events = POLLIN}};
  while (both[0].fd >= 0 || both[1].fd >= 0) {
    if (poll(both, 2, PROCESS_PATIENCE_MS) <= 0) break;
    if (both[0].revents && !s_drain(self->out, out, out_size, &out_used)) both[0].fd = -1;
    if (both[1].revents && !s_drain(self->err, err, err_size, &err_used)) both[1].fd = -1;
  }
}

bool process_has_ended(const process *self) {
  siginfo_t end = {.si_pid = 0};
  cr_assert_eq(waitid(P_PID, (id_t)self->pid, &end, WEXITED | WNOHANG | WNOWAIT), 0);
  return end.si_pid != 0;
}

int process_wait(process *self) {
  int status = 0;
  cr_assert_eq(waitpid(self->pid, &status, 0), self->pid);
  close(self->out);
  close(self->err);
  self->pid = 0;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_stop(process *self, int signal_number) {
  kill(self->pid, signal_number);
  return process_wait(self);
}
