#include "client/tool/event_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "client/tool/json.h"

static void s_print_time(uint64_t ns) {
  time_t seconds = (time_t)(ns / 1000000000);
  struct tm local;
  char text[16] = "";
  if (localtime_r(&seconds, &local) != NULL) (void)strftime(text, sizeof(text), "%H:%M:%S", &local);
  (void)printf("%s.%03" PRIu64, text, ns / 1000000 % 1000);
}

/* "-" for one that is absent. */
static const char *s_text(const hbus_decimal *decimal) {
  return hbus_decimal_is_absent(decimal) ? "-" : decimal->text;
}

static void s_print_level(const char *side, const hbus_level *levels, size_t count) {
  if (count == 0)
    (void)printf("%s none", side);
  else
    (void)printf("%s %s x %s", side, levels[0].price.text, levels[0].amount.text);
}

static void s_print_book(const hbus_book *book) {
  s_print_level("bid", book->bids, book->bid_count);
  s_print_level("  ask", book->asks, book->ask_count);
  (void)printf("  (%zu/%zu levels)", book->bid_count, book->ask_count);
}

static void s_print_trade(const hbus_event *event) {
  const hbus_trade *trade = &event->data.trade;
  (void)printf("%s %s at %s", hbus_side_name(trade->side), s_text(&trade->amount), s_text(&trade->price));
  if (!hbus_decimal_is_absent(&trade->replaces)) (void)printf(" (%s of it told before)", trade->replaces.text);
  if (*trade->order_id != '\0') (void)printf("  fill of %s", trade->order_id);
  if (*event->client_order_id != '\0') (void)printf(" (%s's %s)", event->owner, event->client_order_id);
}

static void s_print_order(const hbus_event *event) {
  const hbus_order *order = &event->data.order;
  (void)printf("%s  %s %s %s", hbus_order_status_name(order->status), hbus_side_name(order->side),
               hbus_order_type_name(order->order_type), s_text(&order->amount));
  if (!hbus_decimal_is_absent(&order->price)) (void)printf(" at %s", order->price.text);
  if (!hbus_decimal_is_absent(&order->stop_price)) (void)printf(" stop %s", order->stop_price.text);
  (void)printf("  filled %s  %s", s_text(&order->filled), *order->order_id == '\0' ? "-" : order->order_id);
  if (order->cancel_requested) (void)printf(" cancel requested");
  if (*event->client_order_id != '\0') (void)printf(" (%s's %s)", event->owner, event->client_order_id);
}

static void s_print_notice(const hbus_notice *notice) {
  if (notice->code != HBUS_OK) (void)printf("%s: ", hbus_status_name(notice->code));
  (void)printf("%.*s", (int)notice->message.size, notice->message.data);
  if (*notice->order_id != '\0') (void)printf("  (order %s)", notice->order_id);
}

static void s_print_heartbeat(const hbus_heartbeat *heartbeat) {
  (void)printf("%zu topics moved", heartbeat->topic_count);
  if (heartbeat->parts > 1) (void)printf("  (part %" PRIu64 " of %" PRIu64 ")", heartbeat->part, heartbeat->parts);
}

static void s_print_slow(const hbus_slow *slow) {
  const char *name = *slow->name == '\0' ? "a reader" : slow->name;
  if (slow->lag == 0)
    (void)printf("%s has caught up", name);
  else
    (void)printf("%s is %" PRIu64 " events behind on %.*s", name, slow->lag, (int)slow->topic.size, slow->topic.data);
}

/* The library has checked that it is msgpack. */
static void s_print_signal(const hbus_event *event, buffer *scratch) {
  const hbus_signal *signal = &event->data.signal;
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  (void)printf("%s of %s: ", signal->name, event->owner);
  if (msgpack_unpack_next(&unpacked, (const char *)signal->data.data, signal->data.size, NULL) ==
      MSGPACK_UNPACK_SUCCESS) {
    json_writer writer;
    buffer_reset(scratch);
    json_writer_init(&writer, scratch);
    json_write(&writer, &unpacked.data);
    (void)fwrite(scratch->data, 1, scratch->size, stdout);
  }
  msgpack_unpacked_destroy(&unpacked);
}

void event_line_print_data(const hbus_event *event, buffer *scratch) {
  switch (event->kind) {
  case HBUS_KIND_ORDER_BOOK_UPDATE: s_print_book(&event->data.book); break;
  case HBUS_KIND_TICKER_UPDATE:
    (void)printf("bid %s  ask %s  last %s", s_text(&event->data.ticker.bid), s_text(&event->data.ticker.ask),
                 s_text(&event->data.ticker.last));
    break;
  case HBUS_KIND_TRADE: s_print_trade(event); break;
  case HBUS_KIND_ORDER_UPDATE: s_print_order(event); break;
  case HBUS_KIND_ERROR:
  case HBUS_KIND_INFO: s_print_notice(&event->data.notice); break;
  case HBUS_KIND_LINK:
    (void)printf("%s", hbus_link_status_name(event->data.link.status));
    if (event->data.link.reason.size > 0)
      (void)printf(": %.*s", (int)event->data.link.reason.size, event->data.link.reason.data);
    break;
  case HBUS_KIND_HEARTBEAT: s_print_heartbeat(&event->data.heartbeat); break;
  case HBUS_KIND_SLOW: s_print_slow(&event->data.slow); break;
  case HBUS_KIND_STRATEGY_UPDATE: s_print_signal(event, scratch); break;
  case HBUS_KIND_OTHER:
  case HBUS_KIND_COUNT: (void)printf("%s of an unknown kind; --json shows it", hbus_event_type_name(event->type));
  }
}

void event_line_print(const hbus_message *message, buffer *scratch) {
  s_print_time(message->event.tx_ns);
  (void)printf("  %-7s  %-40s  %6" PRIu64 "  ", hbus_stream_name(message->stream), message->topic, message->event.seq);
  event_line_print_data(&message->event, scratch);
  (void)putchar('\n');
}

void event_line_print_json(const hbus_message *message, buffer *scratch) {
  msgpack_unpacked unpacked;
  msgpack_unpacked_init(&unpacked);
  const char *body = (const char *)message->body.data; /* the library has checked it */
  if (msgpack_unpack_next(&unpacked, body, message->body.size, NULL) == MSGPACK_UNPACK_SUCCESS &&
      unpacked.data.type == MSGPACK_OBJECT_MAP) {
    json_writer writer;
    buffer_reset(scratch);
    json_writer_init(&writer, scratch);
    json_begin_object(&writer);
    json_key(&writer, "stream");
    json_string(&writer, hbus_stream_name(message->stream));
    json_key(&writer, "topic");
    json_string(&writer, message->topic);
    json_write_pairs(&writer, &unpacked.data);
    json_end_object(&writer);
    json_print_buffer(scratch);
  }
  msgpack_unpacked_destroy(&unpacked);
}

void event_line_print_notice(const event_notice *notice) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  s_print_time((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
  (void)printf("  %-7s  %-40s  %6s  %s", hbus_stream_name(notice->stream), notice->topic, "-", notice->what);
  if (notice->from > 0) (void)printf(" %" PRIu64 " to %" PRIu64, notice->from, notice->to);
  (void)putchar('\n');
}

static void s_write_number(json_writer *writer, const char *key, uint64_t number) {
  if (number == 0) return;
  json_key(writer, key);
  json_unsigned(writer, number);
}

void event_line_print_notice_json(const event_notice *notice, buffer *scratch) {
  json_writer writer;
  buffer_reset(scratch);
  json_writer_init(&writer, scratch);
  json_begin_object(&writer);
  json_key(&writer, "notice");
  json_string(&writer, notice->what);
  json_key(&writer, "stream");
  json_string(&writer, hbus_stream_name(notice->stream));
  if (*notice->topic != '\0') {
    json_key(&writer, "topic");
    json_string(&writer, notice->topic);
  }
  s_write_number(&writer, "epoch", notice->epoch);
  s_write_number(&writer, "from", notice->from);
  s_write_number(&writer, "to", notice->to);
  json_end_object(&writer);
  json_print_buffer(scratch);
}
