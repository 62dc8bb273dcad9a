#include "tests/chaos/verdict.h"

#include <string.h>

const char *verdict_name(verdict is) {
  static const char *const names[VERDICT_COUNT] = {"true",       "listed", "not known", "behind",
                                                   "unresolved", "sent",   "wrong"};
  return names[is];
}

bool verdict_is_bad(verdict is) {
  return is >= VERDICT_BEHIND;
}

static bool s_same_filled(const hbus_decimal *a, const hbus_decimal *b) {
  bool none_a = hbus_decimal_is_absent(a) || hbus_decimal_sign(a) == 0;
  bool none_b = hbus_decimal_is_absent(b) || hbus_decimal_sign(b) == 0;
  return none_a || none_b ? none_a == none_b : hbus_decimal_compare(a, b) == 0;
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
  bool named = picture->order_id[0] != 0;
  if (named && strcmp(picture->order_id, about->truth.order_id) != 0) return VERDICT_WRONG;
  hbus_order_status truth = ticket_true_status(about);
  if (truth == HBUS_ORDER_STATUS_NONE) return s_of_absent(about, picture, keeps_ids);
  if (picture->status == HBUS_FAILED) return keeps_ids ? VERDICT_UNRESOLVED : VERDICT_WRONG;
  if (picture->status == HBUS_UNKNOWN && !keeps_ids && s_is_listed(about, picture)) return VERDICT_LISTED;
  if (picture->status == HBUS_UNKNOWN) return VERDICT_UNRESOLVED;
  return picture->status == truth && s_same_filled(&picture->filled, &about->truth.filled) ? VERDICT_TRUE
                                                                                           : VERDICT_BEHIND;
}
