/* The log: one line an occurrence on standard error, text or JSON, with a level for each component.
 *
 * The log is a value that is passed to who writes to it; there is no global. A secret is never an argument.
 */
#ifndef BROKER_LOG_H
#define BROKER_LOG_H

#include <stdio.h>

#include "hbus/status.h"

/* Named at length: syslog.h has the short names. */
typedef enum log_level {
  LOG_LEVEL_DEBUG,
  LOG_LEVEL_INFO,
  LOG_LEVEL_WARN,
  LOG_LEVEL_ERROR,
  LOG_LEVEL_OFF,
  LOG_LEVEL_COUNT
} log_level;
typedef enum log_format { LOG_TEXT, LOG_JSON } log_format;
typedef enum log_component {
  LOG_BROKER,
  LOG_LINK,
  LOG_COMMAND,
  LOG_EVENT,
  LOG_ORDER,
  LOG_COMPONENT_COUNT
} log_component;

typedef struct logger logger; /* not `log`: math.h has that name */

/* Writes to `file`, which stays the caller's. All components at `level`. NULL: no memory. */
logger *log_new(FILE *file, log_level level, log_format format);
void log_destroy(logger **self);
void log_set_level(logger *self, log_component component, log_level level);
/* "debug" "info" "warn" "error" "off"; the components' names are the lower case of their enumeration. */
hbus_status log_level_parse(const char *name, log_level *out);
const char *log_level_name(log_level level);
const char *log_component_name(log_component component);

bool log_enabled(const logger *self, log_component component, log_level level);
/* One line: time (UTC, milliseconds), level, component, the sentence. Control characters in it are escaped. At most
 * 2048 bytes; lines beyond 200 a second of one component are counted and summed up in one line instead. */
void log_write(logger *self, log_component component, log_level level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(self, component, ...)                                                                                \
  (log_enabled((self), (component), LOG_LEVEL_DEBUG) ? log_write((self), (component), LOG_LEVEL_DEBUG, __VA_ARGS__)    \
                                                     : (void)0)

#endif
