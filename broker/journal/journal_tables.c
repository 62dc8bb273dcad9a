#include "broker/journal/journal_tables.h"

#include <assert.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Rows: the struct, its member, the column's name. */
#define ROW(struct_, member_, name_, ...)                                                                              \
  { .name = (name_), .offset = offsetof(struct_, member_), .size = sizeof(((struct_ *)0)->member_), __VA_ARGS__ }
#define NUMBER(struct_, member_, name_)       ROW(struct_, member_, name_, .type = COLUMN_NUMBER)
#define FLAG(struct_, member_, name_)         ROW(struct_, member_, name_, .type = COLUMN_FLAG)
#define NAME(struct_, member_, name_)         ROW(struct_, member_, name_, .type = COLUMN_NAME)
#define DECIMAL(struct_, member_, name_)      ROW(struct_, member_, name_, .type = COLUMN_DECIMAL)
#define ENUM(struct_, member_, name_, names_) ROW(struct_, member_, name_, .type = COLUMN_ENUM, .names = &(names_))
#define KEY(struct_, member_, name_)          ROW(struct_, member_, name_, .type = COLUMN_NAME, .key = true)
#define KEY_NUMBER(struct_, member_, name_)   ROW(struct_, member_, name_, .type = COLUMN_NUMBER, .key = true)

static const journal_column s_start_columns[] = {
    KEY_NUMBER(journal_start_row, epoch, "epoch"),
    NAME(journal_start_row, boot_id, "boot_id"),
    NUMBER(journal_start_row, started_at_ns, "started_at_ns"),
    NUMBER(journal_start_row, ended_at_ns, "ended_at_ns"),
    NAME(journal_start_row, sync, "sync"),
};

/* Found by upstream_id; orders of others, which have none, by exchange and order_id: journal_apply.c. */
static const journal_column s_order_columns[] = {
    KEY(journal_order, upstream_id, "upstream_id"),
    NAME(journal_order, state.owner, "owner"),
    NAME(journal_order, state.client_order_id, "client_order_id"),
    NAME(journal_order, state.exchange, "exchange"),
    NAME(journal_order, state.market, "market"),
    NAME(journal_order, state.order_id, "order_id"),
    ENUM(journal_order, state.side, "side", names_side),
    ENUM(journal_order, state.order_type, "order_type", names_order_type),
    ENUM(journal_order, state.status, "status", names_order_status),
    DECIMAL(journal_order, state.price, "price"),
    DECIMAL(journal_order, state.stop_price, "stop_price"),
    DECIMAL(journal_order, state.amount, "amount"),
    DECIMAL(journal_order, state.filled, "filled"),
    ENUM(journal_order, state.market_type, "market_type", names_market_type),
    NAME(journal_order, state.account, "account"),
    ENUM(journal_order, state.position_action, "position_action", names_position_action),
    NUMBER(journal_order, state.created_at_ns, "created_at_ns"),
    NUMBER(journal_order, state.filled_at_ns, "filled_at_ns"),
    FLAG(journal_order, state.cancel_requested, "cancel_requested"),
    NUMBER(journal_order, state.rev, "rev"),
    ROW(journal_order, state.extra, "candidates", .type = COLUMN_EXTRA),
    FLAG(journal_order, finished, "finished"),
    ROW(journal_order, asked, "asked", .type = COLUMN_COMMAND),
    FLAG(journal_order, answered, "answered"),
    ENUM(journal_order, outcome, "outcome", names_reply_status),
    ROW(journal_order, outcome_code, "outcome_code", .type = COLUMN_CODE),
    ROW(journal_order, outcome_message, "outcome_message", .type = COLUMN_TEXT),
    NUMBER(journal_order, intent_ns, "intent_ns"),
    NUMBER(journal_order, first_seen_ns, "first_seen_ns"),
    NUMBER(journal_order, absent_ns, "absent_ns"),
    NUMBER(journal_order, absences, "absences"),
    NUMBER(journal_order, published_seq, "published_seq"),
    NUMBER(journal_order, published_rev, "published_rev"),
    NUMBER(journal_order, updated_ns, "updated_ns"),
};

static const journal_column s_topic_columns[] = {
    KEY(journal_topic_row, topic, "topic"),
    NUMBER(journal_topic_row, last_seq, "last_seq"),
};

static const journal_column s_session_columns[] = {
    KEY(journal_session, name, "name"),
    FLAG(journal_session, cancel_on_disconnect, "cancel_on_disconnect"),
    NUMBER(journal_session, grace_ms, "grace_ms"),
    NUMBER(journal_session, updated_ns, "updated_ns"),
};

static const journal_column s_fill_columns[] = {
    KEY(journal_fill, trade.exchange, "exchange"),
    KEY(journal_fill, trade.market, "market"),
    KEY(journal_fill, trade.trade_id, "trade_id"),
    KEY(journal_fill, trade.order_id, "order_id"), /* one trade fills both sides, and both may be ours */
    DECIMAL(journal_fill, trade.price, "price"),
    DECIMAL(journal_fill, trade.amount, "amount"),
    DECIMAL(journal_fill, trade.replaces, "replaces"),
    ENUM(journal_fill, trade.side, "side", names_side),
    NAME(journal_fill, owner, "owner"),
    NAME(journal_fill, client_order_id, "client_order_id"),
    ENUM(journal_fill, origin, "origin", names_origin),
    NUMBER(journal_fill, ts_ns, "ts_ns"),
    NUMBER(journal_fill, rx_ns, "rx_ns"),
};

static const journal_column s_position_columns[] = {
    KEY(journal_position, owner, "owner"),           KEY(journal_position, exchange, "exchange"),
    KEY(journal_position, market, "market"),         DECIMAL(journal_position, amount, "amount"),
    DECIMAL(journal_position, cost, "cost"),         DECIMAL(journal_position, realized_pnl, "realized_pnl"),
    DECIMAL(journal_position, unpriced, "unpriced"), NUMBER(journal_position, updated_ns, "updated_ns"),
};

static const journal_column s_event_columns[] = {
    KEY_NUMBER(journal_event_row, topic_n, "topic_n"), KEY_NUMBER(journal_event_row, seq, "seq"),
    NUMBER(journal_event_row, epoch, "epoch"),         NUMBER(journal_event_row, tx_ns, "tx_ns"),
    ENUM(journal_event_row, kind, "kind", names_kind), ROW(journal_event_row, body, "body", .type = COLUMN_BYTES),
};

#define TABLE(name_, columns_, record_)                                                                                \
  { name_, columns_, COUNT(columns_), sizeof(record_) }

static const journal_table s_tables[JOURNAL_TABLE_COUNT] = {
    [JOURNAL_STARTS] = TABLE("starts", s_start_columns, journal_start_row),
    [JOURNAL_ORDERS] = TABLE("orders", s_order_columns, journal_order),
    [JOURNAL_TOPICS] = TABLE("topics", s_topic_columns, journal_topic_row),
    [JOURNAL_SESSIONS] = TABLE("sessions", s_session_columns, journal_session),
    [JOURNAL_FILLS] = TABLE("fills", s_fill_columns, journal_fill),
    [JOURNAL_POSITIONS] = TABLE("positions", s_position_columns, journal_position),
    [JOURNAL_EVENTS] = TABLE("events", s_event_columns, journal_event_row),
};

const journal_table *journal_table_of(journal_table_id id) {
  assert(id < JOURNAL_TABLE_COUNT);
  return &s_tables[id];
}
