#include "broker/link/websocket_url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "broker/link/websocket.h"

#define WS_PORT  80
#define WSS_PORT 443

static uint16_t s_default_port(bool tls) {
  return tls ? WSS_PORT : WS_PORT;
}

static const char *s_read_scheme(const char *text, bool *tls) {
  static const struct {
    const char *prefix;
    bool tls;
  } schemes[] = {{"ws://", false}, {"wss://", true}};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    size_t size = strlen(schemes[i].prefix);
    if (strncasecmp(text, schemes[i].prefix, size) == 0) {
      *tls = schemes[i].tls;
      return text + size;
    }
  }
  return NULL;
}

static hbus_status s_check_host(const websocket_url *url, bool bracketed, hbus_error *error) {
  if (url->host[0] == '\0') return hbus_fail(error, HBUS_INVALID_REQUEST, "the url has no host");
  if (bracketed) {
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET6, url->host, address) != 1)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "'[%s]' in the url is not an IPv6 address", url->host);
    /* libwebsockets 4.1.6 cuts the name it checks at the first colon, and checks no name at all if nothing is left. */
    if (url->tls)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "wss:// needs a host name or an IPv4 address, not '[%s]'",
                       url->host);
    return HBUS_OK;
  }
  for (const char *c = url->host; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
      return hbus_fail(error, HBUS_INVALID_REQUEST, "the host in the url holds a character that is not allowed");
  return HBUS_OK;
}

static const char *s_read_host(const char *at, websocket_url *url, hbus_error *error) {
  bool bracketed = *at == '[';
  if (bracketed) at++;
  size_t size = strcspn(at, bracketed ? "]/?#" : ":/?#");
  if (size > WEBSOCKET_HOST_MAX) {
    hbus_fail(error, HBUS_INVALID_REQUEST, "the host in the url is longer than %d bytes", WEBSOCKET_HOST_MAX);
    return NULL;
  }
  memcpy(url->host, at, size);
  url->host[size] = '\0';
  at += size;
  if (bracketed && *at++ != ']') {
    hbus_fail(error, HBUS_INVALID_REQUEST, "the url has a '[' without its ']'");
    return NULL;
  }
  return s_check_host(url, bracketed, error) == HBUS_OK ? at : NULL;
}

static const char *s_read_port(const char *at, websocket_url *url, hbus_error *error) {
  url->port = s_default_port(url->tls);
  if (*at != ':') return at;
  unsigned port = 0;
  const char *digits = ++at;
  while (isdigit((unsigned char)*at) && port <= UINT16_MAX)
    port = port * 10 + (unsigned)(*at++ - '0');
  if (at == digits || port == 0 || port > UINT16_MAX || (*at != '\0' && !strchr("/?#", *at))) {
    hbus_fail(error, HBUS_INVALID_REQUEST, "the port in the url must be a number from 1 to 65535");
    return NULL;
  }
  url->port = (uint16_t)port;
  return at;
}

static hbus_status s_read_path(const char *at, websocket_url *url, hbus_error *error) {
  if (*at == '\0') at = "/";
  if (*at != '/') return hbus_fail(error, HBUS_INVALID_REQUEST, "the url must go on with '/' after the host and port");
  size_t size = strlen(at);
  if (size > WEBSOCKET_PATH_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the path in the url is longer than %d bytes", WEBSOCKET_PATH_MAX);
  for (const char *c = at; *c; c++)
    if (!isgraph((unsigned char)*c) || *c == '#')
      return hbus_fail(error, HBUS_INVALID_REQUEST, "the path in the url holds a character that is not allowed");
  memcpy(url->path, at, size + 1);
  return HBUS_OK;
}

hbus_status websocket_url_parse(const char *text, websocket_url *out, hbus_error *error) {
  websocket_url url = {0};
  const char *at = s_read_scheme(text, &url.tls);
  if (!at) return hbus_fail(error, HBUS_INVALID_REQUEST, "the url must begin with ws:// or wss://");
  size_t authority_size = strcspn(at, "/?#");
  if (memchr(at, '@', authority_size))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the url must not hold a user name or password");

  at = s_read_host(at, &url, error);
  if (at) at = s_read_port(at, &url, error);
  if (!at || s_read_path(at, &url, error) != HBUS_OK) return HBUS_INVALID_REQUEST;
  *out = url;
  return HBUS_OK;
}

hbus_status websocket_url_check(const char *url, hbus_error *error) {
  websocket_url ignored;
  return websocket_url_parse(url, &ignored, error);
}

void websocket_url_authority(const websocket_url *self, char *out, size_t size) {
  bool bracketed = strchr(self->host, ':') != NULL;
  char port[sizeof ":65535"] = "";
  if (self->port != s_default_port(self->tls)) snprintf(port, sizeof port, ":%u", (unsigned)self->port);
  snprintf(out, size, "%s%s%s%s", bracketed ? "[" : "", self->host, bracketed ? "]" : "", port);
}

void websocket_url_format(const websocket_url *self, char *out, size_t size) {
  char authority[WEBSOCKET_HOST_MAX + sizeof "[]:65535"];
  websocket_url_authority(self, authority, sizeof authority);
  snprintf(out, size, "%s://%s%s", self->tls ? "wss" : "ws", authority, self->path);
}
