/* What a tracker is made of, for the files that are it: tracker.c (numbers and what is given), tracker_repair.c (what
 * is missing). */
#ifndef CLIENT_TRACKER_PARTS_H
#define CLIENT_TRACKER_PARTS_H

#include "client/tracker.h"

typedef struct tracker_ask_slot {
  tracked_topic *topic; /* NULL: free */
  uint64_t ticket;
  uint64_t from, to;
} tracker_ask_slot;

struct tracker {
  tracker_limits limits;
  tracker_policy_fn *policy;
  void *policy_arg;
  topic_map topics;
  uint64_t epochs[HBUS_STREAM_COUNT];
  delivery_queue outbox;
  bool queues_all;
  size_t held_count, held_bytes;
  tracked_topic *due_first, *due_last;
  tracker_ask_slot asked[TRACKER_REPLAYS_MAX];
  uint64_t last_ticket;
  tracked_topic *moved_first, *moved_last;
  bool lost_private;
  hbus_client_stats stats;
};

/* A topic's held events ---- */
delivery *tracker_pop_held(tracker *self, tracked_topic *topic);
void tracker_drop_held(tracker *self, tracked_topic *topic);

/* Giving ---- */

/* Gives the event whose turn it is. Takes it over. */
void tracker_give(tracker *self, tracked_topic *topic, delivery *item);
/* Gives what held events now have their turn, and drops those that had it before. */
void tracker_give_held(tracker *self, tracked_topic *topic);
/* Everything up to before `seq` has its turn: held events are given, the rest is told of as lost. */
void tracker_give_up_before(tracker *self, tracked_topic *topic, uint64_t seq);
/* Tells of the events that came by replay, if any did since. */
void tracker_end_run(tracker *self, tracked_topic *topic);
void tracker_push_notice(tracker *self, tracked_topic *topic, hbus_stream_notice notice);

/* Repair ---- */

/* Looks at what is missing of a topic, after anything about it has changed. */
void tracker_settle(tracker *self, tracked_topic *topic);
/* Nothing of it is asked for, or waited for, any more. */
void tracker_stop_repair(tracker *self, tracked_topic *topic);
/* Gives up gaps until what is held is within its bounds. */
void tracker_bound_held(tracker *self);

#endif
