/* Lists that come in pages: the same command again with each page's cursor, until there is none. */
#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

#include "hbus/client.h"
#include "hbus/result.h"

/* A list that pages are added to. */
typedef struct page_target {
  void *list;
  const size_t *count;
  const char *cursor; /* the last page's */
  hbus_status (*add)(void *list, hbus_bytes data, hbus_error *error);
} page_target;

/* Collects up to `records_max` records, or a few more: pages are added whole. Every page together has timeout_ms. What
 * hbus_client_call returns, and HBUS_TOO_BIG when the pages do not end. */
hbus_status pages_collect(hbus_client *client, hbus_command *command, size_t records_max, int timeout_ms,
                          const page_target *target, hbus_error *error);

#endif
