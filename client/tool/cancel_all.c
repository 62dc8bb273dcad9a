#include <inttypes.h>

#include "client/tool/json.h"
#include "client/tool/peer.h"
#include "proto/record.h"

static void s_print_json(const msgpack_object *record, void *context) {
  (void)context;
  json_print(record);
}

static const char *s_orders(uint64_t count) {
  return count == 1 ? "order" : "orders";
}

static void s_print(const msgpack_object *record, void *context) {
  const hbus_command *command = context;
  hbus_cancels cancels = {0};
  if (record_unpack_cancels(record, &cancels, NULL) != HBUS_OK) return;
  if (cancels.requested > 0)
    (void)printf("cancelling %" PRIu64 " %s\n", cancels.requested, s_orders(cancels.requested));
  if (cancels.not_sent > 0)
    (void)printf("%" PRIu64 " %s not sent any more\n", cancels.not_sent, s_orders(cancels.not_sent));
  if (cancels.requested > 0 || cancels.not_sent > 0) return;
  (void)printf("nothing to cancel%s\n", *command->owner == '\0' ? " of its own; --owner says whose else" : "");
}

static outcome s_run(const verb *self, const arguments *arguments) {
  hbus_command command;
  outcome outcome = peer_command(self, arguments, HBUS_CANCEL_ALL, &command);
  if (outcome != OUTCOME_DONE) return outcome;
  peer_set_owner(arguments, &command);
  command.side = (hbus_side)arguments->side;
  return peer_fetch(self, arguments, &command, 0, arguments->json ? s_print_json : s_print, &command);
}

const verb verb_cancel_all = {
    .name = "cancel-all",
    .parameters = "[EXCHANGE [MARKET]]",
    .summary = "Cancels all orders, of an exchange, of a market",
    .details = "Only --name's own, unless --owner names another peer, or '*' for every peer. The broker goes on until\n"
               "they are cancelled, through a lost link and a restart; \"hbus order list\" shows what is left.",
    .options = ARGUMENT_SIDE | ARGUMENT_OWNER,
    .positionals_min = 0,
    .positionals_max = 2,
    .run = s_run};
