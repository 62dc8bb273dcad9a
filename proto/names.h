/* The names of every enumeration on the wire, both ways. The calls value -> name are public (hbus_side_name, ...). */
#ifndef PROTO_NAMES_H
#define PROTO_NAMES_H

#include <stddef.h>

/* names[value]; names[0] is "", the absent value. */
typedef struct name_table {
  const char *const *names;
  unsigned count;
} name_table;

extern const name_table names_side;
extern const name_table names_order_type;
extern const name_table names_order_status;
extern const name_table names_market_type;
extern const name_table names_position_action;
extern const name_table names_link_status;
extern const name_table names_origin;
extern const name_table names_position_source;
extern const name_table names_channel;
extern const name_table names_stream;
extern const name_table names_event_type;
extern const name_table names_kind;
extern const name_table names_command;
extern const name_table names_reply_status;

/* The value of that name (size bytes, no NUL needed); 0 when there is none. Cast it to the table's enumeration. */
unsigned name_find(const name_table *table, const char *name, size_t size);

/* The name of a value; "" for 0 and for a number that the enumeration does not have. */
const char *name_of(const name_table *table, unsigned value);

/* "buy, sell": every name but the absent one, for a sentence. Cut where it would not fit. */
void name_list(const name_table *table, char *out, size_t out_size);

#endif
