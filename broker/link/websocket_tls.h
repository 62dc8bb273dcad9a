/* TLS for the link: what is trusted, who we are, and sentences for what a handshake failed at.
 *
 * At least TLS 1.2; the server's certificate and its host name are always checked, and nothing turns that off.
 */
#ifndef BROKER_WEBSOCKET_TLS_H
#define BROKER_WEBSOCKET_TLS_H

#include <openssl/ssl.h>

#include "hbus/status.h"

/* PEM files, each NULL when not given. */
typedef struct websocket_tls_files {
  const char *ca;          /* authorities to check the server by; NULL: the system's */
  const char *client_cert; /* our certificate, its chain behind it; goes with client_key */
  const char *client_key;  /* without a pass phrase */
} websocket_tls_files;

/* NULL with the reason in `error`: a file that cannot be read, or a key that is not the certificate's. SSL_CTX_free. */
SSL_CTX *websocket_tls_new(const websocket_tls_files *files, hbus_error *error);

/* What the server's alerts told is noted in the context, since libwebsockets may free a connection before it tells of
 * its end. Two connections of one context at the same time could be told each other's. */
void websocket_tls_forget(SSL_CTX *self);
/* Why a handshake since then failed: "the server does not know the issuer of our client certificate". NULL: the alerts
 * do not tell, or `self` is NULL. */
const char *websocket_tls_failure(const SSL_CTX *self);
/* Why the server's certificate was refused: "it has expired". `error` is OpenSSL's X509_V_ERR_…. */
const char *websocket_tls_refusal(int error);

#endif
