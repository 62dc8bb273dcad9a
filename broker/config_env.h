/* What the environment and files beside it add to a config: the place of Hummingbot, and the API key. */
#ifndef BROKER_CONFIG_ENV_H
#define BROKER_CONFIG_ENV_H

#include "broker/config.h"

/* HUMMINGBOT_HOST and HUMMINGBOT_PORT win over the url's, HUMMINGBOT_API_KEY over the first line of api_key_file. An
 * empty variable counts as not set. HBUS_INVALID_REQUEST names the variable or the file, never the key. */
hbus_status config_env_apply(config *self, char *(*getenv_)(const char *name), hbus_error *error);

#endif
