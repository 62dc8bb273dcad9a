/* A TLS server for tests, on a thread of its own: it takes one connection after the other, completes the WebSocket
 * handshake, sends the message "over TLS" and waits for the other side to go. */
#ifndef TESTS_BROKER_TLS_SERVER_H
#define TESTS_BROKER_TLS_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct tls_server tls_server;

typedef struct tls_server_options {
  const char *name;  /* the certificate's DNS name; NULL: it is for the address 127.0.0.1 */
  long valid_for_s;  /* from an hour ago on; negative: expired */
  int version_max;   /* TLS1_1_VERSION, …; 0: any */
  bool wants_client; /* refuses clients without a certificate of its own authority */
} tls_server_options;

/* Makes an authority of its own, whose certificate it writes to a file. */
tls_server *tls_server_new(const tls_server_options *options);
uint16_t tls_server_port(const tls_server *self);
const char *tls_server_ca_file(const tls_server *self);
/* A client's certificate of that authority, and its key; and a pair of another authority. */
const char *tls_server_client_cert_file(const tls_server *self);
const char *tls_server_client_key_file(const tls_server *self);
const char *tls_server_stranger_cert_file(const tls_server *self);
const char *tls_server_stranger_key_file(const tls_server *self);
/* The name that the last client asked for (SNI), or "". Only when that client is done with its handshake. */
const char *tls_server_asked_for(const tls_server *self);
void tls_server_destroy(tls_server **self);

#endif
