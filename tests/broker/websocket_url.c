#include "broker/link/websocket_url.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "broker/link/websocket.h"

Test(websocket_url, is_checked) {
  static const struct {
    const char *url;
    const char *error; /* NULL: good */
  } cases[] = {
      {"ws://localhost:15888/ws", NULL},
      {"wss://bot.example.org/ws?x=1", NULL},
      {"WS://127.0.0.1", NULL},
      {"ws://[::1]:80/", NULL},
      {"ws://a_b-c.d:65535", NULL},
      {"http://localhost/", "must begin with ws:// or wss://"},
      {"", "must begin with"},
      {"ws://", "has no host"},
      {"ws://:80/", "has no host"},
      {"ws://host:0/", "from 1 to 65535"},
      {"ws://host:65536/", "from 1 to 65535"},
      {"ws://host:99999999999999999999/", "from 1 to 65535"},
      {"ws://host:/", "from 1 to 65535"},
      {"ws://host:80x/", "from 1 to 65535"},
      {"ws://user:secret@host/", "user name or password"},
      {"ws://ho st/", "not allowed"},
      {"ws://host?x", "must go on with '/'"},
      {"ws://host/a b", "not allowed"},
      {"ws://host/#top", "not allowed"},
      {"ws://host/a\r\nX: y", "not allowed"},
      {"ws://[::1/", "without its ']'"},
      {"ws://[1.2.3.4]/", "not an IPv6 address"},
      {"wss://[::1]/", "needs a host name"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    hbus_error error = {0};
    hbus_status status = websocket_url_check(cases[i].url, &error);
    cr_expect_eq(status, cases[i].error ? HBUS_INVALID_REQUEST : HBUS_OK, "%s: %s", cases[i].url, error.text);
    if (cases[i].error) cr_expect_not_null(strstr(error.text, cases[i].error), "%s: %s", cases[i].url, error.text);
  }
}

Test(websocket_url, has_bounds) {
  char url[2048] = "ws://";
  memset(url + 5, 'h', 127);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_OK);
  url[132] = 'h';
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_INVALID_REQUEST);
  snprintf(url, sizeof url, "ws://h/%01023d", 0);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_OK);
  snprintf(url, sizeof url, "ws://h/%01024d", 0);
  cr_expect_eq(websocket_url_check(url, NULL), HBUS_INVALID_REQUEST);
}

Test(websocket_url, is_taken_apart_and_put_together) {
  static const struct {
    const char *text, *host, *path, *authority, *formatted;
    uint16_t port;
    bool tls;
  } cases[] = {
      {"ws://a", "a", "/", "a", "ws://a/", 80, false},
      {"WSS://b.c:443/x?y=1", "b.c", "/x?y=1", "b.c", "wss://b.c/x?y=1", 443, true},
      {"wss://b.c:80/", "b.c", "/", "b.c:80", "wss://b.c:80/", 80, true},
      {"ws://[::1]:15888/ws", "::1", "/ws", "[::1]:15888", "ws://[::1]:15888/ws", 15888, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    websocket_url url;
    char text[WEBSOCKET_URL_MAX];
    cr_assert_eq(websocket_url_parse(cases[i].text, &url, NULL), HBUS_OK);
    cr_expect_str_eq(url.host, cases[i].host);
    cr_expect_str_eq(url.path, cases[i].path);
    cr_expect_eq(url.port, cases[i].port);
    cr_expect_eq(url.tls, cases[i].tls);
    websocket_url_authority(&url, text, sizeof text);
    cr_expect_str_eq(text, cases[i].authority);
    websocket_url_format(&url, text, sizeof text);
    cr_expect_str_eq(text, cases[i].formatted);
  }
}
