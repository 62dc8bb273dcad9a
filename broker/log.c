#include "broker/log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/utf8.h"

#define LINE_MAX_SIZE    2048 /* the newline included */
#define LINES_PER_SECOND 200  /* of one component */
#define MARK_CUT         "..."

/* What one component wrote in the current second. */
typedef struct log_rate {
  int64_t second; /* CLOCK_MONOTONIC */
  unsigned written;
  uint64_t left_out; /* since the last line that said so */
} log_rate;

struct logger {
  FILE *file;
  log_format format;
  log_level levels[LOG_COMPONENT_COUNT];
  log_rate rates[LOG_COMPONENT_COUNT];
  uint64_t dropped; /* the reader was too slow for these */
};

static const char *const s_level_names[LOG_LEVEL_COUNT] = {"debug", "info", "warn", "error", "off"};
static const char *const s_level_marks[LOG_LEVEL_COUNT] = {"DEBUG", "INFO", "WARN", "ERROR", "OFF"};
static const char *const s_component_names[LOG_COMPONENT_COUNT] = {"broker", "link", "command", "event", "order"};

static void s_summarise(logger *self, log_component component);

logger *log_new(FILE *file, log_level level, log_format format) {
  logger *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->file = file;
  self->format = format;
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++)
    self->levels[i] = level;
  return self;
}

void log_destroy(logger **self) {
  if (!*self) return;
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++)
    s_summarise(*self, (log_component)i);
  free(*self);
  *self = NULL;
}

void log_set_level(logger *self, log_component component, log_level level) {
  assert(component < LOG_COMPONENT_COUNT && level < LOG_LEVEL_COUNT);
  self->levels[component] = level;
}

hbus_status log_level_parse(const char *name, log_level *out) {
  for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++)
    if (strcmp(name, s_level_names[i]) == 0) {
      *out = (log_level)i;
      return HBUS_OK;
    }
  return HBUS_INVALID_REQUEST;
}

const char *log_level_name(log_level level) {
  assert(level < LOG_LEVEL_COUNT);
  return s_level_names[level];
}

const char *log_component_name(log_component component) {
  assert(component < LOG_COMPONENT_COUNT);
  return s_component_names[component];
}

bool log_enabled(const logger *self, log_component component, log_level level) {
  return level < LOG_LEVEL_OFF && level >= self->levels[component];
}

/* ---- a line ---- */

typedef struct line {
  char bytes[LINE_MAX_SIZE];
  size_t size;
} line;

/* All or nothing, `reserve` bytes of the line staying free. */
static bool s_append(line *to, const char *bytes, size_t size, size_t reserve) {
  if (to->size + size + reserve > sizeof to->bytes) return false;
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
  return true;
}

static void s_append_text(line *to, const char *text) {
  bool fits = s_append(to, text, strlen(text), 0);
  assert(fits);
}

/* Bytes of the UTF-8 character at `text`; 0: none starts there. */
static size_t s_character_size(const char *text, size_t size) {
  for (size_t length = 1; length <= 4 && length <= size; length++)
    if (utf8_is_valid(text, length)) return length;
  return 0;
}

/* C0, DEL and C1: what a terminal obeys. */
static bool s_is_control(const char *character, size_t size) {
  unsigned char first = (unsigned char)character[0];
  if (size == 1) return first < ' ' || first == 0x7f;
  return size == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0;
}

/* How the character is written, where not as it is. false: as it is. */
static bool s_escape(log_format format, const char *character, size_t size, char out[8]) {
  static const struct {
    char character;
    const char *escape;
  } short_escapes[] = {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};
  if (size == 0) { /* a byte that is no UTF-8 */
    if (format == LOG_JSON)
      snprintf(out, 8, "\\ufffd");
    else
      snprintf(out, 8, "\\x%02x", (unsigned)(unsigned char)character[0]);
    return true;
  }
  for (size_t i = 0; i < sizeof short_escapes / sizeof *short_escapes; i++)
    if (*character == short_escapes[i].character) {
      snprintf(out, 8, "%s", short_escapes[i].escape);
      return true;
    }
  if (s_is_control(character, size)) { /* C1 ends in the byte that is its number */
    snprintf(out, 8, "\\u%04x", (unsigned)(unsigned char)character[size - 1]);
    return true;
  }
  if (format == LOG_JSON && (*character == '"' || *character == '\\')) {
    snprintf(out, 8, "\\%c", *character);
    return true;
  }
  return false;
}

/* Appends the sentence, escaped, and cut where `reserve` bytes would not be left. */
static void s_append_sentence(line *to, log_format format, const char *text, size_t reserve) {
  size_t left = strlen(text);
  while (left > 0) {
    size_t size = s_character_size(text, left);
    char escape[8];
    bool escaped = s_escape(format, text, size, escape);
    if (size == 0) size = 1;
    if (!s_append(to, escaped ? escape : text, escaped ? strlen(escape) : size, reserve + sizeof MARK_CUT - 1)) {
      s_append_text(to, MARK_CUT);
      return;
    }
    text += size;
    left -= size;
  }
}

static void s_append_time(line *to) {
  struct timespec now;
  struct tm utc;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  char text[64];
  size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1000000);
  s_append_text(to, text);
}

static void s_compose(line *to, log_format format, log_component component, log_level level, const char *sentence) {
  to->size = 0;
  if (format == LOG_JSON) {
    static const char end[] = "\"}\n";
    s_append_text(to, "{\"time\":\"");
    s_append_time(to);
    s_append_text(to, "\",\"level\":\"");
    s_append_text(to, s_level_names[level]);
    s_append_text(to, "\",\"component\":\"");
    s_append_text(to, s_component_names[component]);
    s_append_text(to, "\",\"message\":\"");
    s_append_sentence(to, format, sentence, sizeof end - 1);
    s_append_text(to, end);
  } else {
    char head[32];
    s_append_time(to);
    snprintf(head, sizeof head, " %-5s %s  ", s_level_marks[level], s_component_names[component]);
    s_append_text(to, head);
    s_append_sentence(to, format, sentence, 1);
    s_append_text(to, "\n");
  }
}

/* ---- writing ---- */

/* Whether `file` took it all without making us wait. A pipe that polls as writable takes 4096 bytes (POSIX: PIPE_BUF).
 * The descriptor is not set to O_NONBLOCK, which would hit everyone who shares standard error. */
static bool s_write(FILE *file, const char *bytes, size_t size) {
  int fd = fileno(file);
  if (fd < 0) return fwrite(bytes, 1, size, file) == size && fflush(file) == 0; /* a stream in memory */
  struct pollfd writable = {.fd = fd, .events = POLLOUT};
  if (poll(&writable, 1, 0) != 1 || !(writable.revents & POLLOUT)) return false;
  ssize_t written;
  do
    written = write(fd, bytes, size);
  while (written < 0 && errno == EINTR);
  return written == (ssize_t)size;
}

/* Writes the line, and before it, in one piece, how many were lost. */
static void s_put(logger *self, const line *to_write) {
  line loss;
  char both[2 * LINE_MAX_SIZE];
  size_t size = 0;
  if (self->dropped > 0) {
    char sentence[96];
    snprintf(sentence, sizeof sentence, "%llu lines of this log were dropped: nobody reads it fast enough",
             (unsigned long long)self->dropped);
    s_compose(&loss, self->format, LOG_BROKER, LOG_LEVEL_WARN, sentence);
    memcpy(both, loss.bytes, loss.size);
    size = loss.size;
  }
  memcpy(both + size, to_write->bytes, to_write->size);
  if (s_write(self->file, both, size + to_write->size))
    self->dropped = 0;
  else
    self->dropped++;
}

static void s_summarise(logger *self, log_component component) {
  log_rate *rate = &self->rates[component];
  if (rate->left_out == 0) return;
  char sentence[96];
  snprintf(sentence, sizeof sentence, "%llu lines were left out: more than %d in one second",
           (unsigned long long)rate->left_out, LINES_PER_SECOND);
  rate->left_out = 0;
  line to_write;
  s_compose(&to_write, self->format, component, LOG_LEVEL_WARN, sentence);
  s_put(self, &to_write);
}

/* Whether the component may write one more line in this second. */
static bool s_admit(logger *self, log_component component) {
  log_rate *rate = &self->rates[component];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (now.tv_sec != rate->second) {
    rate->second = now.tv_sec;
    rate->written = 0;
    s_summarise(self, component);
  }
  if (rate->written == LINES_PER_SECOND) {
    rate->left_out++;
    return false;
  }
  rate->written++;
  return true;
}

void log_write(logger *self, log_component component, log_level level, const char *format, ...) {
  if (!log_enabled(self, component, level) || !s_admit(self, component)) return;
  char sentence[LINE_MAX_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  line to_write;
  s_compose(&to_write, self->format, component, level, sentence);
  s_put(self, &to_write);
}
