/* The configuration: YAML, every key optional, checked by a schema, then by rules that a schema cannot say.
 *
 * Unknown keys, wrong types and impossible values are refused with file, line, column and what was expected.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdio.h>

#include "broker/log.h"
#include "hbus/types.h"

#define CONFIG_ENDPOINTS_MAX     8       /* addresses of one socket */
#define CONFIG_PEERS_MAX         64      /* names in a list of peers */
#define CONFIG_SUBSCRIPTIONS_MAX 10000   /* entries of upstream.subscribe */
#define CONFIG_FILE_MAX          1048576 /* bytes of a configuration file */
#define CONFIG_API_KEY_MAX       4096    /* bytes of an API key */

typedef struct config_subscription {
  hbus_channel channel; /* HBUS_CHANNEL_NONE: all three */
  char *exchange;
  char *market;
} config_subscription;

/* What the journal promises (ORDERS rule 18). */
typedef enum journal_sync {
  JOURNAL_ALWAYS,   /* on disk before it is sent: survives power loss */
  JOURNAL_INTERVAL, /* written before it is sent: survives the end of every process, not power loss */
  JOURNAL_OFF       /* there is none */
} journal_sync;

/* Addresses, names. */
typedef struct config_list {
  char **items;
  unsigned count;
} config_list;

/* Everything with its default filled in. Strings are the config's. */
typedef struct config {
  struct {
    char *dialect; /* "native" */
    char *url;
    char *api_key; /* from HUMMINGBOT_API_KEY or api_key_file; NULL: none */
    bool api_key_from_environment;
    char *api_key_file;
    char *ca_file;
    char *client_cert_file;
    char *client_key_file;
    uint64_t request_timeout_ms;
    uint64_t connect_timeout_ms;
    uint64_t ping_ms;    /* between pings to Hummingbot */
    uint64_t hang_up_ms; /* without an answer to one */
    uint64_t reconnect_min_ms;
    uint64_t reconnect_max_ms;
    uint64_t refused_retry_ms; /* the pause after an API key was refused */
    uint64_t retry_attempts;   /* of a request without side effects, after the first; 0: none */
    uint64_t settle_ms;        /* how long an order may take to show up upstream (ORDERS rule 9) */
    uint64_t stale_after_ms;   /* how long a subscribed market may be quiet before it is warned about; 0: for ever */
    bool client_order_ids;     /* whether upstream is sent the broker's own order ids */
    bool exclusive;            /* nobody else trades on the account */
    struct {
      uint64_t requests_per_second; /* of any kind; 0: unlimited, as below */
      uint64_t burst;               /* requests that may go at once after a pause */
      uint64_t creates_per_second;
      uint64_t reads_per_second;
      uint64_t queue_ms; /* how long a create may wait for its turn */
    } rate_limit;
    config_subscription *subscribe;
    unsigned subscribe_count;
  } upstream;
  struct {
    config_list commands;
    config_list market;
    config_list private_;
    uint64_t high_water_mark; /* messages queued for one subscriber */
  } endpoints;
  struct {
    char *path;
    journal_sync sync;
    uint64_t sync_ms;   /* interval: how often what is written is brought onto the disk */
    uint64_t keep_days; /* finished orders and their ids; never less than 30 (ORDERS rule 5) */
    uint64_t events_keep_days;
    uint64_t events_max_mb; /* of the file, before the oldest events go */
  } journal;
  struct {
    uint64_t heartbeat_ms;       /* between heartbeats on each stream */
    uint64_t ring_mb;            /* memory for market events that can be had again; 0: none */
    uint64_t linger_ms;          /* how long a market is held after the last subscriber has left its topic */
    uint64_t slow_events;        /* how far behind a reader is slow */
    uint64_t publish_per_second; /* signals of one peer; 0: unlimited, as below */
    uint64_t repair_per_second;  /* replays, snapshots and sequences of one peer */
  } events;
  struct {
    config_list reach_all;    /* names of peers that may cancel, list and resolve the orders of all */
    uint64_t cancel_grace_ms; /* of cancel on disconnect, where hello does not say */
  } access;
  struct {
    uint64_t orders;   /* orders in memory */
    uint64_t ids;      /* client_order_ids remembered */
    uint64_t commands; /* commands under way */
    uint64_t peers;    /* connections remembered */
    uint64_t topics;   /* topics numbered */
  } bounds;
  struct {
    log_level level;
    log_format format;
    log_level components[LOG_COMPONENT_COUNT]; /* level where not said */
  } log;
} config;

/* Loads `path` (NULL: defaults alone), then the environment (HUMMINGBOT_HOST, HUMMINGBOT_PORT, HUMMINGBOT_API_KEY, read
 * through `getenv_`). HBUS_INVALID_REQUEST: error->text is "FILE:LINE:COLUMN: what was wrong, what was expected". */
hbus_status config_load(const char *path, char *(*getenv_)(const char *name), config **out, hbus_error *error);
void config_destroy(config **self);
/* YAML that loads to the same, secrets masked. */
void config_print(const config *self, FILE *out);

#endif
