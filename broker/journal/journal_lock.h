/* One broker to a journal: a lock on PATH.lock, which ends with the process however that ends. */
#ifndef BROKER_JOURNAL_LOCK_H
#define BROKER_JOURNAL_LOCK_H

#include "hbus/status.h"

/* *out is what journal_lock_release takes. HBUS_INVALID_REQUEST: another process has it, which `error` names;
 * HBUS_INTERNAL: PATH.lock cannot be written. */
hbus_status journal_lock_take(const char *path, int *out, hbus_error *error);
/* PATH.lock stays: to remove it would let two in. -1: there is nothing to release. */
void journal_lock_release(int fd);

#endif
