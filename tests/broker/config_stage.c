#include "tests/broker/config_stage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *config_stage_no_environment(const char *name) {
  (void)name;
  return NULL;
}

const char *config_stage_write(const char *text, size_t size) {
  static char path[] = "/tmp/hbus-config-XXXXXX";
  memcpy(path + sizeof path - 7, "XXXXXX", 6);
  int fd = mkstemp(path);
  cr_assert_geq(fd, 0);
  cr_assert_eq(write(fd, text, size), (ssize_t)size);
  close(fd);
  return path;
}

hbus_status config_stage_load(const char *yaml, char *(*environment)(const char *), config **out, hbus_error *error) {
  const char *path = config_stage_write(yaml, strlen(yaml));
  hbus_status status = config_load(path, environment, out, error);
  unlink(path);
  return status;
}

char *config_stage_print(const config *config) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  config_print(config, out);
  fclose(out);
  return text;
}
