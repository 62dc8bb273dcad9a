/* The keys of the configuration: where each stands, what it takes, what it is when it is not given.
 *
 * Reading, defaults and printing all go by this one table; a new key is a row in it and a member of `config`.
 */
#ifndef BROKER_CONFIG_SCHEMA_H
#define BROKER_CONFIG_SCHEMA_H

#include "broker/config.h"

typedef enum config_kind {
  CONFIG_TEXT,         /* char *, not empty */
  CONFIG_NUMBER,       /* uint64_t, from min to max */
  CONFIG_BOOL,         /* bool */
  CONFIG_CHOICE,       /* an enumeration: the place in `choices` */
  CONFIG_LIST,         /* config_list */
  CONFIG_SUBSCRIPTIONS /* upstream.subscribe */
} config_kind;

typedef struct config_key {
  const char *path; /* "upstream.url" */
  config_kind kind;
  size_t offset; /* in config */
  uint64_t min;
  uint64_t max;                                              /* of a list: entries */
  const char *const *choices;                                /* NULL at the end */
  hbus_status (*check)(const char *text, hbus_error *error); /* of a text or one entry of a list; NULL: any */
  const char *standard; /* its value when not given, as it would be written; NULL: none */
} config_key;

#define CONFIG_KEY_COUNT 54
extern const config_key config_keys[CONFIG_KEY_COUNT];

/* NULL: there is no such key. */
const config_key *config_key_find(const char *path);
/* Puts a scalar's text into its member; of a list, appends one. HBUS_INVALID_REQUEST: the sentence in `error` names
 * the key and what it takes. HBUS_NO_MEMORY. Not for subscriptions. */
hbus_status config_key_set(const config_key *key, config *to, const char *text, hbus_error *error);

/* The members of each kind. */
char **config_text_at(config *self, const config_key *key);
uint64_t *config_number_at(config *self, const config_key *key);
bool *config_bool_at(config *self, const config_key *key);
unsigned *config_choice_at(config *self, const config_key *key);
config_list *config_list_at(config *self, const config_key *key);

#endif
