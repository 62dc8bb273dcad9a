/* What the broker has counted since it started: one row a counter, and nowhere else. `status` tells them by name. */
#ifndef BROKER_COUNTERS_H
#define BROKER_COUNTERS_H

#include <stdint.h>

#define COUNTERS(X)                                                                                                    \
  X(upstream_frames, "frames received from Hummingbot")                                                                \
  X(upstream_frames_bad, "frames skipped: no JSON, no UTF-8, a field missing or wrong")                                \
  X(upstream_frames_unknown_type, "frames skipped: a type that is not known")                                          \
  X(upstream_frames_oversize, "frames skipped: larger than the limit")                                                 \
  X(upstream_answers_unasked, "answers skipped: an id that was never issued, or answered before")                      \
  X(upstream_answers_late, "answers that came after their request had timed out, and were applied")                    \
  X(upstream_requests, "requests sent to Hummingbot")                                                                  \
  X(upstream_creates, "create_order among them")                                                                       \
  X(requests_paced, "requests that had to wait for the pace that upstream allows")                                     \
  X(requests_rate_limited, "requests that waited for it in vain, and were not sent")                                   \
  X(requests_overloaded, "requests refused: as many as may be are under way, or wait")                                 \
  X(upstream_rate_limits, "answers that said: too many requests")                                                      \
  X(upstream_timeouts, "requests without an answer in time")                                                           \
  X(upstream_retries, "questions asked again")                                                                         \
  X(link_connects, "times the link was opened and authenticated")                                                      \
  X(link_losses, "times it was lost after that")                                                                       \
  X(commands, "commands received")                                                                                     \
  X(commands_bad_frame, "commands refused: no msgpack, too deep, too big")                                             \
  X(commands_refused, "commands refused at a gate")                                                                    \
  X(commands_repeated, "creates that repeated an earlier one")                                                         \
  X(replies, "replies sent")                                                                                           \
  X(replies_dropped, "replies that their peer had left before, or had no room for")                                    \
  X(events_market, "events published on the market stream")                                                            \
  X(events_private, "events published on the private stream")                                                          \
  X(heartbeats, "heartbeats published on either stream, each part of one")                                             \
  X(readers_slow, "times a reader turned out to be more than events.slow_events behind")                               \
  X(acks_unkept, "pings whose acks were not kept: there was no room")                                                  \
  X(events_unheld, "events that were about to wait for their order's owner, and went on for want of room")             \
  X(events_unpublishable, "events that could not be numbered or packed: a bound was reached")                          \
  X(journal_commits, "commits of the journal")                                                                         \
  X(journal_records, "records in them")                                                                                \
  X(journal_failures, "commits that failed")                                                                           \
  X(journal_lost, "records that were not written: there was no more room for them in memory")                          \
  X(journal_damaged, "events that were asked for again and were not what had been written")                            \
  X(repairs_rate_limited, "sequences, replays and snapshots refused: too many of one connection")                      \
  X(signals, "signals of peers published")                                                                             \
  X(signals_rate_limited, "signals refused: too many of one connection")                                               \
  X(subscriptions_overloaded, "topics of subscribers that were not asked of Hummingbot: as many as may be are")        \
  X(creates_not_sent, "creates that were in the journal already, and were not sent")                                   \
  X(cancels_latched, "cancels that had to wait until they could be sent")                                              \
  X(fills_repeated, "fills that had come before, by their trade id")                                                   \
  X(fills_inferred, "fills told by an order's `filled` before their trade")                                            \
  X(fills_unsummed, "fills that are in no sum and no position: it would not fit a decimal, or there was no room")      \
  X(orders_evicted, "finished orders forgotten to make room")                                                          \
  X(orders_untracked, "orders seen upstream with no room to remember them")

typedef struct counters {
#define X(name, text) uint64_t name;
  COUNTERS(X)
#undef X
} counters;

#endif
