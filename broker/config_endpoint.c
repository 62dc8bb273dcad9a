#include "broker/config_endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#define HOST_MAX 253

static bool s_is_loopback(const char *host) {
  struct in_addr v4;
  if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
  return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool s_is_port(const char *text) {
  unsigned port = 0;
  if (strcmp(text, "*") == 0) return true;
  for (const char *c = text; *c; c++) {
    if (!isdigit((unsigned char)*c) || port > UINT16_MAX) return false;
    port = port * 10 + (unsigned)(*c - '0');
  }
  return port > 0 && port <= UINT16_MAX;
}

static hbus_status s_check_tcp(const char *address, hbus_error *error) {
  char host[HOST_MAX + 1];
  const char *colon = strrchr(address, ':');
  if (!colon || colon == address || (size_t)(colon - address) > HOST_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the address must be tcp://HOST:PORT");
  memcpy(host, address, (size_t)(colon - address));
  host[colon - address] = '\0';
  if (!s_is_port(colon + 1))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the port must be a number from 1 to 65535, or * for any free one");
  if (!s_is_loopback(host))
    return hbus_fail(error, HBUS_INVALID_REQUEST,
                     "%.80s is not a loopback address: that needs CURVE, which this version does not have yet; use "
                     "127.0.0.1 or ipc://",
                     host);
  return HBUS_OK;
}

static hbus_status s_check_ipc(const char *path, hbus_error *error) {
  size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
  if (*path == '\0' || strlen(path) > max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "the path must have 1 to %zu bytes", max);
  return HBUS_OK;
}

hbus_status config_endpoint_check(const char *text, hbus_error *error) {
  if (strncmp(text, "tcp://", 6) == 0) return s_check_tcp(text + 6, error);
  if (strncmp(text, "ipc://", 6) == 0) return s_check_ipc(text + 6, error);
  return hbus_fail(error, HBUS_INVALID_REQUEST, "the address must begin with tcp:// or ipc://");
}
