/* The tables of native_shapes.h. Rows stand in the order in which upstream sends its fields. */
#include "proto/upstream/native/native_shapes.h"

#include <stddef.h>

/* clang-format off */
#define ROW(key_, type_, need_, struct_, member, ...) \
  {.key = (key_), .key_size = sizeof(key_) - 1, .type = (type_), .need = (need_), .offset = offsetof(struct_, member), \
   __VA_ARGS__}
#define SIZE_OF(struct_, member) (sizeof(((struct_ *)0)->member) - 1)

#define NAME(key, need, struct_, member) \
  ROW(key, NATIVE_NAME, need, struct_, member, .max = SIZE_OF(struct_, member))
#define ID(key, need, struct_, member)      ROW(key, NATIVE_ID, need, struct_, member, .max = SIZE_OF(struct_, member))
#define DECIMAL(key, need, struct_, member) ROW(key, NATIVE_DECIMAL, need, struct_, member, .words = NULL)
#define SECONDS(key, need, struct_, member) ROW(key, NATIVE_SECONDS, need, struct_, member, .words = NULL)
#define TEXT(key, need, struct_, member)    ROW(key, NATIVE_TEXT, need, struct_, member, .words = NULL)
#define BOOL(key, need, struct_, member)    ROW(key, NATIVE_BOOL, need, struct_, member, .words = NULL)
#define VALUE(key, need, struct_, member)   ROW(key, NATIVE_VALUE, need, struct_, member, .words = NULL)
#define WORD(key, need, struct_, member, table) ROW(key, NATIVE_WORD, need, struct_, member, .words = (table))
/* clang-format on */

#define REQUIRED NATIVE_REQUIRED
#define OPTIONAL NATIVE_OPTIONAL
#define IF_FIT   NATIVE_IF_FIT

#define SHAPE(noun, own, extra)                                                                                        \
  const native_shape native_shape_##noun = {s_##noun, sizeof s_##noun / sizeof s_##noun[0], own, extra};

static const char *const s_no_keys[] = {NULL};

/* ---- Frames ---- */

static const native_field s_parts[] = {
    VALUE("type", OPTIONAL, native_parts, type),       VALUE("data", OPTIONAL, native_parts, data),
    VALUE("id", OPTIONAL, native_parts, id),           VALUE("status", OPTIONAL, native_parts, status),
    VALUE("message", OPTIONAL, native_parts, message), VALUE("code", OPTIONAL, native_parts, code),
};
SHAPE(parts, s_no_keys, NATIVE_NO_EXTRA)

/* ---- Orders ---- */

#define ORDER_ROWS(type_key)                                                                                           \
  ID("order_id", REQUIRED, hbus_order, order_id), NAME("symbol", REQUIRED, hbus_order, market),                        \
      NAME("exchange", REQUIRED, hbus_order, exchange), DECIMAL("price", OPTIONAL, hbus_order, price),                 \
      DECIMAL("amount", REQUIRED, hbus_order, amount), DECIMAL("filled", OPTIONAL, hbus_order, filled),                \
      WORD("side", REQUIRED, hbus_order, side, native_words_side),                                                     \
      WORD(type_key, REQUIRED, hbus_order, order_type, native_words_order_type),                                       \
      WORD("status", REQUIRED, hbus_order, status, native_words_order_status),                                         \
      SECONDS("created_at", OPTIONAL, hbus_order, created_at_ns),                                                      \
      SECONDS("filled_at", OPTIONAL, hbus_order, filled_at_ns),                                                        \
      ID("client_order_id", OPTIONAL, hbus_order, client_order_id),                                                    \
      DECIMAL("stop_price", OPTIONAL, hbus_order, stop_price),                                                         \
      WORD("market_type", OPTIONAL, hbus_order, market_type, native_words_market_type),                                \
      NAME("account", OPTIONAL, hbus_order, account),                                                                  \
      WORD("position_action", OPTIONAL, hbus_order, position_action, native_words_position_action)

static const char *const s_order_keys[] = {"exchange",    "market",     "order_id",   "client_order_id", "owner",
                                           "rev",         "side",       "order_type", "status",          "price",
                                           "amount",      "stop_price", "filled",     "account",         "ts",
                                           "market_type", "created_at", "filled_at",  "position_action", NULL};

static const native_field s_order[] = {ORDER_ROWS("type")};
SHAPE(order, s_order_keys, offsetof(hbus_order, extra))

static const native_field s_order_update[] = {ORDER_ROWS("order_type"),
                                              SECONDS("timestamp", OPTIONAL, native_order_update, ts_ns)};
SHAPE(order_update, s_order_keys, offsetof(hbus_order, extra))
_Static_assert(offsetof(native_order_update, order) == 0, "the rows of an order are those of its update");

static const native_field s_cancel[] = {
    ID("order_id", REQUIRED, hbus_cancel, order_id),
    BOOL("cancelled", REQUIRED, hbus_cancel, cancelled),
    ID("client_order_id", OPTIONAL, hbus_cancel, client_order_id),
};
SHAPE(cancel, s_no_keys, NATIVE_NO_EXTRA)

/* ---- Market data ---- */

/* A trade's client_order_id would be taken for the owner's own, which stands in the envelope. */
static const char *const s_trade_keys[] = {"trade_id",        "exchange", "market", "order_id",
                                           "client_order_id", "owner",    "rev",    "price",
                                           "amount",          "side",     "ts",     NULL};

static const native_field s_trade[] = {
    ID("trade_id", OPTIONAL, native_trade, trade.trade_id),
    NAME("symbol", REQUIRED, native_trade, trade.market),
    NAME("exchange", REQUIRED, native_trade, trade.exchange),
    DECIMAL("price", REQUIRED, native_trade, trade.price),
    DECIMAL("amount", REQUIRED, native_trade, trade.amount),
    WORD("side", REQUIRED, native_trade, trade.side, native_words_side),
    SECONDS("timestamp", OPTIONAL, native_trade, ts_ns),
    ID("order_id", OPTIONAL, native_trade, trade.order_id),
};
SHAPE(trade, s_trade_keys, offsetof(native_trade, trade.extra))

static const char *const s_book_keys[] = {"exchange", "market", "bids", "asks", "ts", NULL};

#define BOOK_ROWS(names_need)                                                                                          \
  NAME("symbol", names_need, native_book, book.market), NAME("exchange", names_need, native_book, book.exchange),      \
      VALUE("bids", REQUIRED, native_book, bids), VALUE("asks", REQUIRED, native_book, asks),                          \
      SECONDS("timestamp", OPTIONAL, native_book, book.ts_ns)

static const native_field s_book_update[] = {BOOK_ROWS(REQUIRED)};
SHAPE(book_update, s_book_keys, offsetof(native_book, book.extra))

static const native_field s_book[] = {BOOK_ROWS(OPTIONAL)};
SHAPE(book, s_book_keys, offsetof(native_book, book.extra))

static const char *const s_ticker_keys[] = {"exchange", "market", "bid", "ask", "last", "volume", "ts", NULL};

static const native_field s_ticker[] = {
    NAME("symbol", REQUIRED, hbus_ticker, market),      NAME("exchange", REQUIRED, hbus_ticker, exchange),
    DECIMAL("bid", OPTIONAL, hbus_ticker, bid),         DECIMAL("ask", OPTIONAL, hbus_ticker, ask),
    DECIMAL("last", OPTIONAL, hbus_ticker, last),       DECIMAL("volume", OPTIONAL, hbus_ticker, volume),
    SECONDS("timestamp", OPTIONAL, hbus_ticker, ts_ns),
};
SHAPE(ticker, s_ticker_keys, offsetof(hbus_ticker, extra))

/* ---- Errors and infos ---- */

/* Upstream's own code of an error is passed on beside the class that hbus makes of it. */
static const char *const s_notice_keys[] = {"code", "message", "exchange", "market", "order_id", "ts", NULL};

/* A decoration that does not fit must not cost the message. The order id may not go astray: it makes a notice private.
 */
#define NOTICE_ROWS(message_need)                                                                                      \
  TEXT("message", message_need, native_notice, notice.message),                                                        \
      NAME("exchange", IF_FIT, native_notice, notice.exchange), NAME("symbol", IF_FIT, native_notice, notice.market),  \
      ID("order_id", OPTIONAL, native_notice, notice.order_id), SECONDS("timestamp", IF_FIT, native_notice, ts_ns)

static const native_field s_error[] = {NOTICE_ROWS(REQUIRED)};
SHAPE(error, s_notice_keys, offsetof(native_notice, notice.extra))

static const native_field s_info[] = {NOTICE_ROWS(IF_FIT)};
SHAPE(info, s_notice_keys, offsetof(native_notice, notice.extra))

/* ---- Accounts ---- */

static const native_field s_balance[] = {
    DECIMAL("total", REQUIRED, hbus_balance, total),
    DECIMAL("available", REQUIRED, hbus_balance, available),
};
SHAPE(balance, s_no_keys, NATIVE_NO_EXTRA)

static const char *const s_position_keys[] = {"exchange",       "market",   "side", "amount", "entry_price",
                                              "unrealized_pnl", "leverage", "ts",   NULL};

static const native_field s_position[] = {
    NAME("symbol", REQUIRED, hbus_position, market),
    WORD("side", REQUIRED, hbus_position, side, native_words_position_side),
    DECIMAL("amount", REQUIRED, hbus_position, amount),
    DECIMAL("entry_price", OPTIONAL, hbus_position, entry_price),
    DECIMAL("unrealized_pnl", OPTIONAL, hbus_position, unrealized_pnl),
    DECIMAL("leverage", OPTIONAL, hbus_position, leverage),
    NAME("exchange", OPTIONAL, hbus_position, exchange),
};
SHAPE(position, s_position_keys, offsetof(hbus_position, extra))
