#include <string.h>

#include "client/tool/json.h"
#include "client/tool/peer.h"

static int s_width_of(const msgpack_object *levels, int width) {
  for (uint32_t i = 0; i < levels->via.array.size; i++) {
    const msgpack_object *level = &levels->via.array.ptr[i];
    for (uint32_t j = 0; level->type == MSGPACK_OBJECT_ARRAY && j < level->via.array.size; j++)
      if (level->via.array.ptr[j].type == MSGPACK_OBJECT_STR && (int)level->via.array.ptr[j].via.str.size > width)
        width = (int)level->via.array.ptr[j].via.str.size;
  }
  return width;
}

static void s_print_level(const char *side, const msgpack_object *level, int width) {
  if (level->type != MSGPACK_OBJECT_ARRAY || level->via.array.size < 2) return;
  (void)printf("%-4s", side);
  for (uint32_t i = 0; i < 2; i++) {
    const msgpack_object *number = &level->via.array.ptr[i];
    if (number->type != MSGPACK_OBJECT_STR) continue;
    int size = (int)number->via.str.size;
    (void)printf("  %*s%.*s", width > size ? width - size : 0, "", size, number->via.str.ptr);
  }
  (void)putchar('\n');
}

/* As traders read it: the asks above, the best of both sides in the middle. */
static void s_print_book(const msgpack_object *book) {
  const msgpack_object *bids = peer_get(book, "bids"), *asks = peer_get(book, "asks");
  if (bids == NULL || asks == NULL || bids->type != MSGPACK_OBJECT_ARRAY || asks->type != MSGPACK_OBJECT_ARRAY) return;
  int width = s_width_of(asks, s_width_of(bids, (int)strlen("AMOUNT")));
  (void)printf("%-4s  %*s  %*s\n", "SIDE", width, "PRICE", width, "AMOUNT");
  for (uint32_t i = asks->via.array.size; i > 0; i--)
    s_print_level("ask", &asks->via.array.ptr[i - 1], width);
  for (uint32_t i = 0; i < bids->via.array.size; i++)
    s_print_level("bid", &bids->via.array.ptr[i], width);
  if (asks->via.array.size + bids->via.array.size == 0) (void)puts("the book is empty");
}

static void s_print(const msgpack_object *book, void *context) {
  const bool *json = context;
  if (*json)
    json_print(book);
  else
    s_print_book(book);
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_GET_ORDER_BOOK, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  command.depth = arguments->depth;
  bool json = arguments->json;
  return peer_fetch(self, arguments, &command, 0, s_print, &json);
}

const verb verb_book = {.name = "book",
                        .parameters = "EXCHANGE MARKET",
                        .summary = "The top of a market's order book, now",
                        .options = ARGUMENT_DEPTH,
                        .positionals_min = 2,
                        .positionals_max = 2,
                        .run = s_run};
