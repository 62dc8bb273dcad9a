#include "broker/config_env.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/link/websocket_url.h"

static const char *s_get(char *(*getenv_)(const char *name), const char *name) {
  const char *value = getenv_(name);
  return value && *value ? value : NULL;
}

/* ---- the url ---- */

static hbus_status s_set_port(websocket_url *url, const char *text, hbus_error *error) {
  unsigned port = 0;
  const char *c = text;
  while (*c >= '0' && *c <= '9' && port <= UINT16_MAX)
    port = port * 10 + (unsigned)(*c++ - '0');
  if (*c != '\0' || port == 0 || port > UINT16_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "HUMMINGBOT_PORT must be a number from 1 to 65535");
  url->port = (uint16_t)port;
  return HBUS_OK;
}

static hbus_status s_set_host(websocket_url *url, const char *text, hbus_error *error) {
  size_t size = strlen(text);
  bool bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']';
  if (bracketed) {
    text++;
    size -= 2;
  }
  if (size > WEBSOCKET_HOST_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "HUMMINGBOT_HOST is longer than %d bytes", WEBSOCKET_HOST_MAX);
  memcpy(url->host, text, size);
  url->host[size] = '\0';
  return HBUS_OK;
}

static hbus_status s_apply_place(config *self, const char *host, const char *port, hbus_error *error) {
  websocket_url url, again;
  hbus_error inner;
  hbus_status status = websocket_url_parse(self->upstream.url, &url, NULL);
  assert(status == HBUS_OK); /* checked when it was read */
  if (host && (status = s_set_host(&url, host, error)) != HBUS_OK) return status;
  if (port && (status = s_set_port(&url, port, error)) != HBUS_OK) return status;

  char text[WEBSOCKET_URL_MAX];
  websocket_url_format(&url, text, sizeof text);
  if (websocket_url_parse(text, &again, &inner) != HBUS_OK || strcmp(again.host, url.host) != 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "HUMMINGBOT_HOST is not a host name or address");
  char *copy = strdup(text);
  if (!copy) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
  free(self->upstream.url);
  self->upstream.url = copy;
  return HBUS_OK;
}

/* ---- the API key ---- */

static hbus_status s_set_api_key(config *self, const char *key, size_t size, const char *source, hbus_error *error) {
  if (size == 0) return hbus_fail(error, HBUS_INVALID_REQUEST, "there is no API key in %.120s", source);
  if (size > CONFIG_API_KEY_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the API key in %.120s is longer than %d bytes", source,
                     CONFIG_API_KEY_MAX);
  for (size_t i = 0; i < size; i++)
    if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "the API key in %.120s holds a control character", source);
  self->upstream.api_key = strndup(key, size);
  return self->upstream.api_key ? HBUS_OK : hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
}

static hbus_status s_read_api_key(config *self, hbus_error *error) {
  const char *path = self->upstream.api_key_file;
  char text[CONFIG_API_KEY_MAX + 2]; /* the key, and one byte to see that it is longer, or its end of line */
  FILE *file = fopen(path, "re");
  if (!file)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot open the API key file %.120s: %s", path, strerror(errno));
  setvbuf(file, NULL, _IONBF, 0); /* no copy of the key in a buffer that is freed as it is */
  size_t size = fread(text, 1, sizeof text, file);
  hbus_status status = HBUS_OK;
  if (ferror(file))
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read the API key file %.120s: %s", path, strerror(errno));
  fclose(file);

  char *end = memchr(text, '\n', size);
  if (end) size = (size_t)(end - text);
  if (size > 0 && text[size - 1] == '\r') size--;
  if (status == HBUS_OK) status = s_set_api_key(self, text, size, path, error);
  explicit_bzero(text, sizeof text);
  return status;
}

hbus_status config_env_apply(config *self, char *(*getenv_)(const char *name), hbus_error *error) {
  const char *host = s_get(getenv_, "HUMMINGBOT_HOST"), *port = s_get(getenv_, "HUMMINGBOT_PORT");
  if (host || port) {
    hbus_status status = s_apply_place(self, host, port, error);
    if (status != HBUS_OK) return status;
  }
  const char *key = s_get(getenv_, "HUMMINGBOT_API_KEY");
  self->upstream.api_key_from_environment = key != NULL;
  if (key) return s_set_api_key(self, key, strlen(key), "HUMMINGBOT_API_KEY", error);
  return self->upstream.api_key_file ? s_read_api_key(self, error) : HBUS_OK;
}
