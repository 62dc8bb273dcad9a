/* Any bytes as what repair is made of: the lists of commands, and the data of sequences, replay and snapshot. What is
 * read packs, and packs to the same bytes when read again. A whole reply is looked into: that is what the seeds are. */
#include <assert.h>
#include <string.h>

#include "proto/repair_codec.h"
#include "proto/repair_list.h"
#include "proto/reply_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads what it is of, and packs it: HBUS_MALFORMED where a name is not known here. */
typedef hbus_status remake_fn(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error);

static hbus_status s_remake_prefixes(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error) {
  (void)unpacker;
  hbus_text prefixes[HBUS_PREFIXES_MAX];
  size_t count = 0;
  hbus_status status = prefixes_unpack(data, prefixes, &count, error);
  if (status == HBUS_OK) assert(prefixes_pack(prefixes, count, out) == HBUS_OK);
  return status;
}

static hbus_status s_remake_acks(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error) {
  (void)unpacker;
  hbus_stamp acks[HBUS_ACKS_MAX];
  size_t count = 0;
  hbus_status status = acks_unpack(data, acks, &count, error);
  if (status == HBUS_OK) assert(acks_pack(acks, count, out) == HBUS_OK);
  return status;
}

static hbus_status s_remake_sequences(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error) {
  hbus_sequences sequences;
  hbus_status status = sequences_reply_unpack(unpacker, data, &sequences, error);
  if (status == HBUS_OK) assert(sequences_reply_pack(&sequences, out) == HBUS_OK);
  return status;
}

static hbus_status s_remake_replay(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error) {
  hbus_replay replay;
  hbus_status status = replay_reply_unpack(unpacker, data, &replay, error);
  if (status == HBUS_OK) assert(replay_reply_pack(&replay, out) == HBUS_OK);
  return status;
}

static hbus_status s_remake_snapshot(repair_unpacker *unpacker, hbus_bytes data, buffer *out, hbus_error *error) {
  hbus_snapshot snapshot;
  hbus_status status = snapshot_reply_unpack(unpacker, data, &snapshot, error);
  if (status == HBUS_OK) (void)snapshot_reply_pack(&snapshot, out);
  return status;
}

static void s_try(remake_fn *remake, repair_unpacker *unpacker, hbus_bytes data) {
  buffer first, second;
  buffer_init(&first, 2 * HBUS_FRAME_MAX);
  buffer_init(&second, 2 * HBUS_FRAME_MAX);
  hbus_error error = {0};
  if (remake(unpacker, data, &first, &error) != HBUS_OK) {
    assert(strlen(error.text) > 0 || data.size == 0);
  } else if (first.size > 0) {
    assert(remake(unpacker, (hbus_bytes){first.data, first.size}, &second, NULL) == HBUS_OK);
    assert(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  }
  buffer_free(&first);
  buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static remake_fn *const remakes[] = {s_remake_prefixes, s_remake_acks, s_remake_sequences, s_remake_replay,
                                       s_remake_snapshot};
  repair_unpacker *unpacker = repair_unpacker_new();
  hbus_bytes part = {data, size};
  hbus_reply reply;
  if (reply_unpack(data, size, &reply, NULL) == HBUS_OK && reply.data.size > 0) part = reply.data;
  for (size_t i = 0; i < sizeof remakes / sizeof remakes[0]; i++)
    s_try(remakes[i], unpacker, part);
  repair_unpacker_destroy(&unpacker);
  return 0;
}
