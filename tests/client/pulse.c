#include "client/pulse.h"

#include <criterion/criterion.h>

Test(pulse, silence_is_three_intervals_and_told_once) {
  pulse self = {0};
  bool is_back = true;
  cr_assert_not(pulse_look(&self, 100000), "nobody listens");
  cr_assert_eq(pulse_deadline(&self), UINT64_MAX);
  pulse_start(&self, 1000);
  cr_assert_eq(pulse_beat(&self, 7, 10, 500, 2000, &is_back), 0u);
  cr_assert_not(is_back);
  cr_assert_eq(pulse_deadline(&self), 2500u);
  for (uint64_t now_ms = 2500; now_ms < 3500; now_ms += 500)
    cr_assert_not(pulse_look(&self, now_ms));
  cr_assert_not(pulse_look(&self, 3499));
  cr_assert_eq(pulse_deadline(&self), 3500u);
  cr_assert(pulse_look(&self, 3500));
  cr_assert_not(pulse_look(&self, 4000), "once");
  cr_assert_eq(pulse_deadline(&self), UINT64_MAX);
  cr_assert_eq(pulse_beat(&self, 7, 14, 500, 5000, &is_back), 3u, "those of the silence");
  cr_assert(is_back);
  cr_assert_eq(pulse_beat(&self, 7, 15, 500, 5500, &is_back), 0u);
  cr_assert_not(is_back);
}

Test(pulse, who_did_not_listen_has_not_heard_silence) {
  pulse self = {0};
  bool is_back;
  pulse_start(&self, 0);
  pulse_beat(&self, 7, 1, 1000, 0, &is_back);
  cr_assert_not(pulse_look(&self, 60000), "the program was away for a minute");
  cr_assert_not(pulse_look(&self, 61000));
  cr_assert_not(pulse_look(&self, 62000));
  cr_assert(pulse_look(&self, 63001));
}

Test(pulse, a_look_that_is_a_little_late_has_listened_all_the_same) {
  pulse self = {0};
  bool is_back;
  pulse_start(&self, 0);
  pulse_beat(&self, 7, 1, 1000, 0, &is_back);
  cr_assert_not(pulse_look(&self, 1200));
  cr_assert_not(pulse_look(&self, 2400));
  cr_assert(pulse_look(&self, 3600));
}

Test(pulse, missed_ones_are_counted_within_an_epoch) {
  pulse self = {0};
  bool is_back;
  pulse_start(&self, 0);
  cr_assert_eq(pulse_beat(&self, 7, 5, 0, 0, &is_back), 0u, "the first");
  cr_assert_eq(pulse_beat(&self, 7, 6, 0, 1000, &is_back), 0u);
  cr_assert_eq(pulse_beat(&self, 7, 9, 0, 2000, &is_back), 2u);
  cr_assert_eq(pulse_beat(&self, 8, 20, 0, 3000, &is_back), 0u);
  cr_assert_eq(self.interval_ms, 1000u, "until one says");
  pulse_stop(&self);
  cr_assert_not(self.is_on);
}
