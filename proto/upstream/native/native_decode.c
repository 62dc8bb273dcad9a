/* Frames of the native dialect: what kind it is, and the decoder's life. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/upstream/error_class.h"
#include "proto/upstream/native/native_decoder.h"

/* Passing a field on can make it longer, by a prefix or by the head that msgpack puts before it, but not by twice. */
#define EXTRA_SIZE_FACTOR 2

native_decoder *native_decoder_new(size_t frame_max) {
  native_decoder *self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  buffer_init(&self->extra, EXTRA_SIZE_FACTOR * frame_max);
  self->reader = json_reader_new(frame_max);
  self->bids = malloc(HBUS_BOOK_LEVELS_MAX * sizeof *self->bids);
  self->asks = malloc(HBUS_BOOK_LEVELS_MAX * sizeof *self->asks);
  if (self->reader == NULL || self->bids == NULL || self->asks == NULL) native_decoder_destroy(&self);
  return self;
}

void native_decoder_destroy(native_decoder **self_p) {
  assert(self_p != NULL);
  native_decoder *self = *self_p;
  if (self == NULL) return;
  json_reader_destroy(&self->reader);
  buffer_free(&self->extra);
  free(self->bids);
  free(self->asks);
  free(self->list.items);
  free(self);
  *self_p = NULL;
}

static bool s_is_string(const json_node *node) {
  return node != NULL && node->type == JSON_STRING;
}

static hbus_text s_text(const json_node *node) {
  bool is_text = node != NULL && (node->type == JSON_STRING || node->type == JSON_NUMBER);
  return is_text ? (hbus_text){node->text, node->size} : (hbus_text){NULL, 0};
}

hbus_status native_class_of(const json_node *code, const json_node *message) {
  return error_class(s_text(code), s_is_string(message) ? s_text(message) : (hbus_text){NULL, 0});
}

static hbus_status s_read_json(native_decoder *self, const char *text, size_t size, const json_node **root,
                               hbus_error *error) {
  hbus_status status = json_read(self->reader, text, size, root);
  switch (status) {
  case HBUS_OK: return HBUS_OK;
  case HBUS_TOO_BIG: return hbus_fail(error, status, "frame: %zu bytes are more than a frame may have", size);
  case HBUS_TOO_DEEP: return hbus_fail(error, status, "frame: nested deeper than %d levels", HBUS_DEPTH_MAX);
  case HBUS_NO_MEMORY: return hbus_fail(error, status, "frame: no memory for %zu bytes", size);
  default: return hbus_fail(error, status, "frame: its %zu bytes are no JSON, or no UTF-8", size);
  }
}

hbus_status native_decode(native_decoder *self, const char *text, size_t size, native_frame *out, hbus_error *error) {
  assert(self != NULL && text != NULL && out != NULL);
  static const native_place place = {"JSON", "frame", NATIVE_NO_INDEX};
  const json_node *root = NULL;
  native_frame frame = {0};
  self->has_response = false;
  buffer_reset(&self->extra);
  self->parts = (native_parts){0};

  hbus_status status = s_read_json(self, text, size, &root, error);
  if (status == HBUS_OK) status = native_fields_read(&native_shape_parts, root, &self->parts, NULL, &place, error);
  if (status != HBUS_OK) return status;

  const native_parts *parts = &self->parts;
  if (s_is_string(parts->status) && s_is_string(parts->id)) {
    if (!json_is(parts->status, "success") && !json_is(parts->status, "error"))
      return hbus_fail(error, HBUS_MALFORMED, "response: status must be success or error");
    frame.kind = NATIVE_RESPONSE;
    frame.id = s_text(parts->id);
    self->has_response = true;
  } else if (s_is_string(parts->type)) {
    frame.kind = NATIVE_EVENT;
    status = native_decode_event(self, &frame.event, error);
  } else {
    status = hbus_fail(error, HBUS_MALFORMED, "frame: neither a response (id, status) nor an event (type, data)");
  }
  if (status == HBUS_OK) *out = frame;
  return status;
}
