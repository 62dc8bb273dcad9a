/* The vectors of tests/vectors, and what every decoder must survive of them. */
#ifndef TESTS_VECTOR_H
#define TESTS_VECTOR_H

#include "hbus/types.h"
#include "proto/buffer.h"

#define VECTOR_SEGMENTS_MAX 8

typedef struct vector {
  char name[64];
  char decoder[16];
  char code[32];
  char error[HBUS_ERROR_TEXT_SIZE];
  char same_as[64];
  char stream[16];
  char topic[512];
  char text[512];
  char segments[VECTOR_SEGMENTS_MAX][256];
  size_t segment_count;
  uint8_t *data; /* the frame */
  size_t size;
} vector;

typedef struct vector_list {
  vector *items;
  size_t count;
} vector_list;

/* The vectors of tests/vectors/GROUP.jsonl. Fails the test where the file cannot be read. */
vector_list vectors_load(const char *group);
void vectors_free(vector_list *self);
/* Fails the test where there is none of that name. */
const vector *vectors_find(const vector_list *self, const char *name);

/* The status of that name, the local ones too. */
hbus_status vector_status(const char *name);

/* Memory whose end is the end of what may be read: the byte behind it faults. */
typedef struct guard {
  uint8_t *memory;
  size_t size;
} guard;

guard guard_new(size_t size_max);
void guard_free(guard *self);
/* A copy of `data` that ends at the guard page. Overwrites the one before. */
const uint8_t *guard_place(guard *self, const uint8_t *data, size_t size);

/* Decodes; where that works, packs again into `out`. Neither status is HBUS_OK when the decoder refused. */
typedef hbus_status vector_decoder(const uint8_t *data, size_t size, buffer *out);

/* Every truncation is refused, a byte more is refused, and every corruption of one byte is refused or reads as
 * something that packs, and then packs to the same bytes again when read once more. All against a guard page. */
void vector_attack(const vector *self, vector_decoder *decode);

#endif
