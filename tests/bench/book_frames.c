#include "tests/bench/book_frames.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS        10
#define TEXT_MAX      1024
#define HEADER        4    /* of a frame of 126 to 65535 bytes (RFC 6455, 5.2) */
#define FINAL_TEXT    0x81 /* a whole message of text */
#define SIZE_16_BIT   126
#define NS_PER_SECOND 1000000000
#define STAMP         "0000000000.000000000"
#define SECONDS_SIZE  10
#define STAMP_SIZE    20

const char *book_frames_market(size_t number, char out[16]) {
  snprintf(out, 16, "M%05zu-USD", number % 100000);
  return out;
}

/* Any numbers, the same in each run. */
static unsigned s_draw(uint32_t *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 16;
}

static size_t s_write_levels(char *text, size_t size, int step, uint32_t *state) {
  size_t used = 0;
  int price = 147600 + step * 10;
  for (int i = 0; i < LEVELS; i++) {
    price += step * (int)(1 + s_draw(state) % 90);
    used += (size_t)snprintf(text + used, size - used, "%s[\"%d.%04d\",\"%u.%02u\"]", i ? "," : "", price / 10000,
                             price % 10000, s_draw(state) % 140, s_draw(state) % 100);
  }
  return used;
}

static size_t s_write_text(char *text, size_t market, uint32_t *state) {
  char name[16];
  size_t used = (size_t)snprintf(text, TEXT_MAX,
                                 "{\"type\":\"order_book_update\",\"data\":{\"symbol\":\"%s\",\"exchange\":"
                                 "\"" BOOK_FRAMES_EXCHANGE "\",\"bids\":[",
                                 book_frames_market(market, name));
  used += s_write_levels(text + used, TEXT_MAX - used, -1, state);
  used += (size_t)snprintf(text + used, TEXT_MAX - used, "],\"asks\":[");
  used += s_write_levels(text + used, TEXT_MAX - used, 1, state);
  used += (size_t)snprintf(text + used, TEXT_MAX - used, "],\"timestamp\":" STAMP "}}");
  assert(used < TEXT_MAX && used >= SIZE_16_BIT);
  return used;
}

void book_frames_init(book_frames *self, size_t count, size_t markets) {
  *self = (book_frames){.count = count};
  self->bytes = malloc(count * (HEADER + TEXT_MAX));
  self->offsets = malloc((count + 1) * sizeof *self->offsets);
  assert(self->bytes && self->offsets);
  uint32_t state = 1;
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    uint8_t *frame = self->bytes + offset;
    size_t size = s_write_text((char *)frame + HEADER, i % markets, &state);
    frame[0] = FINAL_TEXT;
    frame[1] = SIZE_16_BIT;
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    self->offsets[i] = offset;
    offset += HEADER + size;
  }
  self->offsets[count] = offset;
}

void book_frames_free(book_frames *self) {
  free(self->bytes);
  free(self->offsets);
  *self = (book_frames){0};
}

static void s_write_digits(uint8_t *at, size_t digits, uint64_t number) {
  for (size_t i = digits; i-- > 0; number /= 10)
    at[i] = (uint8_t)('0' + number % 10);
}

static uint64_t s_read_digits(const uint8_t *at, size_t digits) {
  uint64_t number = 0;
  for (size_t i = 0; i < digits; i++)
    number = number * 10 + (uint64_t)(at[i] - '0');
  return number;
}

size_t book_frames_copy(const book_frames *self, size_t index, uint64_t unix_ns, uint8_t *to) {
  size_t size = self->offsets[index + 1] - self->offsets[index];
  memcpy(to, self->bytes + self->offsets[index], size);
  uint8_t *stamp = to + size - BOOK_FRAMES_STAMP_TAIL;
  s_write_digits(stamp, SECONDS_SIZE, unix_ns / NS_PER_SECOND);
  s_write_digits(stamp + SECONDS_SIZE + 1, STAMP_SIZE - SECONDS_SIZE - 1, unix_ns % NS_PER_SECOND);
  return size;
}

uint64_t book_frames_stamp(const uint8_t *tail) {
  return s_read_digits(tail, SECONDS_SIZE) * NS_PER_SECOND +
         s_read_digits(tail + SECONDS_SIZE + 1, STAMP_SIZE - SECONDS_SIZE - 1);
}
