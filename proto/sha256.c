#include "proto/sha256.h"

#include <string.h>

#define BLOCK_SIZE  64
#define LENGTH_SIZE 8 /* of the message, in bits, at the end of the last block */

/* The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
static const uint32_t s_round[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t s_turn(uint32_t word, unsigned bits) {
  return word >> bits | word << (32 - bits);
}

static uint32_t s_read(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void s_schedule(const uint8_t *block, uint32_t w[64]) {
  for (size_t i = 0; i < 16; i++)
    w[i] = s_read(block + 4 * i);
  for (size_t i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    a = s_turn(a, 7) ^ s_turn(a, 18) ^ a >> 3;
    b = s_turn(b, 17) ^ s_turn(b, 19) ^ b >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
}

static void s_compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], v[8]; /* v: a to h of the standard */
  s_schedule(block, w);
  memcpy(v, state, sizeof v);
  for (size_t i = 0; i < 64; i++) {
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    uint32_t first = v[7] + (s_turn(v[4], 6) ^ s_turn(v[4], 11) ^ s_turn(v[4], 25)) + choice + s_round[i] + w[i];
    uint32_t second = (s_turn(v[0], 2) ^ s_turn(v[0], 13) ^ s_turn(v[0], 22)) + majority;
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += first;
    v[0] = first + second;
  }
  for (size_t i = 0; i < 8; i++)
    state[i] += v[i];
}

/* What is left of the message, a single 1 bit, and its length at the end of a block. */
static void s_finish(uint32_t state[8], const uint8_t *rest, size_t rest_size, uint64_t bits) {
  uint8_t last[2 * BLOCK_SIZE] = {0};
  if (rest_size) memcpy(last, rest, rest_size);
  last[rest_size] = 0x80;
  size_t size = rest_size + 1 + LENGTH_SIZE <= BLOCK_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;
  for (size_t i = 0; i < LENGTH_SIZE; i++)
    last[size - 1 - i] = (uint8_t)(bits >> 8 * i);
  for (size_t at = 0; at < size; at += BLOCK_SIZE)
    s_compress(state, last + at);
}

void sha256(const void *data, size_t size, uint8_t out[SHA256_SIZE]) {
  /* The same of the square roots of the first 8 primes (5.3.3). */
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const uint8_t *at = data;
  size_t left = size;
  for (; left >= BLOCK_SIZE; at += BLOCK_SIZE, left -= BLOCK_SIZE)
    s_compress(state, at);
  s_finish(state, at, left, (uint64_t)size * 8);
  for (size_t i = 0; i < SHA256_SIZE; i++)
    out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
