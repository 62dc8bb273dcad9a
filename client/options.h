/* Options checked and copied, so that the caller's strings need not outlive the connect. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include "hbus/client.h"

#define ENDPOINT_MAX 256

typedef struct settings {
  char commands_endpoint[ENDPOINT_MAX + 1];
  hbus_name name;
  char order_id_prefix[HBUS_ORDER_ID_PREFIX_MAX + 1];
  int request_timeout_ms;
  bool recover_orders;
  bool cancel_on_disconnect;
  int grace_ms; /* 0: the broker's default */
  unsigned high_water_mark;
  bool repair;
  bool newest_only;
} settings;

/* HBUS_INVALID_REQUEST: error names the option and what it may be. */
hbus_status options_check(const hbus_options *options, settings *out, hbus_error *error);

#endif
