/* UTF-8 (RFC 3629): the only text that travels. */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is UTF-8 throughout: no overlong forms, no surrogates, nothing past U+10FFFF. Empty text is. */
bool utf8_is_valid(const char *text, size_t size);

/* How many of the first `max` bytes of UTF-8 text can be kept without cutting a character in two. */
size_t utf8_cut(const char *text, size_t size, size_t max);

#endif
