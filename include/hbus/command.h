/* A command and its reply: what travels between a DEALER and the broker's ROUTER (PROTOCOL.md, "Commands"). */
#ifndef HBUS_COMMAND_H
#define HBUS_COMMAND_H

#include "hbus/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hbus_command_kind {
  HBUS_COMMAND_NONE,
  HBUS_HELLO,
  HBUS_PING,
  HBUS_STATUS,
  HBUS_CREATE_ORDER,
  HBUS_CANCEL_ORDER,
  HBUS_CANCEL_ALL,
  HBUS_GET_ORDER,
  HBUS_GET_OPEN_ORDERS,
  HBUS_GET_ORDER_HISTORY,
  HBUS_RESOLVE_ORDER,
  HBUS_GET_ORDER_BOOK,
  HBUS_GET_TICKER,
  HBUS_GET_BALANCES,
  HBUS_GET_POSITIONS,
  HBUS_SET_LEVERAGE,
  HBUS_SET_POSITION_MODE,
  HBUS_SUBSCRIBE,
  HBUS_UNSUBSCRIBE,
  HBUS_PUBLISH,
  HBUS_SNAPSHOT,
  HBUS_SEQUENCES,
  HBUS_REPLAY,
  HBUS_HALT,
  HBUS_RESUME,
  HBUS_GET_LIMITS,
  HBUS_SET_LIMITS,
  HBUS_COMMAND_COUNT
} hbus_command_kind;

/* "create_order"; "" for HBUS_COMMAND_NONE. */
const char *hbus_command_name(hbus_command_kind kind);

/* A command with all arguments that any command takes; what a command does not take stays absent.
 *
 * Lists and values that have no place of their own stay as msgpack, borrowed: from the program until the command is
 * packed, and in the broker from the frame, which is gone when the call that was given the command returns.
 * proto/repair_list.h reads the lists. */
typedef struct hbus_command {
  char id[HBUS_COMMAND_ID_MAX + 1];
  hbus_command_kind kind;
  uint64_t expires_ms; /* unix ms by the broker's clock; 0 is never */

  hbus_name name; /* hello: the peer; publish: the signal */
  hbus_name exchange;
  hbus_name market;
  hbus_order_id order_id;
  hbus_client_order_id client_order_id;
  hbus_side side;
  hbus_order_type order_type;
  hbus_decimal amount;
  hbus_decimal price;
  hbus_decimal stop_price;
  hbus_market_type market_type;
  hbus_name account;
  hbus_position_action position_action;
  hbus_channel channel;
  hbus_name owner;                /* whose orders or positions; "" is one's own */
  bool cancel_on_disconnect;      /* hello: cancel my orders when the last of my connections has gone */
  uint64_t grace_ms;              /* hello: ... and none has come back for that long; 0 is the broker's default */
  hbus_order_status order_status; /* resolve_order: HBUS_FAILED, where it never became an order */
  hbus_position_source source;    /* get_positions; absent is HBUS_POSITION_UPSTREAM */
  uint64_t depth;                 /* levels a side; 0 is upstream's default, 10 */
  uint64_t limit;                 /* records; 0 is the default */
  char cursor[HBUS_CURSOR_MAX + 1];

  hbus_stream stream;             /* sequences, replay */
  char topic[HBUS_TOPIC_MAX + 1]; /* replay: a whole one */
  uint64_t from;                  /* replay: the first number wanted, from 1 */
  uint64_t to;                    /* replay: the last one */
  uint64_t epoch;                 /* replay: of which the numbers are; 0 is the present one */
  bool balances;                  /* snapshot: ask upstream for the exchange's balances, too */
  hbus_bytes prefixes;            /* sequences: an array of prefixes of topics; borrowed */
  hbus_bytes acks;                /* ping: an array of stamps, what has been shown; borrowed */
  hbus_bytes data;                /* publish: one msgpack value, any; borrowed */
} hbus_command;

typedef enum hbus_reply_status {
  HBUS_REPLY_NONE,
  HBUS_REPLY_OK,
  HBUS_REPLY_ERROR,
  HBUS_REPLY_UNKNOWN,
  HBUS_REPLY_STATUS_COUNT
} hbus_reply_status;

/* "ok", "error", "unknown". */
const char *hbus_reply_status_name(hbus_reply_status status);

/* The last event that a command caused. stream HBUS_STREAM_NONE: it caused none. */
typedef struct hbus_seen {
  hbus_stream stream;
  char topic[HBUS_TOPIC_MAX + 1];
  uint64_t epoch;
  uint64_t seq;
} hbus_seen;

/* A reply. `message` and `data` are borrowed from the frame that it was unpacked from. */
typedef struct hbus_reply {
  char id[HBUS_COMMAND_ID_MAX + 1];
  hbus_reply_status status;
  hbus_status code; /* HBUS_OK exactly when status is HBUS_REPLY_OK */
  bool repeat;      /* the first outcome of the same client_order_id, told again */
  hbus_text message;
  hbus_seen seen;
  hbus_bytes data; /* one msgpack value; size 0 when there is none */
} hbus_reply;

#ifdef __cplusplus
}
#endif
#endif
