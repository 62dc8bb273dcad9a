#include "tests/sim/listener.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int s_connect(const listener *to) {
  int made = socket(AF_INET, SOCK_STREAM, 0);
  int result = connect(made, (const struct sockaddr *)&to->address, sizeof to->address);
  int reason = result == 0 ? 0 : errno;
  close(made);
  return reason;
}

Test(listener, keeps_its_port_while_it_does_not_listen) {
  listener made, other;
  cr_assert_eq(listener_open(&made, "127.0.0.1", 0, NULL), HBUS_OK);
  cr_assert_gt(listener_port(&made), 0);
  cr_assert_eq(s_connect(&made), ECONNREFUSED);
  for (unsigned round = 0; round < 3; round++) {
    int listening = listener_start(&made);
    cr_assert_geq(listening, 0);
    cr_assert_eq(s_connect(&made), 0);
    int accepted = listener_accept(listening);
    cr_assert_geq(accepted, 0);
    cr_assert_eq(listener_accept(listening), -1);
    close(accepted);
    hbus_error error;
    cr_assert_eq(listener_open(&other, "127.0.0.1", listener_port(&made), &error), HBUS_INVALID_REQUEST);
    listener_close(&other);
    close(listening);
    cr_assert_eq(s_connect(&made), ECONNREFUSED);
  }
  listener_close(&made);
}

Test(listener, says_what_is_wrong_with_an_address) {
  listener made;
  hbus_error error;
  cr_assert_eq(listener_open(&made, "localhost", 1, &error), HBUS_INVALID_REQUEST);
  cr_assert_str_eq(error.text, "cannot listen on 'localhost': it is no IPv4 address");
  cr_assert_eq(listener_open(&made, "192.0.2.1", 0, &error), HBUS_INVALID_REQUEST);
  cr_assert_str_eq(error.text, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}
