/* What every test of the client starts with. */
#ifndef TESTS_CLIENT_FIXTURE_H
#define TESTS_CLIENT_FIXTURE_H

#include <msgpack.h>

#include "fake_broker.h"
#include "hbus/hbus.h"

/* Options that lead to the fake broker, under the name "test". */
hbus_options fixture_options(const fake_broker *broker);
/* A client connected to it; the test fails if it cannot. */
hbus_client *fixture_connect(const fake_broker *broker);

/* The last command that the broker got. Only after a call has returned. */
const hbus_command *fixture_last(const fake_broker *broker);

/* Packing into a buffer: packer->data is the buffer. */
void fixture_packer(msgpack_packer *packer, buffer *out);
void fixture_pack_text(msgpack_packer *packer, const char *text);

hbus_decimal fixture_decimal(const char *text);

#endif
