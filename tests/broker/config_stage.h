/* Configurations for tests: a text as a file that is loaded, a config as text. */
#ifndef TESTS_CONFIG_STAGE_H
#define TESTS_CONFIG_STAGE_H

#include "broker/config.h"

/* An environment in which nothing is set. */
char *config_stage_no_environment(const char *name);
/* A new file that holds the text; its path, until the next one. The caller's to unlink. */
const char *config_stage_write(const char *text, size_t size);
/* config_load of a file that holds `yaml`. */
hbus_status config_stage_load(const char *yaml, char *(*environment)(const char *), config **out, hbus_error *error);
/* What config_print prints; the caller's to free. */
char *config_stage_print(const config *config);

#endif
