#include "tests/sim/control_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/sim/control.h"

#define S_LISTENER "control-listener"
#define S_CONTROL  "control"
#define S_BACKLOG  8

/* One who gives commands. */
typedef struct controller {
  size_t received;
  char line[CONTROL_LINE_MAX];
  buffer answers;
  size_t written; /* of them */
} controller;

static sim_host *s_host(struct lws *wsi) {
  return lws_get_protocol(wsi)->user;
}

/* Does what is in a whole line. */
static void s_command(sim_host *host, controller *from) {
  host->tick(host);
  control_handle(host->sim, from->line, &from->answers);
  host->tick(host);
}

/* Reads what there is. Returns not 0 when the other side is gone, or writes no lines that could be commands, or does
 * not read its answers. */
static int s_read(struct lws *wsi, controller *from) {
  char bytes[CONTROL_LINE_MAX];
  ssize_t size = recv(lws_get_socket_fd(wsi), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return -1;
  for (ssize_t i = 0; i < size; i++) {
    if (bytes[i] != '\n') {
      if (from->received == sizeof from->line - 1) return -1;
      from->line[from->received++] = bytes[i];
      continue;
    }
    from->line[from->received] = '\0';
    from->received = 0;
    s_command(s_host(wsi), from);
  }
  if (from->answers.status != HBUS_OK) return -1;
  if (from->answers.size > 0) lws_callback_on_writable(wsi);
  return 0;
}

static int s_write(struct lws *wsi, controller *to) {
  size_t left = to->answers.size - to->written;
  if (left == 0) return 0;
  ssize_t size = send(lws_get_socket_fd(wsi), to->answers.data + to->written, left, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0 && errno != EAGAIN && errno != EINTR) return -1;
  if (size > 0) to->written += (size_t)size;
  if (to->written == to->answers.size) {
    buffer_reset(&to->answers);
    to->written = 0;
  } else {
    lws_callback_on_writable(wsi);
  }
  return 0;
}

static int s_on_control(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  controller *self = user;
  (void)in, (void)size;
  switch (reason) {
  case LWS_CALLBACK_RAW_ADOPT_FILE: buffer_init(&self->answers, CONTROL_ANSWER_MAX); return 0;
  case LWS_CALLBACK_RAW_RX_FILE: return s_read(wsi, self);
  case LWS_CALLBACK_RAW_WRITEABLE_FILE: return s_write(wsi, self);
  case LWS_CALLBACK_RAW_CLOSE_FILE: buffer_free(&self->answers); return 0;
  default: return 0;
  }
}

static int s_on_listener(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
  (void)user, (void)in, (void)size;
  if (reason != LWS_CALLBACK_RAW_RX_FILE) return 0;
  lws_sock_file_fd_type descriptor = {.filefd =
                                          accept4(lws_get_socket_fd(wsi), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  /* Takes the descriptor over, also when it fails. */
  if (descriptor.filefd >= 0)
    lws_adopt_descriptor_vhost(lws_get_vhost(wsi), LWS_ADOPT_RAW_FILE_DESC, descriptor, S_CONTROL, NULL);
  return 0;
}

struct lws_protocols control_socket_listener_protocol(sim_host *host) {
  return (struct lws_protocols){.name = S_LISTENER, .callback = s_on_listener, .user = host};
}

struct lws_protocols control_socket_protocol(sim_host *host) {
  return (struct lws_protocols){
      .name = S_CONTROL, .callback = s_on_control, .per_session_data_size = sizeof(controller), .user = host};
}

/* Only a socket is replaced, never a file. */
static void s_remove_socket(const char *path) {
  struct stat there;
  if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) unlink(path);
}

hbus_status control_socket_open(struct lws_vhost *vhost, const char *path, hbus_error *error) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen at %s: the path is too long", path);
  memcpy(address.sun_path, path, strlen(path));
  s_remove_socket(path);
  lws_sock_file_fd_type descriptor = {.filefd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (descriptor.filefd < 0 || bind(descriptor.filefd, (const struct sockaddr *)&address, sizeof address) != 0 ||
      listen(descriptor.filefd, S_BACKLOG) != 0) {
    hbus_status status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot listen at %s: %s", path, strerror(errno));
    if (descriptor.filefd >= 0) close(descriptor.filefd);
    return status;
  }
  if (!lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor, S_LISTENER, NULL))
    return hbus_fail(error, HBUS_INTERNAL, "cannot watch %s", path);
  return HBUS_OK;
}
