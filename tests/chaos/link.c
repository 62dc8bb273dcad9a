/* The link is cut again and again, at random points, under a flow of orders and market data. The simulator's ledger is
 * the truth that the bus is held against in the end. README.md says how to run it for long.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "tests/chaos/figure.h"
#include "tests/chaos/scene.h"
#include "tests/chaos/verdict.h"

#define PUMP_MS         5
#define PATIENCE_MS     60000 /* for what must come when the storm is over */
#define PATIENCE_CUT_MS 3000  /* for each cut */
#define SHOWN_MAX       10    /* violations that are told one by one */
#define QUESTIONS_MAX   200   /* under way at once */
#define ASK_AGAIN_MS    250

static uint64_t s_now_ms(void) {
  return (uint64_t)zclock_mono();
}

/* --- the storm --- */

static void s_storm(scene *scene) {
  uint64_t began_ms = s_now_ms();
  while (scene->weather.cuts < scene->cuts) {
    cr_assert_lt(s_now_ms() - began_ms, PATIENCE_MS + scene->cuts * PATIENCE_CUT_MS, "%" PRIu64 " cuts of %" PRIu64,
                 scene->weather.cuts, scene->cuts);
    scene_pump(scene, PUMP_MS);
    for (unsigned i = 0; i < SCENE_TRADERS; i++) {
      if (s_now_ms() >= scene->traders[i].due_ms) trader_act(&scene->traders[i]);
    }
    weather_turn(&scene->weather);
  }
  weather_end(&scene->weather);
  scene->storm_ms = s_now_ms() - began_ms;
}

/* --- and after it --- */

/* The verdicts on all tickets, by the private stream or by get_order. */
typedef struct tally {
  uint64_t streamed[VERDICT_COUNT];
  uint64_t answered[VERDICT_COUNT]; /* of those that were unknown once */
  uint64_t unsettled;
} tally;

static void s_judge(scene *scene, tally *out) {
  *out = (tally){.unsettled = 0};
  ledger_reader_read(&scene->ledger, &scene->tickets);
  for (size_t i = 0; i < scene->tickets.count; i++) {
    const ticket *about = scene->tickets.items[i];
    verdict streamed = verdict_of(about, &about->streamed, scene->keeps_ids);
    out->streamed[streamed]++;
    out->unsettled += verdict_is_bad(streamed);
    if (about->was_unknown) out->answered[verdict_of(about, &about->answered, scene->keeps_ids)]++;
  }
}

/* What the stream says comes by itself. */
static void s_await_stream(scene *scene, tally *tally) {
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS;
  do {
    scene_pump(scene, PUMP_MS);
    s_judge(scene, tally);
  } while (tally->unsettled && s_now_ms() < deadline_ms);
}

/* What get_order says has to be asked for; while markets move it may be old when it comes. Returns of how many orders
 * it has not said the truth yet. */
static uint64_t s_ask_again(scene *scene) {
  uint64_t left = 0;
  for (size_t i = 0; i < scene->tickets.count; i++) {
    ticket *about = scene->tickets.items[i];
    if (!about->was_unknown || !verdict_is_bad(verdict_of(about, &about->answered, scene->keeps_ids))) continue;
    if (++left <= QUESTIONS_MAX && !about->asking) trader_ask(&scene->traders[about->owner], about);
  }
  return left;
}

static void s_await_answers(scene *scene) {
  uint64_t deadline_ms = s_now_ms() + PATIENCE_MS, left, left_before = UINT64_MAX;
  while ((left = s_ask_again(scene)) && s_now_ms() < deadline_ms) {
    uint64_t again_ms = s_now_ms() + (left < left_before ? 0 : ASK_AGAIN_MS);
    left_before = left;
    do {
      scene_pump(scene, PUMP_MS);
    } while (s_now_ms() < again_ms);
    scene_await_replies(scene);
    ledger_reader_read(&scene->ledger, &scene->tickets);
  }
}

typedef hbus_status topic_fn(const char *exchange, const char *market, hbus_topic *out);
static topic_fn *const s_topics[] = {hbus_topic_order_book, hbus_topic_ticker, hbus_topic_trades};
enum { TOPICS = TICKET_MARKETS * sizeof s_topics / sizeof *s_topics };

static uint64_t s_topic_number(const scene *scene, unsigned i) {
  hbus_topic topic;
  const ticket_market *market = &ticket_markets[i % TICKET_MARKETS];
  s_topics[i / TICKET_MARKETS](market->exchange, market->name, &topic);
  return audience_number(&scene->audience, topic.text);
}

/* How many topics move on. */
static unsigned s_await_topics(scene *scene) {
  uint64_t before[TOPICS], deadline_ms = s_now_ms() + PATIENCE_MS;
  unsigned alive;
  for (unsigned i = 0; i < TOPICS; i++)
    before[i] = s_topic_number(scene, i);
  do {
    scene_pump(scene, PUMP_MS);
    alive = 0;
    for (unsigned i = 0; i < TOPICS; i++)
      alive += s_topic_number(scene, i) > before[i];
  } while (alive < TOPICS && s_now_ms() < deadline_ms);
  return alive;
}

/* --- the figures --- */

static void s_tell_bad(const scene *scene) {
  unsigned shown = 0;
  for (size_t i = 0; i < scene->tickets.count && shown < SHOWN_MAX; i++) {
    const ticket *about = scene->tickets.items[i];
    verdict streamed = verdict_of(about, &about->streamed, scene->keeps_ids);
    verdict answered = about->was_unknown ? verdict_of(about, &about->answered, scene->keeps_ids) : VERDICT_TRUE;
    if (!verdict_is_bad(streamed) && !verdict_is_bad(answered)) continue;
    verdict_tell(about, verdict_is_bad(streamed) ? streamed : answered);
    shown++;
  }
}

/* Replies that promised more than the ledger has: an ok of an order that it has not, a cancel of one that lives on. */
static uint64_t s_count_broken_words(const scene *scene) {
  uint64_t count = 0;
  for (size_t i = 0; i < scene->tickets.count; i++) {
    const ticket *about = scene->tickets.items[i];
    bool another = about->order_id[0] && strcmp(about->order_id, about->truth.order_id) != 0;
    hbus_order_status truth = ticket_true_status(about);
    bool lives = truth == HBUS_OPEN || truth == HBUS_PARTIALLY_FILLED; /* one that was never sent does not */
    count += another || (about->cancel_confirmed && lives);
  }
  return count;
}

static unsigned s_tell_commands(scene *scene) {
  const call_log *calls = &scene->calls;
  unsigned violated = 0;
  printf(" commands\n");
  figure_tell("sent", calls->count);
  figure_tell("answered ok", calls->by_status[HBUS_REPLY_OK]);
  figure_tell("answered error", calls->by_status[HBUS_REPLY_ERROR]);
  figure_tell("creates among them that were not sent", calls->not_sent);
  figure_tell("answered unknown", calls->by_status[HBUS_REPLY_UNKNOWN]);
  violated += figure_must_be("without an answer", call_log_open(calls), 0);
  violated += figure_must_be("answered twice", calls->surplus, 0);
  violated += figure_must_be("replies to no command", calls->unasked, 0);
  violated += figure_must_be("replies dropped by the broker", rig_counter(scene->client, "replies_dropped"), 0);
  return violated;
}

static unsigned s_tell_orders(scene *scene, const tally *tally) {
  const ledger_reader *ledger = &scene->ledger;
  unsigned violated = 0;
  printf(" orders\n");
  figure_tell("order tickets", scene->tickets.count);
  uint64_t written = rig_counter(scene->client, "upstream_creates");
  figure_tell("creates that the broker wrote", written);
  violated += figure_must_not_exceed("creates that reached the simulator, and no more", ledger->creates, written);
  figure_tell("accepted there", ledger->creates_accepted);
  figure_tell("refused there", ledger->creates_rejected);
  figure_tell("lost there with the connection", ledger->creates_dropped);
  figure_tell("cancels that reached it", ledger->cancels);
  figure_tell("fills there", ledger->fills);
  violated += figure_must_be("creates there with an id that had come before", ledger->upstream_ids_twice, 0);
  violated += figure_must_be("creates there of a ticket that had come before", ledger->tickets_twice, 0);
  violated += figure_must_be("creates and fills there that nobody asked for", ledger->strangers, 0);
  violated += figure_must_be("replies that promised what the ledger has not", s_count_broken_words(scene), 0);
  printf(" what the private stream says of all tickets\n");
  for (verdict i = 0; i < VERDICT_COUNT; i++)
    violated += verdict_is_bad(i) ? figure_must_be(verdict_name(i), tally->streamed[i], 0)
                                  : (figure_tell(verdict_name(i), tally->streamed[i]), 0);
  printf(" what get_order says of those that were unknown once\n");
  for (verdict i = 0; i < VERDICT_COUNT; i++)
    violated += verdict_is_bad(i) ? figure_must_be(verdict_name(i), tally->answered[i], 0)
                                  : (figure_tell(verdict_name(i), tally->answered[i]), 0);
  return violated;
}

static unsigned s_tell_link(scene *scene, unsigned alive) {
  const ledger_reader *ledger = &scene->ledger;
  uint64_t losses = rig_counter(scene->client, "link_losses"), connects = rig_counter(scene->client, "link_connects");
  unsigned violated = 0;
  printf(" link\n");
  figure_tell("connections that ended in the simulator", ledger->ended);
  figure_tell("cut", ledger->cut);
  figure_tell("closed with a code", ledger->closed);
  figure_tell("gone silent", ledger->muted);
  figure_tell("times that the broker's link was up", connects);
  violated += figure_must_be("losses of it, one less as it is up again", losses, connects - 1);
  violated += figure_must_not_exceed("those, and no more than connections that ended", losses, ledger->ended);
  printf(" events\n");
  figure_tell("received", scene->audience.events);
  violated += figure_must_be("numbers that did not follow", scene->audience.gaps, 0);
  violated += figure_must_be("that could not be read", scene->audience.broken, 0);
  violated += figure_must_be("subscribed topics that move on", alive, TOPICS);
  printf(" reactor\n");
  figure_tell("turns", rig_number(scene->client, "turns"));
  figure_tell("longest turn, us (20000 is the bar)", rig_number(scene->client, "turn_longest_us"));
  figure_tell("turns past that", rig_number(scene->client, "turns_over_20ms"));
  return violated;
}

static unsigned s_tell(scene *scene, const tally *tally, unsigned alive) {
  printf("chaos_link, client_order_ids %s: %" PRIu64 " cuts, seed %" PRIu64 ", %.1f s\n",
         scene->keeps_ids ? "kept" : "dropped", scene->weather.cuts, scene->seed, (double)scene->storm_ms / 1000);
  unsigned violated = s_tell_commands(scene);
  violated += s_tell_orders(scene, tally);
  violated += s_tell_link(scene, alive);
  if (violated) s_tell_bad(scene);
  if (violated) printf(" %u VIOLATED; ledger and log are in %s\n", violated, scene->rig.folder);
  fflush(stdout);
  return violated;
}

static void s_run(bool keeps_ids) {
  scene scene;
  tally tally;
  scene_open(&scene, keeps_ids);
  s_storm(&scene);
  scene_await_replies(&scene);
  rig_wait_link(scene.client, HBUS_LINK_CONNECTED);
  s_await_stream(&scene, &tally);
  s_await_answers(&scene);
  unsigned alive = s_await_topics(&scene);
  scene_await_replies(&scene);
  s_await_stream(&scene, &tally);
  unsigned violated = s_tell(&scene, &tally, alive);
  scene_close(&scene, violated > 0);
  cr_assert_eq(violated, 0);
}

Test(chaos_link, upstream_keeps_our_ids) {
  s_run(true);
}

Test(chaos_link, upstream_drops_our_ids) {
  s_run(false);
}
