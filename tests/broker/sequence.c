#include <criterion/criterion.h>
#include <string.h>

#include "broker/event/sequence.h"

static topic s_topic(const char *segment) {
  topic topic;
  topic_clear(&topic);
  topic_append(&topic, segment, strlen(segment));
  return topic;
}

Test(sequence, each_topic_from_one_by_one) {
  sequence *sequence = sequence_new(2);
  topic a = s_topic("a"), b = s_topic("b"), c = s_topic("c");
  uint64_t number = 0;
  for (uint64_t i = 1; i <= 3; i++) {
    cr_assert_eq(sequence_next(sequence, &a, &number), HBUS_OK);
    cr_expect_eq(number, i);
  }
  cr_expect_eq(sequence_next(sequence, &b, &number), HBUS_OK);
  cr_expect_eq(number, 1);
  cr_expect_eq(sequence_last(sequence, "a/"), 3);
  cr_expect_eq(sequence_last(sequence, "c/"), 0);
  cr_expect_eq(sequence_next(sequence, &c, &number), HBUS_OVERLOADED);
  cr_expect_eq(number, 1, "untouched");
  cr_expect_eq(sequence_next(sequence, &a, &number), HBUS_OK, "what has a number keeps counting");
  sequence_destroy(&sequence);
}
