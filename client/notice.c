#include <string.h>

#include "hbus/client.h"

const char *hbus_stream_notice_name(hbus_stream_notice_kind kind) {
  static const char *const names[HBUS_NOTICE_KIND_COUNT] = {
      [HBUS_NOTICE_NONE] = "",         [HBUS_NOTICE_REPAIRED] = "repaired",
      [HBUS_NOTICE_LOST] = "lost",     [HBUS_NOTICE_RESTARTED] = "restarted",
      [HBUS_NOTICE_SILENT] = "silent", [HBUS_NOTICE_BACK] = "back"};
  return (unsigned)kind < HBUS_NOTICE_KIND_COUNT ? names[kind] : "";
}
