#include "broker/event/sequence.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static topic s_topic(const char *segment) {
  topic topic;
  topic_clear(&topic);
  topic_append(&topic, segment, strlen(segment));
  return topic;
}

static uint64_t s_next(sequence *sequence, const char *segment) {
  topic name = s_topic(segment);
  numbered_topic *topic = NULL;
  cr_assert_eq(sequence_next(sequence, &name, &topic), HBUS_OK);
  cr_expect_str_eq(topic->text, name.text);
  return topic->last;
}

Test(sequence, each_topic_from_one_by_one) {
  sequence *sequence = sequence_new(2);
  for (uint64_t i = 1; i <= 3; i++)
    cr_expect_eq(s_next(sequence, "a"), i);
  cr_expect_eq(s_next(sequence, "b"), 1);
  cr_expect_eq(sequence_find(sequence, "a/")->last, 3);
  cr_expect_null(sequence_find(sequence, "c/"));
  topic c = s_topic("c");
  numbered_topic *untouched = NULL;
  cr_expect_eq(sequence_next(sequence, &c, &untouched), HBUS_OVERLOADED);
  cr_expect_null(untouched);
  cr_expect_eq(sequence_restore(sequence, "c/", 5), HBUS_OVERLOADED);
  cr_expect_eq(s_next(sequence, "a"), 4, "what has a number keeps counting");
  cr_expect_eq(sequence_size(sequence), 2);
  sequence_destroy(&sequence);
}

Test(sequence, goes_on_from_what_was_given_before) {
  sequence *sequence = sequence_new(1000);
  cr_assert_eq(sequence_restore(sequence, "a/", 41), HBUS_OK);
  cr_expect_eq(sequence_moved(sequence), 0, "nothing was said yet");
  cr_expect_eq(s_next(sequence, "a"), 42);
  sequence_destroy(&sequence);
}

Test(sequence, tells_once_which_topics_have_moved_and_keeps_their_places) {
  sequence *sequence = sequence_new(1000);
  char segment[8];
  for (unsigned i = 0; i < 300; i++) {
    snprintf(segment, sizeof segment, "%u", i);
    s_next(sequence, segment);
    s_next(sequence, segment);
  }
  cr_expect_eq(sequence_moved(sequence), 300);
  for (unsigned i = 0; i < 300; i++)
    cr_expect_eq(sequence_take_moved(sequence), sequence_at(sequence, i));
  cr_expect_null(sequence_take_moved(sequence));
  s_next(sequence, "7");
  cr_expect_eq(sequence_take_moved(sequence), sequence_at(sequence, 7));
  cr_expect_null(sequence_take_moved(sequence));
  sequence_destroy(&sequence);
}
