#include "tests/sim/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_VERSION_3   2 /* of X.509, as it is encoded */
#define S_DAY_SECONDS 86400L

struct certificates {
  EVP_PKEY *key; /* of the authority and of all servers: nobody's secret */
  X509 *authority;
  X509 *servers[CERTIFICATE_COUNT];
};

/* What a certificate is to say. */
typedef struct certificate_row {
  const char *name;
  const char *alternative_names; /* NULL: an authority */
  long from_days, to_days;       /* from now */
} certificate_row;

static const certificate_row s_authority = {"hbus-sim test authority", NULL, -1, 7};

static const certificate_row s_servers[CERTIFICATE_COUNT] = {
    [CERTIFICATE_GOOD] = {"localhost", "DNS:localhost,IP:127.0.0.1,IP:::1", -1, 7},
    [CERTIFICATE_WRONG_NAME] = {"elsewhere.example", "DNS:elsewhere.example", -1, 7},
    [CERTIFICATE_EXPIRED] = {"localhost", "DNS:localhost,IP:127.0.0.1,IP:::1", -3, -1},
};

static bool s_extend(X509 *made, X509 *issuer, int what, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, made, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
  bool added = extension && X509_add_ext(made, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

static bool s_fill(X509 *made, X509 *issuer, const certificate_row *row, long serial, EVP_PKEY *key) {
  X509_NAME *subject = X509_get_subject_name(made);
  return X509_set_version(made, S_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(made), serial) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(made), row->from_days * S_DAY_SECONDS) &&
         X509_gmtime_adj(X509_getm_notAfter(made), row->to_days * S_DAY_SECONDS) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)row->name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1 && X509_set_pubkey(made, key) == 1 &&
         s_extend(made, issuer, NID_basic_constraints,
                  row->alternative_names ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
         s_extend(made, issuer, NID_subject_key_identifier, "hash") &&
         (!row->alternative_names || s_extend(made, issuer, NID_subject_alt_name, row->alternative_names)) &&
         X509_sign(made, key, EVP_sha256()) > 0;
}

/* NULL: OpenSSL refuses. Without an issuer it signs itself. */
static X509 *s_make(const certificate_row *row, long serial, X509 *issuer, EVP_PKEY *key) {
  X509 *made = X509_new();
  if (made && !s_fill(made, issuer ? issuer : made, row, serial, key)) {
    X509_free(made);
    made = NULL;
  }
  return made;
}

hbus_status certificates_new(certificates **out, hbus_error *error) {
  certificates *made = calloc(1, sizeof *made);
  if (!made) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  bool good = (made->key = EVP_EC_gen("P-256")) && (made->authority = s_make(&s_authority, 1, NULL, made->key));
  for (size_t i = 0; good && i < CERTIFICATE_COUNT; i++)
    good = (made->servers[i] = s_make(&s_servers[i], (long)i + 2, made->authority, made->key));
  if (!good) {
    certificates_destroy(&made);
    return hbus_fail(error, HBUS_INTERNAL, "cannot make certificates: %s", ERR_reason_error_string(ERR_get_error()));
  }
  *out = made;
  return HBUS_OK;
}

void certificates_destroy(certificates **self) {
  if (!*self) return;
  for (size_t i = 0; i < CERTIFICATE_COUNT; i++)
    X509_free((*self)->servers[i]);
  X509_free((*self)->authority);
  EVP_PKEY_free((*self)->key);
  free(*self);
  *self = NULL;
}

hbus_status certificates_write_authority(const certificates *self, const char *path, hbus_error *error) {
  FILE *file = fopen(path, "we");
  bool written = file && PEM_write_X509(file, self->authority) == 1;
  if (file && fclose(file) != 0) written = false;
  if (!written) return hbus_fail(error, HBUS_INVALID_REQUEST, "cannot write %s: %s", path, strerror(errno));
  return HBUS_OK;
}

/* Without tickets no client comes back without seeing a certificate. */
bool certificates_use(const certificates *self, certificate_kind kind, SSL_CTX *server) {
  SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_num_tickets(server, 0) == 1 && SSL_CTX_use_certificate(server, self->servers[kind]) == 1 &&
         SSL_CTX_use_PrivateKey(server, self->key) == 1;
}
