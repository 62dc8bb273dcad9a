/* The journal's schema, as the steps that have led to it: step v makes version v of version v - 1. */
#ifndef BROKER_JOURNAL_SCHEMA_H
#define BROKER_JOURNAL_SCHEMA_H

#include <sqlite3.h>

#include "hbus/status.h"

#define JOURNAL_SCHEMA_VERSION 2
#define JOURNAL_APPLICATION_ID 0x68627573 /* "hbus": how a file is known to be a journal */
#define JOURNAL_PAGE_SIZE      4096

/* Makes a whole journal of that version at `path`, or nothing: it is made beside it and then renamed. `page_size`: a
 * power of two from 512 on. HBUS_INTERNAL. */
hbus_status journal_schema_make(const char *path, unsigned version, unsigned page_size, hbus_error *error);

/* Whether the file is a journal; its version. HBUS_INVALID_REQUEST: it is something else, or of a later version of
 * hbus; HBUS_MALFORMED: it is damaged. */
hbus_status journal_schema_identify(sqlite3 *sqlite, const char *path, unsigned *version, hbus_error *error);

/* Brings it to JOURNAL_SCHEMA_VERSION, in one transaction. */
hbus_status journal_schema_migrate(sqlite3 *sqlite, const char *path, unsigned version, hbus_error *error);

/* Whether it has the tables, indexes and views of JOURNAL_SCHEMA_VERSION, word by word, and no tables, indexes or
 * triggers beside them; an operator may add views. HBUS_MALFORMED. */
hbus_status journal_schema_check(sqlite3 *sqlite, const char *path, hbus_error *error);

#endif
