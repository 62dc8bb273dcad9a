#include "client/recovery.h"

#include <string.h>

#define RESTARTS_MAX 3

void recovery_begin(recovery *self) {
  recovery_free(self);
  self->state = RECOVERY_DUE;
}

void recovery_lose(recovery *self) {
  if (self->state != RECOVERY_IDLE && self->state != RECOVERY_ENDED) recovery_begin(self);
}

void recovery_free(recovery *self) {
  hbus_order_list_free(&self->page);
  *self = (recovery){0};
}

bool recovery_question(const recovery *self, hbus_command *out) {
  if (self->state != RECOVERY_DUE) return false;
  *out = (hbus_command){.kind = HBUS_GET_OPEN_ORDERS, .limit = HBUS_PAGE_MAX};
  memcpy(out->cursor, self->page.cursor, sizeof(out->cursor));
  return true;
}

void recovery_asked(recovery *self) {
  self->state = RECOVERY_ASKED;
}

/* Peers that may reach all orders are told everyone's. */
static void s_drop_others(hbus_order_list *page, const char *name) {
  size_t kept = 0;
  for (size_t i = 0; i < page->count; i++)
    if (strcmp(page->items[i].owner, name) == 0) page->items[kept++] = page->items[i];
  page->count = kept;
}

static void s_end(recovery *self, hbus_status code, hbus_text message) {
  self->end = (hbus_reply){.status = code == HBUS_OK ? HBUS_REPLY_OK : HBUS_REPLY_ERROR, .code = code};
  if (code != HBUS_OK) {
    (void)hbus_fail(&self->why, code, "%.*s", (int)message.size, message.data);
    self->end.message = hbus_text_of(self->why.text);
  }
  self->state = RECOVERY_ENDED;
}

/* The page is handed out: on to the next, or the end. */
static void s_turn_page(recovery *self) {
  if (*self->page.cursor != '\0')
    self->state = RECOVERY_DUE;
  else
    s_end(self, HBUS_OK, (hbus_text){0});
}

static void s_learn_page(recovery *self, const char *name, const hbus_reply *reply) {
  hbus_order_list page = {0};
  hbus_error error = {0};
  if (hbus_unpack_orders(reply->data, &page, &error) != HBUS_OK) {
    hbus_order_list_free(&page);
    s_end(self, HBUS_INTERNAL, hbus_text_of(error.text));
    return;
  }
  hbus_order_list_free(&self->page);
  self->page = page;
  self->taken = 0;
  s_drop_others(&self->page, name);
  self->state = RECOVERY_PAGE;
  if (self->page.count == 0) s_turn_page(self);
}

void recovery_learn(recovery *self, const char *name, const hbus_reply *reply) {
  if (self->state != RECOVERY_ASKED) return; /* it was begun anew since */
  bool lost_its_place = reply->code == HBUS_INVALID_REQUEST && *self->page.cursor != '\0';
  if (reply->status == HBUS_REPLY_OK) {
    s_learn_page(self, name, reply);
  } else if (lost_its_place && self->restarts < RESTARTS_MAX) { /* orders told twice have the same rev */
    unsigned restarts = self->restarts + 1;
    recovery_begin(self);
    self->restarts = restarts;
  } else {
    s_end(self, reply->code, reply->message);
  }
}

hbus_status recovery_take(recovery *self, hbus_message *out) {
  if (self->state == RECOVERY_PAGE) {
    out->kind = HBUS_MESSAGE_ORDER;
    out->order = &self->page.items[self->taken++];
    if (self->taken == self->page.count) s_turn_page(self);
    return HBUS_OK;
  }
  if (self->state != RECOVERY_ENDED) return HBUS_TIMEOUT;
  out->kind = HBUS_MESSAGE_RECOVERED;
  out->command = HBUS_GET_OPEN_ORDERS;
  out->reply = self->end;
  self->state = RECOVERY_IDLE;
  return HBUS_OK;
}
