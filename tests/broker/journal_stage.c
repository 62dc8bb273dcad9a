#include "journal_stage.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/pack.h"

#define STAGE_LATE_NS 4100000000000000000 /* the year 2099: nothing that retention takes for old */

typedef struct journal_stage_tag {
  journal_stage *stage;
  unsigned tag;
  struct journal_stage_tag *next;
} journal_stage_tag;

/* ---- life cycle ---- */

journal_stage *journal_stage_new(void) {
  journal_stage *self = calloc(1, sizeof *self);
  const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(self->folder, sizeof self->folder, "%s/hbus-journal-XXXXXX", parent);
  cr_assert(mkdtemp(self->folder));
  snprintf(self->path, sizeof self->path, "%s/hbus.db", self->folder);
  self->config.journal.path = self->path;
  self->config.journal.sync = JOURNAL_INTERVAL;
  self->config.journal.sync_ms = 1000;
  self->config.journal.keep_days = 30;
  self->config.journal.events_keep_days = 7;
  self->config.journal.events_max_mb = 64;
  self->config.bounds.orders = 1000;
  self->log = log_new(stderr, LOG_LEVEL_OFF, LOG_TEXT);
  cr_assert_eq(uv_loop_init(&self->loop), 0);
  return self;
}

static int s_remove(const char *path, const struct stat *info, int type, struct FTW *place) {
  (void)info;
  (void)type;
  (void)place;
  return remove(path);
}

void journal_stage_destroy(journal_stage **self) {
  journal_stage *stage = *self;
  journal_stage_close(stage);
  cr_assert_eq(uv_loop_close(&stage->loop), 0);
  for (journal_stage_tag *tag = stage->tags, *next; tag; tag = next) {
    next = tag->next;
    free(tag);
  }
  log_destroy(&stage->log);
  nftw(stage->folder, s_remove, 8, FTW_DEPTH | FTW_PHYS);
  free(stage);
  *self = NULL;
}

hbus_status journal_stage_try(journal_stage *self, hbus_error *error) {
  journal_options options = {&self->loop, &self->config, self->log, &self->counters};
  return journal_open(&self->journal, &options, error);
}

void journal_stage_open(journal_stage *self) {
  hbus_error error = {0};
  hbus_status status = journal_stage_try(self, &error);
  cr_assert_eq(status, HBUS_OK, "%s: %s", hbus_status_name(status), error.text);
}

void journal_stage_close(journal_stage *self) {
  journal_close(&self->journal);
  uv_run(&self->loop, UV_RUN_DEFAULT);
}

/* ---- questions ---- */

static void s_on_answer(void *arg, hbus_status status) {
  journal_stage_tag *tag = arg;
  journal_stage *self = tag->stage;
  cr_assert_lt(self->answer_count, STAGE_ANSWERS_MAX);
  self->answers[self->answer_count].tag = tag->tag;
  self->answers[self->answer_count++].status = status;
}

void journal_stage_ask(journal_stage *self, unsigned tag) {
  journal_stage_tag *new = malloc(sizeof *new);
  *new = (journal_stage_tag){self, tag, self->tags};
  self->tags = new;
  journal_when(self->journal, s_on_answer, new);
}

void journal_stage_wait(journal_stage *self, unsigned count) {
  while (self->answer_count < count)
    uv_run(&self->loop, UV_RUN_ONCE);
}

hbus_status journal_stage_settle(journal_stage *self) {
  self->answer_count = 0;
  journal_stage_ask(self, 0);
  journal_stage_wait(self, 1);
  return self->answers[0].status;
}

const char *journal_stage_file(const journal_stage *self, const char *end, char out[128]) {
  snprintf(out, 128, "%s%s", self->path, end);
  return out;
}

/* ---- records ---- */

static void s_name(char *out, size_t size, const char *prefix, unsigned number) {
  snprintf(out, size, "%s-%u", prefix, number);
}
#define NAME(member, prefix) s_name((member), sizeof(member), (prefix), number)

static hbus_decimal s_decimal(unsigned number, const char *after) {
  char text[HBUS_DECIMAL_MAX + 1];
  hbus_decimal decimal;
  int size = snprintf(text, sizeof text, "%u%s", number, after);
  cr_assert_eq(hbus_decimal_parse(text, (size_t)size, &decimal), HBUS_OK);
  return decimal;
}

static hbus_command s_asked(unsigned number, const hbus_order *state) {
  hbus_command asked = {.kind = HBUS_CREATE_ORDER,
                        .expires_ms = 1700000000000 + number,
                        .side = state->side,
                        .order_type = state->order_type,
                        .amount = state->amount,
                        .price = state->price,
                        .stop_price = state->stop_price,
                        .market_type = HBUS_FUTURES,
                        .position_action = HBUS_POSITION_CLOSE};
  NAME(asked.id, "command");
  snprintf(asked.exchange, sizeof asked.exchange, "%s", state->exchange);
  snprintf(asked.market, sizeof asked.market, "%s", state->market);
  snprintf(asked.client_order_id, sizeof asked.client_order_id, "%s", state->client_order_id);
  snprintf(asked.account, sizeof asked.account, "%s", state->account);
  return asked;
}

static hbus_extra s_candidates(void) {
  static uint8_t bytes[64];
  static size_t size = 0;
  if (size == 0) {
    buffer pairs;
    buffer_init(&pairs, sizeof bytes);
    pack_string(&pairs, "candidates");
    pack_array(&pairs, 2);
    pack_string(&pairs, "x-1");
    pack_string(&pairs, "x-2");
    memcpy(bytes, pairs.data, pairs.size);
    size = pairs.size;
    buffer_free(&pairs);
  }
  return (hbus_extra){.pairs = {bytes, size}, .count = 1};
}

journal_order journal_stage_order(unsigned number) {
  journal_order order = {.finished = number % 2 == 0,
                         .answered = true,
                         .outcome = HBUS_REPLY_UNKNOWN,
                         .outcome_code = HBUS_TIMEOUT,
                         .outcome_message = hbus_text_of("no answer in 5000 ms: 'unknown'"),
                         .intent_ns = 1700000000000000001 + number,
                         .absent_ns = 1700000000000000002 + number,
                         .absences = 3 + number,
                         .published_seq = 4 + number,
                         .published_rev = 5 + number,
                         .updated_ns = STAGE_LATE_NS + 6 + number};
  hbus_order *state = &order.state;
  NAME(state->exchange, "binance");
  NAME(state->market, "BTC-USDT");
  NAME(state->order_id, "order");
  NAME(state->client_order_id, "mine");
  NAME(state->owner, "maker");
  NAME(state->account, "main");
  NAME(order.upstream_id, "i6f3a-U");
  state->side = HBUS_SELL;
  state->order_type = HBUS_STOP_LIMIT;
  state->status = HBUS_UNKNOWN;
  state->price = s_decimal(number, ".00100");
  state->stop_price = s_decimal(number, ".5");
  state->amount = s_decimal(number, "0000000000000000000000.000001");
  state->filled = s_decimal(number, ".25");
  state->market_type = HBUS_FUTURES;
  state->position_action = HBUS_POSITION_CLOSE;
  state->created_at_ns = 1700000000000000007 + number;
  state->filled_at_ns = 1700000000000000008 + number;
  state->cancel_requested = true;
  state->rev = 9 + number;
  state->extra = s_candidates();
  order.asked = s_asked(number, state);
  return order;
}

journal_order journal_stage_order_of_others(unsigned number) {
  journal_order order = {.first_seen_ns = 1700000000000000001 + number, .updated_ns = STAGE_LATE_NS + number};
  NAME(order.state.exchange, "binance");
  NAME(order.state.market, "BTC-USDT");
  NAME(order.state.order_id, "order");
  order.state.side = HBUS_BUY;
  order.state.order_type = HBUS_LIMIT;
  order.state.status = HBUS_OPEN;
  order.state.amount = s_decimal(number, ".5");
  order.state.rev = 1;
  return order;
}

journal_fill journal_stage_fill(unsigned number) {
  journal_fill fill = {.origin = HBUS_POLLED, .ts_ns = 1700000000000000001 + number, .rx_ns = STAGE_LATE_NS};
  NAME(fill.trade.trade_id, "trade");
  NAME(fill.trade.exchange, "binance");
  NAME(fill.trade.market, "BTC-USDT");
  NAME(fill.trade.order_id, "order");
  NAME(fill.owner, "maker");
  NAME(fill.client_order_id, "mine");
  fill.trade.price = s_decimal(number, ".10");
  fill.trade.amount = s_decimal(number, ".20");
  fill.trade.replaces = s_decimal(number, ".15");
  fill.trade.side = HBUS_SELL;
  return fill;
}

journal_position journal_stage_position(unsigned number) {
  journal_position position = {.updated_ns = 1700000000000000001 + number};
  NAME(position.owner, "maker");
  NAME(position.exchange, "binance");
  NAME(position.market, "BTC-USDT");
  position.amount = s_decimal(number, ".1");
  position.cost = s_decimal(number, ".2");
  position.realized_pnl = s_decimal(number, ".3");
  position.unpriced = s_decimal(number, ".4");
  return position;
}

journal_session journal_stage_session(unsigned number) {
  journal_session session = {
      .cancel_on_disconnect = true, .grace_ms = 1000 + number, .updated_ns = 1700000000000000001 + number};
  NAME(session.name, "maker");
  return session;
}

journal_event journal_stage_event(const char *topic, uint64_t seq) {
  static uint8_t body[] = "\x81\xa1v\x01 the body";
  return (journal_event){.topic = topic,
                         .epoch = 1700000000000000,
                         .seq = seq,
                         .tx_ns = STAGE_LATE_NS + seq,
                         .kind = HBUS_KIND_ORDER_UPDATE,
                         .body = {body, sizeof body}};
}

/* ---- what is served ---- */

#define TEXT(decimal) (hbus_decimal_is_absent(decimal) ? "-" : (decimal)->text)

static void s_dump_command(FILE *out, const hbus_command *asked) {
  fprintf(out, " asked %u %s %lu %s %s %s %u %u %s %s %s %u %s %u", asked->kind, asked->id, asked->expires_ms,
          asked->exchange, asked->market, asked->client_order_id, asked->side, asked->order_type, TEXT(&asked->amount),
          TEXT(&asked->price), TEXT(&asked->stop_price), asked->market_type, asked->account, asked->position_action);
}

static hbus_status s_dump_order(void *arg, const journal_order *order) {
  FILE *out = arg;
  const hbus_order *state = &order->state;
  fprintf(out, "order %s %s %s %s %s %s %s %u %u %u %s %s %s %s %u %u %lu %lu %d %lu extra %u ", order->upstream_id,
          state->exchange, state->market, state->order_id, state->client_order_id, state->owner, state->account,
          state->side, state->order_type, state->status, TEXT(&state->price), TEXT(&state->stop_price),
          TEXT(&state->amount), TEXT(&state->filled), state->market_type, state->position_action, state->created_at_ns,
          state->filled_at_ns, state->cancel_requested, state->rev, state->extra.count);
  for (size_t i = 0; i < state->extra.pairs.size; i++)
    fprintf(out, "%02x", state->extra.pairs.data[i]);
  fprintf(out, " is %d %d %u %u '%.*s' %lu %lu %lu %lu %lu %lu %lu", order->finished, order->answered, order->outcome,
          order->outcome_code, (int)order->outcome_message.size, order->outcome_message.data, order->intent_ns,
          order->first_seen_ns, order->absent_ns, order->absences, order->published_seq, order->published_rev,
          order->updated_ns);
  if (order->asked.kind != HBUS_COMMAND_NONE) s_dump_command(out, &order->asked);
  fputc('\n', out);
  return HBUS_OK;
}

static hbus_status s_dump_id(void *arg, const char *owner, const char *client_order_id) {
  fprintf(arg, "id %s %s\n", owner, client_order_id);
  return HBUS_OK;
}

static hbus_status s_dump_topic(void *arg, const char *topic, uint64_t last_seq) {
  fprintf(arg, "topic %s %lu\n", topic, last_seq);
  return HBUS_OK;
}

static hbus_status s_dump_fill(void *arg, const journal_fill *fill) {
  const hbus_trade *trade = &fill->trade;
  fprintf(arg, "fill %s %s %s %s %s %s %s %u %s %s %u %lu %lu\n", trade->trade_id, trade->exchange, trade->market,
          trade->order_id, TEXT(&trade->price), TEXT(&trade->amount), TEXT(&trade->replaces), trade->side, fill->owner,
          fill->client_order_id, fill->origin, fill->ts_ns, fill->rx_ns);
  return HBUS_OK;
}

static hbus_status s_dump_position(void *arg, const journal_position *position) {
  fprintf(arg, "position %s %s %s %s %s %s %s %lu\n", position->owner, position->exchange, position->market,
          TEXT(&position->amount), TEXT(&position->cost), TEXT(&position->realized_pnl), TEXT(&position->unpriced),
          position->updated_ns);
  return HBUS_OK;
}

static hbus_status s_dump_session(void *arg, const journal_session *session) {
  fprintf(arg, "session %s %d %lu %lu\n", session->name, session->cancel_on_disconnect, session->grace_ms,
          session->updated_ns);
  return HBUS_OK;
}

static journal_visitor s_dumper(FILE *out) {
  return (journal_visitor){
      out, s_dump_order, s_dump_id, s_dump_topic, s_dump_fill, s_dump_position, s_dump_session,
  };
}

char *journal_stage_dump(journal_stage *self) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  journal_visitor visitor = s_dumper(out);
  hbus_error error = {0};
  cr_assert_eq(journal_load(self->journal, &visitor, &error), HBUS_OK, "%s", error.text);
  fclose(out);
  return text;
}

char *journal_stage_dump_db(journal_db *db) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  journal_visitor visitor = s_dumper(out);
  hbus_error error = {0};
  cr_assert_eq(journal_db_load(db, &visitor, 1000, &error), HBUS_OK, "opened, and then: %s", error.text);
  fclose(out);
  return text;
}

char *journal_stage_dump_file(const char *path, hbus_error *error) {
  journal_db *db = NULL;
  if (journal_db_open(&db, path, JOURNAL_INTERVAL, error) != HBUS_OK) return NULL;
  char *text = journal_stage_dump_db(db);
  journal_db_close(&db);
  return text;
}

/* ---- the outside ---- */

char *journal_stage_query(const journal_stage *self, const char *sql) {
  char name[128], command[320];
  journal_stage_write(journal_stage_file(self, "-query", name), (const uint8_t *)sql, strlen(sql));
  snprintf(command, sizeof command, "sqlite3 -bail -cmd '.timeout 10000' '%s' < '%s' 2>&1", self->path, name);
  FILE *pipe = popen(command, "r");
  cr_assert(pipe);
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  for (int byte; (byte = fgetc(pipe)) != EOF;)
    fputc(byte, out);
  fclose(out);
  cr_assert_eq(pclose(pipe), 0, "%s: %s", sql, text);
  return text;
}

uint8_t *journal_stage_read(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  cr_assert(file, "%s", path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *data = malloc(*size + 1);
  cr_assert_eq(fread(data, 1, *size, file), *size);
  fclose(file);
  return data;
}

void journal_stage_write(const char *path, const uint8_t *data, size_t size) {
  FILE *file = fopen(path, "wb");
  cr_assert(file, "%s", path);
  cr_assert_eq(fwrite(data, 1, size, file), size);
  fclose(file);
}
