/* Any bytes as a configuration file: refused with a position, or loaded, and then printed as what loads to the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *s_no_environment(const char *name) {
  (void)name;
  return NULL;
}

/* Loads the bytes by way of a file in memory. */
static config *s_load(const void *data, size_t size, hbus_error *error) {
  int fd = memfd_create("config", MFD_CLOEXEC);
  assert(fd >= 0);
  ssize_t written = write(fd, data, size);
  assert(written == (ssize_t)size);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  config *config = NULL;
  hbus_status status = config_load(path, s_no_environment, &config, error);
  assert((status == HBUS_OK) == (config != NULL));
  close(fd);
  return config;
}

static char *s_print(const config *config, size_t *size) {
  char *text = NULL;
  FILE *out = open_memstream(&text, size);
  assert(out);
  config_print(config, out);
  fclose(out);
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hbus_error error = {.text = ""};
  config *loaded = s_load(data, size, &error);
  if (!loaded) {
    assert(error.text[0] != '\0');
    return 0;
  }
  if (loaded->upstream.api_key_file) { /* whatever file it named need not be there the second time */
    config_destroy(&loaded);
    return 0;
  }
  size_t printed_size, again_size;
  char *printed = s_print(loaded, &printed_size);
  config_destroy(&loaded);
  loaded = s_load(printed, printed_size, &error);
  assert(loaded);
  char *again = s_print(loaded, &again_size);
  assert(printed_size == again_size && memcmp(printed, again, again_size) == 0);
  config_destroy(&loaded);
  free(printed);
  free(again);
  return 0;
}
