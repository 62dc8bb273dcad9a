#include "tests/broker/tls_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls_server {
  SSL_CTX *ssl;
  int listener;
  uint16_t port;
  pthread_t thread;
  char asked_for[128];
  char ca_file[32];
  char client_cert_file[32];
  char client_key_file[32];
  char stranger_cert_file[32];
  char stranger_key_file[32];
};

/* ---- certificates ---- */

static void s_extend(X509 *certificate, int nid, const char *value) {
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
  assert(extension);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

static X509 *s_certify(const char *name, EVP_PKEY *key, long valid_for_s, X509 *issuer, EVP_PKEY *issuer_key) {
  static long serial = 1;
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for_s);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                             -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
  if (!issuer) s_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  char alternative[128];
  struct in_addr address;
  snprintf(alternative, sizeof alternative, "%s:%s", inet_pton(AF_INET, name, &address) == 1 ? "IP" : "DNS", name);
  if (issuer) s_extend(certificate, NID_subject_alt_name, alternative);
  int signature = X509_sign(certificate, issuer ? issuer_key : key, EVP_sha256());
  assert(signature > 0);
  return certificate;
}

static FILE *s_new_file(char path[32]) {
  snprintf(path, 32, "/tmp/hbus-tls-XXXXXX");
  FILE *file = fdopen(mkstemp(path), "w");
  assert(file);
  return file;
}

static void s_write_certificate(char path[32], X509 *certificate) {
  FILE *file = s_new_file(path);
  PEM_write_X509(file, certificate);
  fclose(file);
}

static void s_write_client(char cert_path[32], char key_path[32], X509 *ca, EVP_PKEY *ca_key) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = s_certify("client", key, 3600, ca, ca_key);
  s_write_certificate(cert_path, certificate);
  FILE *file = s_new_file(key_path);
  PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
  fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

static void s_set_up_certificates(tls_server *self, const tls_server_options *options) {
  EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
  X509 *ca = s_certify("hbus test authority", ca_key, 86400, NULL, NULL);
  X509 *other = s_certify("another authority", other_key, 86400, NULL, NULL);
  X509 *certificate = s_certify(options->name ? options->name : "127.0.0.1", key, options->valid_for_s, ca, ca_key);
  SSL_CTX_use_certificate(self->ssl, certificate);
  SSL_CTX_use_PrivateKey(self->ssl, key);
  s_write_certificate(self->ca_file, ca);
  s_write_client(self->client_cert_file, self->client_key_file, ca, ca_key);
  s_write_client(self->stranger_cert_file, self->stranger_key_file, other, other_key);
  if (options->wants_client) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(self->ssl), ca);
    SSL_CTX_set_verify(self->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  }
  X509_free(ca);
  X509_free(other);
  X509_free(certificate);
  EVP_PKEY_free(ca_key);
  EVP_PKEY_free(key);
  EVP_PKEY_free(other_key);
}

/* ---- serving ---- */

static void s_shake_hands(SSL *ssl) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", field[] = "Sec-WebSocket-Key: ";
  char request[4096] = "";
  size_t size = 0;
  while (!strstr(request, "\r\n\r\n")) {
    int more = SSL_read(ssl, request + size, (int)(sizeof request - 1 - size));
    if (more <= 0) return;
    request[size += (size_t)more] = '\0';
  }
  const char *key = strstr(request, field);
  assert(key);
  key += sizeof field - 1;
  char joined[128], answer[256];
  unsigned char hash[SHA_DIGEST_LENGTH], accept[64];
  int joined_size = snprintf(joined, sizeof joined, "%.*s%s", (int)strcspn(key, "\r"), key, guid);
  SHA1((unsigned char *)joined, (size_t)joined_size, hash);
  EVP_EncodeBlock(accept, hash, sizeof hash);
  int answer_size = snprintf(answer, sizeof answer,
                             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: %s\r\n\r\n\x81\x08over TLS",
                             (char *)accept);
  SSL_write(ssl, answer, answer_size);
  while (SSL_read(ssl, request, sizeof request) > 0)
    ;
}

/* Lets the alert be read: closing with the client's bytes unread would reset the connection under it. */
static void s_linger(int connection) {
  char bytes[256];
  shutdown(connection, SHUT_WR);
  while (read(connection, bytes, sizeof bytes) > 0)
    ;
}

static void *s_serve(void *arg) {
  tls_server *self = arg;
  int connection;
  while ((connection = accept(self->listener, NULL, NULL)) >= 0) {
    SSL *ssl = SSL_new(self->ssl);
    SSL_set_fd(ssl, connection);
    if (SSL_accept(ssl) == 1) {
      const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      snprintf(self->asked_for, sizeof self->asked_for, "%s", name ? name : "");
      s_shake_hands(ssl);
    } else {
      s_linger(connection);
    }
    SSL_free(ssl);
    close(connection);
  }
  return NULL;
}

tls_server *tls_server_new(const tls_server_options *options) {
  tls_server *self = calloc(1, sizeof *self);
  assert(self);
  self->ssl = SSL_CTX_new(TLS_server_method());
  assert(self->ssl);
  SSL_CTX_set_security_level(self->ssl, 0); /* or there is no TLS 1.1 to refuse */
  SSL_CTX_set_min_proto_version(self->ssl, TLS1_VERSION);
  if (options->version_max) SSL_CTX_set_max_proto_version(self->ssl, options->version_max);
  s_set_up_certificates(self, options);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int failed = bind(self->listener, (const struct sockaddr *)&address, size);
  failed |= listen(self->listener, 8);
  failed |= getsockname(self->listener, (struct sockaddr *)&address, &size);
  failed |= pthread_create(&self->thread, NULL, s_serve, self);
  assert(!failed);
  self->port = ntohs(address.sin_port);
  return self;
}

uint16_t tls_server_port(const tls_server *self) {
  return self->port;
}

const char *tls_server_ca_file(const tls_server *self) {
  return self->ca_file;
}

const char *tls_server_client_cert_file(const tls_server *self) {
  return self->client_cert_file;
}
const char *tls_server_client_key_file(const tls_server *self) {
  return self->client_key_file;
}
const char *tls_server_stranger_cert_file(const tls_server *self) {
  return self->stranger_cert_file;
}
const char *tls_server_stranger_key_file(const tls_server *self) {
  return self->stranger_key_file;
}

const char *tls_server_asked_for(const tls_server *self) {
  return self->asked_for;
}

void tls_server_destroy(tls_server **self) {
  tls_server *gone = *self;
  *self = NULL;
  shutdown(gone->listener, SHUT_RDWR); /* wakes accept */
  pthread_join(gone->thread, NULL);
  close(gone->listener);
  unlink(gone->ca_file);
  unlink(gone->client_cert_file);
  unlink(gone->client_key_file);
  unlink(gone->stranger_cert_file);
  unlink(gone->stranger_key_file);
  SSL_CTX_free(gone->ssl);
  free(gone);
}
