/* The words of the native dialect for the values that hbus enumerates, in both directions. They are the dialect's, not
 * the wire's, though most are the same. */
#ifndef PROTO_UPSTREAM_NATIVE_WORDS_H
#define PROTO_UPSTREAM_NATIVE_WORDS_H

#include "hbus/types.h"

typedef struct native_word {
  const char *word;
  unsigned value; /* of the enumeration that the table is for */
} native_word;

/* Ends with a row whose word is NULL. Where two words mean the same, the first is the one that is written. */
typedef const native_word native_words[];

extern native_words native_words_side;
extern native_words native_words_position_side; /* also long and short */
extern native_words native_words_order_type;    /* without limit_maker, which the dialect does not have */
extern native_words native_words_order_status;  /* without the broker's own pending and unknown */
extern native_words native_words_market_type;
extern native_words native_words_position_action;
extern native_words native_words_channel;

/* The value of a word, 0 when there is none such; the word of a value, NULL likewise. */
unsigned native_word_find(const native_word *words, const char *text, size_t size);
const char *native_word_of(const native_word *words, unsigned value);

#endif
