#include "tests/chaos/weather.h"

#include <czmq.h>

#define LOOK_MS     10
#define CALM_MS_MAX 150
#define LONGEST_MS  5000 /* of one fault; some need traffic that may not be there */

typedef struct fault_row {
  unsigned weight;
  const char *format; /* of the command; with the number */
  uint64_t min, max;  /* of that */
  uint64_t cuts;      /* how many it makes */
  uint64_t longest_ms;
} fault_row;

/* Frames are counted from the handshake on, of which a connection with all its subscriptions takes about forty: small
 * numbers cut on the way up. */
static const fault_row s_rows[] = {
    {30, "fault cut-every=%llu", 30, 400, 8, LONGEST_MS}, /* before a request is done, after it, and within frames */
    {10, "fault drop-after=%llu", 1, 200, 2, LONGEST_MS},
    {6, "fault close=1001,%llu", 1, 200, 1, LONGEST_MS},
    {6, "fault close=1011,%llu", 1, 200, 1, LONGEST_MS},
    {6, "fault silent-after=%llu", 0, 200, 1, LONGEST_MS},
    {6, "fault half-open=%llu", 0, 200, 1, LONGEST_MS},
    {6, "fault restart=%llu", 10, 300, 1, LONGEST_MS},
    {20, "cut", 0, 0, 1, LONGEST_MS},
    {2, "fault late=%llu,create_order", 1200, 1800, 1, 2000}, /* longer than a request may take */
};

void weather_init(weather *self, sim_control *control, uint64_t seed) {
  *self = (weather){.control = control, .calm = true};
  random_init(&self->random, seed, UINT64_MAX);
}

static const fault_row *s_draw(weather *self) {
  uint64_t total = 0;
  for (size_t i = 0; i < sizeof s_rows / sizeof *s_rows; i++)
    total += s_rows[i].weight;
  uint64_t drawn = random_below(&self->random, total);
  const fault_row *row = s_rows;
  while (drawn >= row->weight)
    drawn -= row++->weight;
  return row;
}

/* The formats are those of the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void s_write(char *out, size_t size, const fault_row *row, uint64_t number) {
  snprintf(out, size, row->format, (unsigned long long)number);
}
#pragma GCC diagnostic pop

static void s_begin(weather *self, uint64_t now_ms) {
  const fault_row *row = s_draw(self);
  char command[64];
  s_write(command, sizeof command, row, (uint64_t)random_between(&self->random, (int64_t)row->min, (int64_t)row->max));
  sim_control_tell(self->control, command);
  self->calm = false;
  self->until_cuts = self->cuts + row->cuts;
  self->until_ms = now_ms + row->longest_ms;
}

void weather_end(weather *self) {
  sim_control_tell(self->control, "fault clear");
  self->calm = true;
}

void weather_turn(weather *self) {
  uint64_t now_ms = (uint64_t)zclock_mono();
  if (now_ms < self->look_ms) return;
  self->look_ms = now_ms + LOOK_MS;
  uint64_t total = sim_control_stat(self->control, "connections_total");
  self->cuts = total - sim_control_stat(self->control, "connections");
  if (self->calm) {
    s_begin(self, now_ms);
  } else if (self->cuts >= self->until_cuts || now_ms >= self->until_ms) {
    weather_end(self);
    self->look_ms = now_ms + random_below(&self->random, CALM_MS_MAX + 1);
  }
}
