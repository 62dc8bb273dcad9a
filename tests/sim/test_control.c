#include "tests/sim/control.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/sim/test_support.h"

/* The answer to a command, valid until the next. */
static const char *s_command(support *self, const char *line) {
  static buffer out; /* a test is a process of its own */
  if (!out.limit) buffer_init(&out, CONTROL_ANSWER_MAX);
  buffer_reset(&out);
  control_handle(&self->sim, line, &out);
  cr_assert_eq(out.status, HBUS_OK);
  cr_assert_eq(out.data[out.size - 1], '\n');
  out.data[out.size - 1] = '\0';
  return (const char *)out.data;
}

static void s_init(support *self) {
  simulator_options options = support_options();
  support_init(self, &options);
}

Test(control, commands_are_checked) {
  static const struct {
    const char *line, *error;
  } rows[] = {
      {"", "unknown command ''"},
      {"fau", "unknown command 'fau'"},
      {"faultline", "unknown command 'faultline'"},
      {"fault", "fault SPEC, or fault clear [NAME]"},
      {"fault clearly", "unknown fault 'clearly'"},
      {"fault late", "fault 'late' must be written late=MS[,TYPE]"},
      {"orders all", "orders takes nothing more"},
      {"\"\\", "unknown command '\"\\'"},
  };
  support s;
  s_init(&s);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_reader *reader = json_reader_new(4096);
    const json_node *root;
    const char *answer = s_command(&s, rows[i].line);
    cr_assert_eq(json_read(reader, answer, strlen(answer), &root), HBUS_OK, "%s", answer);
    cr_assert_eq(json_get(root, "ok")->type, JSON_FALSE, "%s", answer);
    cr_assert(json_is(json_get(root, "error"), rows[i].error), "%s", answer);
    json_reader_destroy(&reader);
  }
  support_free(&s);
}

Test(control, sets_lists_and_clears_faults) {
  support s;
  s_init(&s);
  cr_assert_str_eq(s_command(&s, "fault  late=5,get_order"), "{\"ok\":true}");
  cr_assert_str_eq(s_command(&s, "fault reject=create_order:Try \"again\" later"), "{\"ok\":true}");
  cr_assert_str_eq(s_command(&s, "faults"),
                   "{\"ok\":true,\"faults\":[\"late=5,get_order\",\"reject=create_order:Try \\\"again\\\" later\"]}");
  support_has(support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\"}"), "Try \\\"again\\\" later");
  cr_assert_str_eq(s_command(&s, "fault clear late"), "{\"ok\":true,\"cleared\":1}");
  cr_assert_str_eq(s_command(&s, "fault clear late"), "{\"ok\":true,\"cleared\":0}");
  cr_assert_str_eq(s_command(&s, "fault clear"), "{\"ok\":true,\"cleared\":1}");
  cr_assert_str_eq(s_command(&s, "faults"), "{\"ok\":true,\"faults\":[]}");
  support_free(&s);
}

Test(control, tells_orders_with_the_clients_ids) {
  simulator_options options = support_options();
  options.no_client_ids = true;
  support s;
  support_init(&s, &options);
  support_ask(&s, "{\"id\":\"1\",\"type\":\"create_order\",\"exchange\":\"binance\",\"market\":\"ETH-USDT\","
                  "\"side\":\"sell\",\"order_type\":\"market\",\"amount\":\"0.01\",\"client_order_id\":\"mine\"}");
  const char *answer = s_command(&s, "orders");
  support_has(answer, "\"filled\":\"0.0100\"");
  support_has(answer, "\"status\":\"filled\"");
  support_has(answer, "\"client_order_id\":\"mine\"");
  answer = s_command(&s, "stats");
  support_has(answer, "\"connections\":1,");
  support_has(answer, "\"creates_accepted\":1,");
  support_has(answer, "\"fills\":1,");
  support_free(&s);
}

Test(control, cuts_all_connections_once) {
  support s;
  s_init(&s);
  cr_assert_not_null(hub_add(&s.sim.sessions, NULL, NULL));
  cr_assert_str_eq(s_command(&s, "cut"), "{\"ok\":true,\"cut\":2}");
  cr_assert_eq(s.client->state, SESSION_ABORTED);
  cr_assert_str_eq(s_command(&s, "cut"), "{\"ok\":true,\"cut\":0}");
  support_has(s_command(&s, "stats"), "\"cuts\":2,");
  support_free(&s);
}
