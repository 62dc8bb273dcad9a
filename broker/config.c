#include "broker/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/config_env.h"
#include "broker/config_reader.h"
#include "broker/config_schema.h"
#include "broker/link/websocket.h"

/* The whole file, which the caller frees. */
static hbus_status s_read_file(const char *path, char **out, size_t *out_size, hbus_error *error) {
  hbus_status status = HBUS_OK;
  FILE *file = fopen(path, "re");
  char *text = malloc(CONFIG_FILE_MAX + 1);
  if (!file) {
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot open %.120s: %s", path, strerror(errno));
    goto out;
  }
  if (!text) {
    status = hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
    goto out;
  }
  size_t size = fread(text, 1, CONFIG_FILE_MAX + 1, file);
  if (ferror(file)) {
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read %.120s: %s", path, strerror(errno));
    goto out;
  }
  if (size > CONFIG_FILE_MAX) {
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "%.120s is longer than %d bytes", path, CONFIG_FILE_MAX);
    goto out;
  }
  *out = text;
  *out_size = size;
  text = NULL;

out:
  free(text);
  if (file) fclose(file);
  return status;
}

static hbus_status s_fill_defaults(config *self, const config_mark *marks, hbus_error *error) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    const config_key *key = &config_keys[i];
    if (marks[i].line > 0 || !key->standard) continue;
    hbus_status status = config_key_set(key, self, key->standard, error);
    if (status != HBUS_OK) return status;
  }
  for (unsigned i = 0; i < LOG_COMPONENT_COUNT; i++) {
    char path[64];
    snprintf(path, sizeof path, "log.components.%s", log_component_name((log_component)i));
    if (marks[config_key_find(path) - config_keys].line == 0) self->log.components[i] = self->log.level;
  }
  return HBUS_OK;
}

static config_mark s_mark(const config_mark *marks, const char *path) {
  return marks[config_key_find(path) - config_keys];
}

/* The rules between keys: the first is less than the second, or as much where they may be equal. */
static hbus_status s_check_order(const config *self, const char *name, const config_mark *marks, hbus_error *error) {
  const struct {
    const char *less, *more;
    uint64_t less_value, more_value;
    bool equal;
  } rules[] = {
      {"upstream.reconnect_min_ms", "upstream.reconnect_max_ms", self->upstream.reconnect_min_ms,
       self->upstream.reconnect_max_ms, true},
      {"upstream.ping_ms", "upstream.hang_up_ms", self->upstream.ping_ms, self->upstream.hang_up_ms, false},
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (rules[i].less_value < rules[i].more_value) continue;
    if (rules[i].equal && rules[i].less_value == rules[i].more_value) continue;
    config_mark less = s_mark(marks, rules[i].less), more = s_mark(marks, rules[i].more);
    return config_fail_at(name, more.line > 0 ? more : less, error, "'%s' (%llu) must %s '%s' (%llu)", rules[i].more,
                          (unsigned long long)rules[i].more_value, rules[i].equal ? "not be less than" : "be more than",
                          rules[i].less, (unsigned long long)rules[i].less_value);
  }
  return HBUS_OK;
}

/* The files of TLS, where it is used: what would keep the link from ever coming up is told at the start. */
static hbus_status s_check_tls(const config *self, const char *name, const config_mark *marks, hbus_error *error) {
  hbus_error inner;
  if (strncmp(self->upstream.url, "wss:", 4) != 0) return HBUS_OK;
  if (self->upstream.ca_file && websocket_files_check(self->upstream.ca_file, NULL, NULL, &inner) != HBUS_OK)
    return config_fail_at(name, s_mark(marks, "upstream.ca_file"), error, "%s", inner.text);
  const char *cert = self->upstream.client_cert_file, *key = self->upstream.client_key_file;
  if ((cert || key) && websocket_files_check(NULL, cert, key, &inner) != HBUS_OK)
    return config_fail_at(name, s_mark(marks, key ? "upstream.client_key_file" : "upstream.client_cert_file"), error,
                          "%s", inner.text);
  return HBUS_OK;
}

hbus_status config_load(const char *path, char *(*getenv_)(const char *name), config **out, hbus_error *error) {
  config_mark marks[CONFIG_KEY_COUNT] = {0};
  char *text = NULL;
  size_t size = 0;
  hbus_status status;
  config *self = calloc(1, sizeof *self);
  if (!self) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");

  if (path) {
    if ((status = s_read_file(path, &text, &size, error)) != HBUS_OK) goto out;
    if ((status = config_read(path, text, size, self, marks, error)) != HBUS_OK) goto out;
  }
  if ((status = s_fill_defaults(self, marks, error)) != HBUS_OK) goto out;
  if ((status = s_check_order(self, path, marks, error)) != HBUS_OK) goto out;
  if ((status = s_check_tls(self, path, marks, error)) != HBUS_OK) goto out;
  if ((status = config_env_apply(self, getenv_, error)) != HBUS_OK) goto out;
  *out = self;
  self = NULL;

out:
  free(text);
  config_destroy(&self);
  return status;
}

static void s_free_list(config_list *endpoints) {
  for (unsigned i = 0; i < endpoints->count; i++)
    free(endpoints->items[i]);
  free(endpoints->items);
}

void config_destroy(config **self) {
  config *gone = *self;
  if (!gone) return;
  *self = NULL;
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    if (config_keys[i].kind == CONFIG_TEXT) free(*config_text_at(gone, &config_keys[i]));
    if (config_keys[i].kind == CONFIG_LIST) s_free_list(config_list_at(gone, &config_keys[i]));
  }
  for (unsigned i = 0; i < gone->upstream.subscribe_count; i++) {
    free(gone->upstream.subscribe[i].exchange);
    free(gone->upstream.subscribe[i].market);
  }
  free(gone->upstream.subscribe);
  if (gone->upstream.api_key) explicit_bzero(gone->upstream.api_key, strlen(gone->upstream.api_key));
  free(gone->upstream.api_key);
  free(gone);
}
