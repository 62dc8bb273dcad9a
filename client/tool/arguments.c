#include "client/tool/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "client/tool/verb.h"
#include "proto/field.h"
#include "proto/names.h"

#define TIMEOUT_MAX_MS 3600000
#define EXPIRES_MAX_MS 86400000

typedef enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NAME, OPTION_INT, OPTION_NUMBER } option_kind;

/* An option: one row says how it is read, where it goes, and what the help tells. */
typedef struct option_row {
  const char *name;
  const char *value; /* its value's name in the help, in brackets if it may be left out; NULL: a flag */
  const char *help;
  option_kind kind;
  unsigned only; /* ARGUMENT_... bit of the verbs that take it; 0: all */
  size_t offset;
  uint64_t min, max;
  const name_table *names; /* of an OPTION_NAME */
} option_row;

#define AT(member) .offset = offsetof(arguments, member)

static const option_row rows[] = {
    {"count", "N", "end after N", OPTION_NUMBER, ARGUMENT_COUNT, AT(count), 1, UINT64_MAX},
    {"depth", "N", "levels a side (10)", OPTION_NUMBER, ARGUMENT_DEPTH, AT(depth), 1, HBUS_BOOK_LEVELS_MAX},
    {"limit", "N", "at most N orders (50)", OPTION_NUMBER, ARGUMENT_LIMIT, AT(limit), 1, HBUS_HISTORY_MAX},
    {"id", "CLIENT_ORDER_ID", "your own id of the order", OPTION_TEXT, ARGUMENT_ID, AT(client_order_id), 1,
     HBUS_CLIENT_ORDER_ID_MAX},
    {"side", "SIDE", "only buy, or only sell, orders", OPTION_NAME, ARGUMENT_SIDE, AT(side), .names = &names_side},
    {"owner", "NAME", "whose; '*' is every peer (--name's own)", OPTION_TEXT, ARGUMENT_OWNER, AT(owner), 1,
     HBUS_NAME_MAX},
    {"source", "SOURCE", "upstream, or fills: what the broker makes of them (upstream)", OPTION_NAME, ARGUMENT_SOURCE,
     AT(source), .names = &names_position_source},
    {"order-id", "ORDER_ID", "it is this order of the exchange's", OPTION_TEXT, ARGUMENT_RESOLUTION, AT(order_id), 1,
     HBUS_ORDER_ID_MAX},
    {"failed", NULL, "it never became an order", OPTION_FLAG, ARGUMENT_RESOLUTION, AT(failed)},
    {"stop-price", "PRICE", "where a stop or stop_limit order wakes up", OPTION_TEXT, ARGUMENT_STOP_PRICE,
     AT(stop_price), 1, HBUS_DECIMAL_MAX},
    {"expires", "MS", "do not place it later than MS from now (the time-out)", OPTION_NUMBER, ARGUMENT_EXPIRES,
     AT(expires_ms), 1, EXPIRES_MAX_MS},
    {"wait", "[STATUS]", "first wait until the link has that status (connected)", OPTION_TEXT, ARGUMENT_WAIT, AT(wait),
     0, HBUS_NAME_MAX},
    {"stream", "STREAM", "market or private (what the topic tells)", OPTION_NAME, ARGUMENT_STREAM, AT(stream),
     .names = &names_stream},
    {"epoch", "N", "of which the numbers are, on the market stream (the present one)", OPTION_NUMBER, ARGUMENT_STREAM,
     AT(epoch), 1, FIELD_NUMBER_MAX},
    {"balances", NULL, "with the balances of the exchange", OPTION_FLAG, ARGUMENT_BALANCES, AT(balances)},
    {"text", NULL, "VALUE is text as it stands, not JSON", OPTION_FLAG, ARGUMENT_TEXT, AT(text)},
    {"no-subscribe", NULL, "do not wait until the broker has subscribed to the topics' markets", OPTION_FLAG,
     ARGUMENT_NO_SUBSCRIBE, AT(no_subscribe)},
    {"json", NULL, "one JSON object a line", OPTION_FLAG, 0, AT(json)},
    {"timeout", "MS", "wait at most MS for the broker (8000)", OPTION_INT, 0, AT(timeout_ms), 1, TIMEOUT_MAX_MS},
    {"name", "NAME", "who this is; the name owns its orders (hbus)", OPTION_TEXT, 0, AT(options.name), 1,
     HBUS_NAME_MAX},
    {"commands", "ENDPOINT", "the broker's commands ($HBUS_COMMANDS or tcp://127.0.0.1:5570)", OPTION_TEXT, 0,
     AT(options.commands_endpoint), 1, 256},
    {"market", "ENDPOINT", "its market stream ($HBUS_MARKET or tcp://127.0.0.1:5571)", OPTION_TEXT, 0,
     AT(options.market_endpoint), 1, 256},
    {"private", "ENDPOINT", "its private stream ($HBUS_PRIVATE or tcp://127.0.0.1:5572)", OPTION_TEXT, 0,
     AT(options.private_endpoint), 1, 256},
    {"help", NULL, "this text", OPTION_FLAG, 0, AT(help)},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static bool s_takes(unsigned options, const option_row *row) {
  return row->only == 0 || (options & row->only) != 0;
}

void arguments_print_help(unsigned options, FILE *out) {
  for (size_t i = 0; i < ROW_COUNT; i++) {
    const option_row *row = &rows[i];
    if (!s_takes(options, row)) continue;
    char left[64];
    (void)snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value == NULL ? "" : " ",
                   row->value == NULL ? "" : row->value);
    (void)fprintf(out, "  %-24s %s\n", left, row->help);
  }
}

static hbus_status s_read_number(const option_row *row, const char *text, uint64_t *out, hbus_error *error) {
  char *end = NULL;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  bool is_number = *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
  if (is_number && value >= row->min && value <= row->max) {
    *out = value;
    return HBUS_OK;
  }
  if (row->max == UINT64_MAX)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s \"%s\": expected a whole number from %llu", row->name, text,
                     (unsigned long long)row->min);
  return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s \"%s\": expected a whole number from %llu to %llu", row->name,
                   text, (unsigned long long)row->min, (unsigned long long)row->max);
}

static hbus_status s_read_name(const option_row *row, const char *text, unsigned *out, hbus_error *error) {
  unsigned value = name_find(row->names, text, strlen(text));
  char known[96];
  name_list(row->names, known, sizeof(known));
  if (value == 0)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s \"%s\": expected one of %s", row->name, text, known);
  *out = value;
  return HBUS_OK;
}

static hbus_status s_take(const option_row *row, const char *value, arguments *out, hbus_error *error) {
  uint8_t *target = (uint8_t *)out + row->offset;
  uint64_t number = 0;
  hbus_status status = HBUS_OK;
  switch (row->kind) {
  case OPTION_FLAG: memcpy(target, &(bool){true}, sizeof(bool)); break;
  case OPTION_TEXT:
    if (strlen(value) < row->min || strlen(value) > row->max)
      return hbus_fail(error, HBUS_INVALID_REQUEST, "--%s: expected %llu to %llu bytes", row->name,
                       (unsigned long long)row->min, (unsigned long long)row->max);
    memcpy(target, &value, sizeof(value));
    break;
  case OPTION_NAME: status = s_read_name(row, value, (unsigned *)(void *)target, error); break;
  case OPTION_INT:
  case OPTION_NUMBER:
    status = s_read_number(row, value, &number, error);
    if (status == HBUS_OK && row->kind == OPTION_INT) memcpy(target, &(int){(int)number}, sizeof(int));
    if (status == HBUS_OK && row->kind == OPTION_NUMBER) memcpy(target, &number, sizeof(number));
    break;
  }
  return status;
}

static int s_has_arg(const option_row *row) {
  if (row->value == NULL) return no_argument;
  return *row->value == '[' ? optional_argument : required_argument;
}

/* The value of the option that getopt has just met; "" for one that was left out. getopt takes an optional value only
 * from behind "=", ours may stand behind a blank like any other. */
static const char *s_value_of(const option_row *row, int argc, char **argv) {
  if (optarg != NULL) return optarg;
  if (s_has_arg(row) == optional_argument && optind < argc && argv[optind][0] != '-') return argv[optind++];
  return "";
}

/* getopt's own table, from ours. */
static void s_make_options(unsigned options, struct option out[ROW_COUNT + 1]) {
  size_t count = 0;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (!s_takes(options, &rows[i])) continue;
    out[count++] = (struct option){.name = rows[i].name, .has_arg = s_has_arg(&rows[i]), .val = (int)(256 + i)};
  }
  out[count] = (struct option){0};
}

hbus_status arguments_parse(const verb *verb, int argc, char **argv, arguments *out, hbus_error *error) {
  arguments parsed = {0};
  hbus_options_init(&parsed.options);
  hbus_options_from_environment(&parsed.options);
  parsed.options.name = "hbus";
  parsed.options.recover_orders = false; /* it does one thing, and asks for what that takes */

  struct option options[ROW_COUNT + 1];
  s_make_options(verb->options, options);
  opterr = 0;
  optind = 1;
  int code = 0;
  while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    const char *last = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    if (code == '?' && optopt != 0 && optopt < 256) /* of one letter; `last` is not it yet */
      return hbus_fail(error, HBUS_INVALID_REQUEST, "unknown option -%c; what is no option goes behind --", optopt);
    if (code == '?') return hbus_fail(error, HBUS_INVALID_REQUEST, "unknown option %s", last);
    if (code == ':') return hbus_fail(error, HBUS_INVALID_REQUEST, "%s needs a value", last);
    if (code == 'h') {
      parsed.help = true;
      continue;
    }
    const option_row *row = &rows[code - 256];
    hbus_status status = s_take(row, s_value_of(row, argc, argv), &parsed, error);
    if (status != HBUS_OK) return status;
  }
  parsed.positionals = argv + optind;
  parsed.positional_count = argc - optind;
  if (!parsed.help && parsed.positional_count < verb->positionals_min)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "expected %s", verb->parameters);
  if (!parsed.help && verb->positionals_max >= 0 && parsed.positional_count > verb->positionals_max)
    return hbus_fail(error, HBUS_INVALID_REQUEST, "\"%s\" is one too many, expected %s",
                     parsed.positionals[verb->positionals_max],
                     *verb->parameters == '\0' ? "no arguments" : verb->parameters);
  *out = parsed;
  return HBUS_OK;
}
