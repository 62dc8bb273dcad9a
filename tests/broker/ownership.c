/* Who reaches whose orders. */
#include "broker/command/ownership.h"

#include <criterion/criterion.h>

Test(ownership, ones_own_and_for_some_everyones) {
  char first[] = "hbus", second[] = "risk";
  char *names[] = {first, second};
  config config = {.access.reach_all = {.items = names, .count = 2}};
  cr_expect(ownership_reaches_all(&config, "hbus"));
  cr_expect(ownership_reaches_all(&config, "risk"));
  cr_expect_not(ownership_reaches_all(&config, "alice"));
  cr_expect_not(ownership_reaches_all(&config, ""), "who has said no hello has no rights");
  cr_expect(ownership_reaches(&config, "alice", "alice"));
  cr_expect_not(ownership_reaches(&config, "alice", "bob"));
  cr_expect_not(ownership_reaches(&config, "alice", ""));
  cr_expect_not(ownership_reaches(&config, "", ""), "nobody's orders are not those of a peer without a name");
  cr_expect(ownership_reaches(&config, "risk", "bob"));
  cr_expect(ownership_reaches(&config, "risk", ""));
}
