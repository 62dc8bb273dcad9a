/* snapshot: a state, stamped with the numbers of the events that it includes (snapshot.h). */
#include <stdlib.h>
#include <string.h>

#include "broker/command/handler.h"
#include "broker/command/snapshot.h"
#include "broker/command/topic_demand.h"
#include "proto/repair_codec.h"

/* What the envelope of a reply takes beside its data. */
#define ENVELOPE_MAX 512

static void s_refuse(task *task, hbus_status code, const char *message) {
  command_refuse(task->path, task, code, message, NULL);
  command_end(task);
}

/* Packs as much as a reply holds: a page of large records is a shorter one. */
static hbus_status s_pack(task *task, const hbus_snapshot *balances, snapshot_page *page, hbus_error *error) {
  buffer *out = &task->path->data;
  hbus_status status = HBUS_TOO_BIG;
  for (size_t max = HBUS_PAGE_MAX; max > 0 && status == HBUS_TOO_BIG; max /= 2) {
    if (snapshot_take(task->path, &task->command, max, page, error)) return error->status;
    page->reply.has_balances = balances->has_balances;
    page->reply.balances = balances->balances;
    page->reply.balance_count = balances->balance_count;
    page->reply.balances_code = balances->balances_code;
    page->reply.balances_message = balances->balances_message;
    buffer_reset(out);
    status = snapshot_reply_pack(&page->reply, out);
    if (!status && out->size > HBUS_FRAME_MAX - ENVELOPE_MAX) status = HBUS_TOO_BIG;
  }
  if (!status) return HBUS_OK;
  if (status == HBUS_MALFORMED) return hbus_fail(error, HBUS_UPSTREAM_ERROR, "Hummingbot's answer is not complete");
  return hbus_fail(error, HBUS_OVERLOADED, "the answer is larger than a reply may be");
}

static void s_answer_without(task *task, hbus_status code, hbus_text why);

/* `balances`: of the snapshot's members those about balances, which come from upstream. */
static void s_answer(task *task, const hbus_snapshot *balances) {
  command_path *path = task->path;
  snapshot_page *page = malloc(sizeof *page);
  hbus_error error;
  hbus_status status =
      page ? s_pack(task, balances, page, &error) : hbus_fail(&error, HBUS_OVERLOADED, "no memory for the snapshot");
  free(page);
  if (status == HBUS_UPSTREAM_ERROR && balances->has_balances) {
    s_answer_without(task, status, hbus_text_of(error.text));
    return;
  }
  if (status) {
    s_refuse(task, status, error.text);
    return;
  }
  hbus_reply reply = {.status = HBUS_REPLY_OK, .data = {.data = path->data.data, .size = path->data.size}};
  command_reply(path, task, &reply);
  command_end(task);
}

static void s_answer_without(task *task, hbus_status code, hbus_text why) {
  const hbus_snapshot balances = {.balances_code = code, .balances_message = why};
  s_answer(task, &balances);
}

static void s_on_balances(void *arg, const link_outcome *outcome) {
  task *task = arg;
  const upstream_answer *answer = outcome->answer;
  if (outcome->result != LINK_ANSWERED) {
    s_answer_without(task, link_outcome_code(outcome), hbus_text_of(link_outcome_text(outcome)));
  } else if (answer->code) {
    s_answer_without(task, answer->code, answer->message);
  } else if (answer->data.balances.count > HBUS_PAGE_MAX) {
    s_answer_without(task, HBUS_OVERLOADED, hbus_text_of("there are too many for a snapshot: get_balances has pages"));
  } else {
    const hbus_snapshot balances = {
        .has_balances = true, .balances = answer->data.balances.items, .balance_count = answer->data.balances.count};
    s_answer(task, &balances);
  }
}

static void s_ask_balances(command_path *path, task *task) {
  hbus_command question = {.kind = HBUS_GET_BALANCES, .expires_ms = task->command.expires_ms};
  memcpy(question.exchange, task->command.exchange, sizeof question.exchange);
  hbus_status status = link_is_open(path->parts.link)
                           ? questions_ask(path->parts.questions, &question, task->owner, s_on_balances, task)
                           : HBUS_LINK_DOWN;
  if (!status) return;
  hbus_error error;
  link_fail(path->parts.link, status, &error);
  s_answer_without(task, status, hbus_text_of(error.text));
}

void handle_snapshot(command_path *path, session *session, task *task) {
  (void)session;
  const hbus_command *command = &task->command;
  hbus_error error;
  if (!task->owner[0]) {
    s_refuse(task, HBUS_UNAUTHENTICATED, "say hello first: a snapshot tells of orders and positions");
  } else if (command->market[0] && topic_demand_refusal(path->topics, command->exchange, command->market, &error)) {
    s_refuse(task, error.status, error.text);
  } else if (command->balances && !command->cursor[0]) {
    s_ask_balances(path, task);
  } else {
    const hbus_snapshot no_balances = {0};
    s_answer(task, &no_balances);
  }
}
