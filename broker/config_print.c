/* A config as YAML that loads to the same. */
#include <string.h>

#include "broker/config_schema.h"

#define INDENT 2

/* A character that YAML 1.1 does not take as it is, or takes for the end of a line: by its code point. */
static bool s_must_escape(unsigned code) {
  return code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
         code == 0xfffe || code == 0xffff;
}

/* Decodes one character of UTF-8 that is known to be well-formed. */
static unsigned s_next(const unsigned char **at) {
  const unsigned char *c = *at;
  size_t more = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : *c >= 0xc0 ? 1 : 0;
  unsigned code = more ? *c & (0x3fu >> more) : *c;
  for (c++; more > 0 && *c; more--)
    code = code << 6 | (*c++ & 0x3fu);
  *at = c;
  return code;
}

static void s_print_text(const char *text, FILE *out) {
  fputc('"', out);
  for (const unsigned char *at = (const unsigned char *)text; *at;) {
    const unsigned char *character = at;
    unsigned code = s_next(&at);
    if (code == '"' || code == '\\')
      fprintf(out, "\\%c", (char)code);
    else if (s_must_escape(code))
      fprintf(out, "\\u%04X", code);
    else
      fwrite(character, 1, (size_t)(at - character), out);
  }
  fputc('"', out);
}

static void s_print_list(const config_list *endpoints, FILE *out) {
  fputs(" [", out);
  for (unsigned i = 0; i < endpoints->count; i++) {
    if (i > 0) fputs(", ", out);
    s_print_text(endpoints->items[i], out);
  }
  fputs("]", out);
}

static void s_print_subscriptions(const config *self, FILE *out) {
  if (self->upstream.subscribe_count == 0) fputs(" []", out);
  for (unsigned i = 0; i < self->upstream.subscribe_count; i++) {
    const config_subscription *subscription = &self->upstream.subscribe[i];
    fputs("\n    - {exchange: ", out);
    s_print_text(subscription->exchange, out);
    fputs(", market: ", out);
    s_print_text(subscription->market, out);
    if (subscription->channel != HBUS_CHANNEL_NONE)
      fprintf(out, ", channel: %s", hbus_channel_name(subscription->channel));
    fputs("}", out);
  }
}

static void s_print_value(config *self, const config_key *key, FILE *out) {
  switch (key->kind) {
  case CONFIG_TEXT:
    if (!*config_text_at(self, key)) break; /* a key without a value: not given */
    fputc(' ', out);
    s_print_text(*config_text_at(self, key), out);
    break;
  case CONFIG_NUMBER: fprintf(out, " %llu", (unsigned long long)*config_number_at(self, key)); break;
  case CONFIG_BOOL: fprintf(out, " %s", *config_bool_at(self, key) ? "true" : "false"); break;
  case CONFIG_CHOICE: fprintf(out, " %s", key->choices[*config_choice_at(self, key)]); break;
  case CONFIG_LIST: s_print_list(config_list_at(self, key), out); break;
  case CONFIG_SUBSCRIPTIONS: s_print_subscriptions(self, out); break;
  }
  fputc('\n', out);
}

/* Prints the key's sections that the key before it does not stand in, and gives its own name and depth. */
static const char *s_print_sections(const char *path, const char *before, int *depth, FILE *out) {
  const char *name = path, *dot;
  bool same = true;
  *depth = 0;
  while ((dot = strchr(name, '.'))) {
    size_t end = (size_t)(dot - path) + 1;
    same = same && strncmp(path, before, end) == 0;
    if (!same) fprintf(out, "%*s%.*s:\n", *depth * INDENT, "", (int)(dot - name), name);
    name = dot + 1;
    ++*depth;
  }
  return name;
}

void config_print(const config *self, FILE *out) {
  config copy = *self; /* the members are reached through a config that is not const */
  const char *before = "", *source = "";
  if (self->upstream.api_key)
    source = self->upstream.api_key_from_environment ? "set (from HUMMINGBOT_API_KEY)" : "set (from api_key_file)";
  fprintf(out, "# api key: %s\n", *source ? source : "not set");
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    int depth;
    const char *name = s_print_sections(config_keys[i].path, before, &depth, out);
    fprintf(out, "%*s%s:", depth * INDENT, "", name);
    s_print_value(&copy, &config_keys[i], out);
    before = config_keys[i].path;
  }
}
