#include "tests/chaos/ticket.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE  (2 * HBUS_NAME_MAX + HBUS_ORDER_ID_MAX + 3)
#define ZEROS_MAX 12 /* zeros at the end of an amount; more would not fit a decimal */

/* Around the prices at which hbus-sim begins, from which its markets hardly move in the time of a test. */
const ticket_market ticket_markets[TICKET_MARKETS] = {
    {"binance", "ETH-USDT", "1530.00", "2070.00", 4, 10},     {"binance", "BTC-USDT", "25500.00", "34500.00", 5, 10},
    {"binance", "SOL-USDT", "21.250", "28.750", 2, 10},       {"coinbase", "BTC-USD", "25500.00", "34500.00", 8, 10000},
    {"coinbase", "ETH-USD", "1530.00", "2070.00", 8, 100000},
};

typedef char key[KEY_SIZE];

void ticket_table_init(ticket_table *self) {
  *self = (ticket_table){
      .by_client_id = zhashx_new(), .by_amount = zhashx_new(), .by_order_id = zhashx_new(), .zeros_step = 1};
  for (unsigned i = 0; i < TICKET_MARKETS; i++)
    self->lots[i] = ticket_markets[i].lots_min;
}

void ticket_table_share(ticket_table *self, unsigned first, unsigned step) {
  assert(first < step && step <= ZEROS_MAX);
  self->zeros_first = first;
  self->zeros_step = step;
}

void ticket_table_free(ticket_table *self) {
  zhashx_destroy(&self->by_client_id);
  zhashx_destroy(&self->by_amount);
  zhashx_destroy(&self->by_order_id);
  for (size_t i = 0; i < self->count; i++)
    free(self->items[i]);
  free(self->items);
}

const char *ticket_owner_name(unsigned owner) {
  static const char *const names[] = {"ann", "ben", "cleo", "dan", "eve", "fred"};
  assert(owner < sizeof names / sizeof *names);
  return names[owner];
}

static void s_amount_key(key out, const char *exchange, const char *market, const char *amount) {
  snprintf(out, sizeof(key), "%s\n%s\n%s", exchange, market, amount);
}

static void s_order_key(key out, const char *exchange, const char *order_id) {
  snprintf(out, sizeof(key), "%s\n%s", exchange, order_id);
}

/* `number` more zeros at its end, so that it is the same, but for its text. */
static hbus_decimal s_pad(const hbus_decimal *amount, unsigned number) {
  char text[HBUS_DECIMAL_MAX + 1];
  hbus_decimal padded = {0};
  int size = snprintf(text, sizeof text, "%s%.*s", amount->text, (int)number, "000000000000");
  hbus_status status = hbus_decimal_parse(text, (size_t)size, &padded);
  assert(!status);
  return padded;
}

static ticket *s_add_as(ticket_table *self, unsigned owner, unsigned market, const hbus_decimal *amount,
                        const char *client_order_id) {
  const ticket_market *where = &ticket_markets[market];
  ticket *added = calloc(1, sizeof *added);
  ticket **items = realloc(self->items, (self->count + 1) * sizeof *items);
  assert(added && items);
  self->items = items;
  self->items[self->count++] = added;
  added->owner = owner;
  added->market = market;
  hbus_status status = hbus_command_init(&added->create, HBUS_CREATE_ORDER, where->exchange, where->name, NULL);
  assert(!status);
  added->create.amount = *amount;
  snprintf(added->create.client_order_id, sizeof added->create.client_order_id, "%s", client_order_id);
  key name;
  s_amount_key(name, where->exchange, where->name, amount->text);
  int taken = zhashx_insert(self->by_amount, name, added) ||
              zhashx_insert(self->by_client_id, added->create.client_order_id, added);
  assert(!taken);
  return added;
}

static ticket *s_add(ticket_table *self, unsigned owner, unsigned market, const hbus_decimal *amount) {
  hbus_client_order_id id;
  snprintf(id, sizeof id, "%s-%zu", ticket_owner_name(owner), self->count + 1);
  return s_add_as(self, owner, market, amount, id);
}

ticket *ticket_table_add(ticket_table *self, unsigned owner, unsigned market) {
  hbus_decimal amount = {0};
  hbus_status status = hbus_decimal_from_integer(self->lots[market]++, ticket_markets[market].digits, &amount);
  assert(!status);
  amount = s_pad(&amount, self->zeros_first);
  ticket *added = s_add(self, owner, market, &amount);
  added->zeros = self->zeros_first;
  return added;
}

ticket *ticket_table_add_alike(ticket_table *self, unsigned owner, const ticket *like) {
  if (like->zeros + self->zeros_step > ZEROS_MAX) return NULL;
  hbus_decimal amount = s_pad(&like->create.amount, self->zeros_step);
  if (ticket_find_amount(self, like->create.exchange, like->create.market, amount.text)) return NULL;
  ticket *added = s_add(self, owner, like->market, &amount);
  added->zeros = like->zeros + self->zeros_step;
  added->create.side = like->create.side;
  added->create.order_type = like->create.order_type;
  added->create.price = like->create.price;
  return added;
}

static unsigned s_market(const hbus_command *create) {
  unsigned i = 0;
  while (i < TICKET_MARKETS && (strcmp(ticket_markets[i].exchange, create->exchange) != 0 ||
                                strcmp(ticket_markets[i].name, create->market) != 0))
    i++;
  return i;
}

ticket *ticket_table_restore(ticket_table *self, unsigned owner, const hbus_command *create) {
  unsigned market = s_market(create);
  int64_t lots = 0;
  const char *point = strchr(create->amount.text, '.');
  if (market == TICKET_MARKETS || !point || ticket_find(self, create->client_order_id) ||
      ticket_find_amount(self, create->exchange, create->market, create->amount.text) ||
      hbus_decimal_to_integer(&create->amount, ticket_markets[market].digits, &lots) != HBUS_OK)
    return NULL;
  ticket *added = s_add_as(self, owner, market, &create->amount, create->client_order_id);
  added->create.side = create->side;
  added->create.order_type = create->order_type;
  added->create.price = create->price;
  added->zeros = (unsigned)strlen(point + 1) - ticket_markets[market].digits;
  if (self->lots[market] <= lots) self->lots[market] = lots + 1;
  return added;
}

ticket *ticket_find(const ticket_table *self, const char *client_order_id) {
  return zhashx_lookup(self->by_client_id, client_order_id);
}

ticket *ticket_find_amount(const ticket_table *self, const char *exchange, const char *market, const char *amount) {
  key name;
  s_amount_key(name, exchange, market, amount);
  return zhashx_lookup(self->by_amount, name);
}

ticket *ticket_find_order(const ticket_table *self, const char *exchange, const char *order_id) {
  key name;
  s_order_key(name, exchange, order_id);
  return zhashx_lookup(self->by_order_id, name);
}

bool ticket_table_bind(ticket_table *self, ticket *bound, const char *order_id) {
  key name;
  s_order_key(name, bound->create.exchange, order_id);
  snprintf(bound->truth.order_id, sizeof bound->truth.order_id, "%s", order_id);
  return zhashx_insert(self->by_order_id, name, bound) == 0;
}

bool ticket_same_filled(const hbus_decimal *a, const hbus_decimal *b) {
  bool none_a = hbus_decimal_is_absent(a) || hbus_decimal_sign(a) == 0;
  bool none_b = hbus_decimal_is_absent(b) || hbus_decimal_sign(b) == 0;
  return none_a || none_b ? none_a == none_b : hbus_decimal_compare(a, b) == 0;
}

hbus_order_status ticket_true_status(const ticket *self) {
  const ticket_truth *truth = &self->truth;
  bool touched = !hbus_decimal_is_absent(&truth->filled);
  if (!truth->accepted) return HBUS_ORDER_STATUS_NONE;
  if (touched && hbus_decimal_compare(&truth->filled, &self->create.amount) >= 0) return HBUS_FILLED;
  /* What a market order cannot trade at once is cancelled. */
  if (truth->cancelled || self->create.order_type == HBUS_MARKET) return HBUS_CANCELLED;
  return touched ? HBUS_PARTIALLY_FILLED : HBUS_OPEN;
}
