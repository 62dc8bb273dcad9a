/* SHA-256 (FIPS 180-4), of what is at hand as a whole: so that a peer needs no library for the hash of orders. */
#ifndef PROTO_SHA256_H
#define PROTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

void sha256(const void *data, size_t size, uint8_t out[SHA256_SIZE]);

#endif
