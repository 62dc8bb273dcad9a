/* See native_dump.h. */
#include "native_dump.h"

#include <criterion/criterion.h>
#include <string.h>

#include "native_vectors.h"
#include "proto/pack.h"
#include "proto/record.h"

static buffer s_packed;

static void s_write_packed(json_writer *json, hbus_status status) {
  cr_assert_eq(status, HBUS_OK);
  native_vectors_write_msgpack(json, s_packed.data, s_packed.size);
  buffer_free(&s_packed);
}

static void s_begin_record(void) {
  buffer_init(&s_packed, 1 << 20);
}

static void s_write_order(json_writer *json, const hbus_order *order) {
  s_begin_record();
  s_write_packed(json, record_pack_order(order, RECORD_IN_REPLY, &s_packed));
}

static void s_write_ticker(json_writer *json, const hbus_ticker *ticker) {
  s_begin_record();
  s_write_packed(json, record_pack_ticker(ticker, RECORD_IN_REPLY, &s_packed));
}

/* Answers about a book leave its names out, and positions their exchange: whoever asked knows them. */
static void s_write_book(json_writer *json, const hbus_book *book) {
  hbus_book named = *book;
  if (named.exchange[0] == '\0') memcpy(named.exchange, "asked", sizeof "asked");
  if (named.market[0] == '\0') memcpy(named.market, "asked", sizeof "asked");
  s_begin_record();
  s_write_packed(json, record_pack_book(&named, RECORD_IN_REPLY, &s_packed));
}

static void s_write_position(json_writer *json, const hbus_position *position) {
  hbus_position named = *position;
  if (named.exchange[0] == '\0') memcpy(named.exchange, "asked", sizeof "asked");
  s_begin_record();
  s_write_packed(json, record_pack_position(&named, &s_packed));
}

static void s_write_event_data(json_writer *json, const hbus_event *event) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: s_write_book(json, &event->data.book); break;
  case HBUS_KIND_TICKER_UPDATE: s_write_ticker(json, &event->data.ticker); break;
  case HBUS_KIND_ORDER_UPDATE: s_write_order(json, &event->data.order); break;
  case HBUS_KIND_TRADE:
    s_begin_record();
    s_write_packed(json, record_pack_trade(&event->data.trade, &s_packed));
    break;
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO:
    s_begin_record();
    s_write_packed(json, record_pack_notice(&event->data.notice, &s_packed));
    break;
  default: cr_assert_fail("an event of kind %d", (int)event->kind);
  }
}

static void s_write_string(json_writer *json, const char *key, const char *text) {
  if (*text == '\0') return;
  json_key(json, key);
  json_string(json, text);
}

void native_dump_event(const native_frame *frame, buffer *out) {
  const hbus_event *event = &frame->event;
  cr_assert(event->epoch == 0 && event->seq == 0 && event->rx_ns == 0 && event->tx_ns == 0 && event->rev == 0);
  cr_assert_str_empty(event->owner);
  json_writer json;
  json_writer_init(&json, out);
  json_begin_object(&json);
  s_write_string(&json, "type", hbus_event_type_name(event->type));
  s_write_string(&json, "kind", hbus_kind_name(event->kind));
  s_write_string(&json, "src", event->src);
  if (event->ts_ns != 0) {
    json_key(&json, "ts");
    json_unsigned(&json, event->ts_ns);
  }
  s_write_string(&json, "client_order_id", event->client_order_id);
  s_write_string(&json, "origin", hbus_origin_name(event->origin));
  json_key(&json, "data");
  s_write_event_data(&json, event);
  json_end_object(&json);
}

static void s_write_answer_list(json_writer *json, const upstream_answer *answer, hbus_command_kind kind) {
  json_begin_array(json);
  if (kind == HBUS_GET_POSITIONS)
    for (size_t i = 0; i < answer->data.positions.count; i++)
      s_write_position(json, &answer->data.positions.items[i]);
  else if (kind == HBUS_GET_BALANCES)
    for (size_t i = 0; i < answer->data.balances.count; i++) {
      s_begin_record();
      s_write_packed(json, record_pack_balance(&answer->data.balances.items[i], &s_packed));
    }
  else
    for (size_t i = 0; i < answer->data.orders.count; i++)
      s_write_order(json, &answer->data.orders.items[i]);
  json_end_array(json);
}

static void s_write_answer_data(json_writer *json, const upstream_answer *answer, hbus_command_kind kind) {
  switch (kind) {
  case HBUS_CREATE_ORDER:
  case HBUS_GET_ORDER: s_write_order(json, &answer->data.order); break;
  case HBUS_CANCEL_ORDER:
    s_begin_record();
    s_write_packed(json, record_pack_cancel(&answer->data.cancel, &s_packed));
    break;
  case HBUS_GET_ORDER_BOOK: s_write_book(json, &answer->data.book); break;
  case HBUS_GET_TICKER: s_write_ticker(json, &answer->data.ticker); break;
  case HBUS_GET_OPEN_ORDERS:
  case HBUS_GET_ORDER_HISTORY:
  case HBUS_GET_BALANCES:
  case HBUS_GET_POSITIONS: s_write_answer_list(json, answer, kind); break;
  default: json_null(json);
  }
}

void native_dump_answer(const native_frame *frame, const upstream_answer *answer, hbus_command_kind kind, buffer *out) {
  json_writer json;
  json_writer_init(&json, out);
  json_begin_object(&json);
  json_key(&json, "id");
  json_text(&json, frame->id.data, frame->id.size);
  json_key(&json, "code");
  json_string(&json, hbus_status_name(answer->code));
  if (answer->message.size > 0) {
    json_key(&json, "message");
    json_text(&json, answer->message.data, answer->message.size);
  }
  if (answer->code == HBUS_OK) {
    json_key(&json, "data");
    s_write_answer_data(&json, answer, kind);
  }
  json_end_object(&json);
}

void native_dump_extra(const hbus_extra *extra, buffer *out) {
  json_writer json;
  json_writer_init(&json, out);
  s_begin_record();
  pack_map(&s_packed, extra->count);
  buffer_append(&s_packed, extra->pairs.data, extra->pairs.size);
  s_write_packed(&json, s_packed.status);
}
