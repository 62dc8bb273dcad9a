#include "broker/command/ownership.h"

#include <string.h>

bool ownership_reaches_all(const config *config, const char *name) {
  const config_list *names = &config->access.reach_all;
  for (unsigned i = 0; i < names->count; i++) {
    if (strcmp(names->items[i], name) == 0) return true;
  }
  return false;
}

bool ownership_reaches(const config *config, const char *name, const char *owner) {
  return (name[0] && strcmp(name, owner) == 0) || ownership_reaches_all(config, name);
}
