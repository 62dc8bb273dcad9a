/* The numbers of the topics that a client watches: what may be given to the program, and what is missing.
 *
 * Told of every event, of every number heard of and of every answer, it gives the events of each topic in order, each
 * once, with notices in their place, and says what to ask for. It does no input or output and reads no clock.
 *
 * Where nothing is missing and nothing waits, an event is given by its caller, uncopied. Everything else goes through
 * the outbox.
 */
#ifndef CLIENT_TRACKER_H
#define CLIENT_TRACKER_H

#include "client/topic_map.h"

#define TRACKER_REPLAYS_MAX 4 /* answers awaited at a time */

typedef struct tracker_limits {
  size_t topics;     /* kept track of; events of others are given as they come */
  size_t held_count; /* events that wait behind gaps, of all topics */
  size_t held_bytes;
  bool repairs; /* false: what is missing is lost at once */
} tracker_limits;

typedef struct tracker tracker;
tracker *tracker_new(const tracker_limits *limits); /* NULL: no memory */
void tracker_destroy(tracker **self);

/* What the client knows of a topic before the tracker does: by its watches, its options and its snapshots under way. */
typedef struct tracker_policy {
  bool is_based;       /* all its events count, from the first: it has begun since its prefix was asked about */
  bool is_newest_only; /* only its last event is of interest */
  bool is_asked_for;   /* replay can have its events */
  unsigned holds;      /* snapshots that must come before its events */
} tracker_policy;
typedef tracker_policy tracker_policy_fn(void *arg, hbus_stream stream, const char *topic, size_t size);
/* Asked once for each topic, when it is first met. */
void tracker_set_policy(tracker *self, tracker_policy_fn *policy, void *arg);

/* An event as it came over a stream. True: it is the caller's to give now, as the next of its topic. False: it was
 * queued, kept, or dropped; look into the outbox. */
bool tracker_event(tracker *self, hbus_stream stream, hbus_text topic, uint64_t epoch, uint64_t seq, hbus_bytes body);
/* True: tracker_event never gives an event to its caller, but queues it. */
void tracker_queue_all(tracker *self, bool queues_all);

/* The stream has told of this epoch, by an event that the tracker does not hear of. tracker_event does so by itself. */
void tracker_enter_epoch(tracker *self, hbus_stream stream, uint64_t epoch);
/* The stream's, 0: none was heard of. */
uint64_t tracker_epoch(const tracker *self, hbus_stream stream);
/* The broker said that this is the last number of a topic: by a heartbeat, or asked. What does not belong to the
 * stream's epoch is left aside. */
void tracker_known(tracker *self, hbus_stream stream, hbus_text topic, uint64_t epoch, uint64_t seq);

/* Notices about a whole stream. */
void tracker_notice(tracker *self, hbus_stream stream, hbus_stream_notice_kind kind);

/* Forgets the topics for which `is_watched` says no, with what waits of them. */
typedef bool tracker_match_fn(void *arg, hbus_stream stream, const char *topic, size_t size);
void tracker_forget(tracker *self, tracker_match_fn *is_watched, void *arg);

/* Snapshots ---- */

/* Events of these topics wait from now on until as many releases. Topics met later: policy.holds. */
void tracker_hold(tracker *self, tracker_match_fn *covers, void *arg);
/* A snapshot includes a topic's events up to stamp->seq. `body`: the event of that number, which is to be given all the
 * same unless it has been; size 0: none. Of the stamps of one `round` the first for a topic counts. */
void tracker_stamp(tracker *self, uint64_t round, const hbus_stamp *stamp, uint64_t epoch, hbus_bytes body);
void tracker_release(tracker *self, tracker_match_fn *covers, void *arg);
/* A part of a snapshot, in its place between the events. HBUS_NO_MEMORY. */
hbus_status tracker_push_part(tracker *self, const delivery_part *part, hbus_bytes data);
/* Drops those of that market that have not been given. */
void tracker_drop_parts(tracker *self, const char *exchange, const char *market);
/* Whether orders or fills were lost since the last call. */
bool tracker_take_lost_private(tracker *self);

/* Repair (tracker_repair.c) ---- */

typedef struct tracker_question {
  uint64_t ticket; /* names it; never 0 */
  hbus_stream stream;
  const tracked_topic *topic; /* its text; good for this call's caller alone */
  uint64_t epoch;             /* of a market topic; 0 for a private one */
  uint64_t from;
  uint64_t to;
} tracker_question;

/* The next replay to be asked for, which counts as asked. False: there is none, or enough are under way. */
bool tracker_ask(tracker *self, tracker_question *out);
bool tracker_wants_to_ask(const tracker *self);

/* An event of an answer; the next, until tracker_answered ends it. Those of no question that is awaited are left aside.
 */
void tracker_replayed(tracker *self, uint64_t ticket, uint64_t epoch, uint64_t seq, hbus_bytes body);
/* The answer ends: what of it was missing is lost, up to before `next`; from there on it is asked again. 0: that was
 * all. */
void tracker_answered(tracker *self, uint64_t ticket, uint64_t next);

typedef enum tracker_failure {
  TRACKER_NO_ANSWER, /* asked again, a few times */
  TRACKER_NOT_NOW,   /* asked again */
  TRACKER_NEVER      /* what is missing is lost */
} tracker_failure;
void tracker_failed(tracker *self, uint64_t ticket, tracker_failure failure);
/* No answer will come to anything that was asked. */
void tracker_lose_answers(tracker *self);

/* What the program has had ---- */

/* Whether this event was given, or told of as lost. False too for a topic that is not kept track of. */
bool tracker_has_shown(const tracker *self, const hbus_seen *seen);
/* The numbers given last of topics that have moved since they were told, at most `max`, those first that have waited
 * longest. They count as told. */
size_t tracker_take_acks(tracker *self, hbus_stamp *out, size_t max);
bool tracker_has_acks(const tracker *self);

/* The next thing to be given, the caller's to free. NULL: there is none. */
delivery *tracker_pop(tracker *self);
size_t tracker_waiting(const tracker *self);

/* Adds what it counted: gaps, repaired, lost, duplicates, superseded, untracked. */
void tracker_add_stats(const tracker *self, hbus_client_stats *out);

#endif
