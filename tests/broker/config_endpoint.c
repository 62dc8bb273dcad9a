#include "broker/config_endpoint.h"

#include <criterion/criterion.h>
#include <string.h>

Test(config_endpoint, is_loopback_tcp_or_ipc) {
  static const struct {
    const char *text;
    const char *error; /* NULL: good */
  } cases[] = {
      {"tcp://127.0.0.1:5570", NULL},
      {"tcp://127.9.9.9:1", NULL},
      {"tcp://localhost:65535", NULL},
      {"tcp://[::1]:1", NULL},
      {"tcp://127.0.0.1:*", NULL},
      {"ipc:///run/hbus.sock", NULL},
      {"ipc://@hbus", NULL},
      {"", "must begin with"},
      {"inproc://x", "must begin with"},
      {"tcp://", "must be tcp://HOST:PORT"},
      {"tcp://127.0.0.1", "must be tcp://HOST:PORT"},
      {"tcp://:5570", "must be tcp://HOST:PORT"},
      {"tcp://127.0.0.1:", "the port must be"},
      {"tcp://127.0.0.1:0", "the port must be"},
      {"tcp://127.0.0.1:65536", "the port must be"},
      {"tcp://127.0.0.1:99999999999999999999", "the port must be"},
      {"tcp://127.0.0.1:+1", "the port must be"},
      {"tcp://*:5570", "needs CURVE"},
      {"tcp://0.0.0.0:5570", "needs CURVE"},
      {"tcp://10.0.0.1:5570", "needs CURVE"},
      {"tcp://[::]:5570", "needs CURVE"},
      {"tcp://127.0.0.1.example.org:5570", "needs CURVE"},
      {"tcp://eth0:5570", "needs CURVE"},
      {"ipc://", "the path must have"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    hbus_error error = {0};
    hbus_status status = config_endpoint_check(cases[i].text, &error);
    cr_expect_eq(status, cases[i].error ? HBUS_INVALID_REQUEST : HBUS_OK, "%s: %s", cases[i].text, error.text);
    if (cases[i].error) cr_expect_not_null(strstr(error.text, cases[i].error), "%s: %s", cases[i].text, error.text);
  }
}
