#include "tests/integration/rig.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void rig_open(rig *self) {
  *self = (rig){0};
  snprintf(self->folder, sizeof self->folder, "/tmp/hbus-test-XXXXXX");
  cr_assert_not_null(mkdtemp(self->folder));
}

void rig_launch_sim(rig *self, const char *const *arguments) {
  char port[8];
  const char *all[32] = {"--port", port, "--api-key", RIG_API_KEY, "--control", self->control};
  size_t count = 6;
  const char *colon = strrchr(self->url, ':'); /* of the port that it had before */
  snprintf(port, sizeof port, "%.*s", colon ? (int)strcspn(colon + 1, "/") : 1, colon ? colon + 1 : "0");
  snprintf(self->control, sizeof self->control, "%s/control", self->folder);
  for (size_t i = 0; arguments && arguments[i]; i++)
    all[count++] = arguments[i];
  cr_assert_lt(count, 32);
  self->sim = process_start(HBUS_BIN_DIR "/hbus-sim", all, NULL);
}

void rig_sim_ready(rig *self) {
  char line[256];
  cr_assert(process_read_line(&self->sim, line, sizeof line), "hbus-sim did not come up");
  const char *start = strstr(line, "ws");
  cr_assert(start && strncmp(line, "hbus-sim ready ", 15) == 0, "'%s'", line);
  snprintf(self->url, sizeof self->url, "%s", line + 15);
}

void rig_start_sim(rig *self, const char *const *arguments) {
  rig_launch_sim(self, arguments);
  rig_sim_ready(self);
}

static void s_write_endpoint(FILE *file, const rig *self, const char *name) {
  if (self->lasting)
    fprintf(file, "  %s: [\"ipc://%s/%s\"]\n", name, self->folder, name);
  else
    fprintf(file, "  %s: [\"tcp://127.0.0.1:*\"]\n", name);
}

void rig_write_config(rig *self, const char *config, char *path, size_t size) {
  static const char *const endpoints[] = {"commands", "market", "private"};
  snprintf(path, size, "%s/hbusd.yaml", self->folder);
  FILE *file = fopen(path, "w");
  cr_assert_not_null(file);
  fprintf(file, "endpoints:\n");
  for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
    s_write_endpoint(file, self, endpoints[i]);
  if (self->high_water_mark) fprintf(file, "  high_water_mark: %u\n", self->high_water_mark);
  fprintf(file,
          "journal:\n"
          "  path: %s/hbus.db\n"
          "  sync: %s\n"
          "upstream:\n"
          "  url: %s\n"
          "  reconnect_min_ms: 20\n"
          "  reconnect_max_ms: 200\n"
          "%s",
          self->folder, self->sync ? self->sync : "interval", self->url, config ? config : "");
  fclose(file);
}

static void s_take_address(const char *line, const char *key, char *out, size_t size) {
  const char *start = strstr(line, key);
  cr_assert_not_null(start, "no %s in '%s'", key, line);
  start += strlen(key);
  snprintf(out, size, "%.*s", (int)strcspn(start, " "), start);
}

void rig_launch_broker(rig *self, const char *config) {
  char path[128];
  rig_write_config(self, config, path, sizeof path);
  const char *const arguments[] = {"--config", path, NULL};
  const char *const environment[] = {"HUMMINGBOT_API_KEY=" RIG_API_KEY, NULL};
  self->broker = process_start(HBUS_BIN_DIR "/hbusd", arguments, environment);
}

void rig_broker_ready(rig *self) {
  char line[512];
  if (!process_read_line(&self->broker, line, sizeof line)) {
    bool told = process_read_error_line(&self->broker, line, sizeof line);
    cr_assert_fail("hbusd did not come up: %s", told ? line : "it said nothing");
  }
  s_take_address(line, "commands=", self->commands, sizeof self->commands);
  s_take_address(line, "market=", self->market, sizeof self->market);
  s_take_address(line, "private=", self->private_, sizeof self->private_);
}

void rig_start_broker(rig *self, const char *config) {
  rig_launch_broker(self, config);
  rig_broker_ready(self);
}

void rig_restart_broker(rig *self, const char *config) {
  process_stop(&self->broker, SIGKILL);
  rig_start_broker(self, config);
}

void rig_start(rig *self, const char *const *sim_arguments, const char *config) {
  rig_open(self);
  rig_start_sim(self, sim_arguments);
  rig_start_broker(self, config);
  hbus_client *client = rig_connect(self, "rig");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
}

void rig_close(rig *self) {
  static const char *const files[] = {"hbusd.yaml",   "hbus.db",  "hbus.db-wal", "hbus.db-shm",
                                      "hbus.db.lock", "commands", "market",      "private"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", self->folder, files[i]);
    unlink(path);
  }
  unlink(self->control); /* a simulator that was killed leaves it */
  rmdir(self->folder);
}

void rig_stop(rig *self) {
  char line[512];
  if (self->broker.pid) {
    kill(self->broker.pid, SIGTERM);
    while (process_read_error_line(&self->broker, line, sizeof line)) {
      cr_expect_null(strstr(line, "ERROR: "), "%s", line); /* a sanitizer's */
      const char *turns = strstr(line, "the longest of");
      if (turns) fprintf(stderr, "hbusd: %s\n", turns); /* a figure for who reads, not for the test */
    }
    cr_expect_eq(process_wait(&self->broker), 0, "hbusd did not end well");
  }
  if (self->sim.pid) cr_expect_eq(process_stop(&self->sim, SIGTERM), 0, "hbus-sim did not end well");
  rig_close(self);
}

process rig_start_peer(const rig *self, const char *program, const char *const *arguments) {
  char path[256], commands[160], market[160], private_[160];
  snprintf(path, sizeof path, "%s/%s", HBUS_BIN_DIR, program);
  snprintf(commands, sizeof commands, "HBUS_COMMANDS=%s", self->commands);
  snprintf(market, sizeof market, "HBUS_MARKET=%s", self->market);
  snprintf(private_, sizeof private_, "HBUS_PRIVATE=%s", self->private_);
  return process_start(path, arguments, (const char *const[]){commands, market, private_, NULL});
}

hbus_client *rig_connect(const rig *self, const char *name) {
  hbus_options options;
  hbus_options_init(&options);
  options.recover_orders = false; /* tests ask for what they want to see */
  options.commands_endpoint = self->commands;
  options.market_endpoint = self->market;
  options.private_endpoint = self->private_;
  options.name = name;
  options.connect_timeout_ms = PROCESS_PATIENCE_MS;
  options.request_timeout_ms = PROCESS_PATIENCE_MS;
  hbus_client *client = NULL;
  hbus_error error;
  cr_assert_eq(hbus_client_connect(&options, &client, &error), HBUS_OK, "%s", error.text);
  return client;
}

/* The value at a key of a map; NULL: none. */
static const msgpack_object *s_get(const msgpack_object *map, const char *key) {
  if (!map || map->type != MSGPACK_OBJECT_MAP) return NULL;
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object_kv *pair = &map->via.map.ptr[i];
    if (pair->key.via.str.size == strlen(key) && memcmp(pair->key.via.str.ptr, key, strlen(key)) == 0) {
      return &pair->val;
    }
  }
  return NULL;
}

/* The broker's status, unpacked. Its texts lie in the document. */
typedef struct status {
  hbus_document document;
  msgpack_unpacked unpacked;
} status;

static void s_ask_status(hbus_client *client, status *out) {
  hbus_error error;
  *out = (status){0};
  cr_assert_eq(hbus_broker_status(client, 0, &out->document, &error), HBUS_OK, "%s", error.text);
  msgpack_unpacked_init(&out->unpacked);
  cr_assert_eq(msgpack_unpack_next(&out->unpacked, (const char *)out->document.data, out->document.size, NULL),
               MSGPACK_UNPACK_SUCCESS);
}

static void s_free_status(status *self) {
  msgpack_unpacked_destroy(&self->unpacked);
  hbus_document_free(&self->document);
}

void rig_wait_link(hbus_client *client, hbus_link_status wanted) {
  const char *name = hbus_link_status_name(wanted);
  hbus_error error;
  hbus_message message;
  cr_assert_eq(hbus_client_watch(client, "system/link/", &error), HBUS_OK);
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 100; polls++) {
    status status;
    s_ask_status(client, &status);
    const msgpack_object *link = s_get(s_get(&status.unpacked.data, "link"), "status");
    bool reached = link && link->via.str.size == strlen(name) && !memcmp(link->via.str.ptr, name, strlen(name));
    s_free_status(&status);
    if (reached) {
      hbus_client_unwatch(client, "system/link/", &error);
      return;
    }
    hbus_client_next(client, 100, &message); /* a link event, most likely; status says what it is now */
  }
  cr_assert_fail("the link did not become %s", name);
}

/* What is at a path, "a.b" being the b of a; NULL: nothing. */
static const msgpack_object *s_find(const status *self, const char *path) {
  const msgpack_object *at = &self->unpacked.data;
  while (at && *path) {
    char key[64];
    size_t size = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int)size, path);
    at = s_get(at, key);
    path += size + (path[size] == '.');
  }
  return at;
}

bool rig_has(hbus_client *client, const char *path) {
  status status;
  s_ask_status(client, &status);
  bool has = s_find(&status, path) != NULL;
  s_free_status(&status);
  return has;
}

uint64_t rig_number(hbus_client *client, const char *path) {
  status status;
  s_ask_status(client, &status);
  const msgpack_object *number = s_find(&status, path);
  cr_assert(number && number->type == MSGPACK_OBJECT_POSITIVE_INTEGER, "no number %s", path);
  uint64_t value = number->via.u64;
  s_free_status(&status);
  return value;
}

void rig_text(hbus_client *client, const char *path, char *out, size_t size) {
  status status;
  s_ask_status(client, &status);
  const msgpack_object *text = s_find(&status, path);
  cr_assert(text && text->type == MSGPACK_OBJECT_STR, "no text %s", path);
  snprintf(out, size, "%.*s", (int)text->via.str.size, text->via.str.size ? text->via.str.ptr : "");
  s_free_status(&status);
}

uint64_t rig_counter(hbus_client *client, const char *name) {
  char path[80];
  snprintf(path, sizeof path, "counters.%s", name);
  return rig_number(client, path);
}

void rig_wait_number(hbus_client *client, const char *path, uint64_t at_least) {
  uint64_t value = 0;
  hbus_message message;
  for (int polls = 0; polls < PROCESS_PATIENCE_MS / 10; polls++) {
    value = rig_number(client, path);
    if (value >= at_least) return;
    hbus_client_next(client, 10, &message);
  }
  cr_assert_fail("%s stays %llu", path, (unsigned long long)value);
}

void rig_expect_log(rig *self, const char *text) {
  char line[1024];
  do {
    cr_assert(process_read_error_line(&self->broker, line, sizeof line), "the log never said '%s'", text);
  } while (!strstr(line, text));
}

void rig_expect_warning(rig *self, const char *text) {
  char line[1024];
  do {
    cr_assert(process_read_error_line(&self->broker, line, sizeof line), "the log never said '%s'", text);
  } while (!strstr(line, " WARN ") && !strstr(line, " ERROR "));
  cr_assert(strstr(line, text), "'%s' is not about '%s'", line, text);
}

/* One command and its answer, a line of JSON, on a connection of its own. */
static void s_ask_sim(const rig *self, const char *command, char *answer, size_t size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", self->control);
  int control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  cr_assert_eq(connect(control, (const struct sockaddr *)&address, sizeof address), 0, "no control of hbus-sim");
  cr_assert_eq(dprintf(control, "%s\n", command), (int)strlen(command) + 1);
  process sim = {.out = control};
  cr_assert(process_read_line(&sim, answer, size), "hbus-sim did not answer '%s'", command);
  close(control);
}

void rig_control(const rig *self, const char *command) {
  char answer[1024];
  s_ask_sim(self, command, answer, sizeof answer);
  cr_assert_not_null(strstr(answer, "\"ok\":true"), "'%s': %s", command, answer);
}

uint64_t rig_truth(const rig *self, const char *name) {
  char answer[1024], key[64];
  s_ask_sim(self, "stats", answer, sizeof answer);
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *found = strstr(answer, key);
  cr_assert_not_null(found, "no %s in %s", name, answer);
  return strtoull(found + strlen(key), NULL, 10);
}

void rig_wait_truth(const rig *self, const char *name, uint64_t at_least) {
  while (rig_truth(self, name) < at_least)
    continue;
}

hbus_decimal rig_decimal(const char *text) {
  hbus_decimal decimal = {0};
  cr_assert_eq(hbus_decimal_parse(text, strlen(text), &decimal), HBUS_OK);
  return decimal;
}

hbus_command rig_order(const char *exchange, const char *market, hbus_side side, hbus_order_type type,
                       const char *amount, const char *price) {
  hbus_command order;
  cr_assert_eq(hbus_command_init(&order, HBUS_CREATE_ORDER, exchange, market, NULL), HBUS_OK);
  order.side = side;
  order.order_type = type;
  order.amount = rig_decimal(amount);
  if (price) order.price = rig_decimal(price);
  return order;
}

hbus_command rig_resting_order(hbus_side side, const char *amount) {
  return rig_order("binance", "ETH-USDT", side, HBUS_LIMIT, amount, side == HBUS_BUY ? "1500.00" : "2100.00");
}

void rig_next_event(hbus_client *client, const char *prefix, hbus_message *out) {
  for (;;) {
    cr_assert_eq(hbus_client_next(client, PROCESS_PATIENCE_MS, out), HBUS_OK, "no event of %s came", prefix);
    if (out->kind == HBUS_MESSAGE_EVENT && strncmp(out->topic, prefix, strlen(prefix)) == 0) return;
  }
}

static bool s_hears_error_of(hbus_client *client, const char *order_id) {
  hbus_message message;
  while (hbus_client_next(client, 100, &message) == HBUS_OK) {
    bool is_error = message.kind == HBUS_MESSAGE_EVENT && message.event.kind == HBUS_KIND_ERROR;
    if (is_error && strcmp(message.event.data.notice.order_id, order_id) == 0) return true;
  }
  return false;
}

void rig_settle(const rig *self, hbus_client *client) {
  hbus_client *everyones = rig_connect(self, "hbus");
  hbus_error error;
  hbus_cancel cancel;
  bool heard = false;
  cr_assert_eq(hbus_client_watch(client, "error/hummingbot/", &error), HBUS_OK);
  for (int tries = 0; !heard && tries < PROCESS_PATIENCE_MS / 100; tries++) {
    char order_id[32];
    snprintf(order_id, sizeof order_id, "try-%d", tries);
    cr_assert_neq(hbus_cancel_order(everyones, "binance", "ETH-USDT", order_id, NULL, 0, &cancel, &error), HBUS_OK);
    heard = s_hears_error_of(client, order_id);
  }
  cr_assert(heard, "no event came");
  cr_assert_eq(hbus_client_unwatch(client, "error/hummingbot/", &error), HBUS_OK);
  hbus_client_destroy(&everyones);
}
