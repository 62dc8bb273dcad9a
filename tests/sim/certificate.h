/* Certificates made at the start, so that no test needs a file: an authority, and what it has signed. */
#ifndef SIM_CERTIFICATE_H
#define SIM_CERTIFICATE_H

#include <stdbool.h>

#include "hbus/types.h"

typedef enum certificate_kind {
  CERTIFICATE_GOOD,       /* for localhost, 127.0.0.1 and ::1, valid for a week */
  CERTIFICATE_WRONG_NAME, /* for elsewhere.example */
  CERTIFICATE_EXPIRED,    /* as the good one, until yesterday */
  CERTIFICATE_COUNT
} certificate_kind;

typedef struct certificates certificates;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* HBUS_INTERNAL with OpenSSL's reason. */
hbus_status certificates_new(certificates **out, hbus_error *error);
void certificates_destroy(certificates **self);
/* Writes the authority's certificate, PEM. HBUS_INVALID_REQUEST with a sentence. */
hbus_status certificates_write_authority(const certificates *self, const char *path, hbus_error *error);
/* Makes a server use one, and its key. False: OpenSSL refuses. */
bool certificates_use(const certificates *self, certificate_kind kind, struct ssl_ctx_st *server);

#endif
