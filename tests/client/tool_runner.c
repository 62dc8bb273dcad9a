#include "tool_runner.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 64

pid_t tool_start_words(const fake_broker *broker, const char *const words[], int out, int err) {
  char *argv[WORDS_MAX] = {(char[]){HBUS_BIN_DIR "/hbus"}};
  pid_t pid = fork();
  cr_assert_geq(pid, 0);
  if (pid != 0) return pid;
  for (size_t i = 0; words[i] != NULL && i + 2 < WORDS_MAX; i++)
    argv[i + 1] = strdup(words[i]);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (broker != NULL) {
    setenv("HBUS_COMMANDS", broker->commands, 1);
    setenv("HBUS_MARKET", broker->market, 1);
    setenv("HBUS_PRIVATE", broker->private_, 1);
  }
  execv(argv[0], argv);
  _exit(127);
}

/* Splits at blanks; the words are in `text`. */
static void s_split(const char *arguments, char text[1024], const char *words[WORDS_MAX]) {
  (void)snprintf(text, 1024, "%s", arguments);
  size_t count = 0;
  char *rest = text, *word = NULL;
  while ((word = strsep(&rest, " ")) != NULL && count + 1 < WORDS_MAX)
    if (*word != '\0') words[count++] = word;
  words[count] = NULL;
}

pid_t tool_start(const fake_broker *broker, const char *arguments, int out, int err) {
  char text[1024];
  const char *words[WORDS_MAX];
  s_split(arguments, text, words);
  return tool_start_words(broker, words, out, err);
}

int tool_wait(pid_t pid) {
  int status = 0;
  cr_assert_eq(waitpid(pid, &status, 0), pid);
  cr_assert(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
  return WEXITSTATUS(status);
}

void tool_read_all(FILE *file, char out[TOOL_OUTPUT_MAX]) {
  rewind(file);
  out[fread(out, 1, TOOL_OUTPUT_MAX - 1, file)] = '\0';
  (void)fclose(file);
}

tool_result *tool_run_words(const fake_broker *broker, const char *const words[]) {
  tool_result *result = calloc(1, sizeof(*result));
  FILE *out = tmpfile(), *err = tmpfile();
  result->exit_status = tool_wait(tool_start_words(broker, words, fileno(out), fileno(err)));
  tool_read_all(out, result->out);
  tool_read_all(err, result->err);
  return result;
}

tool_result *tool_run(const fake_broker *broker, const char *arguments) {
  char text[1024];
  const char *words[WORDS_MAX];
  s_split(arguments, text, words);
  return tool_run_words(broker, words);
}

void tool_expect(const fake_broker *broker, const char *arguments, int exit_status, const char *out, const char *err) {
  tool_result *result = tool_run(broker, arguments);
  cr_assert_eq(result->exit_status, exit_status, "%s: exit %d\n%s%s", arguments, result->exit_status, result->out,
               result->err);
  if (out != NULL) cr_assert_not_null(strstr(result->out, out), "%s: printed\n%s", arguments, result->out);
  if (err != NULL) cr_assert_not_null(strstr(result->err, err), "%s: said\n%s", arguments, result->err);
  if (exit_status == 0)
    cr_assert_str_eq(result->err, "", "%s", arguments);
  else
    cr_assert_eq(strchr(result->err, '\n'), result->err + strlen(result->err) - 1, "more than one line: %s",
                 result->err);
  free(result);
}
