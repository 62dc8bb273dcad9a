/* Reading what replies carry. The typed calls for callers are in hbus/result.h; here is what the library needs beside.
 */
#ifndef CLIENT_UNPACK_H
#define CLIENT_UNPACK_H

#include "hbus/client.h"

/* The data of a reply to hello. HBUS_UNSUPPORTED: the broker speaks another version of the protocol. */
hbus_status unpack_hello(hbus_bytes data, hbus_hello *out, hbus_error *error);

#endif
