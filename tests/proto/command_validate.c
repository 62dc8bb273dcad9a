/* What a command that could be read must mean: command_validate, command_same_order, command_has_side_effects. */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/command_codec.h"

#define D(literal)                                                                                                     \
  { sizeof(literal) - 1, literal }

#define B(literal)                                                                                                     \
  { (const uint8_t *)literal, sizeof(literal) - 1 }
#define NESTED_12 "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91" /* arrays of one */
#define REPLAY(stream_, topic_, from_, to_)                                                                            \
  { .kind = HBUS_REPLAY, .stream = HBUS_STREAM_##stream_, .topic = topic_, .from = from_, .to = to_ }

static const hbus_decimal s_one = D("1"), s_zero = D("0.00"), s_minus = D("-1"), s_none = {0};

static hbus_command s_create(hbus_order_type type, hbus_decimal price, hbus_decimal stop_price) {
  return (hbus_command){.id = "1",
                        .kind = HBUS_CREATE_ORDER,
                        .exchange = "kraken",
                        .market = "BTC-USD",
                        .client_order_id = "c",
                        .side = HBUS_BUY,
                        .order_type = type,
                        .amount = s_one,
                        .price = price,
                        .stop_price = stop_price};
}

static void s_expect(const hbus_command *command, hbus_status status, const char *named) {
  hbus_error error = {0};
  cr_assert_eq(command_validate(command, &error), status, "%s", error.text);
  if (status != HBUS_OK) cr_assert_not_null(strstr(error.text, named), "\"%s\" does not name %s", error.text, named);
  cr_assert_eq(command_validate(command, NULL), status);
}

Test(command_validate, each_order_type_has_its_prices) {
  static const struct {
    hbus_order_type type;
    bool price, stop_price;
  } rows[] = {{HBUS_LIMIT, true, false},
              {HBUS_LIMIT_MAKER, true, false},
              {HBUS_MARKET, false, false},
              {HBUS_STOP, false, true},
              {HBUS_STOP_LIMIT, true, true}};
  cr_assert_eq(sizeof rows / sizeof rows[0], HBUS_ORDER_TYPE_COUNT - 1);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (int given = 0; given < 4; given++) {
      bool price = given & 1, stop_price = given & 2;
      hbus_command command = s_create(rows[i].type, price ? s_one : s_none, stop_price ? s_one : s_none);
      bool price_right = price == rows[i].price, stop_right = stop_price == rows[i].stop_price;
      s_expect(&command, price_right && stop_right ? HBUS_OK : HBUS_INVALID_ORDER,
               price_right ? "'stop_price'" : "'price'");
    }
  }
}

Test(command_validate, numbers_must_be_positive) {
  const hbus_decimal wrong[] = {s_zero, s_minus};
  for (size_t i = 0; i < 2; i++) {
    hbus_command command = s_create(HBUS_STOP_LIMIT, s_one, s_one);
    command.amount = wrong[i];
    s_expect(&command, HBUS_INVALID_ORDER, "'amount' must be positive");
    command = s_create(HBUS_STOP_LIMIT, wrong[i], s_one);
    s_expect(&command, HBUS_INVALID_ORDER, "'price' must be positive");
    command = s_create(HBUS_STOP_LIMIT, s_one, wrong[i]);
    s_expect(&command, HBUS_INVALID_ORDER, "'stop_price' must be positive");
  }
  hbus_command command = s_create(HBUS_MARKET, s_none, s_none);
  command.amount = s_none;
  s_expect(&command, HBUS_INVALID_ORDER, "'amount' is missing");
  command = s_create(HBUS_ORDER_TYPE_NONE, s_none, s_none);
  s_expect(&command, HBUS_INVALID_ORDER, "'order_type' is missing");
}

Test(command_validate, names_must_fit_a_topic) {
  for (int kind = HBUS_CREATE_ORDER; kind <= HBUS_CANCEL_ORDER; kind++) {
    hbus_command command = s_create(HBUS_MARKET, s_none, s_none);
    command.kind = (hbus_command_kind)kind;
    memset(command.exchange, '/', HBUS_NAME_MAX);
    memset(command.market, 'm', 22);
    command.market[22] = '\0';
    s_expect(&command, HBUS_OK, "");
    command.market[22] = 'm';
    s_expect(&command, kind == HBUS_CREATE_ORDER ? HBUS_INVALID_ORDER : HBUS_INVALID_REQUEST, "'market'");
  }
}

Test(command_validate, other_commands_have_nothing_to_weigh) {
  hbus_command command = {.id = "1", .kind = HBUS_GET_BALANCES, .exchange = "kraken"};
  s_expect(&command, HBUS_OK, "");
  command = (hbus_command){.id = "1", .kind = HBUS_PING};
  s_expect(&command, HBUS_OK, "");
}

/* One row each: what is given beside the id, and the field that the refusal names; NULL: it makes sense. */
Test(command_validate, arguments_must_make_sense_together) {
  static const struct {
    hbus_command command;
    const char *named;
  } rows[] = {
      {{.kind = HBUS_HELLO, .name = "m"}, NULL},
      {{.kind = HBUS_HELLO, .name = "m", .cancel_on_disconnect = true}, NULL},
      {{.kind = HBUS_HELLO, .name = "m", .cancel_on_disconnect = true, .grace_ms = 1}, NULL},
      {{.kind = HBUS_HELLO, .name = "m", .grace_ms = 1}, "'grace_ms'"},

      {{.kind = HBUS_GET_OPEN_ORDERS}, NULL},
      {{.kind = HBUS_GET_OPEN_ORDERS, .exchange = "e", .market = "m"}, NULL},
      {{.kind = HBUS_GET_OPEN_ORDERS, .exchange = "e"}, "'market' is missing"},
      {{.kind = HBUS_GET_OPEN_ORDERS, .market = "m"}, "'exchange' is missing"},

      {{.kind = HBUS_CANCEL_ALL}, NULL},
      {{.kind = HBUS_CANCEL_ALL, .exchange = "e", .side = HBUS_SELL, .owner = "*"}, NULL},
      {{.kind = HBUS_CANCEL_ALL, .exchange = "e", .market = "m"}, NULL},
      {{.kind = HBUS_CANCEL_ALL, .market = "m"}, "'exchange' is missing"},

      {{.kind = HBUS_GET_POSITIONS, .exchange = "e"}, NULL},
      {{.kind = HBUS_GET_POSITIONS, .exchange = "e", .market = "m", .source = HBUS_POSITION_UPSTREAM}, NULL},
      {{.kind = HBUS_GET_POSITIONS}, "'exchange' is missing"},
      {{.kind = HBUS_GET_POSITIONS, .source = HBUS_POSITION_UPSTREAM}, "'exchange' is missing"},
      {{.kind = HBUS_GET_POSITIONS, .exchange = "e", .owner = "m"}, "'owner'"},
      {{.kind = HBUS_GET_POSITIONS, .source = HBUS_POSITION_FILLS}, NULL},
      {{.kind = HBUS_GET_POSITIONS, .source = HBUS_POSITION_FILLS, .exchange = "e", .owner = "m"}, NULL},
      {{.kind = HBUS_GET_POSITIONS, .source = HBUS_POSITION_FILLS, .market = "m"}, "'exchange' is missing"},

      {{.kind = HBUS_RESOLVE_ORDER, .client_order_id = "c", .order_id = "1", .owner = "m"}, NULL},
      {{.kind = HBUS_RESOLVE_ORDER, .client_order_id = "c", .order_status = HBUS_FAILED}, NULL},
      {{.kind = HBUS_RESOLVE_ORDER, .client_order_id = "c", .order_status = HBUS_FAILED, .order_id = "1"}, "'status'"},
      {{.kind = HBUS_RESOLVE_ORDER, .client_order_id = "c", .order_status = HBUS_OPEN}, "must be failed; got open"},

      {{.kind = HBUS_SNAPSHOT}, NULL},
      {{.kind = HBUS_SNAPSHOT, .exchange = "e", .market = "m", .balances = true}, NULL},
      {{.kind = HBUS_SNAPSHOT, .exchange = "e"}, "'market' is missing"},
      {{.kind = HBUS_SNAPSHOT, .market = "m"}, "'exchange' is missing"},
      {{.kind = HBUS_SNAPSHOT, .balances = true}, "'exchange' is missing: 'balances' needs it"},

      {REPLAY(MARKET, "market_data/ticker/e/m/", 1, 1), NULL},
      {REPLAY(PRIVATE, "trade_update/e/m/", 1, 2), NULL},
      {REPLAY(MARKET, "market_data/ticker/e/m/", 2, 1), "'to' must not be less than 'from'"},
      {REPLAY(MARKET, "market_data/ticker/e/m", 1, 1), "'topic' must be a whole topic"},
      {REPLAY(MARKET, "market_data//", 1, 1), "'topic' must be a whole topic"},
      {REPLAY(MARKET, "market_data/a b/", 1, 1), "'topic' must be a whole topic"},
      {REPLAY(MARKET, "", 1, 1), "'topic' must be a whole topic"},
      {REPLAY(PRIVATE, "market_data/ticker/e/m/", 1, 1), "'topic' is none of the stream private"},
      {REPLAY(MARKET, "order_update/e/m/", 1, 1), "'topic' is none of the stream market"},
      {REPLAY(MARKET, "nothing/e/m/", 1, 1), "'topic' is none of the stream market"},

      {{.kind = HBUS_PING}, NULL},
      {{.kind = HBUS_PING, .acks = B("\x90")}, NULL},
      {{.kind = HBUS_PING,
        .acks = B("\x91\x83\xa6stream\xa6market\xa5topic\xa4"
                  "a/b/"
                  "\xa3seq\x00")},
       NULL},
      {{.kind = HBUS_PING, .acks = B("\x91\x80")}, "ping: 'acks': element 0: 'stream' is missing"},
      {{.kind = HBUS_PING, .acks = B("\x91")}, "ping: 'acks' is not msgpack"},

      {{.kind = HBUS_SEQUENCES, .prefixes = B("\x90")}, NULL},
      {{.kind = HBUS_SEQUENCES, .prefixes = B("\x92\xa0\xa1x")}, NULL},
      {{.kind = HBUS_SEQUENCES, .prefixes = B("\x92\xa0\x01")}, "sequences: 'prefixes': element 1 must be a string"},
      {{.kind = HBUS_SEQUENCES}, "'prefixes' is not msgpack"},

      {{.kind = HBUS_PUBLISH, .name = "n", .data = B("\xc0")}, NULL},
      {{.kind = HBUS_PUBLISH, .name = "n", .data = B(NESTED_12 "\x91\x91\xc0")}, NULL},
      {{.kind = HBUS_PUBLISH, .name = "n", .data = B(NESTED_12 "\x91\x91\x91\xc0")}, "'data' is nested too deep"},
      {{.kind = HBUS_PUBLISH, .name = "n", .data = B("\xc0\xc0")}, "'data' is not one msgpack value"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    s_expect(&rows[i].command, rows[i].named ? HBUS_INVALID_REQUEST : HBUS_OK, rows[i].named);
}

Test(command_validate, no_status_but_failed_resolves_an_order) {
  for (int status = HBUS_PENDING; status < HBUS_ORDER_STATUS_COUNT; status++) {
    hbus_command command = {
        .kind = HBUS_RESOLVE_ORDER, .client_order_id = "c", .order_status = (hbus_order_status)status};
    s_expect(&command, status == HBUS_FAILED ? HBUS_OK : HBUS_INVALID_REQUEST, "'status' must be failed");
  }
}

Test(command_validate, the_same_order_is_the_same_however_its_numbers_are_written) {
  hbus_command a = s_create(HBUS_LIMIT, s_one, s_none), b = a;
  cr_assert(command_same_order(&a, &b));
  strncpy(b.id, "another", sizeof b.id - 1);
  b.expires_ms = 12345;
  b.price = (hbus_decimal)D("1.000");
  b.amount = (hbus_decimal)D("01");
  cr_assert(command_same_order(&a, &b));
}

Test(command_validate, any_other_argument_makes_another_order) {
  const hbus_command first = s_create(HBUS_LIMIT, s_one, s_none);
  hbus_command others[11];
  for (size_t i = 0; i < 11; i++)
    others[i] = first;
  others[0].exchange[0] = 'K';
  others[1].market[0] = 'X';
  others[2].client_order_id[0] = 'd';
  others[3].side = HBUS_SELL;
  others[4].order_type = HBUS_LIMIT_MAKER;
  others[5].amount = (hbus_decimal)D("1.1");
  others[6].price = s_none;
  others[7].stop_price = s_zero;
  others[8].market_type = HBUS_SPOT;
  others[9].account[0] = 'a';
  others[10].position_action = HBUS_POSITION_OPEN;
  for (size_t i = 0; i < 11; i++)
    cr_assert_not(command_same_order(&first, &others[i]), "case %zu", i);
}

Test(command_validate, what_acts_needs_a_hello) {
  static const hbus_command_kind acting[] = {HBUS_CREATE_ORDER,  HBUS_CANCEL_ORDER, HBUS_CANCEL_ALL,
                                             HBUS_RESOLVE_ORDER, HBUS_SET_LEVERAGE, HBUS_SET_POSITION_MODE,
                                             HBUS_SUBSCRIBE,     HBUS_UNSUBSCRIBE,  HBUS_PUBLISH,
                                             HBUS_HALT,          HBUS_RESUME,       HBUS_SET_LIMITS};
  int count = 0;
  for (int kind = 0; kind <= HBUS_COMMAND_COUNT; kind++)
    count += command_has_side_effects((hbus_command_kind)kind);
  for (size_t i = 0; i < sizeof acting / sizeof acting[0]; i++)
    cr_assert(command_has_side_effects(acting[i]), "%s", hbus_command_name(acting[i]));
  cr_assert_eq(count, sizeof acting / sizeof acting[0], "and nothing else does");
}
