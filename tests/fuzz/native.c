/* Any bytes into the native decoder, as an event and as the answer to every command: what it takes can go onto the bus.
 */
#include <assert.h>
#include <string.h>

#include "proto/frame.h"
#include "proto/record.h"
#include "proto/upstream/native/native.h"

#define FRAME_MAX (1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Books and positions may lack the names that whoever asked knows. */
static void s_name(hbus_name name) {
  if (name[0] == '\0') memcpy(name, "x", 2);
}

static void s_pack_event(hbus_event *event, buffer *out) {
  hbus_status status = HBUS_OK;
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: status = record_pack_book(&event->data.book, RECORD_IN_EVENT, out); break;
  case HBUS_KIND_TICKER_UPDATE: status = record_pack_ticker(&event->data.ticker, RECORD_IN_EVENT, out); break;
  case HBUS_KIND_TRADE: status = record_pack_trade(&event->data.trade, out); break;
  case HBUS_KIND_ORDER_UPDATE: status = record_pack_order(&event->data.order, RECORD_IN_EVENT, out); break;
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: status = record_pack_notice(&event->data.notice, out); break;
  default: assert(false);
  }
  assert(status == HBUS_OK && frame_check(out->data, out->size) == HBUS_OK);
}

static void s_pack_one(hbus_status status, buffer *out) {
  assert(status == HBUS_OK && frame_check(out->data, out->size) == HBUS_OK);
  buffer_reset(out);
}

static void s_pack_orders(const upstream_answer *answer, buffer *out) {
  for (size_t i = 0; i < answer->data.orders.count; i++)
    s_pack_one(record_pack_order(&answer->data.orders.items[i], RECORD_IN_REPLY, out), out);
}

static void s_pack_balances(const upstream_answer *answer, buffer *out) {
  for (size_t i = 0; i < answer->data.balances.count; i++)
    s_pack_one(record_pack_balance(&answer->data.balances.items[i], out), out);
}

static void s_pack_positions(const upstream_answer *answer, buffer *out) {
  for (size_t i = 0; i < answer->data.positions.count; i++) {
    hbus_position position = answer->data.positions.items[i];
    s_name(position.exchange);
    s_pack_one(record_pack_position(&position, out), out);
  }
}

static void s_pack_answer(upstream_answer *answer, hbus_command_kind kind, buffer *out) {
  if (answer->code != HBUS_OK) return;
  switch (kind) {
  case HBUS_CREATE_ORDER:
  case HBUS_GET_ORDER: s_pack_one(record_pack_order(&answer->data.order, RECORD_IN_REPLY, out), out); break;
  case HBUS_CANCEL_ORDER: s_pack_one(record_pack_cancel(&answer->data.cancel, out), out); break;
  case HBUS_GET_ORDER_BOOK:
    s_name(answer->data.book.exchange);
    s_name(answer->data.book.market);
    s_pack_one(record_pack_book(&answer->data.book, RECORD_IN_REPLY, out), out);
    break;
  case HBUS_GET_TICKER: s_pack_one(record_pack_ticker(&answer->data.ticker, RECORD_IN_REPLY, out), out); break;
  case HBUS_GET_OPEN_ORDERS:
  case HBUS_GET_ORDER_HISTORY: s_pack_orders(answer, out); break;
  case HBUS_GET_BALANCES: s_pack_balances(answer, out); break;
  case HBUS_GET_POSITIONS: s_pack_positions(answer, out); break;
  default: break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const hbus_command_kind kinds[] = {HBUS_COMMAND_NONE,   HBUS_CREATE_ORDER,    HBUS_CANCEL_ORDER,
                                            HBUS_GET_ORDER,      HBUS_GET_OPEN_ORDERS, HBUS_GET_ORDER_HISTORY,
                                            HBUS_GET_ORDER_BOOK, HBUS_GET_TICKER,      HBUS_GET_BALANCES,
                                            HBUS_GET_POSITIONS,  HBUS_SUBSCRIBE,       HBUS_UNSUBSCRIBE};
  native_decoder *decoder = native_decoder_new(FRAME_MAX);
  native_frame frame;
  buffer out;
  buffer_init(&out, 8 * FRAME_MAX);
  if (native_decode(decoder, (const char *)data, size, &frame, NULL) == HBUS_OK) {
    if (frame.kind == NATIVE_EVENT) s_pack_event(&frame.event, &out);
    for (size_t i = 0; frame.kind == NATIVE_RESPONSE && i < sizeof kinds / sizeof kinds[0]; i++) {
      upstream_answer answer;
      if (native_decode_answer(decoder, kinds[i], &answer, NULL) == HBUS_OK) s_pack_answer(&answer, kinds[i], &out);
    }
  }
  buffer_free(&out);
  native_decoder_destroy(&decoder);
  return 0;
}
