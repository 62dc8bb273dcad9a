/* A peer of the bus: one connection to the broker's command socket and one to each event stream.
 *
 * Nothing here runs in the background and nothing calls back. The library works when the program calls it; a program
 * with a loop of its own watches hbus_client_fd(). A client belongs to one thread at a time.
 *
 * What ZeroMQ drops on the way is noticed and put right here: each event of a topic comes once and in order, and what
 * cannot be had any more is told by a notice that stands in its place (HBUS_MESSAGE_NOTICE).
 *
 * Lifetimes: whatever a call lends (a reply's data, an event's levels) is good until the next call with the same
 * client. Times: `timeout_ms` counts on the monotonic clock.
 */
#ifndef HBUS_CLIENT_H
#define HBUS_CLIENT_H

#include "hbus/command.h"
#include "hbus/event.h"
#include "hbus/repair.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hbus_client hbus_client;

#define HBUS_ORDER_ID_PREFIX_MAX 32    /* bytes of hbus_options.order_id_prefix */
#define HBUS_PENDING_MAX         65536 /* the largest hbus_options.pending_max */
#define HBUS_SUBSCRIPTIONS_MAX   1024  /* market subscriptions that one client keeps alive */
#define HBUS_WATCHES_MAX         4096  /* different prefixes that one client watches */
#define HBUS_JOINS_MAX           1024  /* markets that one client has joined */

/* How to connect. Start from hbus_options_init() and change what differs. The strings are the caller's and only have to
 * last for the call that takes the options. */
typedef struct hbus_options {
  const char *commands_endpoint; /* tcp://127.0.0.1:5570 */
  const char *market_endpoint;   /* tcp://127.0.0.1:5571; NULL or "": this stream is not read */
  const char *private_endpoint;  /* tcp://127.0.0.1:5572; likewise */
  const char *name;              /* who this is, 1 to 64 bytes: the name owns its orders. NULL: the program's name */
  const char *order_id_prefix;   /* put before the client_order_ids that the library makes up; NULL: none */
  bool recover_orders;           /* after each hello, tell of the orders of ours that are not finished; true */
  bool cancel_on_disconnect; /* have the broker cancel the orders of this name when the last connection that asked so
                                has gone, however it went, and none has come back for grace_ms; false */
  int grace_ms;              /* 1 to HBUS_GRACE_MAX_MS; 0: the broker's default */
  int connect_timeout_ms;    /* how long hbus_client_connect waits for the broker; 5000 */
  int request_timeout_ms;    /* how long a command waits for its reply when the call does not say; 8000 */
  unsigned pending_max;      /* commands under way and replies not fetched, 1 to HBUS_PENDING_MAX; 1024 */
  int high_water_mark;       /* events kept for each stream while the program does not ask, and as many more in all
                                while they wait for one that is missing. 1 or more; 100000 */
  bool repair;               /* asks the broker for what was lost on the way; true. false: asks nothing, and tells of a
                                gap by HBUS_NOTICE_LOST at once */
  bool newest_only;          /* of each order book and ticker gives only the newest that has come when the program asks,
                                so their numbers jump; never of anything else; false */
} hbus_options;

void hbus_options_init(hbus_options *out);

/* Takes the endpoints from HBUS_COMMANDS, HBUS_MARKET and HBUS_PRIVATE where those are set and not empty. */
void hbus_options_from_environment(hbus_options *options);

/* Connects, says hello and waits for the answer, also past a broker that ends before it has answered and is started
 * again within the time. Later disconnections heal by themselves: hello is said again, market subscriptions are renewed
 * and our orders are asked for as soon as the broker is back. `options` may be NULL. HBUS_INVALID_REQUEST: an option
 * makes no sense; HBUS_TIMEOUT: nobody there; HBUS_UNSUPPORTED: the broker speaks another version;
 * HBUS_UNAUTHENTICATED, HBUS_FORBIDDEN and others: the broker refused the name; HBUS_NO_MEMORY. */
hbus_status hbus_client_connect(const hbus_options *options, hbus_client **out, hbus_error *error);

/* Says goodbye; commands sent a moment ago still leave (at most 100 ms are spent on it). The orders stay, unless
 * cancel_on_disconnect was asked for. NULL is fine, *self becomes NULL. */
void hbus_client_destroy(hbus_client **self);

/* What the broker said in its last answer to hello. */
typedef struct hbus_hello {
  hbus_name name;    /* ours, as the broker has it */
  uint64_t now_ms;   /* its real-time clock then, unix ms */
  uint64_t epoch;    /* greater with every start of the broker */
  hbus_name version; /* the broker's own, for people */
} hbus_hello;

const hbus_hello *hbus_client_hello(const hbus_client *self);

/* The broker's real-time clock now, unix ms, estimated from its answers to hello and ping. */
uint64_t hbus_client_broker_now_ms(const hbus_client *self);

typedef struct hbus_client_stats {
  bool connected;              /* the command connection stands */
  uint64_t connections;        /* times that it was made */
  uint64_t events;             /* handed out */
  uint64_t replies;            /* handed out */
  uint64_t timeouts;           /* commands that got no answer in time */
  uint64_t late_replies;       /* came after their command's time-out; dropped */
  uint64_t malformed;          /* replies and events that could not be read; dropped */
  uint64_t subscriptions_lost; /* market subscriptions that the broker refused to renew after a reconnect */
  uint64_t gaps;               /* times that numbers were missing in a topic */
  uint64_t repaired;           /* events that came by replay */
  uint64_t lost;               /* events that notices have told of as lost; those of no known number are not in it */
  uint64_t duplicates;         /* events that came again, or that a snapshot had told of already; dropped */
  uint64_t superseded;         /* books and tickers that newest_only left out */
  uint64_t heartbeats_missed;  /* of both streams */
  uint64_t untracked;          /* events of topics beyond the million that is kept track of: given as they came, under
                                  newest_only not at all */
} hbus_client_stats;

void hbus_client_get_stats(const hbus_client *self, hbus_client_stats *out);

/* Events, and replies to hbus_client_send */

typedef enum hbus_message_kind {
  HBUS_MESSAGE_NONE,
  HBUS_MESSAGE_EVENT,
  HBUS_MESSAGE_REPLY,
  HBUS_MESSAGE_ORDER,     /* an order of ours that is not finished */
  HBUS_MESSAGE_RECOVERED, /* those were all */
  HBUS_MESSAGE_SNAPSHOT, /* a state, or a part of it: of what was joined, or in place of private events that are lost */
  HBUS_MESSAGE_NOTICE    /* what became of the events of a topic, or of a stream */
} hbus_message_kind;

typedef enum hbus_stream_notice_kind {
  HBUS_NOTICE_NONE,
  HBUS_NOTICE_REPAIRED, /* the events from `from` to `to` of the topic, given just before, were lost on the way and have
                           been asked for again; nothing is missing */
  HBUS_NOTICE_LOST,     /* the events from `from` to `to` of the topic cannot be had. A book or a ticker is right again
                           with its next event; for orders and fills a private snapshot follows. Both 0: the broker has
                           lost its numbers, nobody knows how many there were, and the topic starts anew */
  HBUS_NOTICE_RESTARTED, /* the broker was started again: `epoch` is its new one, and the stream goes on with it. On the
                            market stream all numbers start anew, and what came last before may be missing */
  HBUS_NOTICE_SILENT,    /* nothing was heard on the stream for three heartbeats: what one knows grows old */
  HBUS_NOTICE_BACK,      /* the stream is heard again; what is missing is asked for */
  HBUS_NOTICE_KIND_COUNT
} hbus_stream_notice_kind;

/* "repaired", "lost", ...; "" for HBUS_NOTICE_NONE. */
const char *hbus_stream_notice_name(hbus_stream_notice_kind kind);

typedef struct hbus_stream_notice {
  hbus_stream_notice_kind kind;
  uint64_t epoch; /* of the numbers; of RESTARTED, SILENT and BACK the stream's; 0: none was heard of yet */
  uint64_t from;  /* REPAIRED and LOST */
  uint64_t to;
} hbus_stream_notice;

/* What hbus_client_next gives. Only the members of its kind are filled. */
typedef struct hbus_message {
  hbus_message_kind kind;

  /* HBUS_MESSAGE_EVENT. A kind of event that this library does not know is HBUS_KIND_OTHER: read `body`, one msgpack
   * map. */
  hbus_stream stream;
  const char *topic;
  hbus_event event;
  hbus_bytes body;

  /* HBUS_MESSAGE_NOTICE; with `stream`, and `topic`, "" where the whole stream is meant. */
  hbus_stream_notice notice;

  /* HBUS_MESSAGE_SNAPSHOT. Of `exchange` and `market`, both "" for the private state. `reply` is ok, `snapshot` is the
   * part-th part, from 1 (which begins anew where a list changed under the reader: forget the parts before), and
   * is_last says whether it was the last. The events that come after it are those that it does not include; the book
   * and the ticker of a market's snapshot come as events after it, unless they did before. Or `reply` is an error,
   * there is no snapshot (HBUS_UNKNOWN_MARKET: no such market), and events come as they do without a join. */
  const hbus_snapshot *snapshot;
  const char *exchange;
  const char *market;
  unsigned part;
  bool is_last;

  /* HBUS_MESSAGE_REPLY. A command that got no answer in time has a reply too, with code HBUS_TIMEOUT; its status is
   * HBUS_REPLY_UNKNOWN for a create, which may be live.
   * HBUS_MESSAGE_RECOVERED: `reply` is ok, and an order that the program held as live before the hello and was not told
   * of since is finished: hbus_get_order says how. Or it is an error, and not all were told: hbus_client_recover. */
  hbus_command_kind command;
  hbus_reply reply;

  /* HBUS_MESSAGE_ORDER: as the broker knows it, pending and unknown ones too; what is older than the program's own
   * picture of it is no news (hbus_order_is_newer). */
  const hbus_order *order;
} hbus_message;

/* Wants every event whose topic begins with `prefix` (hbus/topics.h builds them; "" is everything), on whichever stream
 * it comes. A prefix watched twice must be unwatched twice. From the first event of a topic on, or from the number that
 * the broker names when the library asks it after this call, every event counts: it is given, or told of as lost.
 * HBUS_TOO_BIG: longer than HBUS_TOPIC_MAX; HBUS_MALFORMED: no topic begins like that; HBUS_OVERLOADED:
 * HBUS_WATCHES_MAX reached; HBUS_NO_MEMORY. */
hbus_status hbus_client_watch(hbus_client *self, const char *prefix, hbus_error *error);
/* What is not watched otherwise is given no more, what was on its way included. HBUS_INVALID_REQUEST: it is not
 * watched.
 */
hbus_status hbus_client_unwatch(hbus_client *self, const char *prefix, hbus_error *error);

/* Watches a market without a hole: its book, ticker and trades, and with the private stream its orders and fills of
 * every peer. First comes an HBUS_MESSAGE_SNAPSHOT with what is so far, then the events that it does not include, from
 * the next number on. A new one comes by itself after the broker was started again. Does not wait. Fails as
 * hbus_client_watch; HBUS_INVALID_REQUEST: no such names, or joined already; HBUS_OVERLOADED: HBUS_JOINS_MAX. */
hbus_status hbus_client_join_market(hbus_client *self, const char *exchange, const char *market, hbus_error *error);
/* Nothing more of it is given, its snapshot included. HBUS_INVALID_REQUEST: it is not joined. */
hbus_status hbus_client_leave_market(hbus_client *self, const char *exchange, const char *market, hbus_error *error);

/* The same of the private state: the orders that are not finished, positions and fills of every peer and market, and
 * the link. Its numbers go on when the broker is started again, so a new snapshot comes only where orders or fills were
 * lost for good. Needs the private stream (HBUS_INVALID_REQUEST). */
hbus_status hbus_client_join_private(hbus_client *self, hbus_error *error);
hbus_status hbus_client_leave_private(hbus_client *self, hbus_error *error);

/* Whether the event that a reply names has been given (or told of as lost), so that the program may act on the reply.
 * True as well where the reply names none, and for a topic that is not watched. Replies from hbus_client_next come only
 * when it is so, or at the end of their command's time-out. Those of hbus_client_call come before the events; these are
 * then to be taken from hbus_client_next. */
bool hbus_client_has_shown(const hbus_client *self, const hbus_seen *seen);

/* The next event, reply or notice. Waits at most timeout_ms: 0 does not wait, -1 waits for ever. HBUS_TIMEOUT: there is
 * none; also when a signal was caught while waiting.
 * All work is done in here, so a program calls it often: once a second at least, or whenever hbus_client_fd() is
 * readable. To the broker, one that does not is slow. */
hbus_status hbus_client_next(hbus_client *self, int timeout_ms, hbus_message *out);

/* Asks anew for the orders of ours that are not finished, as option recover_orders does after each hello: each comes as
 * an HBUS_MESSAGE_ORDER, the end as HBUS_MESSAGE_RECOVERED. Does not wait. */
void hbus_client_recover(hbus_client *self);

/* A descriptor for poll, epoll, libuv, asyncio (level-triggered). When it is readable, call hbus_client_next(self, 0,
 * …) until it says HBUS_TIMEOUT, or at least once: the descriptor stays readable as long as something is left, and
 * becomes so when a timer of the library's is due (a heartbeat that did not come, a question to be asked again). It is
 * the client's; do not read or close it. */
int hbus_client_fd(const hbus_client *self);

/* Commands */

/* An empty command of that kind about a market; exchange and market may be NULL. HBUS_INVALID_REQUEST: too long. */
hbus_status hbus_command_init(hbus_command *out, hbus_command_kind kind, const char *exchange, const char *market,
                              hbus_error *error);

/* A new id for an order: the options' prefix and 128 random bits, at most 58 bytes; none recurs, after a restart
 * neither. Keep it where it outlives the program, and the same create may be sent again after a crash between sending
 * and hearing; or take what HBUS_MESSAGE_ORDER tells after the next hello. */
hbus_status hbus_client_new_order_id(hbus_client *self, hbus_client_order_id out, hbus_error *error);

/* Sends without waiting. The reply comes from hbus_client_next, exactly one, after timeout_ms at the latest (0: the
 * options' request_timeout_ms). Fills what the caller left empty: command->id always, and for a create client_order_id
 * and expires_ms.
 * HBUS_TIMEOUT: no connection to the broker, or it takes nothing more; HBUS_OVERLOADED: pending_max is reached;
 * HBUS_INVALID_REQUEST, HBUS_MALFORMED, HBUS_TOO_BIG: the command cannot be written. In all of them nothing was sent.
 */
hbus_status hbus_client_send(hbus_client *self, hbus_command *command, int timeout_ms, hbus_error *error);

/* Sends and waits for the reply (0: the options' request_timeout_ms); fills the command as hbus_client_send does.
 * Events that come meanwhile are kept, in order, for hbus_client_next. HBUS_OK: the broker said ok. Otherwise the
 * reply's code with its message in `error`; HBUS_OUTCOME_UNKNOWN when the broker does not know, and for a create that
 * may have left without an answer: treat it as live. HBUS_TIMEOUT: no answer (for a create: nothing was sent). *reply
 * is filled whenever a reply came, whatever it said; else it is zero. */
hbus_status hbus_client_call(hbus_client *self, hbus_command *command, int timeout_ms, hbus_reply *reply,
                             hbus_error *error);

#ifdef __cplusplus
}
#endif
#endif
