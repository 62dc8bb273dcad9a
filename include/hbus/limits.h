/* Every limit of the wire, in one place. PROTOCOL.md, "Limits", has the same list. Sizes are bytes and count no NUL. */
#ifndef HBUS_LIMITS_H
#define HBUS_LIMITS_H

#define HBUS_PROTOCOL_VERSION 1

#define HBUS_NAME_MAX             64       /* a peer's name, an exchange, a market, an account */
#define HBUS_ORDER_ID_MAX         128      /* an order id or a trade id of upstream's; a transaction hash fits */
#define HBUS_CLIENT_ORDER_ID_MAX  64       /* a peer's own order id */
#define HBUS_COMMAND_ID_MAX       64       /* a command's id */
#define HBUS_CURSOR_MAX           160      /* a page's cursor */
#define HBUS_DECIMAL_MAX          38       /* a decimal, sign and point included */
#define HBUS_TOPIC_MAX            245      /* a topic; libzmq 4.3.4 sends subscriptions of 246 to 255 bytes malformed */
#define HBUS_MESSAGE_MAX          1024     /* a message for people; a longer one of upstream's is cut */
#define HBUS_COMMAND_FRAME_MAX    65536    /* a command's frame */
#define HBUS_FRAME_MAX            1048576  /* a reply, an event body, an upstream frame */
#define HBUS_DEPTH_MAX            16       /* nesting of maps and arrays in a frame */
#define HBUS_BOOK_LEVELS_MAX      5000     /* levels a side of an order book */
#define HBUS_PAGE_MAX             500      /* records in one page of a list */
#define HBUS_PREFIXES_MAX         64       /* prefixes in one sequences command */
#define HBUS_ACKS_MAX             256      /* topics whose numbers one ping reports */
#define HBUS_SIGNAL_MAX           32768    /* the data of a signal */
#define HBUS_SIGNAL_DEPTH_MAX     14       /* its nesting: the event puts it two maps deep */
#define HBUS_REPLAY_EVENTS_MAX    500      /* events in one answer to replay */
#define HBUS_REPLAY_BYTES_MAX     262144   /* their bodies together, unless one alone is larger */
#define HBUS_STAMPS_MAX           1000     /* stamps in one page of a snapshot */
#define HBUS_ORDERS_HASH_SIZE     16       /* the hash of all live orders, in hex digits */
#define HBUS_HEARTBEAT_TOPICS_MAX 1000     /* topics that one part of a heartbeat names */
#define HBUS_GRACE_MAX_MS         86400000 /* the longest grace period of cancel on disconnect */
#define HBUS_HISTORY_MAX          100000   /* how far back get_order_history can page */

#endif
