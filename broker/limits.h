/* Every bound of the broker that is not configured (config.h, `bounds`) and not of the wire (hbus/limits.h). */
#ifndef BROKER_LIMITS_H
#define BROKER_LIMITS_H

/* Requests to Hummingbot that may be under way, and behind them those whose late answer is still recognised: a power of
 * two, because a request's number finds its slot by it. */
#define LIMIT_REQUESTS 8192

/* Frames waiting to be written to the WebSocket. */
#define LIMIT_LINK_SEND_QUEUE 8192

/* Messages taken from one ZeroMQ socket before the others get their turn. */
#define LIMIT_SOCKET_BUDGET 256

/* How long the end of the broker waits for its last replies and events to reach the peers' machines. */
#define LIMIT_LINGER_MS 1000

/* Commands of one connection under way. */
#define LIMIT_PEER_COMMANDS 1024

/* Upstream markets held at once, over all channels. */
#define LIMIT_SUBSCRIPTIONS 10000

/* Subscriptions whose refusal is remembered. */
#define LIMIT_REFUSALS 1024

/* Feeds that are told to be stale, or back, in one turn: each is a line in the log and an event on both streams. */
#define LIMIT_STALE_REPORTS 256

/* Copies of one create that wait for its outcome. */
#define LIMIT_REPEATS_WAITING 64

/* Events about an order that nobody knows yet. */
#define LIMIT_HELD_EVENTS 1024

/* Cancels that the broker has under way on its own account; the others follow as answers come. */
#define LIMIT_CANCELS_UNDER_WAY 512

/* Orders whose cancel is asked for in one turn, where many are to be cancelled: each is an event and a row of the
 * journal. */
#define LIMIT_CANCELS_A_TURN 100

/* Peers that may have asked for cancel on disconnect. */
#define LIMIT_ATTENDANCE 10000

/* What the journal keeps in memory until it is written, records and their answers together; past it, records are lost
 * and counted, until it can be written again. */
#define LIMIT_JOURNAL_BYTES 67108864

/* Private events that can be had again where no journal keeps them: bytes. */
#define LIMIT_PRIVATE_RING_BYTES 16777216

/* Numbers that readers have reported in their pings and that are remembered, over all connections. */
#define LIMIT_ACKS 1000000

/* Of them, those that are compared in one turn; and readers that are told in it to be behind, or to have caught up. */
#define LIMIT_ACKS_LOOKED 50000
#define LIMIT_SLOW_TOLD   256

/* Topics that one `sequences` looks at, so that it takes no long turn. */
#define LIMIT_SEQUENCES_LOOKED 4096

/* Fills whose trade ids are remembered. */
#define LIMIT_FILLS 200000

/* Orders that nobody has told of otherwise than by their fills, whose sum is remembered. */
#define LIMIT_STRAY_ORDERS 10000

/* Positions: markets times the peers that trade there. */
#define LIMIT_POSITIONS 100000

/* An order id of the broker's own, sent upstream: INSTANCE-COUNTER. */
#define LIMIT_UPSTREAM_ID 32

#endif
