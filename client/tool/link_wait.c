#include "client/tool/link_wait.h"

#include <stdio.h>
#include <string.h>

#include "client/broker_clock.h"
#include "proto/frame.h"

/* Subscriptions are not acknowledged: what the broker published before ours arrived is never heard, so it is asked now
 * and then as well. */
#define ASK_AGAIN_MS 500

/* What is known of the link. */
typedef struct link_state {
  hbus_name status;
  char reason[HBUS_ERROR_TEXT_SIZE]; /* the last one told: while the link tries again it has none */
} link_state;

static void s_keep(char *out, size_t out_size, hbus_text text) {
  (void)snprintf(out, out_size, "%.*s", (int)text.size, text.data);
}

static hbus_status s_ask(hbus_client *client, int timeout_ms, link_state *state, hbus_document *out,
                         hbus_error *error) {
  hbus_document answer = {0};
  hbus_bytes link;
  hbus_text status_name, reason;
  hbus_status status = hbus_broker_status(client, timeout_ms, &answer, error);
  if (status != HBUS_OK) return status;
  if (frame_find(answer.data, answer.size, "link", &link) != HBUS_OK ||
      frame_find_text(link.data, link.size, "status", &status_name) != HBUS_OK) {
    hbus_document_free(&answer);
    return hbus_fail(error, HBUS_MALFORMED, "the broker's status does not speak of its link");
  }
  s_keep(state->status, sizeof(state->status), status_name);
  if (frame_find_text(link.data, link.size, "reason", &reason) == HBUS_OK && reason.size > 0)
    s_keep(state->reason, sizeof(state->reason), reason);
  hbus_document_free(out);
  *out = answer;
  return HBUS_OK;
}

/* Waits for an event of the link, and keeps the reason that it may have. */
static void s_listen(hbus_client *client, int timeout_ms, link_state *state) {
  hbus_message message;
  if (hbus_client_next(client, timeout_ms, &message) != HBUS_OK || message.kind != HBUS_MESSAGE_EVENT) return;
  if (message.event.kind == HBUS_KIND_LINK && message.event.data.link.reason.size > 0)
    s_keep(state->reason, sizeof(state->reason), message.event.data.link.reason);
}

hbus_status link_wait(hbus_client *client, hbus_link_status wanted, uint64_t deadline_ms, hbus_document *out,
                      hbus_error *error) {
  const char *wanted_name = hbus_link_status_name(wanted);
  link_state state = {0};
  hbus_document answer = {0};
  hbus_status status = hbus_client_watch(client, "system/link/", error);
  while (status == HBUS_OK) {
    uint64_t now_ms = client_monotonic_ms();
    int left_ms = now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0;
    status = s_ask(client, left_ms > ASK_AGAIN_MS ? left_ms : ASK_AGAIN_MS, &state, &answer, error);
    if (status != HBUS_OK || strcmp(state.status, wanted_name) == 0) break;
    if (left_ms == 0)
      status = hbus_fail(error, HBUS_TIMEOUT, "the link is %s, not %s%s%s", state.status, wanted_name,
                         *state.reason == '\0' ? "" : ": ", state.reason);
    else
      s_listen(client, left_ms < ASK_AGAIN_MS ? left_ms : ASK_AGAIN_MS, &state);
  }
  if (status == HBUS_OK)
    *out = answer;
  else
    hbus_document_free(&answer);
  return status;
}
