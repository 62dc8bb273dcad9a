/* A recorded session, read whole into memory: its frames as they were sent, and the markets that they are about.
 *
 * The file is text, gzip or not, with a line for each frame: {"t":SECONDS,"frame":{…}}. `t` does not fall; the frame is
 * an order_book_update, ticker_update or trade of the native dialect.
 */
#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include "hbus/types.h"
#include "proto/json.h"
#include "tests/sim/message.h"

#define RECORDING_BYTES_MAX (1024u * 1024 * 1024) /* of all frames */
#define RECORDING_LINE_MAX  HBUS_FRAME_MAX

/* A market that frames are about. Its number is its place in recording.markets. */
typedef struct recorded_market {
  hbus_name exchange;
  hbus_name symbol;
  unsigned price_digits; /* the most that any frame has */
  unsigned amount_digits;
  hbus_decimal first_price; /* of a trade or ticker, or else of a book; absent when there is none */
} recorded_market;

typedef struct recorded_frame {
  uint64_t at_ns; /* since the start of the recording */
  message *text;  /* byte for byte */
  uint32_t market;
  hbus_channel channel; /* who is subscribed to what gets it */
} recorded_frame;

typedef struct recording {
  recorded_frame *frames;
  size_t frame_count, frame_capacity;
  recorded_market *markets;
  size_t market_count, market_capacity;
  uint32_t *index; /* open addressing: market number + 1 by name, 0 is free */
  size_t index_size;
  size_t bytes;
} recording;

/* HBUS_INVALID_REQUEST with file, line and what is wrong; HBUS_NO_MEMORY. *out is untouched then. */
hbus_status recording_load(const char *path, recording *out, hbus_error *error);
void recording_free(recording *self);

/* Reads one line (no newline) and appends its frame. HBUS_MALFORMED with what is wrong, HBUS_TOO_BIG, HBUS_NO_MEMORY.
 */
hbus_status recording_add_line(recording *self, json_reader *reader, const char *line, size_t size, hbus_error *error);

#endif
