/* libyaml's document tree carries the position of every node, which libcyaml's errors lack: hence libyaml itself, and a
 * schema of our own. Aliases make the tree a graph, possibly with cycles; the walk is bounded by the table's paths. */
#include "broker/config_reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NAME_SHOWN 80 /* bytes of a file's name in an error */
#define PATH_MAX_  96 /* of a key's path; a longer one is not in the table */

typedef struct reader {
  const char *name;
  yaml_document_t *document;
  config *to;
  config_mark *marks;
  hbus_error *error;
} reader;

hbus_status config_fail_at(const char *name, config_mark mark, hbus_error *error, const char *format, ...) {
  char sentence[HBUS_ERROR_TEXT_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  size_t size = strlen(name);
  bool cut = size > NAME_SHOWN;
  return hbus_fail(error, HBUS_INVALID_REQUEST, "%s%s:%zu:%zu: %s", cut ? "..." : "",
                   cut ? name + size - NAME_SHOWN : name, mark.line, mark.column, sentence);
}

static config_mark s_mark_of(yaml_mark_t mark) {
  return (config_mark){mark.line + 1, mark.column + 1};
}

__attribute__((format(printf, 3, 4))) static hbus_status s_fail(reader *self, const yaml_node_t *at, const char *format,
                                                                ...) {
  char sentence[HBUS_ERROR_TEXT_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  return config_fail_at(self->name, s_mark_of(at->start_mark), self->error, "%s", sentence);
}

static yaml_node_t *s_node(reader *self, int index) {
  return yaml_document_get_node(self->document, index);
}

/* A scalar's text, or NULL: no scalar, or one with a NUL in it. */
static const char *s_text(const yaml_node_t *node) {
  if (node->type != YAML_SCALAR_NODE) return NULL;
  const char *text = (const char *)node->data.scalar.value;
  return strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool s_is_plain(const yaml_node_t *node) {
  return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* A key without a value is as good as not given. */
static bool s_is_null(const yaml_node_t *node) {
  if (!s_is_plain(node)) return false;
  const char *text = (const char *)node->data.scalar.value;
  return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* ---- upstream.subscribe ---- */

static hbus_status s_read_name(reader *self, const yaml_node_t *node, const char *what, char **out) {
  const char *text = s_text(node);
  size_t size = text ? strlen(text) : 0;
  if (size == 0 || size > HBUS_NAME_MAX)
    return s_fail(self, node, "'%s' must be a text of 1 to %d bytes", what, HBUS_NAME_MAX);
  for (const char *c = text; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) return s_fail(self, node, "'%s' holds a control character", what);
  *out = strdup(text);
  return *out ? HBUS_OK : hbus_fail(self->error, HBUS_NO_MEMORY, "no memory for the configuration");
}

static hbus_status s_read_channel(reader *self, const yaml_node_t *node, hbus_channel *out) {
  const char *text = s_text(node);
  for (unsigned i = HBUS_CHANNEL_NONE + 1; text && i < HBUS_CHANNEL_COUNT; i++)
    if (strcmp(text, hbus_channel_name((hbus_channel)i)) == 0) {
      *out = (hbus_channel)i;
      return HBUS_OK;
    }
  return s_fail(self, node, "'channel' must be one of: order_book, trades, ticker (or left out, for all three)");
}

static hbus_status s_read_subscription(reader *self, const yaml_node_t *node, config_subscription *out) {
  bool channel_given = false;
  if (node->type != YAML_MAPPING_NODE)
    return s_fail(self, node, "an entry of 'upstream.subscribe' must have the keys exchange, market and maybe channel");
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = s_node(self, pair->key), *value = s_node(self, pair->value);
    const char *name = s_text(key) ? s_text(key) : "";
    bool exchange = strcmp(name, "exchange") == 0, market = strcmp(name, "market") == 0;
    bool channel = strcmp(name, "channel") == 0;
    if (!exchange && !market && !channel)
      return s_fail(self, key, "unknown key '%.40s' in 'upstream.subscribe'; known keys are exchange, market, channel",
                    name);
    if ((exchange && out->exchange) || (market && out->market) || (channel && channel_given))
      return s_fail(self, key, "the key '%s' stands twice", name);
    hbus_status status = HBUS_OK;
    if (exchange) status = s_read_name(self, value, "exchange", &out->exchange);
    if (market) status = s_read_name(self, value, "market", &out->market);
    if (channel && !s_is_null(value)) status = s_read_channel(self, value, &out->channel);
    channel_given |= channel;
    if (status != HBUS_OK) return status;
  }
  if (!out->exchange || !out->market)
    return s_fail(self, node, "an entry of 'upstream.subscribe' needs the key '%s'",
                  out->exchange ? "market" : "exchange");
  return HBUS_OK;
}

static hbus_status s_read_subscriptions(reader *self, const yaml_node_t *node) {
  if (node->type != YAML_SEQUENCE_NODE) return s_fail(self, node, "'upstream.subscribe' must be a list");
  size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
  if (count > CONFIG_SUBSCRIPTIONS_MAX)
    return s_fail(self, node, "'upstream.subscribe' takes at most %d entries", CONFIG_SUBSCRIPTIONS_MAX);
  if (count == 0) return HBUS_OK;
  self->to->upstream.subscribe = calloc(count, sizeof *self->to->upstream.subscribe);
  if (!self->to->upstream.subscribe) return hbus_fail(self->error, HBUS_NO_MEMORY, "no memory for the configuration");
  for (size_t i = 0; i < count; i++) {
    config_subscription *out = &self->to->upstream.subscribe[self->to->upstream.subscribe_count++];
    hbus_status status = s_read_subscription(self, s_node(self, node->data.sequence.items.start[i]), out);
    if (status != HBUS_OK) return status;
  }
  return HBUS_OK;
}

/* ---- values ---- */

static hbus_status s_read_scalar(reader *self, const config_key *key, const yaml_node_t *node) {
  static const char *const plain_kinds[] = {[CONFIG_NUMBER] = "a whole number", [CONFIG_BOOL] = "true or false"};
  bool plain_only = key->kind == CONFIG_NUMBER || key->kind == CONFIG_BOOL;
  if (plain_only && node->type == YAML_SCALAR_NODE && !s_is_plain(node))
    return s_fail(self, node, "'%s' must be %s, without quotes", key->path, plain_kinds[key->kind]);
  const char *text = s_text(node);
  if (!text) {
    if (node->type == YAML_SCALAR_NODE) return s_fail(self, node, "'%s' holds a NUL character", key->path);
    return s_fail(self, node, "'%s' must be one value, not a %s", key->path,
                  node->type == YAML_SEQUENCE_NODE ? "list" : "mapping");
  }
  hbus_error error;
  hbus_status status = config_key_set(key, self->to, text, &error);
  if (status == HBUS_INVALID_REQUEST) return s_fail(self, node, "%s", error.text);
  return status == HBUS_OK ? HBUS_OK : hbus_fail(self->error, status, "%s", error.text);
}

static hbus_status s_read_list(reader *self, const config_key *key, const yaml_node_t *node) {
  if (node->type == YAML_MAPPING_NODE) return s_fail(self, node, "'%s' must be one text or a list of them", key->path);
  if (node->type == YAML_SCALAR_NODE) return s_read_scalar(self, key, node);
  if (node->data.sequence.items.start == node->data.sequence.items.top)
    return s_fail(self, node, "'%s' must have an entry", key->path);
  for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
    hbus_status status = s_read_scalar(self, key, s_node(self, *item));
    if (status != HBUS_OK) return status;
  }
  return HBUS_OK;
}

static hbus_status s_read_value(reader *self, const config_key *key, const yaml_node_t *node) {
  if (s_is_null(node)) return HBUS_OK;
  self->marks[key - config_keys] = s_mark_of(node->start_mark);
  switch (key->kind) {
  case CONFIG_SUBSCRIPTIONS: return s_read_subscriptions(self, node);
  case CONFIG_LIST: return s_read_list(self, key, node);
  default: return s_read_scalar(self, key, node);
  }
}

/* ---- mappings ---- */

/* The part of a key's path that stands in the section `prefix` ("" or "log."), or NULL: it is not in there. */
static const char *s_within(const config_key *key, const char *prefix) {
  size_t size = strlen(prefix);
  return strncmp(key->path, prefix, size) == 0 ? key->path + size : NULL;
}

static bool s_is_section(const char *path) {
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    const char *rest = s_within(&config_keys[i], path);
    if (rest && *rest == '.') return true;
  }
  return false;
}

static hbus_status s_fail_unknown(reader *self, const yaml_node_t *key, const char *prefix) {
  char known[HBUS_ERROR_TEXT_SIZE] = "", last[PATH_MAX_] = "";
  size_t size = 0;
  for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
    const char *rest = s_within(&config_keys[i], prefix);
    if (!rest) continue;
    char name[PATH_MAX_];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(rest, "."), rest);
    if (strcmp(name, last) == 0) continue; /* a section's keys stand together in the table */
    memcpy(last, name, sizeof last);
    if (size < sizeof known)
      size += (size_t)snprintf(known + size, sizeof known - size, "%s%s", size ? ", " : "", name);
  }
  const char *text = s_text(key) ? s_text(key) : "";
  if (*prefix == '\0') return s_fail(self, key, "unknown key '%.40s'; known keys are %s", text, known);
  return s_fail(self, key, "unknown key '%.40s' in '%.*s'; known keys are %s", text, (int)strlen(prefix) - 1, prefix,
                known);
}

static bool s_stands_before(reader *self, const yaml_node_t *mapping, const yaml_node_pair_t *pair) {
  const char *name = s_text(s_node(self, pair->key));
  for (const yaml_node_pair_t *earlier = mapping->data.mapping.pairs.start; earlier < pair; earlier++)
    if (strcmp(s_text(s_node(self, earlier->key)), name) == 0) return true;
  return false;
}

/* Reads a section; `prefix` is its path with a dot behind it, "" for the whole. The depth is that of the table. */
static hbus_status s_read_mapping(reader *self, const yaml_node_t *node, const char *prefix) {
  if (s_is_null(node)) return HBUS_OK;
  if (node->type != YAML_MAPPING_NODE) {
    if (*prefix == '\0') return s_fail(self, node, "the configuration must be a mapping: keys, each with its value");
    return s_fail(self, node, "'%.*s' must be a mapping: keys, each with its value", (int)strlen(prefix) - 1, prefix);
  }
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
    const yaml_node_t *key = s_node(self, pair->key), *value = s_node(self, pair->value);
    const char *name = s_text(key);
    char path[PATH_MAX_];
    if (!name || strchr(name, '.') || (size_t)snprintf(path, sizeof path, "%s%s", prefix, name) >= sizeof path - 1)
      return s_fail_unknown(self, key, prefix);
    const config_key *found = config_key_find(path);
    if (!found && !s_is_section(path)) return s_fail_unknown(self, key, prefix);
    if (s_stands_before(self, node, pair)) return s_fail(self, key, "the key '%s' stands twice", path);
    hbus_status status;
    if (found) {
      status = s_read_value(self, found, value);
    } else {
      memcpy(path + strlen(path), ".", 2);
      status = s_read_mapping(self, value, path);
    }
    if (status != HBUS_OK) return status;
  }
  return HBUS_OK;
}

/* ---- the file ---- */

/* What libyaml says of a text that is not YAML. Its reader of characters knows an offset only. */
static hbus_status s_fail_parse(const char *name, const char *text, const yaml_parser_t *parser, hbus_error *error) {
  if (parser->error == YAML_MEMORY_ERROR) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
  config_mark mark = s_mark_of(parser->problem_mark);
  if (parser->error == YAML_READER_ERROR) {
    mark = (config_mark){1, 1};
    for (size_t i = 0; i < parser->problem_offset; i++) {
      mark.column = text[i] == '\n' ? 1 : mark.column + 1;
      mark.line += text[i] == '\n';
    }
  }
  return config_fail_at(name, mark, error, "this is not YAML: %s", parser->problem ? parser->problem : "unknown error");
}

static hbus_status s_read_document(const char *name, yaml_document_t *document, config *to, config_mark *marks,
                                   hbus_error *error) {
  reader self = {.name = name, .document = document, .to = to, .marks = marks, .error = error};
  yaml_node_t *root = yaml_document_get_root_node(document);
  return root ? s_read_mapping(&self, root, "") : HBUS_OK;
}

hbus_status config_read(const char *name, const char *text, size_t size, config *to,
                        config_mark marks[CONFIG_KEY_COUNT], hbus_error *error) {
  yaml_parser_t parser;
  yaml_document_t document;
  memset(marks, 0, CONFIG_KEY_COUNT * sizeof *marks);
  if (!yaml_parser_initialize(&parser)) return hbus_fail(error, HBUS_NO_MEMORY, "no memory for the configuration");
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);

  hbus_status status = HBUS_OK;
  for (unsigned count = 0; status == HBUS_OK; count++) {
    if (!yaml_parser_load(&parser, &document)) {
      status = s_fail_parse(name, text, &parser, error);
      break;
    }
    yaml_node_t *root = yaml_document_get_root_node(&document);
    bool more = root != NULL;
    if (more && count > 0)
      status = config_fail_at(name, s_mark_of(root->start_mark), error, "there is a second YAML document in the file");
    else
      status = s_read_document(name, &document, to, marks, error);
    yaml_document_delete(&document);
    if (!more) break;
  }
  yaml_parser_delete(&parser);
  return status;
}
