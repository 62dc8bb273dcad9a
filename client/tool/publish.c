#include <inttypes.h>
#include <string.h>

#include "client/tool/json.h"
#include "client/tool/json_pack.h"
#include "client/tool/peer.h"
#include "proto/pack.h"

static void s_print(const arguments *arguments, const hbus_seen *seen) {
  if (!arguments->json) {
    (void)printf("published as %" PRIu64 " of %s\n", seen->seq, seen->topic);
    return;
  }
  buffer text;
  json_writer writer;
  buffer_init(&text, HBUS_FRAME_MAX);
  json_writer_init(&writer, &text);
  json_begin_object(&writer);
  json_key(&writer, "stream");
  json_string(&writer, hbus_stream_name(seen->stream));
  json_key(&writer, "topic");
  json_string(&writer, seen->topic);
  json_key(&writer, "epoch");
  json_unsigned(&writer, seen->epoch);
  json_key(&writer, "seq");
  json_unsigned(&writer, seen->seq);
  json_end_object(&writer);
  json_print_buffer(&text);
  buffer_free(&text);
}

static hbus_status s_pack_value(const arguments *arguments, buffer *out, hbus_error *error) {
  const char *value = arguments->positionals[1];
  if (!arguments->text) return json_pack(value, out, error);
  pack_string(out, value);
  if (out->status == HBUS_OK) return HBUS_OK;
  return hbus_fail(error, out->status, "the text is longer than %d bytes", HBUS_SIGNAL_MAX);
}

static outcome s_publish(const verb *self, const arguments *arguments, hbus_command *command) {
  hbus_client *client = NULL;
  outcome outcome = peer_connect(self, arguments, false, &client);
  if (outcome != OUTCOME_DONE) return outcome;
  hbus_reply reply;
  hbus_error error = {0};
  if (hbus_client_call(client, command, 0, &reply, &error) == HBUS_OK)
    s_print(arguments, &reply.seen);
  else
    outcome = peer_report(self, &error);
  hbus_client_destroy(&client);
  return outcome;
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command = {.kind = HBUS_PUBLISH};
  const char *name = arguments->positionals[0];
  hbus_error error = {0};
  buffer data;
  buffer_init(&data, HBUS_SIGNAL_MAX);
  hbus_status status = s_pack_value(arguments, &data, &error);
  if (strlen(name) == 0 || strlen(name) > HBUS_NAME_MAX)
    status = hbus_fail(&error, HBUS_INVALID_REQUEST, "NAME has 1 to %d bytes", HBUS_NAME_MAX);
  outcome outcome = OUTCOME_DONE;
  if (status == HBUS_OK) {
    memcpy(command.name, name, strlen(name) + 1);
    command.data = (hbus_bytes){data.data, data.size};
    outcome = s_publish(self, arguments, &command);
  } else {
    outcome = peer_report_usage(self, &error);
  }
  buffer_free(&data);
  return outcome;
}

const verb verb_publish = {
    .name = "publish",
    .parameters = "NAME VALUE",
    .summary = "Sends a signal to whoever listens",
    .details =
        "VALUE is JSON: 0.25, [1, 2], {\"mood\": \"good\"}, or with --text a text as it stands. It comes to those who\n"
        "subscribe to strategy_update/WHO/NAME/, where WHO is --name. A price or an amount is best a text in it: a\n"
        "number that is not whole becomes a binary float. What begins with - goes behind --.",
    .options = ARGUMENT_TEXT,
    .positionals_min = 2,
    .positionals_max = 2,
    .run = s_run};
