/* Broker, simulator and peers are killed with SIGKILL, again and again, at random points of a flow of orders, and come
 * up again. The simulator's ledger is the truth that the bus is held against in the end. README.md says how to run it
 * for long.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/chaos/figure.h"
#include "tests/chaos/notebook.h"
#include "tests/chaos/reaper.h"
#include "tests/chaos/trader.h"
#include "tests/chaos/verdict.h"

#define SHORT_KILLS      250 /* in each of the two modes */
#define PUMP_MS          2
#define PATIENCE_MS      60000 /* for what must come when the storm is over */
#define PATIENCE_KILL_MS 3000  /* for each kill */
#define QUESTIONS_MAX    100   /* under way at once */
#define ASK_AGAIN_MS     250
#define SHOWN_MAX        10 /* violations that are told one by one */

/* What there is when the storm is over. */
typedef struct aftermath {
  stage *stage;
  ledger_reader ledger;
  notebook_counts notes;
  unsigned peers_finished;
  unsigned notebooks_damaged;
  int broker_status; /* its exit status in the end */
  bool journal_read;
  const char *journal_problem;
  uint64_t verdicts[VERDICT_COUNT];
  uint64_t unsettled;  /* tickets whose owner does not know what became of them */
  uint64_t unreported; /* orders whose published fills are not those of the ledger */
  uint64_t broken_words;
  uint64_t words_waiting; /* ... whose order has to be resolved by somebody first */
} aftermath;

static uint64_t s_now_ms(void) {
  return (uint64_t)zclock_mono();
}

static uint64_t s_setting(const char *name, uint64_t standard) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : standard;
}

/* --- the storm --- */

static void s_storm(stage *stage, reaper *reaper, uint64_t kills) {
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS + kills * PATIENCE_KILL_MS;
  reaper_init(reaper, stage);
  while (reaper->kills < kills) {
    cr_assert_lt(s_now_ms(), deadline_ms, "%" PRIu64 " kills of %" PRIu64, reaper->kills, kills);
    stage_pump(stage, PUMP_MS);
    reaper_turn(reaper);
  }
  stage_await(stage);
}

/* --- and after it --- */

static void s_read_notebooks(aftermath *self) {
  for (unsigned i = 0; i < STAGE_PEERS; i++) {
    char path[128];
    stage_notebook(self->stage, i, path, sizeof path);
    self->notebooks_damaged += !notebook_read(path, i, &self->stage->tickets, &self->notes);
  }
}

/* The markets stand still from now on: what is said of an order stays true. */
static void s_calm_markets(stage *stage) {
  stage->still = true;
  stage_kill(stage, STAGE_SIM, 0);
  stage_launch(stage, STAGE_SIM, 0);
  stage_await(stage);
  hbus_client *client = rig_connect(&stage->rig, "chaos");
  rig_wait_link(client, HBUS_LINK_CONNECTED);
  hbus_client_destroy(&client);
}

/* The owners, under their names. */
typedef struct inquiry {
  stage *stage;
  call_log calls;
  trader owners[STAGE_PEERS];
} inquiry;

static void s_pump(inquiry *self) {
  stage_pump(self->stage, PUMP_MS);
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    trader_read(&self->owners[i]);
}

static bool s_await_replies(inquiry *self) {
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS;
  while (call_log_open(&self->calls) && s_now_ms() < deadline_ms)
    s_pump(self);
  return call_log_open(&self->calls) == 0;
}

/* Asks about every order of which get_order has not said the truth yet. Returns how many there are. */
static uint64_t s_ask(inquiry *self) {
  uint64_t left = 0;
  for (size_t i = 0; i < self->stage->tickets.count; i++) {
    ticket *about = self->stage->tickets.items[i];
    if (!about->reached || !verdict_is_bad(verdict_of(about, &about->answered, self->stage->keeps_ids))) continue;
    if (++left > QUESTIONS_MAX) continue;
    if (!about->asking) trader_ask(&self->owners[about->owner], about);
    /* Failed, says get_order; whether because it was not sent, its outcome says. */
    if (about->answered.status == HBUS_FAILED && !about->asked_create)
      trader_ask_create(&self->owners[about->owner], about);
  }
  return left;
}

static void s_inquire(stage *stage) {
  inquiry self = {.stage = stage};
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    trader_init(&self.owners[i], i, stage->rig.commands, stage->seed, &stage->audience, &stage->tickets, &self.calls);
  cr_assert(s_await_replies(&self), "the broker does not answer: see %s/log", stage->rig.folder);
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS, left, left_before = UINT64_MAX;
  while ((left = s_ask(&self)) && s_now_ms() < deadline_ms) {
    uint64_t again_ms = s_now_ms() + (left < left_before ? 0 : ASK_AGAIN_MS);
    left_before = left;
    do {
      s_pump(&self);
    } while (s_now_ms() < again_ms);
    s_await_replies(&self);
  }
  for (unsigned i = 0; i < STAGE_PEERS; i++)
    trader_free(&self.owners[i]);
  call_log_free(&self.calls);
}

/* What was known of it before is not known any more: the first thing that get_order has to say. */
static void s_forget_pictures(ticket_table *tickets) {
  for (size_t i = 0; i < tickets->count; i++) {
    tickets->items[i]->answered = (ticket_picture){.status = HBUS_ORDER_STATUS_NONE};
    tickets->items[i]->asking = false;
  }
}

static void s_judge(aftermath *self) {
  const ticket_table *tickets = &self->stage->tickets;
  for (size_t i = 0; i < tickets->count; i++) {
    const ticket *about = tickets->items[i];
    hbus_order_status truth = ticket_true_status(about);
    verdict is = verdict_of(about, &about->answered, self->stage->keeps_ids);
    self->verdicts[is]++;
    self->unsettled += !about->settled || about->cancelling;
    /* One of several alike is cancelled when somebody has resolved which it is. */
    bool lives = truth == HBUS_OPEN || truth == HBUS_PARTIALLY_FILLED;
    if (about->cancel_confirmed && lives) ++*(is == VERDICT_LISTED ? &self->words_waiting : &self->broken_words);
    self->unreported += !ticket_same_filled(&about->told, &about->truth.filled);
  }
}

/* --- the figures --- */

static unsigned s_tell_kills(const aftermath *self, const reaper *reaper) {
  unsigned violated = 0;
  printf(" kills\n");
  figure_tell("of the broker", reaper->by_actor[STAGE_BROKER]);
  figure_tell("of the simulator", reaper->by_actor[STAGE_SIM]);
  figure_tell("of a peer", reaper->by_actor[STAGE_PEER]);
  figure_tell("of two at once", reaper->at_once);
  figure_tell("of one that was coming up", reaper->coming_up);
  violated += figure_must_be("ends of the broker by itself", self->stage->ended_alone[STAGE_BROKER], 0);
  violated += figure_must_be("... of the simulator", self->stage->ended_alone[STAGE_SIM], 0);
  violated += figure_must_be("... of a peer", self->stage->ended_alone[STAGE_PEER], 0);
  violated += figure_must_be("exit status of the broker in the end", (uint64_t)self->broker_status, 0);
  return violated;
}

static unsigned s_tell_commands(const aftermath *self) {
  const uint64_t *notes = self->notes.notes;
  unsigned violated = 0;
  printf(" commands\n");
  figure_tell("order tickets", self->stage->tickets.count);
  figure_tell("the same creates again", notes[NOTEBOOK_AGAIN]);
  figure_tell("creates that were never placed", notes[NOTEBOOK_ABSENT]);
  figure_tell("orders cancelled", notes[NOTEBOOK_CANCEL]);
  violated += figure_must_be("peers that came to an end, knowing all", self->peers_finished, STAGE_PEERS);
  violated += figure_must_be("notebooks that cannot be read", self->notebooks_damaged, 0);
  violated += figure_must_be("without an outcome", self->unsettled, 0);
  violated += figure_must_be("promised cancels of orders that live", self->broken_words, 0);
  figure_tell("promised cancels of orders that are listed", self->words_waiting);
  violated += figure_must_be("forgotten, gone back or not answered", notes[NOTEBOOK_VIOLATION], 0);
  return violated;
}

static unsigned s_tell_orders(const aftermath *self) {
  const ledger_reader *ledger = &self->ledger;
  unsigned violated = 0;
  printf(" orders\n");
  figure_tell("creates that reached the simulator", ledger->creates);
  figure_tell("accepted there", ledger->creates_accepted);
  figure_tell("refused there", ledger->creates_rejected);
  figure_tell("cancels that reached it", ledger->cancels);
  violated += figure_must_be("creates there with an id that had come before", ledger->upstream_ids_twice, 0);
  violated += figure_must_be("creates there of a ticket that had come before", ledger->tickets_twice, 0);
  violated += figure_must_be("creates and fills there that nobody asked for", ledger->strangers, 0);
  printf(" what get_order says of all tickets\n");
  for (verdict i = 0; i < VERDICT_COUNT; i++) {
    if (verdict_is_bad(i))
      violated += figure_must_be(verdict_name(i), self->verdicts[i], 0);
    else
      figure_tell(verdict_name(i), self->verdicts[i]);
  }
  return violated;
}

static unsigned s_tell_events(const aftermath *self) {
  const chronicle *said = &self->stage->chronicle;
  unsigned violated = 0;
  printf(" fills and events\n");
  if (!self->journal_read) printf("  the journal cannot be read: %s\n", self->journal_problem);
  violated += !self->journal_read;
  figure_tell("fills in the ledger", self->ledger.fills);
  figure_tell("trades that were published", said->trades);
  figure_tell("fills that were published as inferred", said->inferred);
  figure_tell("fills that were published as inferred alone", ledger_reader_fills_left(&self->ledger));
  violated += figure_must_be("orders whose fills are not all reported", self->unreported, 0);
  violated += figure_must_be("trades published twice, or never made", said->trades_refused, 0);
  violated += figure_must_be("orders told before their fills", said->early, 0);
  violated += figure_must_be("orders told with a rev that went back", said->backwards, 0);
  figure_tell("events in the journal", said->events);
  figure_tell("private events heard", said->events_heard);
  violated += figure_must_be("heard that are not in the journal", said->not_journaled, 0);
  violated += figure_must_be("numbers that stand for two events", said->two_of_a_number, 0);
  violated += figure_must_be("numbers that did not follow", said->gaps, 0);
  violated += figure_must_be("events that could not be read", said->broken + self->stage->audience.broken, 0);
  return violated;
}

static void s_tell_bad(const aftermath *self) {
  const ticket_table *tickets = &self->stage->tickets;
  unsigned shown = 0;
  for (size_t i = 0; i < tickets->count && shown < SHOWN_MAX; i++) {
    const ticket *about = tickets->items[i];
    verdict is = verdict_of(about, &about->answered, self->stage->keeps_ids);
    bool unreported = !ticket_same_filled(&about->told, &about->truth.filled);
    if (!verdict_is_bad(is) && !unreported && about->settled && !about->cancelling) continue;
    verdict_tell(about, is);
    if (unreported) printf("      events   fills=%s\n", about->told.text);
    if (!about->settled || about->cancelling) printf("      its owner does not know what became of it\n");
    shown++;
  }
}

static unsigned s_tell(const aftermath *self, const reaper *reaper, uint64_t storm_ms) {
  const stage *stage = self->stage;
  printf("chaos_kill, client_order_ids %s: %" PRIu64 " kills, seed %" PRIu64 ", %.1f s\n",
         stage->keeps_ids ? "kept" : "dropped", reaper->kills, stage->seed, (double)storm_ms / 1000);
  unsigned violated = s_tell_kills(self, reaper);
  violated += s_tell_commands(self);
  violated += s_tell_orders(self);
  violated += s_tell_events(self);
  if (violated) s_tell_bad(self);
  if (violated) printf(" %u VIOLATED; ledger, journal, notebooks and log are in %s\n", violated, stage->rig.folder);
  fflush(stdout);
  return violated;
}

static void s_run(bool keeps_ids) {
  stage stage;
  reaper reaper;
  aftermath after = {.stage = &stage};
  char path[128];
  stage_open(&stage, keeps_ids, s_setting("HBUS_CHAOS_SEED", 1));
  uint64_t began_ms = s_now_ms();
  s_storm(&stage, &reaper, s_setting("HBUS_CHAOS_KILLS", SHORT_KILLS));
  uint64_t storm_ms = s_now_ms() - began_ms;
  after.peers_finished = stage_finish_peers(&stage);
  s_calm_markets(&stage);
  s_read_notebooks(&after);
  stage_path(&stage, "ledger", path, sizeof path);
  ledger_reader_open(&after.ledger, path);
  ledger_reader_read(&after.ledger, &stage.tickets);
  s_forget_pictures(&stage.tickets);
  s_inquire(&stage);
  ledger_reader_read(&after.ledger, &stage.tickets);
  after.broker_status = stage_stop_broker(&stage);
  stage_path(&stage, "hbus.db", path, sizeof path);
  after.journal_read = chronicle_read(&stage.chronicle, path, &stage.tickets, &after.ledger, &after.journal_problem);
  s_judge(&after);
  unsigned violated = s_tell(&after, &reaper, storm_ms);
  ledger_reader_close(&after.ledger);
  stage_close(&stage, violated > 0);
  cr_assert_eq(violated, 0);
}

Test(chaos_kill, upstream_keeps_our_ids) {
  s_run(true);
}

Test(chaos_kill, upstream_drops_our_ids) {
  s_run(false);
}
