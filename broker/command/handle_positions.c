/* get_positions: upstream's own, or what each peer's fills have made (ORDERS.md, rule 17). */
#include <stdlib.h>
#include <string.h>

#include "broker/command/handler.h"
#include "broker/command/ownership.h"
#include "broker/command/reply_data.h"

/* Whose positions are asked for: NULL is everybody's. */
static hbus_status s_find_owner(const command_path *path, const task *task, const char **out, hbus_error *error) {
  const char *owner = task->command.owner[0] ? task->command.owner : task->owner;
  bool all = strcmp(owner, "*") == 0;
  if (!owner[0]) {
    return hbus_fail(error, HBUS_UNAUTHENTICATED, "say hello first: get_positions needs to know whose they are");
  }
  if (all ? !ownership_reaches_all(path->parts.config, task->owner)
          : !ownership_reaches(path->parts.config, task->owner, owner)) {
    return hbus_fail(error, HBUS_FORBIDDEN, "'owner': these positions are not yours (access.reach_all)");
  }
  *out = all ? NULL : owner;
  return HBUS_OK;
}

static hbus_status s_list(command_path *path, task *task, hbus_position **items, size_t *count, hbus_error *error) {
  const char *owner = NULL;
  hbus_status status = s_find_owner(path, task, &owner, error);
  if (status) return status;
  status = position_book_list(path->parts.positions, path->parts.orders, owner, task->command.exchange,
                              task->command.market, items, count);
  if (!status) return HBUS_OK;
  return hbus_fail(error, status == HBUS_TOO_BIG ? HBUS_INTERNAL : HBUS_OVERLOADED, "the positions cannot be told: %s",
                   hbus_status_text(status));
}

static hbus_status s_pack(command_path *path, task *task, hbus_error *error) {
  hbus_position *items = NULL;
  size_t count = 0;
  hbus_status status = reply_cursor_offset(&task->command, &task->offset, error);
  if (!status) status = s_list(path, task, &items, &count, error);
  if (!status) {
    const upstream_answer answer = {.data.positions = {.items = items, .count = count}};
    buffer_reset(&path->data);
    status = reply_data_query(task, &answer, &path->data, error);
  }
  free(items);
  return status;
}

void handle_get_positions(command_path *path, session *session, task *task) {
  hbus_error error;
  if (task->command.source != HBUS_POSITION_FILLS) {
    handle_query(path, session, task);
    return;
  }
  if (s_pack(path, task, &error)) {
    command_refuse(path, task, error.status, error.text, NULL);
  } else {
    hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
    command_reply(path, task, &reply);
  }
  command_end(task);
}
