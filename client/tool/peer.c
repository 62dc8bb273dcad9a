#include "client/tool/peer.h"

#include <string.h>

#include "proto/frame.h"

static outcome s_outcome_of(hbus_status status) {
  if (status == HBUS_OUTCOME_UNKNOWN) return OUTCOME_UNKNOWN;
  if (status == HBUS_TIMEOUT) return OUTCOME_UNREACHABLE;
  return OUTCOME_REFUSED;
}

outcome peer_report(const verb *verb, const hbus_error *error) {
  (void)fflush(stdout);
  (void)fprintf(stderr, "hbus %s: %s: %s\n", verb->name, hbus_status_name(error->status), error->text);
  return s_outcome_of(error->status);
}

outcome peer_report_usage(const verb *verb, const hbus_error *error) {
  (void)fprintf(stderr, "hbus %s: %s; see \"hbus %s --help\"\n", verb->name, error->text, verb->name);
  return OUTCOME_USAGE;
}

outcome peer_connect(const verb *verb, const arguments *arguments, bool streams, hbus_client **out) {
  hbus_options options = arguments->options;
  if (!streams) options.market_endpoint = options.private_endpoint = NULL;
  if (arguments->timeout_ms > 0) options.request_timeout_ms = options.connect_timeout_ms = arguments->timeout_ms;
  hbus_error error = {0};
  if (hbus_client_connect(&options, out, &error) == HBUS_OK) return OUTCOME_DONE;
  /* An endpoint or a name that cannot be used is a mistake in the arguments, unless it was the broker who said so. */
  return error.status == HBUS_INVALID_REQUEST ? peer_report_usage(verb, &error) : peer_report(verb, &error);
}

bool peer_flush(void) {
  return fflush(stdout) == 0 && !ferror(stdout);
}

outcome peer_command(const verb *verb, const arguments *arguments, hbus_command_kind kind, hbus_command *out) {
  const char *exchange = arguments->positional_count > 0 ? arguments->positionals[0] : NULL;
  const char *market = arguments->positional_count > 1 ? arguments->positionals[1] : NULL;
  hbus_error error = {0};
  if (hbus_command_init(out, kind, exchange, market, &error) == HBUS_OK) return OUTCOME_DONE;
  return peer_report_usage(verb, &error);
}

void peer_set_owner(const arguments *arguments, hbus_command *command) {
  if (arguments->owner != NULL) memcpy(command->owner, arguments->owner, strlen(arguments->owner) + 1);
}

const msgpack_object *peer_get(const msgpack_object *map, const char *key) {
  if (map->type != MSGPACK_OBJECT_MAP) return NULL;
  for (uint32_t i = 0; i < map->via.map.size; i++) {
    const msgpack_object_kv *pair = &map->via.map.ptr[i];
    if (pair->key.type == MSGPACK_OBJECT_STR && pair->key.via.str.size == strlen(key) &&
        memcmp(pair->key.via.str.ptr, key, strlen(key)) == 0)
      return &pair->val;
  }
  return NULL;
}

hbus_status peer_unpack(hbus_bytes data, msgpack_unpacked *out, hbus_error *error) {
  msgpack_unpacked_init(out);
  if (frame_check(data.data, data.size) == HBUS_OK &&
      msgpack_unpack_next(out, (const char *)data.data, data.size, NULL) == MSGPACK_UNPACK_SUCCESS)
    return HBUS_OK;
  return hbus_fail(error, HBUS_MALFORMED, "the broker's reply cannot be read");
}

/* Gives one page out; *left counts down. Takes the cursor for the next one; "": this was the last. */
static hbus_status s_give_page(hbus_bytes data, char cursor[HBUS_CURSOR_MAX + 1], size_t *left, peer_record_fn *each,
                               void *context, hbus_error *error) {
  *cursor = '\0';
  if (data.size == 0) return HBUS_OK;
  msgpack_unpacked unpacked;
  hbus_status status = peer_unpack(data, &unpacked, error);
  if (status != HBUS_OK) goto out;
  const msgpack_object *items = peer_get(&unpacked.data, "items");
  bool is_list = items != NULL && items->type == MSGPACK_OBJECT_ARRAY;
  if (!is_list) each(&unpacked.data, context);
  for (uint32_t i = 0; is_list && i<items->via.array.size && * left> 0; i++, (*left)--)
    each(&items->via.array.ptr[i], context);
  const msgpack_object *next = peer_get(&unpacked.data, "cursor");
  if (next != NULL && next->type == MSGPACK_OBJECT_STR && next->via.str.size <= HBUS_CURSOR_MAX) {
    memcpy(cursor, next->via.str.ptr, next->via.str.size);
    cursor[next->via.str.size] = '\0';
  }
out:
  msgpack_unpacked_destroy(&unpacked);
  return status;
}

outcome peer_fetch(const verb *verb, const arguments *arguments, hbus_command *command, size_t limit,
                   peer_record_fn *each, void *context) {
  hbus_client *client = NULL;
  outcome outcome = peer_connect(verb, arguments, false, &client);
  if (outcome != OUTCOME_DONE) return outcome;
  bool is_list = command->kind == HBUS_GET_OPEN_ORDERS || command->kind == HBUS_GET_ORDER_HISTORY ||
                 command->kind == HBUS_GET_BALANCES || command->kind == HBUS_GET_POSITIONS;
  size_t left = limit == 0 || limit > HBUS_HISTORY_MAX ? HBUS_HISTORY_MAX : limit;
  hbus_error error = {0};
  hbus_status status = HBUS_OK;
  do {
    if (is_list) command->limit = left < HBUS_PAGE_MAX ? left : HBUS_PAGE_MAX;
    hbus_reply reply;
    status = hbus_client_call(client, command, 0, &reply, &error);
    if (status == HBUS_OK) status = s_give_page(reply.data, command->cursor, &left, each, context, &error);
  } while (status == HBUS_OK && *command->cursor != '\0' && left > 0);
  if (status != HBUS_OK) outcome = peer_report(verb, &error);
  hbus_client_destroy(&client);
  return outcome;
}
