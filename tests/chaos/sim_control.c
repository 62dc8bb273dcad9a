#include "tests/chaos/sim_control.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX 65536

void sim_control_open(sim_control *self, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  cr_assert_lt(strlen(path), sizeof address.sun_path);
  memcpy(address.sun_path, path, strlen(path));
  *self =
      (sim_control){.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .reader = json_reader_new(ANSWER_MAX)};
  cr_assert_not_null(self->reader);
  cr_assert_eq(connect(self->socket, (const struct sockaddr *)&address, sizeof address), 0, "no hbus-sim at %s", path);
  self->answers = fdopen(self->socket, "r");
  cr_assert_not_null(self->answers);
}

void sim_control_close(sim_control *self) {
  fclose(self->answers);
  json_reader_destroy(&self->reader);
  free(self->line);
}

const json_node *sim_control_tell(sim_control *self, const char *command) {
  char line[256];
  int size = snprintf(line, sizeof line, "%s\n", command);
  cr_assert_eq(send(self->socket, line, (size_t)size, MSG_NOSIGNAL), size);
  ssize_t length = getline(&self->line, &self->line_size, self->answers);
  cr_assert_gt(length, 0, "hbus-sim does not answer '%s'", command);
  const json_node *answer = NULL;
  cr_assert_eq(json_read(self->reader, self->line, (size_t)length, &answer), HBUS_OK);
  const json_node *ok = json_get(answer, "ok");
  cr_assert(ok && ok->type == JSON_TRUE, "hbus-sim refuses '%s': %s", command, self->line);
  return answer;
}

uint64_t sim_control_stat(sim_control *self, const char *name) {
  const json_node *number = json_get(sim_control_tell(self, "stats"), name);
  cr_assert(number && number->type == JSON_NUMBER, "no %s", name);
  return strtoull(number->text, NULL, 10);
}
