/* json.h on simdjson's On-Demand reader, the only C++ of hbus.
 *
 * On-Demand hands out numbers as they were written, but checks only what is read: so every value of a document is read,
 * once, in order. Its first stage has by then refused bad UTF-8 and control characters inside strings. */
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#define SIMDJSON_EXCEPTIONS         0
#define SIMDJSON_DEVELOPMENT_CHECKS 0 /* they would change what is accepted between debug and release */
#include <simdjson.h>

#include "proto/json.h"

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

struct json_reader {
  ondemand::parser parser;
  size_t size_max;
  char *copy; /* the document, and behind it the padding that simdjson reads */
  size_t copy_capacity;
  json_node *nodes;
  size_t count;
  size_t capacity;

  explicit json_reader(size_t max)
      : parser(max), size_max(max), copy(nullptr), copy_capacity(0), nodes(nullptr), count(0), capacity(0) {}
  ~json_reader() {
    free(copy);
    free(nodes);
  }
  json_reader(const json_reader &) = delete;
  json_reader &operator=(const json_reader &) = delete;
};

static hbus_status s_emit_value(json_reader *self, ondemand::value &value, unsigned depth);

static hbus_status s_status(error_code error) {
  return error == simdjson::MEMALLOC ? HBUS_NO_MEMORY : HBUS_MALFORMED;
}

/* ---- Nodes ---- */

static hbus_status s_grow_nodes(json_reader *self) {
  size_t capacity = self->capacity == 0 ? 1024 : self->capacity * 2;
  auto *nodes = static_cast<json_node *>(realloc(self->nodes, capacity * sizeof *self->nodes));
  if (nodes == nullptr) return HBUS_NO_MEMORY;
  self->nodes = nodes;
  self->capacity = capacity;
  return HBUS_OK;
}

static inline hbus_status s_emit(json_reader *self, json_type type, std::string_view text) {
  if (self->count == self->capacity && s_grow_nodes(self) != HBUS_OK) return HBUS_NO_MEMORY;
  self->nodes[self->count++] = json_node{text.data(), static_cast<uint32_t>(text.size()), 1, type};
  return HBUS_OK;
}

/* Fills in what is known of a container only at its end. */
static void s_close_container(json_reader *self, size_t index, uint32_t size) {
  self->nodes[index].size = size;
  self->nodes[index].next = static_cast<uint32_t>(self->count - index);
}

/* ---- Scalars ---- */

/* A raw token reaches to the next one, so blanks may follow the value. */
static std::string_view s_trim(std::string_view token) {
  return token.substr(0, token.find_last_not_of(" \t\n\r") + 1);
}

static size_t s_skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9')
    at++;
  return at;
}

/* RFC 8259, section 6: [-] int [frac] [exp], no leading zero, digits on both sides of the point. */
static bool s_is_number(std::string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t end = s_skip_digits(text, at);
  if (end == at || (text[at] == '0' && end - at > 1)) return false;
  at = end;
  if (at < text.size() && text[at] == '.') {
    end = s_skip_digits(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
    end = s_skip_digits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

/* Anything but a string: a number, or one of the three words. */
static hbus_status s_emit_bare(json_reader *self, std::string_view token) {
  std::string_view text = s_trim(token);
  if (s_is_number(text)) return s_emit(self, JSON_NUMBER, text);
  if (text == "true") return s_emit(self, JSON_TRUE, {});
  if (text == "false") return s_emit(self, JSON_FALSE, {});
  if (text == "null") return s_emit(self, JSON_NULL, {});
  return HBUS_MALFORMED;
}

/* ---- Containers ---- */

static hbus_status s_emit_array(json_reader *self, ondemand::value &value, unsigned depth) {
  if (depth == HBUS_DEPTH_MAX) return HBUS_TOO_DEEP;
  ondemand::array array;
  if (error_code error = value.get_array().get(array)) return s_status(error);
  size_t index = self->count;
  hbus_status status = s_emit(self, JSON_ARRAY, {});
  uint32_t size = 0;
  for (auto item : array) {
    if (status != HBUS_OK) return status;
    if (item.error()) return s_status(item.error());
    ondemand::value &&element = std::move(item).value_unsafe();
    status = s_emit_value(self, element, depth + 1);
    size++;
  }
  if (status == HBUS_OK) s_close_container(self, index, size);
  return status;
}

static hbus_status s_emit_object(json_reader *self, ondemand::value &value, unsigned depth) {
  if (depth == HBUS_DEPTH_MAX) return HBUS_TOO_DEEP;
  ondemand::object object;
  if (error_code error = value.get_object().get(object)) return s_status(error);
  size_t index = self->count;
  hbus_status status = s_emit(self, JSON_OBJECT, {});
  uint32_t size = 0;
  for (auto item : object) {
    if (status != HBUS_OK) return status;
    if (item.error()) return s_status(item.error());
    ondemand::field &&field = std::move(item).value_unsafe();
    std::string_view key;
    if (error_code error = field.unescaped_key().get(key)) return s_status(error);
    status = s_emit(self, JSON_STRING, key);
    if (status == HBUS_OK) status = s_emit_value(self, field.value(), depth + 1);
    size++;
  }
  if (status == HBUS_OK) s_close_container(self, index, size);
  return status;
}

static hbus_status s_emit_value(json_reader *self, ondemand::value &value, unsigned depth) {
  std::string_view token = value.raw_json_token();
  std::string_view text;
  switch (token[0]) {
  case '[': return s_emit_array(self, value, depth);
  case '{': return s_emit_object(self, value, depth);
  case '"':
    if (error_code error = value.get_string().get(text)) return s_status(error);
    return s_emit(self, JSON_STRING, text);
  default: return s_emit_bare(self, token);
  }
}

/* ---- The document ---- */

/* On-Demand treats a scalar at the root apart. It is the only token exactly if it reaches to the end. */
static hbus_status s_emit_root_scalar(json_reader *self, ondemand::document &document, size_t size) {
  std::string_view token;
  std::string_view text;
  if (error_code error = document.raw_json_token().get(token)) return s_status(error);
  if (token.data() + token.size() != self->copy + size) return HBUS_MALFORMED;
  if (token[0] != '"') return s_emit_bare(self, token);
  if (error_code error = document.get_string().get(text)) return s_status(error);
  return s_emit(self, JSON_STRING, text);
}

static hbus_status s_emit_document(json_reader *self, ondemand::document &document, size_t size) {
  bool is_scalar;
  if (error_code error = document.is_scalar().get(is_scalar)) return s_status(error);
  if (is_scalar) return s_emit_root_scalar(self, document, size);

  ondemand::value root;
  if (error_code error = document.get_value().get(root)) return s_status(error);
  hbus_status status = s_emit_value(self, root, 0);
  if (status != HBUS_OK) return status;
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? HBUS_OK : HBUS_MALFORMED;
}

static hbus_status s_reserve_copy(json_reader *self, size_t capacity) {
  if (capacity <= self->copy_capacity) return HBUS_OK;
  capacity *= 2; /* the next document may be a little longer */
  free(self->copy);
  self->copy = static_cast<char *>(malloc(capacity));
  self->copy_capacity = self->copy != nullptr ? capacity : 0;
  return self->copy != nullptr ? HBUS_OK : HBUS_NO_MEMORY;
}

extern "C" {

json_reader *json_reader_new(size_t size_max) {
  assert(size_max > 0 && size_max <= UINT32_MAX / 4);
  return new (std::nothrow) json_reader(size_max);
}

void json_reader_destroy(json_reader **self) {
  assert(self != nullptr);
  delete *self;
  *self = nullptr;
}

hbus_status json_read(json_reader *self, const char *text, size_t size, const json_node **root) {
  assert(self != nullptr && root != nullptr);
  if (size > self->size_max) return HBUS_TOO_BIG;
  if (size == 0) return HBUS_MALFORMED;
  size_t padded_size = size + simdjson::SIMDJSON_PADDING;
  hbus_status status = s_reserve_copy(self, padded_size);
  if (status != HBUS_OK) return status;
  memcpy(self->copy, text, size);
  memset(self->copy + size, 0, padded_size - size);

  self->count = 0;
  ondemand::document document;
  if (error_code error = self->parser.iterate(self->copy, size, padded_size).get(document)) return s_status(error);
  status = s_emit_document(self, document, size);
  if (status == HBUS_OK) *root = self->nodes;
  return status;
}

const json_node *json_get(const json_node *node, const char *key) {
  if (node == nullptr || node->type != JSON_OBJECT) return nullptr;
  size_t key_size = strlen(key);
  const json_node *at = json_first(node);
  for (uint32_t i = 0; i < node->size; i++) {
    const json_node *value = json_next(at);
    if (at->size == key_size && memcmp(at->text, key, key_size) == 0) return value;
    at = json_next(value);
  }
  return nullptr;
}

bool json_is(const json_node *node, const char *text) {
  return node != nullptr && node->type == JSON_STRING && node->size == strlen(text) &&
         memcmp(node->text, text, node->size) == 0;
}

} /* extern "C" */
