/* publish: a peer's signal to the others, an event of the private stream like any other. */
#include <string.h>

#include "broker/command/handler.h"
#include "proto/pack.h"

/* The rest of the topics that can be numbered is for orders and fills, whose topics no peer can make up. */
#define SIGNAL_SHARE 2

static hbus_status s_check_topic(const command_path *path, const hbus_event *event, hbus_error *error) {
  topic topic;
  if (topic_of_event(event, &topic))
    return hbus_fail(error, HBUS_INVALID_REQUEST, "publish: 'name' and your own together are too long for a topic");
  const sequence *topics = publisher_topics(path->parts.publisher, HBUS_STREAM_PRIVATE);
  if (sequence_find(topics, topic.text) || sequence_size(topics) < path->parts.config->bounds.topics / SIGNAL_SHARE)
    return HBUS_OK;
  return hbus_fail(error, HBUS_OVERLOADED, "publish: 'name' is one topic too many; use one that there is already");
}

/* A signal is promised to be had again, so it is not taken while nothing can be written down. */
static hbus_status s_check_journal(const command_path *path, hbus_error *error) {
  const char *why;
  if (!journal_state(path->parts.journal, &why)) return HBUS_OK;
  return hbus_fail(error, HBUS_INTERNAL, "publish: %s", why);
}

static hbus_status s_publish(command_path *path, const task *task, hbus_seen *seen, hbus_error *error) {
  hbus_event event = {.type = HBUS_EVENT_STRATEGY_UPDATE, .kind = HBUS_KIND_STRATEGY_UPDATE, .src = "hbusd"};
  memcpy(event.owner, task->owner, sizeof event.owner);
  memcpy(event.data.signal.name, task->command.name, sizeof event.data.signal.name);
  event.data.signal.data = task->command.data;
  hbus_status status = s_check_topic(path, &event, error);
  if (!status) status = s_check_journal(path, error);
  if (status) return status;
  publisher_publish(path->parts.publisher, &event, seen);
  if (seen->stream) return HBUS_OK;
  return hbus_fail(error, HBUS_OVERLOADED, "publish: the signal could not be numbered; nothing was told");
}

void handle_publish(command_path *path, session *session, task *task) {
  (void)session;
  hbus_reply reply = {.status = HBUS_REPLY_OK};
  hbus_error error;
  if (s_publish(path, task, &reply.seen, &error)) {
    command_refuse(path, task, error.status, error.text, NULL);
  } else {
    path->parts.counters->signals++;
    buffer_reset(&path->data);
    pack_map(&path->data, 0);
    reply.data = (hbus_bytes){.data = path->data.data, .size = path->data.size};
    command_reply(path, task, &reply);
  }
  command_end(task);
}
