#include "tests/broker/websocket_server.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (4u << 20)

struct server {
  uv_tcp_t listener;
  uv_tcp_t *connection;
  server_manner manner;
  server_callbacks callbacks;
  void *arg;
  uint16_t port;
  unsigned accepted;
  bool upgraded;
  char *input;
  size_t input_at; /* taken so far */
  size_t input_size;
};

typedef struct write_job {
  uv_write_t request;
  char bytes[];
} write_job;

static void s_on_written(uv_write_t *request, int status) {
  (void)status;
  free(request->data);
}

void server_send_raw(server *self, const void *bytes, size_t size) {
  if (!self->connection) return;
  write_job *job = malloc(sizeof *job + size);
  assert(job);
  memcpy(job->bytes, bytes, size);
  job->request.data = job;
  uv_buf_t buffer = uv_buf_init(job->bytes, (unsigned)size);
  uv_write(&job->request, (uv_stream_t *)self->connection, &buffer, 1, s_on_written);
}

void server_send_frame(server *self, bool final, int opcode, const void *payload, size_t size) {
  unsigned char *frame = malloc(10 + size);
  assert(frame);
  size_t header = 2;
  frame[0] = (unsigned char)((final ? 0x80 : 0) | opcode);
  if (size < 126) {
    frame[1] = (unsigned char)size;
  } else if (size < 65536) {
    frame[1] = 126;
    frame[2] = (unsigned char)(size >> 8);
    frame[3] = (unsigned char)size;
    header = 4;
  } else {
    frame[1] = 127;
    for (int i = 0; i < 8; i++)
      frame[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
    header = 10;
  }
  if (size > 0) memcpy(frame + header, payload, size);
  server_send_raw(self, frame, header + size);
  free(frame);
}

void server_send_close(server *self, unsigned code, const char *text) {
  char payload[125];
  size_t size = strlen(text);
  assert(size <= sizeof payload - 2);
  payload[0] = (char)(code >> 8);
  payload[1] = (char)code;
  memcpy(payload + 2, text, size);
  server_send_frame(self, true, OPCODE_CLOSE, payload, size + 2);
}

static void s_on_connection_closed(uv_handle_t *handle) {
  free(handle);
}

void server_hang_up(server *self) {
  if (self->connection) uv_close((uv_handle_t *)self->connection, s_on_connection_closed);
  self->connection = NULL;
}

void server_stop_reading(server *self) {
  uv_read_stop((uv_stream_t *)self->connection);
}

static void s_answer_key(const char *key, size_t size, char out[64]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char joined[128], hash[SHA_DIGEST_LENGTH];
  memcpy(joined, key, size);
  memcpy(joined + size, guid, sizeof guid - 1);
  SHA1(joined, size + sizeof guid - 1, hash);
  EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
}

static void s_answer(server *self, const char *text) {
  server_send_raw(self, text, strlen(text));
}

#define UPGRADE "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

static void s_upgrade(server *self, size_t request_size) {
  char *request = self->input + self->input_at;
  request[request_size - 1] = '\0';
  const char *key = strstr(request, "Sec-WebSocket-Key: ");
  assert(key);
  key += strlen("Sec-WebSocket-Key: ");
  char accept[64] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  if (self->manner == SERVER_GOOD) s_answer_key(key, strcspn(key, "\r"), accept);
  s_answer(self, UPGRADE "Sec-WebSocket-Accept: ");
  s_answer(self, accept);
  s_answer(self, "\r\n\r\n");
  self->upgraded = true;
  if (self->manner == SERVER_GOOD && self->callbacks.on_open) self->callbacks.on_open(self, self->arg, request);
}

static size_t s_take_request(server *self) {
  char *request = self->input + self->input_at;
  char *end = memmem(request, self->input_size - self->input_at, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t size = (size_t)(end - request) + 4;
  switch (self->manner) {
  case SERVER_GOOD:
  case SERVER_WRONG_HASH: s_upgrade(self, size); break;
  case SERVER_NOT_FOUND: s_answer(self, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); break;
  case SERVER_GARBAGE: s_answer(self, "SSH-2.0-OpenSSH_9.2p1\r\nwho are you?\r\n\r\n"); break;
  case SERVER_HALF:
    s_answer(self, "HTTP/1.1 101 Switching Pro");
    server_hang_up(self);
    break;
  case SERVER_SILENT: break;
  }
  return size;
}

static void s_on_frame(server *self, int opcode, char *payload, size_t size) {
  if (opcode == OPCODE_PING) server_send_frame(self, true, OPCODE_PONG, payload, size);
  if (self->callbacks.on_frame) self->callbacks.on_frame(self, self->arg, opcode, payload, size);
  if (opcode == OPCODE_CLOSE) {
    server_send_frame(self, true, OPCODE_CLOSE, payload, size < 2 ? 0 : 2);
    server_hang_up(self);
  }
}

static size_t s_take_frame(server *self) {
  char *frame = self->input + self->input_at;
  const unsigned char *in = (const unsigned char *)frame;
  size_t available = self->input_size - self->input_at;
  if (available < 2) return 0;
  size_t size = in[1] & 0x7f, header = 2;
  if (size == 126) header = 4;
  if (size == 127) header = 10;
  if (available < header + 4) return 0;
  if (header > 2) {
    size = 0;
    for (size_t i = 2; i < header; i++)
      size = size << 8 | in[i];
  }
  assert(in[1] & 0x80); /* a client masks */
  if (available < header + 4 + size) return 0;
  char *payload = frame + header + 4;
  for (size_t i = 0; i < size; i++)
    payload[i] = (char)(payload[i] ^ frame[header + i % 4]);
  s_on_frame(self, in[0] & 0x0f, payload, size);
  return header + 4 + size;
}

static void s_on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
  (void)suggested;
  server *self = handle->data;
  *out = uv_buf_init(self->input + self->input_size, (unsigned)(INPUT_MAX - self->input_size));
}

static void s_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  (void)buffer;
  server *self = stream->data;
  if (size < 0) {
    server_hang_up(self);
    return;
  }
  self->input_size += (size_t)size;
  while (self->connection == (uv_tcp_t *)stream) {
    size_t taken = self->upgraded ? s_take_frame(self) : s_take_request(self);
    if (taken == 0) break;
    self->input_at += taken;
  }
  self->input_size -= self->input_at;
  memmove(self->input, self->input + self->input_at, self->input_size);
  self->input_at = 0;
}

static void s_on_connection(uv_stream_t *listener, int status) {
  server *self = listener->data;
  assert(status == 0);
  uv_tcp_t *connection = malloc(sizeof *connection);
  assert(connection);
  uv_tcp_init(listener->loop, connection);
  connection->data = self;
  int accepted = uv_accept(listener, (uv_stream_t *)connection);
  assert(accepted == 0);
  server_hang_up(self);
  self->connection = connection;
  self->accepted++;
  self->upgraded = false;
  self->input_size = 0;
  uv_tcp_nodelay(connection, 1); /* or what is sent in parts waits for acknowledgements */
  uv_read_start((uv_stream_t *)connection, s_on_allocate, s_on_read);
}

server *server_new(uv_loop_t *loop, server_manner manner, const server_callbacks *callbacks, void *arg) {
  server *self = calloc(1, sizeof *self);
  assert(self);
  self->manner = manner;
  if (callbacks) self->callbacks = *callbacks;
  self->arg = arg;
  self->input = malloc(INPUT_MAX);
  assert(self->input);
  struct sockaddr_in address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &self->listener);
  self->listener.data = self;
  int bound = uv_tcp_bind(&self->listener, (const struct sockaddr *)&address, 0);
  int listening = uv_listen((uv_stream_t *)&self->listener, 8, s_on_connection);
  assert(bound == 0 && listening == 0);
  int size = sizeof address;
  uv_tcp_getsockname(&self->listener, (struct sockaddr *)&address, &size);
  self->port = ntohs(address.sin_port);
  return self;
}

uint16_t server_port(const server *self) {
  return self->port;
}

unsigned server_accepted(const server *self) {
  return self->accepted;
}

size_t server_queued(const server *self) {
  return self->connection ? uv_stream_get_write_queue_size((const uv_stream_t *)self->connection) : 0;
}

bool server_connected(const server *self) {
  return self->connection != NULL;
}

static void s_on_listener_closed(uv_handle_t *handle) {
  server *self = handle->data;
  free(self->input);
  free(self);
}

void server_destroy(server **self) {
  server *gone = *self;
  if (!gone) return;
  *self = NULL;
  server_hang_up(gone);
  uv_close((uv_handle_t *)&gone->listener, s_on_listener_closed);
}
