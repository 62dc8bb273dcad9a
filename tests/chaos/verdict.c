#include "tests/chaos/verdict.h"

#include <inttypes.h>
#include <string.h>

const char *verdict_name(verdict is) {
  static const char *const names[VERDICT_COUNT] = {"true",       "listed", "not known", "behind",
                                                   "unresolved", "sent",   "wrong"};
  return names[is];
}

bool verdict_is_bad(verdict is) {
  return is >= VERDICT_BEHIND;
}

static bool s_is_listed(const ticket *about, const ticket_picture *picture) {
  char id[HBUS_ORDER_ID_MAX + 3];
  snprintf(id, sizeof id, ",%s,", about->truth.order_id);
  return strstr(picture->candidates, id) != NULL;
}

/* An order that is in no book: refused, or lost on the way. */
static verdict s_of_absent(const ticket *about, const ticket_picture *picture, bool keeps_ids) {
  bool proven = keeps_ids || about->truth.rejected;
  if (picture->status == HBUS_FAILED) return proven ? VERDICT_TRUE : VERDICT_WRONG;
  if (picture->status != HBUS_UNKNOWN)
    return picture->status == HBUS_ORDER_STATUS_NONE ? VERDICT_BEHIND : VERDICT_WRONG;
  return keeps_ids ? VERDICT_UNRESOLVED : VERDICT_NOT_KNOWN;
}

verdict verdict_of(const ticket *about, const ticket_picture *picture, bool keeps_ids) {
  if (!about->reached) return about->truth.creates ? VERDICT_SENT : VERDICT_TRUE;
  if (about->said_not_sent && picture->status == HBUS_FAILED) return about->truth.creates ? VERDICT_SENT : VERDICT_TRUE;
  bool named = picture->order_id[0] != 0;
  if (named && strcmp(picture->order_id, about->truth.order_id) != 0) return VERDICT_WRONG;
  hbus_order_status truth = ticket_true_status(about);
  if (truth == HBUS_ORDER_STATUS_NONE) return s_of_absent(about, picture, keeps_ids);
  if (picture->status == HBUS_FAILED) return keeps_ids ? VERDICT_UNRESOLVED : VERDICT_WRONG;
  if (picture->status == HBUS_UNKNOWN && !keeps_ids && s_is_listed(about, picture)) return VERDICT_LISTED;
  if (picture->status == HBUS_UNKNOWN) return VERDICT_UNRESOLVED;
  return picture->status == truth && ticket_same_filled(&picture->filled, &about->truth.filled) ? VERDICT_TRUE
                                                                                                : VERDICT_BEHIND;
}

/* --- telling --- */

static void s_tell_picture(const char *name, const ticket_picture *picture) {
  printf("      %-8s status=%s order_id=%s filled=%s rev=%" PRIu64 " candidates=%s\n", name,
         hbus_order_status_name(picture->status), picture->order_id, picture->filled.text, picture->rev,
         picture->candidates);
}

void verdict_tell(const ticket *about, verdict is) {
  const ticket_truth *truth = &about->truth;
  printf("    %s: %s %s %s %s %s %s at %s: %s\n", verdict_name(is), about->create.exchange, about->create.market,
         about->create.client_order_id, hbus_side_name(about->create.side),
         hbus_order_type_name(about->create.order_type), about->create.amount.text, about->create.price.text,
         about->was_unknown ? "was unknown" : "");
  printf("      ledger   status=%s order_id=%s filled=%s creates=%u\n",
         hbus_order_status_name(ticket_true_status(about)), truth->order_id, truth->filled.text, truth->creates);
  s_tell_picture("stream", &about->streamed);
  if (about->was_unknown) s_tell_picture("answer", &about->answered);
}
