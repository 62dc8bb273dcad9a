#include "broker/command/resubscribe.h"

#include <czmq.h>
#include <stdlib.h>

#include "broker/command/errand.h"

#define WINDOW 64 /* requests under way at once */

struct resubscribe {
  command_path *path;
  zlistx_t *keys; /* of demand, still to be asked for */
  unsigned under_way;
};

resubscribe *resubscribe_new(command_path *path) {
  resubscribe *self = calloc(1, sizeof *self);
  if (self) self->path = path;
  return self;
}

void resubscribe_destroy(resubscribe **self) {
  if (!*self) return;
  zlistx_destroy(&(*self)->keys);
  free(*self);
  *self = NULL;
}

static void s_on_done(void *arg);

static void s_ask_next(resubscribe *self) {
  while (self->under_way < WINDOW && zlistx_size(self->keys) && link_is_open(self->path->parts.link)) {
    char *key = zlistx_detach(self->keys, NULL);
    const hbus_command *what = demand_find(self->path->parts.demand, key);
    free(key);
    if (what && errand_subscribe(self->path, what, s_on_done, self)) self->under_way++;
  }
  if (self->under_way || zlistx_size(self->keys)) return;
  zlistx_destroy(&self->keys);
  link_resubscribed(self->path->parts.link);
}

static void s_on_done(void *arg) {
  resubscribe *self = arg;
  self->under_way--;
  if (self->keys) s_ask_next(self);
}

void resubscribe_start(resubscribe *self) {
  zlistx_destroy(&self->keys);
  self->keys = demand_keys(self->path->parts.demand);
  s_ask_next(self);
}
