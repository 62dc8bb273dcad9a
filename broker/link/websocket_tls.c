#include "broker/link/websocket_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* ---- what the server's alerts say ----
 *
 * OpenSSL keeps them nowhere, and libwebsockets drops OpenSSL's errors, so they are noted: the alert in the low byte of
 * the context's application data, and whether a client certificate was asked for, which a server of TLS 1.2 that misses
 * one does not say in its alert.
 */

#define NOTE_ALERT       0xffu
#define NOTE_WANTED_CERT 0x100u
#define NOTE_OLD_VERSION 0x200u

static uintptr_t s_notes(const SSL_CTX *context) {
  return (uintptr_t)SSL_CTX_get_app_data(context);
}

static void s_note(const SSL *ssl, uintptr_t note) {
  SSL_CTX *context = SSL_get_SSL_CTX(ssl);
  SSL_CTX_set_app_data(context, (void *)(s_notes(context) | note));
}

void websocket_tls_forget(SSL_CTX *self) {
  SSL_CTX_set_app_data(self, NULL);
}

static void s_on_info(const SSL *ssl, int where, int value) {
  int level = value >> 8;
  if (!(where & SSL_CB_ALERT) || level != SSL3_AL_FATAL) return;
  if (where & SSL_CB_READ)
    s_note(ssl, (uintptr_t)value & NOTE_ALERT);
  else if ((value & 0xff) == SSL_AD_PROTOCOL_VERSION)
    s_note(ssl, NOTE_OLD_VERSION);
}

/* A client certificate is asked for: go on with what there is. */
static int s_on_cert_wanted(SSL *ssl, void *arg) {
  (void)arg;
  s_note(ssl, NOTE_WANTED_CERT);
  return 1;
}

/* The server asked for a certificate and ended the connection; its alert may have been lost in that. */
static const char *s_explain_wanted(const SSL_CTX *self) {
  return SSL_CTX_get0_certificate(self) ? "the server hung up during the handshake, perhaps for our client certificate"
                                        : "the server wants a client certificate: see client_cert_file";
}

const char *websocket_tls_failure(const SSL_CTX *self) {
  if (!self) return NULL;
  uintptr_t notes = s_notes(self);
  const char *wanted = notes & NOTE_WANTED_CERT ? s_explain_wanted(self) : NULL;
  if (notes & NOTE_OLD_VERSION) return "the server's TLS is too old: it must be 1.2 or newer";
  switch (notes & NOTE_ALERT) {
  case 0: return wanted;
  case SSL_AD_PROTOCOL_VERSION: return "the server's TLS is too old: it must be 1.2 or newer";
  case SSL_AD_CERTIFICATE_REQUIRED: return "the server wants a client certificate: see client_cert_file";
  case SSL_AD_UNKNOWN_CA: return "the server does not know the issuer of our client certificate";
  case SSL_AD_CERTIFICATE_EXPIRED: return "the server says that our client certificate has expired";
  case SSL_AD_CERTIFICATE_REVOKED: return "the server says that our client certificate is revoked";
  case SSL_AD_BAD_CERTIFICATE:
  case SSL_AD_UNSUPPORTED_CERTIFICATE:
  case SSL_AD_CERTIFICATE_UNKNOWN: return "the server refuses our client certificate";
  case SSL_AD_UNRECOGNIZED_NAME: return "the server does not know the host name";
  case SSL_AD_HANDSHAKE_FAILURE: return wanted ? wanted : "the server has no cipher or certificate that suits us";
  default: return "the server broke off the TLS handshake";
  }
}

const char *websocket_tls_refusal(int error) {
  switch (error) {
  case X509_V_ERR_CERT_HAS_EXPIRED: return "it has expired";
  case X509_V_ERR_CERT_NOT_YET_VALID: return "it is not valid yet";
  case X509_V_ERR_HOSTNAME_MISMATCH: return "it is for another host name";
  case X509_V_ERR_IP_ADDRESS_MISMATCH: return "it is for another address";
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return "its issuer is not known: see ca_file";
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "it is signed by itself: see ca_file";
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "its root is not trusted: see ca_file";
  default: return X509_verify_cert_error_string(error);
  }
}

/* ---- the context ---- */

/* OpenSSL would ask on the terminal. */
static int s_on_pass_phrase(char *out, int size, int writing, void *arg) {
  (void)out, (void)size, (void)writing, (void)arg;
  return -1;
}

static hbus_status s_check_readable(const char *what, const char *path, hbus_error *error) {
  FILE *file = fopen(path, "re");
  int reason = errno;
  if (file) fclose(file);
  return file ? HBUS_OK
              : hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read the %s %.120s: %s", what, path, strerror(reason));
}

static hbus_status s_trust(SSL_CTX *ssl, const char *ca, hbus_error *error) {
  if (!ca) {
    return SSL_CTX_set_default_verify_paths(ssl) == 1
               ? HBUS_OK
               : hbus_fail(error, HBUS_INTERNAL, "cannot read the system's certificates");
  }
  hbus_status status = s_check_readable("authorities of ca_file", ca, error);
  if (status == HBUS_OK && SSL_CTX_load_verify_file(ssl, ca) != 1)
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "there is no certificate (PEM) in the ca_file %.120s", ca);
  return status;
}

static hbus_status s_identify(SSL_CTX *ssl, const websocket_tls_files *files, hbus_error *error) {
  if (!files->client_cert && !files->client_key) return HBUS_OK;
  if (!files->client_cert || !files->client_key)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "client_cert_file and client_key_file go together");
  hbus_status status = s_check_readable("client certificate", files->client_cert, error);
  if (status == HBUS_OK) status = s_check_readable("client key", files->client_key, error);
  if (status != HBUS_OK) return status;
  if (SSL_CTX_use_certificate_chain_file(ssl, files->client_cert) != 1)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "there is no certificate (PEM) in the client_cert_file %.120s",
                     files->client_cert);
  /* Against a certificate that is not its own, OpenSSL drops the certificate: only the check afterwards tells. */
  if (SSL_CTX_use_PrivateKey_file(ssl, files->client_key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ssl) == 1)
    return HBUS_OK;
  bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
               ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
  return hbus_fail(error, HBUS_INVALID_REQUEST,
                   other ? "the client_key_file %.120s does not belong to the client_cert_file"
                         : "there is no key (PEM, without a pass phrase) in the client_key_file %.120s",
                   files->client_key);
}

SSL_CTX *websocket_tls_new(const websocket_tls_files *files, hbus_error *error) {
  SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
  if (!ssl || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1) {
    hbus_fail(error, HBUS_INTERNAL, "OpenSSL could not be started");
    goto fail;
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL); /* libwebsockets sets it again, with its own callback */
  SSL_CTX_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_info_callback(ssl, s_on_info);
  SSL_CTX_set_default_passwd_cb(ssl, s_on_pass_phrase);
  SSL_CTX_set_cert_cb(ssl, s_on_cert_wanted, NULL);
  if (s_trust(ssl, files->ca, error) != HBUS_OK || s_identify(ssl, files, error) != HBUS_OK) goto fail;
  return ssl;

fail:
  ERR_clear_error(); /* or the next connection would find it */
  SSL_CTX_free(ssl);
  return NULL;
}
