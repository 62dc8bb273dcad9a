/* The broker: its parts, put together, on one loop. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <uv.h>

#include "broker/config.h"

typedef struct broker broker;

/* Makes every part and binds every socket; nothing is read yet. `config` and `log` must outlive it.
 * HBUS_INVALID_REQUEST, HBUS_NO_MEMORY: `error` is a sentence for the operator; *out is then a stopped broker (or
 * NULL), which like any other wants the loop to run and broker_free. */
hbus_status broker_new(broker **out, uv_loop_t *loop, const config *config, logger *log, hbus_error *error);
/* Connects to Hummingbot and starts to serve. */
void broker_start(broker *self);
/* Ends every command under way, closes everything. The loop must be run until it is idle; broker_free comes after. */
void broker_stop(broker *self);
void broker_free(broker **self);

/* The addresses that are bound, separated by ','. */
const char *broker_commands_addresses(const broker *self);
const char *broker_market_addresses(const broker *self);
const char *broker_private_addresses(const broker *self);

#endif
