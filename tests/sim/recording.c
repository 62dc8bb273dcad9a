#include "tests/sim/recording.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "hbus/event.h"
#include "tests/sim/quantity.h"

#define S_NS_DIGITS 9

void recording_free(recording *self) {
  for (size_t i = 0; i < self->frame_count; i++)
    message_drop(self->frames[i].text);
  free(self->frames);
  free(self->markets);
  free(self->index);
  *self = (recording){0};
}

/* --- markets by name --- */

/* FNV-1a over both names. */
static uint64_t s_hash(const char *exchange, const char *symbol) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (const char *at = exchange; *at; at++)
    hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
  hash = (hash ^ '/') * UINT64_C(0x100000001b3);
  for (const char *at = symbol; *at; at++)
    hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
  return hash;
}

/* Where the market stands in the index, or would. */
static uint32_t *s_slot(const recording *self, const char *exchange, const char *symbol) {
  size_t at = s_hash(exchange, symbol) & (self->index_size - 1);
  while (self->index[at]) {
    const recorded_market *held = &self->markets[self->index[at] - 1];
    if (strcmp(held->symbol, symbol) == 0 && strcmp(held->exchange, exchange) == 0) break;
    at = (at + 1) & (self->index_size - 1);
  }
  return &self->index[at];
}

/* Room for one market more; the index stays at most half full. */
static hbus_status s_reserve_market(recording *self) {
  if (self->market_count < self->market_capacity) return HBUS_OK;
  size_t capacity = self->market_capacity ? self->market_capacity * 2 : 32;
  recorded_market *markets = realloc(self->markets, capacity * sizeof *markets);
  if (markets) self->markets = markets;
  uint32_t *index = calloc(capacity * 2, sizeof *index);
  if (!markets || !index) {
    free(index);
    return HBUS_NO_MEMORY;
  }
  free(self->index);
  self->index = index;
  self->index_size = capacity * 2;
  self->market_capacity = capacity;
  for (uint32_t i = 0; i < self->market_count; i++)
    *s_slot(self, markets[i].exchange, markets[i].symbol) = i + 1;
  return HBUS_OK;
}

static hbus_status s_find_market(recording *self, const char *exchange, const char *symbol, uint32_t *out) {
  if (s_reserve_market(self) != HBUS_OK) return HBUS_NO_MEMORY;
  uint32_t *slot = s_slot(self, exchange, symbol);
  if (!*slot) {
    recorded_market *added = &self->markets[self->market_count];
    *added = (recorded_market){0};
    snprintf(added->exchange, sizeof added->exchange, "%s", exchange);
    snprintf(added->symbol, sizeof added->symbol, "%s", symbol);
    *slot = (uint32_t)++self->market_count;
  }
  *out = *slot - 1;
  return HBUS_OK;
}

/* --- what a frame says --- */

static hbus_status s_decimal(const json_node *node, const char *what, hbus_decimal *out, hbus_error *error) {
  if (!node || node->type != JSON_STRING || hbus_decimal_parse(node->text, node->size, out) != HBUS_OK)
    return hbus_fail(error, HBUS_MALFORMED, "%s must be a decimal in a string", what);
  return HBUS_OK;
}

static void s_note_digits(unsigned *most, const hbus_decimal *seen) {
  if (hbus_decimal_scale(seen) > *most) *most = hbus_decimal_scale(seen);
}

static void s_note_price(recorded_market *about, const hbus_decimal *price) {
  s_note_digits(&about->price_digits, price);
  if (hbus_decimal_is_absent(&about->first_price) && hbus_decimal_sign(price) > 0) about->first_price = *price;
}

static hbus_status s_note_levels(recorded_market *about, const json_node *levels, hbus_error *error) {
  if (!levels || levels->type != JSON_ARRAY) return hbus_fail(error, HBUS_MALFORMED, "bids and asks must be lists");
  const json_node *level = json_first(levels);
  for (uint32_t i = 0; i < levels->size; i++, level = json_next(level)) {
    hbus_decimal price, amount;
    if (level->type != JSON_ARRAY || level->size != 2)
      return hbus_fail(error, HBUS_MALFORMED, "a level must be [price, amount]");
    hbus_status status = s_decimal(json_first(level), "a price", &price, error);
    if (status == HBUS_OK) status = s_decimal(json_next(json_first(level)), "an amount", &amount, error);
    if (status != HBUS_OK) return status;
    s_note_price(about, &price);
    s_note_digits(&about->amount_digits, &amount);
  }
  return HBUS_OK;
}

static hbus_status s_note_book(recorded_market *about, const json_node *data, hbus_error *error) {
  hbus_status status = s_note_levels(about, json_get(data, "bids"), error);
  return status == HBUS_OK ? s_note_levels(about, json_get(data, "asks"), error) : status;
}

static hbus_status s_note_ticker(recorded_market *about, const json_node *data, hbus_error *error) {
  hbus_decimal last;
  hbus_status status = s_decimal(json_get(data, "last"), "last", &last, error);
  if (status == HBUS_OK) s_note_price(about, &last);
  return status;
}

static hbus_status s_note_trade(recorded_market *about, const json_node *data, hbus_error *error) {
  hbus_decimal price, amount;
  hbus_status status = s_decimal(json_get(data, "price"), "price", &price, error);
  if (status == HBUS_OK) status = s_decimal(json_get(data, "amount"), "amount", &amount, error);
  if (status != HBUS_OK) return status;
  s_note_price(about, &price);
  s_note_digits(&about->amount_digits, &amount);
  return HBUS_OK;
}

/* A type of frame that can be recorded. */
typedef struct frame_type {
  hbus_kind kind;
  hbus_channel channel;
  hbus_status (*note)(recorded_market *about, const json_node *data, hbus_error *error);
} frame_type;

static const frame_type s_types[] = {
    {HBUS_KIND_ORDER_BOOK_UPDATE, HBUS_CHANNEL_ORDER_BOOK, s_note_book},
    {HBUS_KIND_TICKER_UPDATE, HBUS_CHANNEL_TICKER, s_note_ticker},
    {HBUS_KIND_TRADE, HBUS_CHANNEL_TRADES, s_note_trade},
};

static hbus_status s_name(const json_node *data, const char *key, hbus_name out, hbus_error *error) {
  const json_node *value = json_get(data, key);
  if (!value || value->type != JSON_STRING || value->size == 0 || value->size > HBUS_NAME_MAX)
    return hbus_fail(error, HBUS_MALFORMED, "%s must be a name", key);
  memcpy(out, value->text, value->size);
  out[value->size] = '\0';
  return HBUS_OK;
}

static hbus_status s_read_frame(recording *self, const json_node *frame, recorded_frame *out, hbus_error *error) {
  const json_node *type = json_get(frame, "type"), *data = json_get(frame, "data");
  const frame_type *known = NULL;
  for (size_t i = 0; i < sizeof s_types / sizeof s_types[0] && !known; i++) {
    if (type && json_is(type, hbus_kind_name(s_types[i].kind))) known = &s_types[i];
  }
  if (!known) return hbus_fail(error, HBUS_MALFORMED, "the frame's type is missing or not known");
  hbus_name exchange, symbol;
  hbus_status status = s_name(data, "exchange", exchange, error);
  if (status == HBUS_OK) status = s_name(data, "symbol", symbol, error);
  if (status == HBUS_OK && s_find_market(self, exchange, symbol, &out->market) != HBUS_OK)
    status = hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  if (status != HBUS_OK) return status;
  recorded_market *about = &self->markets[out->market];
  status = known->note(about, data, error);
  if (status == HBUS_OK && about->price_digits + about->amount_digits > QUANTITY_DIGITS_MAX)
    status = hbus_fail(error, HBUS_MALFORMED, "more than %d digits after the points", QUANTITY_DIGITS_MAX);
  out->channel = known->channel;
  return status;
}

static hbus_status s_read_time(const json_node *node, uint64_t *out, hbus_error *error) {
  hbus_decimal seconds;
  int64_t ns;
  if (!node || node->type != JSON_NUMBER || hbus_decimal_parse(node->text, node->size, &seconds) != HBUS_OK ||
      hbus_decimal_round(&seconds, S_NS_DIGITS, HBUS_ROUND_DOWN, &seconds) != HBUS_OK ||
      hbus_decimal_to_integer(&seconds, S_NS_DIGITS, &ns) != HBUS_OK || ns < 0)
    return hbus_fail(error, HBUS_MALFORMED, "t must be seconds, written without an exponent");
  *out = (uint64_t)ns;
  return HBUS_OK;
}

static hbus_status s_append(recording *self, const recorded_frame *frame, const char *text, size_t size) {
  if (self->frame_count == self->frame_capacity) {
    size_t capacity = self->frame_capacity ? self->frame_capacity * 2 : 1024;
    recorded_frame *grown = realloc(self->frames, capacity * sizeof *grown);
    if (!grown) return HBUS_NO_MEMORY;
    self->frames = grown;
    self->frame_capacity = capacity;
  }
  message *kept = message_new(text, size);
  if (!kept) return HBUS_NO_MEMORY;
  self->frames[self->frame_count] = *frame;
  self->frames[self->frame_count++].text = kept;
  self->bytes += size;
  return HBUS_OK;
}

/* --- lines --- */

hbus_status recording_add_line(recording *self, json_reader *reader, const char *line, size_t size, hbus_error *error) {
  const json_node *root;
  recorded_frame read = {0};
  if (json_read(reader, line, size, &root) != HBUS_OK) return hbus_fail(error, HBUS_MALFORMED, "no JSON");
  const json_node *frame = json_get(root, "frame");
  /* With a number before it and nothing behind it, the frame's own bytes are easily found. */
  if (root->type != JSON_OBJECT || root->size != 2 || !json_is(json_first(root), "t") || !frame ||
      frame->type != JSON_OBJECT)
    return hbus_fail(error, HBUS_MALFORMED, "a line must be {\"t\":SECONDS,\"frame\":{...}}");
  hbus_status status = s_read_time(json_get(root, "t"), &read.at_ns, error);
  if (status == HBUS_OK && self->frame_count > 0 && read.at_ns < self->frames[self->frame_count - 1].at_ns)
    status = hbus_fail(error, HBUS_MALFORMED, "t falls");
  if (status == HBUS_OK) status = s_read_frame(self, frame, &read, error);
  if (status != HBUS_OK) return status;

  const char *colon = memchr(memmem(line, size, "\"frame\"", 7), ':', size);
  const char *first = memchr(colon, '{', (size_t)(line + size - colon));
  const char *outer = memrchr(line, '}', size);
  const char *last = memrchr(line, '}', (size_t)(outer - line));
  size_t length = (size_t)(last - first) + 1;
  if (self->bytes + length > RECORDING_BYTES_MAX)
    return hbus_fail(error, HBUS_TOO_BIG, "more than %u bytes of frames", RECORDING_BYTES_MAX);
  status = s_append(self, &read, first, length);
  return status == HBUS_OK ? HBUS_OK : hbus_fail(error, status, "out of memory");
}

static hbus_status s_load_lines(recording *self, gzFile file, const char *path, json_reader *reader, char *line,
                                hbus_error *error) {
  size_t number = 0;
  while (gzgets(file, line, RECORDING_LINE_MAX)) {
    hbus_error what;
    size_t size = strlen(line);
    number++;
    if (size > 0 && line[size - 1] == '\n') size--;
    if (size == 0) continue;
    hbus_status status = recording_add_line(self, reader, line, size, &what);
    if (status != HBUS_OK) return hbus_fail(error, HBUS_INVALID_REQUEST, "%s:%zu: %s", path, number, what.text);
  }
  int code = Z_OK;
  const char *text = gzerror(file, &code);
  if (code != Z_OK && code != Z_STREAM_END)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "%s: %s", path, code == Z_ERRNO ? strerror(errno) : text);
  if (self->frame_count == 0) return hbus_fail(error, HBUS_INVALID_REQUEST, "%s: no frames", path);
  return HBUS_OK;
}

hbus_status recording_load(const char *path, recording *out, hbus_error *error) {
  recording loaded = {0};
  json_reader *reader = json_reader_new(RECORDING_LINE_MAX);
  char *line = malloc(RECORDING_LINE_MAX);
  gzFile file = gzopen(path, "rbe");
  hbus_status status;
  if (!file)
    status = hbus_fail(error, HBUS_INVALID_REQUEST, "cannot read %s: %s", path, strerror(errno));
  else if (!reader || !line)
    status = hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  else
    status = s_load_lines(&loaded, file, path, reader, line, error);
  if (file) gzclose_r(file);
  free(line);
  json_reader_destroy(&reader);
  if (status == HBUS_OK)
    *out = loaded;
  else
    recording_free(&loaded);
  return status;
}
