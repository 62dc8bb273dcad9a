/* Open addressing, linear probing. The set is cut into parts by the hash, each of which grows by itself, so that no add
 * has to move more than a part of it. */
#include "broker/order/id_set.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define PARTS      256 /* by the hash's highest byte */
#define SLOTS_MIN  8
#define FULL(size) ((size) / 5 * 4) /* of so many slots; more of them make long ways */
#define KEY_SIZE   16

typedef struct part {
  uint64_t *slots; /* 0: free */
  size_t size;
  size_t count;
} part;

struct id_set {
  part parts[PARTS];
  uint64_t limit;
  uint64_t count;
  EVP_MAC *siphash;
  EVP_MAC_CTX *context;
  unsigned char key[KEY_SIZE];
};

static bool s_init_hash(id_set *self) {
  size_t size = sizeof(uint64_t);
  const OSSL_PARAM options[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  self->siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
  self->context = EVP_MAC_CTX_new(self->siphash);
  return self->context && RAND_bytes(self->key, KEY_SIZE) == 1 &&
         EVP_MAC_init(self->context, self->key, KEY_SIZE, options) == 1;
}

id_set *id_set_new(uint64_t limit) {
  id_set *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->limit = limit;
  if (!s_init_hash(self)) id_set_destroy(&self);
  return self;
}

void id_set_destroy(id_set **self_p) {
  id_set *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  EVP_MAC_CTX_free(self->context);
  EVP_MAC_free(self->siphash);
  for (size_t i = 0; i < PARTS; i++)
    free(self->parts[i].slots);
  free(self);
}

/* The owner goes in with its NUL, which no name has in it. Never 0. False: no memory. */
static bool s_hash(const id_set *self, const char *owner, const char *client_order_id, uint64_t *hash) {
  unsigned char digest[sizeof *hash];
  size_t size = 0;
  bool done = EVP_MAC_init(self->context, self->key, KEY_SIZE, NULL) == 1 &&
              EVP_MAC_update(self->context, (const unsigned char *)owner, strlen(owner) + 1) == 1 &&
              EVP_MAC_update(self->context, (const unsigned char *)client_order_id, strlen(client_order_id)) == 1 &&
              EVP_MAC_final(self->context, digest, &size, sizeof digest) == 1;
  if (!done || size != sizeof digest) return false;
  memcpy(hash, digest, sizeof *hash);
  if (*hash == 0) *hash = 1;
  return true;
}

static size_t s_part_of(uint64_t hash) {
  return (size_t)(hash >> 56);
}

/* Where the hash is, or where it would be put. The part has a free slot. */
static uint64_t *s_find(const part *part, uint64_t hash) {
  size_t i = (size_t)(hash % part->size);
  while (part->slots[i] && part->slots[i] != hash)
    i = i + 1 < part->size ? i + 1 : 0;
  return &part->slots[i];
}

static bool s_grow(part *old) {
  part grown = {.size = old->size ? old->size + old->size / 2 : SLOTS_MIN, .count = old->count};
  grown.slots = calloc(grown.size, sizeof *grown.slots);
  if (!grown.slots) return false;
  for (size_t i = 0; i < old->size; i++) {
    if (old->slots[i]) *s_find(&grown, old->slots[i]) = old->slots[i];
  }
  free(old->slots);
  *old = grown;
  return true;
}

hbus_status id_set_add(id_set *self, const char *owner, const char *client_order_id) {
  uint64_t hash;
  if (!s_hash(self, owner, client_order_id, &hash)) return HBUS_NO_MEMORY;
  part *part = &self->parts[s_part_of(hash)];
  if (part->size && *s_find(part, hash)) return HBUS_OK;
  if (self->count >= self->limit) return HBUS_OVERLOADED;
  if (part->count + 1 > FULL(part->size) && !s_grow(part)) return HBUS_NO_MEMORY;
  *s_find(part, hash) = hash;
  part->count++;
  self->count++;
  return HBUS_OK;
}

/* What cannot be hashed may be here: the journal knows. */
bool id_set_has(const id_set *self, const char *owner, const char *client_order_id) {
  uint64_t hash;
  if (!s_hash(self, owner, client_order_id, &hash)) return true;
  const part *part = &self->parts[s_part_of(hash)];
  return part->size && *s_find(part, hash);
}

uint64_t id_set_size(const id_set *self) {
  return self->count;
}

size_t id_set_bytes(const id_set *self) {
  size_t bytes = sizeof *self;
  for (size_t i = 0; i < PARTS; i++)
    bytes += self->parts[i].size * sizeof *self->parts[i].slots;
  return bytes;
}
