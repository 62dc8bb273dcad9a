/* ORDERS.md, rules 6, 8 and 9, sentence by sentence. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/broker/resolution_scene.h"

static scene s_scene;

static void s_setup(void) {
  scene_init(&s_scene);
}

TestSuite(resolution, .init = s_setup);

static size_t s_ask(const char *owner, int64_t written_ms, const char *amount, const char *price) {
  return scene_ask(&s_scene, owner, written_ms, amount, price);
}

static size_t s_list(const char *order_id, int64_t created_ms, const char *amount, const char *price) {
  return scene_list(&s_scene, order_id, created_ms, amount, price);
}

static void s_carry(size_t listed, const char *client_order_id) {
  hbus_client_order_id carried; /* by a copy: gcc -O3 takes two fields of one struct for overlapping */
  snprintf(carried, sizeof carried, "%s", client_order_id);
  memcpy(s_scene.orders[listed].client_order_id, carried, sizeof carried);
}

static void s_resolve(void) {
  scene_resolve(&s_scene);
}

static void s_expect_bound(size_t unknown, size_t listed, resolution_reason reason) {
  const resolution *answer = &s_scene.answers[unknown];
  cr_expect_eq(answer->verdict, RESOLUTION_BOUND, "unknown %zu: verdict %d", unknown, (int)answer->verdict);
  cr_expect_eq(answer->listed, listed, "unknown %zu is %zu", unknown, answer->listed);
  cr_expect_eq(answer->reason, reason, "unknown %zu: reason %d", unknown, (int)answer->reason);
}

static void s_expect_absent(size_t unknown) {
  cr_expect_eq(s_scene.answers[unknown].verdict, RESOLUTION_ABSENT, "unknown %zu: verdict %d", unknown,
               (int)s_scene.answers[unknown].verdict);
}

static void s_expect_ambiguous(size_t unknown, size_t candidate_count) {
  const resolution *answer = &s_scene.answers[unknown];
  cr_expect_eq(answer->verdict, RESOLUTION_AMBIGUOUS, "unknown %zu: verdict %d", unknown, (int)answer->verdict);
  cr_expect_eq(answer->candidate_count, candidate_count, "unknown %zu: %zu candidates", unknown,
               answer->candidate_count);
}

/* ---- rule 6 ---- */

Test(resolution, rule_6_a_foreign_instance_is_never_matched) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_carry(s_list("o-1", 10, "1", "36"), "other-1");
  s_carry(s_list("o-2", 10, "1", "36"), SCENE_INSTANCE "y-1");
  s_resolve();
  s_expect_absent(unknown);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_DROPPED, "what upstream does with the ids of others says nothing");
}

Test(resolution, rule_6_no_other_id_is_ever_matched) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_carry(s_list("o-1", 10, "1", "36"), "web_7");
  s_carry(s_list("o-2", 10, "1", "36"), SCENE_INSTANCE "-999"); /* ours, of another order */
  s_resolve();
  s_expect_absent(unknown);
}

Test(resolution, rule_6_an_id_in_one_list_counts_in_the_other) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_carry(s_list("o-1", 10, "1", "36"), "other-1");
  s_resolve();
  s_expect_absent(unknown);
}

/* ---- rule 8: by id ---- */

Test(resolution, rule_8_an_order_that_carries_our_id_settles_it_in_whichever_state) {
  for (hbus_order_status status = HBUS_OPEN; status < HBUS_ORDER_STATUS_COUNT; status++) {
    s_setup();
    size_t stranger = s_ask("alice", 5000, "7", "41");
    size_t unknown = s_ask("alice", 9000, "1", "36");
    s_list("o-1", 9010, "1", "36");
    size_t listed = s_list("o-2", 0, "0", NULL); /* neither like it nor new */
    s_scene.orders[listed].status = status;
    s_scene.listed[listed].first_seen_ns = 1;
    s_carry(listed, s_scene.upstream_ids[unknown]);
    s_scene.question.exclusive = false;
    s_resolve();
    s_expect_bound(unknown, listed, RESOLUTION_BY_ID);
    s_expect_absent(stranger);
  }
}

Test(resolution, rule_8_an_id_settles_an_order_that_may_be_answered_yet) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_scene.unknowns[unknown].under_way = true;
  size_t listed = s_list("o-1", 10, "1", "36");
  s_carry(listed, s_scene.upstream_ids[unknown]);
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_ID);
}

Test(resolution, rule_8_an_order_in_both_lists_is_one_order) {
  size_t by_id = s_ask("alice", 0, "1", "36"), by_value = s_ask("alice", 0, "2", "36");
  size_t first = s_list("o-1", 10, "1", "36");
  s_list("o-1", 10, "1", "36");
  size_t second = s_list("o-2", 20, "2", "36");
  s_list("o-2", 20, "2", "36");
  s_resolve();
  s_expect_bound(by_id, first, RESOLUTION_BY_VALUE);
  s_expect_bound(by_value, second, RESOLUTION_BY_VALUE);

  s_carry(0, s_scene.upstream_ids[by_id]);
  s_carry(1, s_scene.upstream_ids[by_id]);
  s_resolve();
  s_expect_bound(by_id, first, RESOLUTION_BY_ID);
}

Test(resolution, rule_8_two_orders_with_one_id_are_for_a_person) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_carry(s_list("o-1", 10, "1", "36"), s_scene.upstream_ids[unknown]);
  s_carry(s_list("o-2", 20, "1", "36"), s_scene.upstream_ids[unknown]);
  s_resolve();
  s_expect_ambiguous(unknown, 2);
}

Test(resolution, rule_8_our_id_on_an_order_bound_to_another_is_for_a_person) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  size_t listed = s_list("o-1", 10, "1", "36");
  s_carry(listed, s_scene.upstream_ids[unknown]);
  s_scene.listed[listed].bound = true;
  s_resolve();
  s_expect_ambiguous(unknown, 1);
}

/* ---- rule 8: without ids or with them ---- */

Test(resolution, rule_8_with_ids_kept_nothing_is_matched_by_value) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_scene.question.ids = RESOLUTION_IDS_KEPT;
  s_resolve();
  s_expect_absent(unknown);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_KEPT);
}

Test(resolution, rule_8_the_lists_show_that_ids_are_kept) {
  size_t lost = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_carry(s_list("o-2", 10, "5", "40"), SCENE_INSTANCE "-77");
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  s_expect_absent(lost);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_KEPT);
}

Test(resolution, rule_8_an_id_of_an_earlier_instance_of_ours_is_ours) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_scene.unknowns[unknown].upstream_id = "old-1";
  size_t listed = s_list("o-1", 10, "1", "36");
  s_carry(listed, "old-1");
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_ID);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_KEPT);
}

Test(resolution, rule_8_a_known_id_of_an_earlier_instance_shows_that_ids_are_kept) {
  size_t lost = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  size_t known = s_list("o-2", 10, "5", "40");
  s_carry(known, "old-7");
  s_scene.listed[known].has_our_id = s_scene.listed[known].bound = true;
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  s_expect_absent(lost);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_KEPT);
}

/* Upstreams give orders ids of their own where they drop ours. */
Test(resolution, rule_8_another_id_on_an_order_of_ours_does_not_show_that_ids_are_kept) {
  s_ask("alice", 0, "1", "36");
  size_t known = s_list("o-2", 10, "5", "40");
  s_carry(known, "HBOT-7");
  s_scene.listed[known].bound = true;
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_NOT_KNOWN);
}

/* Its order may have been forgotten, or its record lost: it is not that of any unknown one. */
Test(resolution, rule_6_an_id_of_an_earlier_start_that_nobody_knows_is_never_a_candidate) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_carry(s_list("o-1", 10, "1", "36"), "hq1x8c2zk0-3");
  s_resolve();
  s_expect_absent(unknown);
}

Test(resolution, rule_8_the_lists_show_that_ids_are_dropped) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  size_t listed = s_list("o-1", 10, "1", "36");
  s_scene.listed[s_list("o-2", 10, "5", "40")].bound = true;
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_DROPPED);
}

Test(resolution, rule_8_where_nothing_is_known_of_ids_matches_are_only_listed) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_scene.question.ids = RESOLUTION_IDS_NOT_KNOWN;
  s_resolve();
  s_expect_ambiguous(unknown, 1);
}

Test(resolution, rule_8_where_the_lists_contradict_what_was_known_of_ids_matches_are_only_listed) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  size_t ours = s_list("o-2", 10, "5", "40");
  s_carry(ours, SCENE_INSTANCE "-77");
  s_resolve();
  s_expect_ambiguous(unknown, 1);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_MIXED);

  s_carry(ours, "");
  s_scene.listed[ours].bound = true;
  s_scene.question.ids = RESOLUTION_IDS_KEPT;
  s_resolve();
  s_expect_ambiguous(unknown, 1);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_MIXED, "absence is no reason to call it failed then");
}

Test(resolution, rule_9_a_contradiction_about_ids_is_not_forgotten) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_carry(s_list("o-1", 10, "5", "40"), SCENE_INSTANCE "-77");
  s_scene.question.ids = RESOLUTION_IDS_MIXED;
  s_resolve();
  s_expect_absent(unknown);
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_MIXED);
}

/* ---- rule 8: what is a candidate ---- */

Test(resolution, rule_8_candidates_are_like_what_was_asked_for) {
  size_t unknown = s_ask("alice", 0, "1.50", "36");
  s_scene.orders[s_list("o-1", 10, "1.5", "36")].side = HBUS_SELL;
  s_list("o-2", 10, "1.5", NULL);
  s_list("o-3", 10, "1.6", "36");
  s_list("o-4", 10, "1.5", "37");
  size_t listed = s_list("o-5", 10, "1.5", "36.000");
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_equal_at_the_precision_of_upstream) {
  size_t unknown = s_ask("alice", 0, "1.23456", "36.789");
  size_t listed = s_list("o-1", 10, "1.234", "36.78");
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_what_was_rounded_otherwise_is_only_listed) {
  size_t unknown = s_ask("alice", 0, "1.23456", "36.789");
  s_list("o-1", 10, "1.234", "36.79");
  s_resolve();
  s_expect_ambiguous(unknown, 1);
}

Test(resolution, rule_8_created_after_the_intent_was_written) {
  size_t unknown = s_ask("alice", 60000, "1", "36");
  s_list("o-1", 60000 - RESOLUTION_CLOCK_SLACK_MS - 1, "1", "36");
  s_resolve();
  s_expect_absent(unknown);
  size_t listed = s_list("o-2", 60000 - RESOLUTION_CLOCK_SLACK_MS, "1", "36");
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_an_order_of_an_age_not_known_is_only_listed) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_scene.orders[s_list("o-1", 0, "1", "36")].created_at_ns = 0;
  s_resolve();
  s_expect_ambiguous(unknown, 1);
  size_t listed = s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE); /* that one is new, and somebody asked for it */
}

Test(resolution, rule_8_not_bound_to_another_order) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  s_scene.listed[s_list("o-1", 10, "1", "36")].bound = true;
  s_resolve();
  s_expect_absent(unknown);
  size_t listed = s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_not_seen_before_it) {
  size_t earlier = s_ask("alice", 0, "1", "36"), later = s_ask("bob", 1000, "1", "36");
  size_t listed = s_list("o-1", 500, "1", "36");
  s_resolve();
  s_expect_ambiguous(earlier, 1); /* within the slack it may be either's */
  s_expect_ambiguous(later, 1);
  s_scene.listed[listed].first_seen_ns = scene_time_ns(600);
  s_resolve();
  s_expect_bound(earlier, listed, RESOLUTION_BY_VALUE);
  s_expect_absent(later);
}

/* ---- rule 8: what is bound ---- */

Test(resolution, rule_8_two_candidates_for_one_are_listed) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  size_t second = s_list("o-1", 20, "1", "36"), first = s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(unknown, 2);
  cr_expect_eq(s_scene.answers[unknown].candidates[0], first, "oldest first");
  cr_expect_eq(s_scene.answers[unknown].candidates[1], second);
}

Test(resolution, rule_8_a_candidate_of_two_is_nobodys) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("bob", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 1);
  s_expect_ambiguous(second, 1);
}

Test(resolution, rule_8_as_many_as_unknowns_of_one_owner_are_bound_in_order_of_creation) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("alice", 0, "1.0", "36.0");
  size_t third = s_ask("alice", 5, "1", "36");
  size_t newest = s_list("o-1", 30, "1", "36");
  size_t oldest = s_list("o-2", 10, "1", "36"), middle = s_list("o-3", 20, "1", "36");
  s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_bound(first, oldest, RESOLUTION_BY_CREATION);
  s_expect_bound(second, middle, RESOLUTION_BY_CREATION);
  s_expect_bound(third, newest, RESOLUTION_BY_CREATION);
}

Test(resolution, rule_8_the_order_of_creation_is_that_of_writing) {
  size_t second = s_ask("alice", 5, "1", "36"), first = s_ask("alice", 0, "1", "36");
  size_t oldest = s_list("o-1", 10, "1", "36"), newest = s_list("o-2", 20, "1", "36");
  s_resolve();
  s_expect_bound(first, oldest, RESOLUTION_BY_CREATION);
  s_expect_bound(second, newest, RESOLUTION_BY_CREATION);
}

Test(resolution, rule_8_fewer_or_more_than_unknowns_are_listed) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("alice", 5, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 1);
  s_expect_ambiguous(second, 1);
  s_list("o-2", 20, "1", "36");
  s_list("o-3", 30, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 3);
  s_expect_ambiguous(second, 3);
}

Test(resolution, rule_8_of_two_owners_they_are_listed) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("bob", 5, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_list("o-2", 20, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 2);
  s_expect_ambiguous(second, 2);
}

Test(resolution, rule_8_not_all_alike_they_are_listed) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("alice", 5, "1", "36");
  s_scene.asked[first].position_action = HBUS_POSITION_OPEN;
  s_scene.asked[second].position_action = HBUS_POSITION_CLOSE;
  s_list("o-1", 10, "1", "36");
  size_t close = s_list("o-2", 20, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 2);
  s_expect_ambiguous(second, 2);
  s_scene.orders[close].position_action = HBUS_POSITION_CLOSE;
  s_resolve();
  s_expect_bound(first, 0, RESOLUTION_BY_VALUE); /* the other can be the second's alone */
  s_expect_bound(second, close, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_created_at_one_time_they_are_listed) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("alice", 5, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 2);
  s_expect_ambiguous(second, 2);
}

Test(resolution, rule_8_an_order_that_only_one_can_have_asked_for_is_that_ones) {
  static const char *const grid[] = {"36", "36.25", "36.5", "36.75"};
  for (size_t i = 0; i < 4; i++)
    s_ask(i % 2 ? "alice" : "bob", (int64_t)i, "1", grid[i]);
  for (size_t i = 0; i < 4; i++)
    s_list(grid[i], 10 + (int64_t)i, "1", grid[i]); /* "36" may be any of them, cut; the others tell them apart */
  s_resolve();
  for (size_t i = 0; i < 4; i++)
    s_expect_bound(i, i, RESOLUTION_BY_VALUE);
  s_scene.question.listed_count = 1;
  s_resolve();
  for (size_t i = 0; i < 4; i++)
    s_expect_ambiguous(i, 1);
}

Test(resolution, rule_8_later_unknowns_cannot_have_asked_for_earlier_orders) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("bob", 60000, "1", "36");
  size_t late = s_list("o-1", 60010, "1", "36"), early = s_list("o-2", 10, "1", "36");
  s_resolve();
  s_expect_bound(first, early, RESOLUTION_BY_VALUE);
  s_expect_bound(second, late, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_more_orders_than_were_asked_for_unbind_all_that_hangs_together) {
  size_t first = s_ask("alice", 0, "1", "36"), second = s_ask("bob", 60000, "1", "36");
  size_t apart = s_ask("bob", 60000, "2", "36");
  s_list("o-1", 10, "1", "36");
  s_list("o-2", 20, "1", "36");
  s_list("o-3", 60010, "1", "36");
  size_t other = s_list("o-4", 60010, "2", "36");
  s_resolve();
  s_expect_ambiguous(first, 3);
  s_expect_ambiguous(second, 1);
  s_expect_bound(apart, other, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_orders_too_many_for_those_left_unbind_the_first) {
  size_t first = s_ask("alice", 0, "1", "36");
  size_t second = s_ask("alice", 60000, "1", "36"), third = s_ask("alice", 60000, "1", "36");
  s_list("o-1", 10, "1", "36");
  for (int i = 0; i < 3; i++)
    s_list((const char *[]){"o-2", "o-3", "o-4"}[i], 60010 + i, "1", "36");
  s_resolve();
  s_expect_ambiguous(first, 4);
  s_expect_ambiguous(second, 3);
  s_expect_ambiguous(third, 3);
}

Test(resolution, rule_8_what_hangs_together_with_a_contradiction_is_not_told_by_creation) {
  s_ask("alice", 0, "1", "36");
  s_ask("alice", 60000, "1", "36");
  s_ask("alice", 60000, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_list("o-2", 20, "1", "36"); /* the first cannot have asked for both */
  s_list("o-3", 60010, "1", "36");
  s_list("o-4", 60020, "1", "36");
  s_resolve();
  s_expect_ambiguous(0, 4);
  s_expect_ambiguous(1, 2);
  s_expect_ambiguous(2, 2);
}

Test(resolution, rule_8_a_candidate_of_one_under_way_waits_for_its_answer) {
  size_t unknown = s_ask("alice", 0, "1", "36"), pending = s_ask("alice", 5, "1", "36");
  s_scene.unknowns[pending].under_way = true;
  size_t listed = s_list("o-1", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(unknown, 1);
  s_list("o-2", 20, "1", "36");
  s_resolve();
  s_expect_ambiguous(unknown, 2);
  s_expect_ambiguous(pending, 2);
  s_scene.listed[1].bound = true; /* answered */
  s_scene.question.unknown_count = 1;
  s_resolve();
  s_expect_bound(unknown, listed, RESOLUTION_BY_VALUE);
}

Test(resolution, rule_8_one_under_way_is_not_matched_by_value) {
  size_t pending = s_ask("alice", 0, "1", "36");
  s_scene.unknowns[pending].under_way = true;
  s_list("o-1", 10, "1", "36");
  s_resolve();
  s_expect_ambiguous(pending, 1);
}

Test(resolution, rule_8_where_others_trade_matches_by_value_are_only_listed) {
  size_t unknown = s_ask("alice", 0, "1", "36"), other = s_ask("alice", 0, "1", "36");
  s_list("o-1", 10, "1", "36");
  s_scene.question.exclusive = false;
  s_resolve();
  s_expect_ambiguous(unknown, 1);
  s_expect_ambiguous(other, 1);
}

Test(resolution, rule_8_all_candidates_are_counted_and_the_oldest_named) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  for (int i = 0; i < RESOLUTION_CANDIDATES_MAX + 4; i++) {
    char id[16];
    snprintf(id, sizeof id, "o-%d", i);
    s_list(id, 1000 - i, "1", "36");
  }
  s_resolve();
  s_expect_ambiguous(unknown, RESOLUTION_CANDIDATES_MAX + 4);
  for (size_t i = 0; i < RESOLUTION_CANDIDATES_MAX; i++)
    cr_expect_eq(s_scene.answers[unknown].candidates[i], RESOLUTION_CANDIDATES_MAX + 3 - i);
}

/* ---- rule 9 ---- */

Test(resolution, rule_9_absence_counts_only_with_ids_kept) {
  size_t unknown = s_ask("alice", 0, "1", "36");
  static const resolution_ids known[] = {RESOLUTION_IDS_NOT_KNOWN, RESOLUTION_IDS_KEPT, RESOLUTION_IDS_DROPPED,
                                         RESOLUTION_IDS_MIXED};
  for (size_t i = 0; i < 4; i++) {
    s_scene.question.ids = known[i];
    s_resolve();
    s_expect_absent(unknown);
    cr_expect_eq(s_scene.ids, known[i], "empty lists say nothing");
  }
}

Test(resolution, rule_9_if_it_appears_later_it_is_found) {
  size_t failed = s_ask("alice", 0, "1", "36"); /* called failed by absence, and asked about again */
  s_scene.question.ids = RESOLUTION_IDS_KEPT;
  s_resolve();
  s_expect_absent(failed);
  size_t listed = s_list("o-1", 3600000, "1", "36");
  s_carry(listed, s_scene.upstream_ids[failed]);
  s_resolve();
  s_expect_bound(failed, listed, RESOLUTION_BY_ID);
}

Test(resolution, nothing_asked_nothing_answered) {
  s_list("o-1", 10, "1", "36");
  s_resolve();
  s_scene.question.listed_count = 0;
  s_resolve();
  cr_expect_eq(s_scene.ids, RESOLUTION_IDS_DROPPED);
}
