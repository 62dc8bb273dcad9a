#include "broker/command/task.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE (SESSION_KEY_SIZE + HBUS_COMMAND_ID_MAX + 1)

struct task_table {
  zhashx_t *by_id;
  uint64_t capacity;
};

task_table *task_table_new(uint64_t capacity) {
  task_table *self = calloc(1, sizeof *self);
  if (!self) return NULL;
  self->capacity = capacity;
  self->by_id = zhashx_new();
  if (!self->by_id) {
    free(self);
    return NULL;
  }
  return self;
}

void task_table_destroy(task_table **self_p) {
  task_table *self = *self_p;
  if (!self) return;
  *self_p = NULL;
  for (task *task = zhashx_first(self->by_id); task; task = zhashx_next(self->by_id))
    free(task);
  zhashx_destroy(&self->by_id);
  free(self);
}

size_t task_table_size(const task_table *self) {
  return zhashx_size(self->by_id);
}

static void s_key(char key[KEY_SIZE], const char *session_key, const char *id) {
  snprintf(key, KEY_SIZE, "%s\n%s", session_key, id);
}

hbus_status task_table_add(task_table *self, session *session, const hbus_command *command, task **out) {
  char key[KEY_SIZE];
  s_key(key, session->key, command->id);
  if (zhashx_lookup(self->by_id, key)) return HBUS_INVALID_REQUEST;
  if (session->commands >= LIMIT_PEER_COMMANDS || zhashx_size(self->by_id) >= self->capacity) return HBUS_OVERLOADED;
  task *task = calloc(1, sizeof *task);
  if (!task) return HBUS_OVERLOADED;
  task->command = *command;
  task->route = session->route;
  memcpy(task->session_key, session->key, sizeof task->session_key);
  task->session_serial = session->serial;
  memcpy(task->owner, session->name, sizeof task->owner);
  session->commands++;
  zhashx_insert(self->by_id, key, task);
  *out = task;
  return HBUS_OK;
}

void task_table_remove(task_table *self, task *task) {
  char key[KEY_SIZE];
  s_key(key, task->session_key, task->command.id);
  zhashx_delete(self->by_id, key);
}
