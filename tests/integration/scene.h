/* A rig with a still market and a peer that listens: what a fault of upstream's looks like from the bus. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "tests/integration/rig.h"

typedef struct scene {
  rig rig;
  hbus_client *alice;    /* hears of the link, of orders, of fills and of errors on the private stream */
  hbus_client *sender;   /* another connection of hers, for what is sent without waiting: events would hide the reply */
  hbus_client *observer; /* asks for `status`, so that no event of alice's is passed over meanwhile */
  hbus_error error;      /* of the last call */
} scene;

/* As rig_start, with --rate 0. Returns when the link is up and the broker knows what alice listens to. */
void scene_start(scene *self, const char *const *sim_arguments, const char *config);
void scene_stop(scene *self);

/* The same for a rig whose link may be down: alice may miss the first events. */
void scene_join(scene *self);

/* The next event on the private stream whose topic begins with `prefix`; others are passed over. */
void scene_next(scene *self, const char *prefix, hbus_message *out);
/* The next system/link/ says this; `reason` is a part of its reason, NULL: any. */
void scene_expect_link(scene *self, hbus_link_status status, const char *reason);
/* The same, but others before it are passed over. */
void scene_wait_link(scene *self, hbus_link_status status, const char *reason);
/* The next order_update of this order that has this status. */
void scene_expect_order(scene *self, const hbus_command *order, hbus_order_status status, hbus_message *out);
/* The next event on error/ has this code and a message with this text. */
void scene_expect_error(scene *self, hbus_status code, const char *text);

/* Sends alice's create, under an id of its own unless it has one, and waits for the reply. */
hbus_status scene_create(scene *self, hbus_command *order, hbus_reply *reply);
/* The same without waiting for more than that it has been sent to Hummingbot. */
void scene_send_create(scene *self, hbus_command *order);
/* The next reply to what was sent without waiting. */
void scene_next_reply(scene *self, hbus_reply *out);
/* Asks for the order of that client_order_id. */
hbus_order scene_get_order(scene *self, const hbus_command *order);

/* The link works: a ticker can be asked for. */
void scene_expect_ticker(scene *self);

#endif
