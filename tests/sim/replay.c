#include "tests/sim/replay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "tests/sim/recording.h"

#define S_NS_PER_MS    1000000
#define S_MILLI        1000
#define S_FEE          10 /* basis points */
#define S_BAND_PERCENT 50

/* Where the recording is in one market. */
typedef struct market_state {
  const market *where;
  message *book;   /* its latest; before it starts, its first; NULL when there is none */
  message *traded; /* the latest ticker or trade */
  message *shown;  /* the book that the matching has */
} market_state;

struct replay {
  replay_options options;
  recording played;
  market_state *states; /* by the recording's market number */
  uint32_t *numbers;    /* the recording's market number + 1 by market.index; 0 is none */
  size_t number_count;
  json_reader *reader;
  size_t next;        /* the frame to send next */
  uint64_t round;     /* how often it has been played to its end */
  uint64_t clock_ns;  /* how far it is, in its own time */
  uint64_t ticked_ms; /* when that was so */
  bool started;
  bool finished;
};

/* --- the recording's markets as markets of the world --- */

static hbus_status s_add_market(world *into, const recorded_market *recorded) {
  market_rules rules = {.price_digits = recorded->price_digits,
                        .amount_digits = recorded->amount_digits,
                        .amount_min = 1,
                        .band_percent = S_BAND_PERCENT,
                        .fee_basis_points = S_FEE,
                        .recorded = true};
  snprintf(rules.symbol, sizeof rules.symbol, "%s", recorded->symbol);
  int64_t price = 0;
  if (!hbus_decimal_is_absent(&recorded->first_price) &&
      hbus_decimal_to_integer(&recorded->first_price, recorded->price_digits, &price) == HBUS_OK &&
      price <= MATCHING_PRICE_MAX)
    rules.start_price = price;
  return world_add_market(into, recorded->exchange, &rules);
}

static hbus_status s_add_markets(replay *self, world *into, hbus_error *error) {
  size_t count = self->played.market_count;
  self->states = calloc(count, sizeof *self->states);
  if (!self->states) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  for (size_t i = 0; i < count; i++) {
    hbus_status status = s_add_market(into, &self->played.markets[i]);
    if (status != HBUS_OK)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "%s: market %s cannot be simulated: it must be BASE-QUOTE",
                       self->options.path, self->played.markets[i].symbol);
    self->states[i].where = into->markets[into->market_count - 1];
  }
  self->number_count = into->market_count;
  self->numbers = calloc(self->number_count, sizeof *self->numbers);
  if (!self->numbers) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; i < count; i++)
    self->numbers[self->states[i].where->index] = i + 1;
  return HBUS_OK;
}

/* Until it starts, its first books are what orders meet. */
static void s_show_first_books(replay *self) {
  for (size_t i = 0; i < self->played.frame_count; i++) {
    const recorded_frame *frame = &self->played.frames[i];
    market_state *state = &self->states[frame->market];
    if (frame->channel == HBUS_CHANNEL_ORDER_BOOK && !state->book) state->book = frame->text;
  }
}

hbus_status replay_open(const replay_options *options, world *into, replay **out, hbus_error *error) {
  replay *opened = calloc(1, sizeof *opened);
  if (!opened) return hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  opened->options = *options;
  hbus_status status = recording_load(options->path, &opened->played, error);
  if (status == HBUS_OK) status = s_add_markets(opened, into, error);
  if (status == HBUS_OK && !(opened->reader = json_reader_new(RECORDING_LINE_MAX)))
    status = hbus_fail(error, HBUS_NO_MEMORY, "out of memory");
  if (status != HBUS_OK) {
    replay_close(&opened);
    return status;
  }
  s_show_first_books(opened);
  *out = opened;
  return HBUS_OK;
}

void replay_close(replay **self) {
  if (!*self) return;
  recording_free(&(*self)->played);
  json_reader_destroy(&(*self)->reader);
  free((*self)->states);
  free((*self)->numbers);
  free(*self);
  *self = NULL;
}

/* --- playing --- */

static size_t s_subscriptions(const hub *sessions) {
  size_t count = 0;
  for (const session *open = sessions->sessions; open; open = open->next)
    count += open->subscriptions;
  return count;
}

static bool s_has_room(const hub *sessions) {
  for (const session *open = sessions->sessions; open; open = open->next) {
    if (open->subscriptions > 0 && open->queue_count >= REPLAY_QUEUE_MAX) return false;
  }
  return true;
}

static void s_send_next(replay *self, hub *sessions) {
  const recorded_frame *frame = &self->played.frames[self->next++];
  market_state *state = &self->states[frame->market];
  if (frame->channel == HBUS_CHANNEL_ORDER_BOOK)
    state->book = frame->text;
  else
    state->traded = frame->text;
  for (session *to = sessions->sessions; to; to = to->next) {
    if (session_wants(to, state->where->index, frame->channel)) hub_send_replayed(sessions, to, frame->text);
  }
}

/* Tells everyone who listened how many frames that was. */
static void s_finish(replay *self, hub *sessions) {
  self->finished = true;
  for (session *to = sessions->sessions; to; to = to->next) {
    if (to->subscriptions == 0) continue;
    char text[128];
    int size =
        snprintf(text, sizeof text, "{\"type\":\"info\",\"data\":{\"message\":\"replay finished\",\"frames\":%llu}}",
                 (unsigned long long)to->replayed);
    message *sent = message_new(text, (size_t)size);
    if (sent) hub_send(sessions, to, sent);
    message_drop(sent);
  }
}

/* From its end to its beginning, or to the end of all. */
static void s_turn_over(replay *self, hub *sessions) {
  uint64_t length_ns = self->played.frames[self->played.frame_count - 1].at_ns;
  self->clock_ns -= self->clock_ns < length_ns ? self->clock_ns : length_ns;
  self->next = 0;
  if (++self->round == self->options.repeat) s_finish(self, sessions);
}

static bool s_due(const replay *self) {
  return self->options.speed_milli == 0 || self->played.frames[self->next].at_ns <= self->clock_ns;
}

/* When the next frame is due, rounded up. */
static uint64_t s_wait_ms(const replay *self) {
  uint64_t left_ns = self->played.frames[self->next].at_ns - self->clock_ns;
  uint64_t per_ms = S_NS_PER_MS / S_MILLI * self->options.speed_milli;
  return (left_ns + per_ms - 1) / per_ms;
}

uint64_t replay_tick(replay *self, hub *sessions, uint64_t now_ms) {
  size_t subscriptions = s_subscriptions(sessions);
  uint64_t elapsed_ms = now_ms - self->ticked_ms;
  self->ticked_ms = now_ms;
  if (self->finished || subscriptions == 0) return UINT64_MAX;
  if (!self->started) {
    if (subscriptions < self->options.wait) return UINT64_MAX;
    self->started = true;
    elapsed_ms = 0;
  }
  self->clock_ns += elapsed_ms * (S_NS_PER_MS / S_MILLI) * self->options.speed_milli;
  while (!self->finished && s_due(self)) {
    if (!s_has_room(sessions)) return UINT64_MAX;
    s_send_next(self, sessions);
    if (self->next == self->played.frame_count) s_turn_over(self, sessions);
  }
  return self->finished ? UINT64_MAX : s_wait_ms(self);
}

/* --- the books that orders meet --- */

static const json_node *s_read_data(replay *self, message *frame) {
  const json_node *root;
  if (!frame || json_read(self->reader, (const char *)message_text(frame), frame->size, &root) != HBUS_OK) return NULL;
  return json_get(root, "data");
}

static void s_place_levels(market *where, hbus_side side, const json_node *levels) {
  const json_node *level = json_first(levels);
  for (uint32_t i = 0; i < levels->size; i++, level = json_next(level)) {
    const json_node *price = json_first(level), *amount = json_next(price);
    order_request request = {.side = side, .type = HBUS_LIMIT};
    hbus_status status = hbus_decimal_parse(price->text, price->size, &request.price);
    if (status == HBUS_OK) status = hbus_decimal_parse(amount->text, amount->size, &request.amount);
    assert(status == HBUS_OK);
    /* A level that the rules refuse (an amount of zero) is not there. */
    hbus_error error;
    (void)exchange_create(where->exchange, where, OWNER_CROWD, &request, NULL, &error);
  }
}

static void s_set_last(replay *self, market_state *state, market *where) {
  const json_node *data = s_read_data(self, state->traded);
  const json_node *price = json_get(data, "last");
  if (!price) price = json_get(data, "price");
  hbus_decimal decimal;
  int64_t last;
  if (price && hbus_decimal_parse(price->text, price->size, &decimal) == HBUS_OK &&
      hbus_decimal_to_integer(&decimal, where->rules.price_digits, &last) == HBUS_OK && last > 0)
    matching_set_last(where->book, last);
}

void replay_sync(replay *self, market *where) {
  if (where->index >= self->number_count || !self->numbers[where->index]) return;
  market_state *state = &self->states[self->numbers[where->index] - 1];
  if (state->traded) s_set_last(self, state, where);
  state->traded = NULL;
  if (!state->book || state->book == state->shown) return;
  state->shown = state->book;
  const json_node *data = s_read_data(self, state->book);
  assert(data);
  exchange_clear_crowd(where->exchange, where);
  s_place_levels(where, HBUS_BUY, json_get(data, "bids"));
  s_place_levels(where, HBUS_SELL, json_get(data, "asks"));
}
