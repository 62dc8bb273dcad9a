#include <inttypes.h>
#include <string.h>

#include "client/broker_clock.h"
#include "client/tool/json.h"
#include "client/tool/link_wait.h"
#include "client/tool/peer.h"
#include "proto/names.h"

#define WAIT_DEFAULT_MS 8000

static void s_print_value(const msgpack_object *value) {
  switch (value->type) {
  case MSGPACK_OBJECT_STR: (void)printf("%.*s", (int)value->via.str.size, value->via.str.ptr); break;
  case MSGPACK_OBJECT_POSITIVE_INTEGER: (void)printf("%" PRIu64, value->via.u64); break;
  case MSGPACK_OBJECT_NEGATIVE_INTEGER: (void)printf("%" PRId64, value->via.i64); break;
  case MSGPACK_OBJECT_BOOLEAN: (void)fputs(value->via.boolean ? "yes" : "no", stdout); break;
  default: (void)fputs("?", stdout);
  }
}

/* The values of a map in a row, for lists of small maps. */
static void s_print_row(const msgpack_object *map) {
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    if (i > 0) (void)putchar(' ');
    s_print_value(&map->via.map.ptr[i].val);
  }
}

/* "key: value" a line, what is inside indented. Depth is bounded by HBUS_DEPTH_MAX: the frame was checked. */
static void s_print_map(const msgpack_object *map, int indent) {
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object *key = &map->via.map.ptr[i].key, *value = &map->via.map.ptr[i].val;
    if (key->type != MSGPACK_OBJECT_STR) continue;
    (void)printf("%*s%.*s:", indent, "", (int)key->via.str.size, key->via.str.ptr);
    if (value->type == MSGPACK_OBJECT_MAP) {
      (void)putchar('\n');
      s_print_map(value, indent + 2);
    } else if (value->type == MSGPACK_OBJECT_ARRAY) {
      (void)fputs(value->via.array.size == 0 ? " none\n" : "\n", stdout);
      for (uint32_t j = 0; j < value->via.array.size; j++) {
        const msgpack_object *item = &value->via.array.ptr[j];
        (void)printf("%*s", indent + 2, "");
        if (item->type == MSGPACK_OBJECT_MAP)
          s_print_row(item);
        else
          s_print_value(item);
        (void)putchar('\n');
      }
    } else {
      (void)putchar(' ');
      s_print_value(value);
      (void)putchar('\n');
    }
  }
}

static void s_print(const msgpack_object *status, void *context) {
  const bool *json = context;
  if (*json || status->type != MSGPACK_OBJECT_MAP)
    json_print(status);
  else
    s_print_map(status, 0);
}

/* --wait; the time until the broker is there counts too. */
static outcome s_wait(const verb *self, const arguments *arguments, hbus_link_status wanted) {
  bool json = arguments->json;
  int timeout_ms = arguments->timeout_ms > 0 ? arguments->timeout_ms : WAIT_DEFAULT_MS;
  uint64_t deadline_ms = client_monotonic_ms() + (uint64_t)timeout_ms;
  hbus_client *client = NULL;
  hbus_document status = {0};
  msgpack_unpacked unpacked;
  hbus_error error = {0};
  struct arguments listening = *arguments;
  listening.options.repair = false; /* it asks now and then as well, so that nothing can be missed */
  outcome outcome = peer_connect(self, &listening, true, &client);
  if (outcome != OUTCOME_DONE) return outcome;
  msgpack_unpacked_init(&unpacked);
  if (link_wait(client, wanted, deadline_ms, &status, &error) != HBUS_OK)
    outcome = peer_report(self, &error);
  else if (peer_unpack((hbus_bytes){status.data, status.size}, &unpacked, &error) != HBUS_OK)
    outcome = peer_report(self, &error);
  else
    s_print(&unpacked.data, &json);
  msgpack_unpacked_destroy(&unpacked);
  hbus_document_free(&status);
  hbus_client_destroy(&client);
  return outcome;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  if (arguments->wait != NULL) {
    unsigned wanted = *arguments->wait == '\0'
                          ? HBUS_LINK_CONNECTED
                          : name_find(&names_link_status, arguments->wait, strlen(arguments->wait));
    if (wanted != 0) return s_wait(self, arguments, (hbus_link_status)wanted);
    hbus_error error;
    char known[96];
    name_list(&names_link_status, known, sizeof(known));
    (void)hbus_fail(&error, HBUS_INVALID_REQUEST, "--wait \"%s\": expected one of %s", arguments->wait, known);
    return peer_report_usage(self, &error);
  }
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_STATUS, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  bool json = arguments->json;
  return peer_fetch(self, arguments, &command, 0, s_print, &json);
}

const verb verb_status = {.name = "status",
                          .parameters = "",
                          .summary = "How the broker is: its link, what it holds, what it counted",
                          .details = "With --wait it first waits, at most --timeout, until the link to Hummingbot is\n"
                                     "connected, or has the STATUS named: disconnected, connecting, connected, error.",
                          .options = ARGUMENT_WAIT,
                          .run = s_run};
