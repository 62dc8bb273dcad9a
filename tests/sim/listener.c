#include "tests/sim/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* SO_REUSEADDR lets the keeper and the socket that listens share the port. The kernel gives a port that is bound so to
 * nobody who asks for any. */
static int s_bind(const struct sockaddr_in *address) {
  int reuse = 1;
  int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bound >= 0 && setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0 &&
      bind(bound, (const struct sockaddr *)address, sizeof *address) == 0)
    return bound;
  int reason = errno;
  if (bound >= 0) close(bound);
  errno = reason;
  return -1;
}

hbus_status listener_open(listener *self, const char *where, int port, hbus_error *error) {
  *self = (listener){.address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}, .keeper = -1};
  if (inet_pton(AF_INET, where, &self->address.sin_addr) != 1)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on '%s': it is no IPv4 address", where);
  socklen_t size = sizeof self->address;
  self->keeper = s_bind(&self->address);
  if (self->keeper < 0 || getsockname(self->keeper, (struct sockaddr *)&self->address, &size) != 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen on %s:%d: %s", where, port, strerror(errno));
  return HBUS_OK;
}

void listener_close(listener *self) {
  if (self->keeper >= 0) close(self->keeper);
  self->keeper = -1;
}

int listener_port(const listener *self) {
  return ntohs(self->address.sin_port);
}

int listener_start(const listener *self) {
  int listening = s_bind(&self->address);
  if (listening < 0 || listen(listening, SOMAXCONN) == 0) return listening;
  int reason = errno;
  close(listening);
  errno = reason;
  return -1;
}

int listener_accept(int listening) {
  int accepted = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  int on = 1;
  if (accepted >= 0) (void)setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return accepted;
}
