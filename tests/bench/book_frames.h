/* WebSocket frames with order books of ten levels a side, as Hummingbot would send them: ready to be written, but for
 * the time that is stamped into each when it goes out. */
#ifndef BENCH_BOOK_FRAMES_H
#define BENCH_BOOK_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define BOOK_FRAMES_EXCHANGE   "coinbase"
#define BOOK_FRAMES_STAMP_TAIL 22 /* from the stamp's first byte to the end of a frame */

typedef struct book_frames {
  uint8_t *bytes;  /* of all */
  size_t *offsets; /* of each, and of the end */
  size_t count;
} book_frames;

/* `count` frames that differ, about `markets` markets in turn. */
void book_frames_init(book_frames *self, size_t count, size_t markets);
void book_frames_free(book_frames *self);

/* The name of a market, by its number. Returns out. */
const char *book_frames_market(size_t number, char out[16]);

/* Copies the frame to `to`, with that time, and gives its size. */
size_t book_frames_copy(const book_frames *self, size_t index, uint64_t unix_ns, uint8_t *to);
/* The time in a message's text; what stands at `tail`, its last BOOK_FRAMES_STAMP_TAIL bytes. */
uint64_t book_frames_stamp(const uint8_t *tail);

#endif
