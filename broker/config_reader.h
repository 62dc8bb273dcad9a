/* YAML into a config, by the table of config_schema.h. */
#ifndef BROKER_CONFIG_READER_H
#define BROKER_CONFIG_READER_H

#include "broker/config_schema.h"

/* Where a key's value stands in the file, from 1; line 0: it is not given. */
typedef struct config_mark {
  size_t line;
  size_t column;
} config_mark;

/* Reads `text` (no NUL needed) into `to`, where only what is given is set, and into `marks` where, in the order of
 * config_keys. `name` is the file's, for errors: HBUS_INVALID_REQUEST with "NAME:LINE:COLUMN: …". `to` is partly filled
 * on failure. */
hbus_status config_read(const char *name, const char *text, size_t size, config *to,
                        config_mark marks[CONFIG_KEY_COUNT], hbus_error *error);

/* Fills `error` with "NAME:LINE:COLUMN: " and the sentence; a name that is too long keeps its end. */
hbus_status config_fail_at(const char *name, config_mark mark, hbus_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
