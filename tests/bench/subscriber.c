/* bench_subscriber ENDPOINT PREFIX: a subscriber of its own process, which takes what comes and does nothing with it,
 * until it is stopped. It says "ready" when the first event has come. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int main(int argc, char *argv[]) {
  if (argc != 3) {
    fprintf(stderr, "usage: bench_subscriber ENDPOINT PREFIX\n");
    return 2;
  }
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_SUB);
  zmq_setsockopt(socket, ZMQ_SUBSCRIBE, argv[2], strlen(argv[2]));
  if (zmq_connect(socket, argv[1])) return 1;
  zmq_msg_t part;
  zmq_msg_init(&part);
  for (bool ready = false; zmq_msg_recv(&part, socket, 0) >= 0; ready = true) {
    if (!ready) puts("ready");
    fflush(stdout);
  }
  return 1;
}
