#include "broker/config_schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/config_endpoint.h"
#include "broker/link/websocket.h"

#define TIMEOUT_MAX_MS 3600000
#define TEXT_MAX       4096
#define RATE_MAX       100000
#define KEEP_MIN_DAYS  30 /* ORDERS rule 5 */
#define DAYS_MAX       36500

static const char *const s_levels[] = {"debug", "info", "warn", "error", "off", NULL};
static const char *const s_formats[] = {"text", "json", NULL};
static const char *const s_syncs[] = {"always", "interval", "off", NULL};

_Static_assert(sizeof(log_level) == sizeof(unsigned) && sizeof(log_format) == sizeof(unsigned) &&
                   sizeof(journal_sync) == sizeof(unsigned),
               "a choice is stored through an unsigned");
_Static_assert(sizeof s_levels / sizeof *s_levels == LOG_LEVEL_COUNT + 1, "every level has its name here");

static hbus_status s_check_dialect(const char *text, hbus_error *error) {
  if (strcmp(text, "native") == 0) return HBUS_OK;
  if (strcmp(text, "hummingbot-api") == 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "hummingbot-api is not built yet; only native is");
  return hbus_fail(error, HBUS_INVALID_REQUEST, "there is no such dialect; there is native");
}

static hbus_status s_check_peer(const char *text, hbus_error *error) {
  if (strlen(text) <= HBUS_NAME_MAX) return HBUS_OK;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "a peer's name has at most %d bytes", HBUS_NAME_MAX);
}

#define AT(member)                     .offset = offsetof(config, member)
#define TEXT(member, default_, check_) .kind = CONFIG_TEXT, AT(member), .standard = default_, .check = check_
#define NUMBER(member, min_, max_, default_)                                                                           \
  .kind = CONFIG_NUMBER, AT(member), .min = min_, .max = max_, .standard = default_
#define ENDPOINTS(member, default_)                                                                                    \
  .kind = CONFIG_LIST, AT(member), .max = CONFIG_ENDPOINTS_MAX, .standard = default_, .check = config_endpoint_check
#define PEERS(member, default_)                                                                                        \
  .kind = CONFIG_LIST, AT(member), .max = CONFIG_PEERS_MAX, .standard = default_, .check = s_check_peer
#define YES_OR_NO(member, default_)        .kind = CONFIG_BOOL, AT(member), .standard = default_
#define CHOICE(member, choices_, default_) .kind = CONFIG_CHOICE, AT(member), .choices = choices_, .standard = default_

const config_key config_keys[CONFIG_KEY_COUNT] = {
    {"upstream.dialect", TEXT(upstream.dialect, "native", s_check_dialect)},
    {"upstream.url", TEXT(upstream.url, "ws://localhost:15888/ws", websocket_url_check)},
    {"upstream.api_key_file", TEXT(upstream.api_key_file, NULL, NULL)},
    {"upstream.ca_file", TEXT(upstream.ca_file, NULL, NULL)},
    {"upstream.client_cert_file", TEXT(upstream.client_cert_file, NULL, NULL)},
    {"upstream.client_key_file", TEXT(upstream.client_key_file, NULL, NULL)},
    {"upstream.request_timeout_ms", NUMBER(upstream.request_timeout_ms, 1, TIMEOUT_MAX_MS, "5000")},
    {"upstream.connect_timeout_ms", NUMBER(upstream.connect_timeout_ms, 1, TIMEOUT_MAX_MS, "10000")},
    {"upstream.ping_ms", NUMBER(upstream.ping_ms, 1, TIMEOUT_MAX_MS, "5000")},
    {"upstream.hang_up_ms", NUMBER(upstream.hang_up_ms, 1, TIMEOUT_MAX_MS, "15000")},
    {"upstream.reconnect_min_ms", NUMBER(upstream.reconnect_min_ms, 1, TIMEOUT_MAX_MS, "500")},
    {"upstream.reconnect_max_ms", NUMBER(upstream.reconnect_max_ms, 1, TIMEOUT_MAX_MS, "30000")},
    {"upstream.refused_retry_ms", NUMBER(upstream.refused_retry_ms, 1, TIMEOUT_MAX_MS, "60000")},
    {"upstream.retry_attempts", NUMBER(upstream.retry_attempts, 0, 10, "3")},
    {"upstream.settle_ms", NUMBER(upstream.settle_ms, 1, TIMEOUT_MAX_MS, "10000")},
    {"upstream.stale_after_ms", NUMBER(upstream.stale_after_ms, 0, TIMEOUT_MAX_MS, "30000")},
    {"upstream.client_order_ids", YES_OR_NO(upstream.client_order_ids, "true")},
    {"upstream.exclusive", YES_OR_NO(upstream.exclusive, "true")},
    {"upstream.rate_limit.requests_per_second", NUMBER(upstream.rate_limit.requests_per_second, 0, RATE_MAX, "0")},
    {"upstream.rate_limit.burst", NUMBER(upstream.rate_limit.burst, 1, RATE_MAX, "20")},
    {"upstream.rate_limit.creates_per_second", NUMBER(upstream.rate_limit.creates_per_second, 0, RATE_MAX, "0")},
    {"upstream.rate_limit.reads_per_second", NUMBER(upstream.rate_limit.reads_per_second, 0, RATE_MAX, "0")},
    {"upstream.rate_limit.queue_ms", NUMBER(upstream.rate_limit.queue_ms, 0, TIMEOUT_MAX_MS, "500")},
    {"upstream.subscribe", .kind = CONFIG_SUBSCRIPTIONS},
    {"endpoints.commands", ENDPOINTS(endpoints.commands, "tcp://127.0.0.1:5570")},
    {"endpoints.market", ENDPOINTS(endpoints.market, "tcp://127.0.0.1:5571")},
    {"endpoints.private", ENDPOINTS(endpoints.private_, "tcp://127.0.0.1:5572")},
    {"endpoints.high_water_mark", NUMBER(endpoints.high_water_mark, 1, 10000000, "100000")},
    {"journal.path", TEXT(journal.path, "hbus.db", NULL)},
    {"journal.sync", CHOICE(journal.sync, s_syncs, "interval")},
    {"journal.sync_ms", NUMBER(journal.sync_ms, 1, TIMEOUT_MAX_MS, "1000")},
    {"journal.keep_days", NUMBER(journal.keep_days, KEEP_MIN_DAYS, DAYS_MAX, "30")},
    {"journal.events_keep_days", NUMBER(journal.events_keep_days, 1, DAYS_MAX, "7")},
    {"journal.events_max_mb", NUMBER(journal.events_max_mb, 1, 1000000, "1024")},
    {"events.heartbeat_ms", NUMBER(events.heartbeat_ms, 10, TIMEOUT_MAX_MS, "1000")},
    {"events.ring_mb", NUMBER(events.ring_mb, 0, 100000, "64")},
    {"events.linger_ms", NUMBER(events.linger_ms, 0, TIMEOUT_MAX_MS, "10000")},
    {"events.slow_events", NUMBER(events.slow_events, 1, 10000000, "10000")},
    {"events.publish_per_second", NUMBER(events.publish_per_second, 0, RATE_MAX, "100")},
    {"events.repair_per_second", NUMBER(events.repair_per_second, 0, RATE_MAX, "50")},
    {"access.reach_all", PEERS(access.reach_all, "hbus")},
    {"access.cancel_grace_ms", NUMBER(access.cancel_grace_ms, 1, HBUS_GRACE_MAX_MS, "5000")},
    {"bounds.orders", NUMBER(bounds.orders, 1, 10000000, "100000")},
    {"bounds.ids", NUMBER(bounds.ids, 1, 1000000000, "10000000")},
    {"bounds.commands", NUMBER(bounds.commands, 1, 1000000, "10000")},
    {"bounds.peers", NUMBER(bounds.peers, 1, 1000000, "10000")},
    {"bounds.topics", NUMBER(bounds.topics, 1, 10000000, "100000")},
    {"log.level", CHOICE(log.level, s_levels, "info")},
    {"log.format", CHOICE(log.format, s_formats, "text")},
    {"log.components.broker", CHOICE(log.components[LOG_BROKER], s_levels, NULL)},
    {"log.components.link", CHOICE(log.components[LOG_LINK], s_levels, NULL)},
    {"log.components.command", CHOICE(log.components[LOG_COMMAND], s_levels, NULL)},
    {"log.components.event", CHOICE(log.components[LOG_EVENT], s_levels, NULL)},
    {"log.components.order", CHOICE(log.components[LOG_ORDER], s_levels, NULL)},
};

const config_key *config_key_find(const char *path) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
    if (strcmp(config_keys[i].path, path) == 0) return &config_keys[i];
  return NULL;
}

static void *s_member(config *self, const config_key *key, config_kind kind) {
  assert(key->kind == kind);
  return (char *)self + key->offset;
}

char **config_text_at(config *self, const config_key *key) {
  return s_member(self, key, CONFIG_TEXT);
}
uint64_t *config_number_at(config *self, const config_key *key) {
  return s_member(self, key, CONFIG_NUMBER);
}
bool *config_bool_at(config *self, const config_key *key) {
  return s_member(self, key, CONFIG_BOOL);
}
unsigned *config_choice_at(config *self, const config_key *key) {
  return s_member(self, key, CONFIG_CHOICE);
}
config_list *config_list_at(config *self, const config_key *key) {
  return s_member(self, key, CONFIG_LIST);
}

/* ---- setting ---- */

static hbus_status s_check_text(const config_key *key, const char *text, hbus_error *error) {
  hbus_error inner;
  if (*text == '\0') return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' must not be empty", key->path);
  if (strlen(text) > TEXT_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' is longer than %d bytes", key->path, TEXT_MAX);
  for (const char *c = text; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' holds a control character", key->path);
  if (key->check && key->check(text, &inner) != HBUS_OK)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s': %s", key->path, inner.text);
  return HBUS_OK;
}

static hbus_status s_set_text(const config_key *key, config *to, const char *text, hbus_error *error) {
  hbus_status status = s_check_text(key, text, error);
  if (status != HBUS_OK) return status;
  char *copy = strdup(text);
  if (!copy) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
  char **member = config_text_at(to, key);
  free(*member);
  *member = copy;
  return HBUS_OK;
}

static hbus_status s_add_entry(const config_key *key, config *to, const char *text, hbus_error *error) {
  config_list *list = config_list_at(to, key);
  if (list->count == key->max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' takes at most %d entries", key->path, (int)key->max);
  hbus_status status = s_check_text(key, text, error);
  if (status != HBUS_OK) return status;
  if (!list->items) list->items = calloc(key->max, sizeof *list->items);
  char *copy = strdup(text);
  if (!list->items || !copy) {
    free(copy);
    return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
  }
  list->items[list->count++] = copy;
  return HBUS_OK;
}

static hbus_status s_set_number(const config_key *key, config *to, const char *text, hbus_error *error) {
  uint64_t value = 0;
  const char *c = text;
  while (*c >= '0' && *c <= '9' && value <= key->max)
    value = value * 10 + (uint64_t)(*c++ - '0'); /* max is far from where this would overflow */
  if (c == text || *c != '\0' || value < key->min || value > key->max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' must be a whole number from %llu to %llu", key->path,
                     (unsigned long long)key->min, (unsigned long long)key->max);
  *config_number_at(to, key) = value;
  return HBUS_OK;
}

static hbus_status s_set_bool(const config_key *key, config *to, const char *text, hbus_error *error) {
  bool yes = strcmp(text, "true") == 0;
  if (!yes && strcmp(text, "false") != 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' must be true or false", key->path);
  *config_bool_at(to, key) = yes;
  return HBUS_OK;
}

static hbus_status s_set_choice(const config_key *key, config *to, const char *text, hbus_error *error) {
  char known[96];
  size_t size = 0;
  for (unsigned i = 0; key->choices[i]; i++) {
    if (strcmp(key->choices[i], text) == 0) {
      *config_choice_at(to, key) = i;
      return HBUS_OK;
    }
    size += (size_t)snprintf(known + size, sizeof known - size, "%s%s", i ? ", " : "", key->choices[i]);
    assert(size < sizeof known);
  }
  return hbus_fail(error, HBUS_INVALID_REQUEST, "'%s' must be one of: %s", key->path, known);
}

hbus_status config_key_set(const config_key *key, config *to, const char *text, hbus_error *error) {
  switch (key->kind) {
  case CONFIG_TEXT: return s_set_text(key, to, text, error);
  case CONFIG_NUMBER: return s_set_number(key, to, text, error);
  case CONFIG_BOOL: return s_set_bool(key, to, text, error);
  case CONFIG_CHOICE: return s_set_choice(key, to, text, error);
  case CONFIG_LIST: return s_add_entry(key, to, text, error);
  case CONFIG_SUBSCRIPTIONS: break;
  }
  assert(false);
  return HBUS_INTERNAL;
}
