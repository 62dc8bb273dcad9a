/* The examples of FIPS 180-4's authors, and every length around the borders of a block against their sum. */
#include "proto/sha256.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *s_hex(const void *data, size_t size) {
  static char text[2 * SHA256_SIZE + 1];
  uint8_t hash[SHA256_SIZE];
  sha256(data, size, hash);
  for (size_t i = 0; i < sizeof hash; i++)
    snprintf(text + 2 * i, 3, "%02x", hash[i]);
  return text;
}

Test(sha256, hashes_the_examples_of_the_standard) {
  static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  cr_expect_str_eq(s_hex("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  cr_expect_str_eq(s_hex("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  cr_expect_str_eq(s_hex(two_blocks, sizeof two_blocks - 1),
                   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* The hash of the hashes of 0 to 299 times 'a', one behind the other. */
Test(sha256, pads_every_length) {
  char letters[300];
  uint8_t hashes[sizeof letters][SHA256_SIZE];
  memset(letters, 'a', sizeof letters);
  for (size_t size = 0; size < sizeof letters; size++)
    sha256(letters, size, hashes[size]);
  cr_expect_str_eq(s_hex(hashes, sizeof hashes), "80e953e3b006c4bab43fd5d792f8bd29c122f6cf1497318365fe66bf2d61398d");
}
