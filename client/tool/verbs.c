/* The table of verbs. */
#include <stdio.h>
#include <string.h>

#include "client/tool/verb.h"

static const verb *const verbs[] = {
    &verb_tail,          &verb_order_create,  &verb_order_cancel, &verb_order_status, &verb_order_list,
    &verb_order_history, &verb_order_resolve, &verb_cancel_all,   &verb_book,         &verb_ticker,
    &verb_balances,      &verb_positions,     &verb_snapshot,     &verb_replay,       &verb_publish,
    &verb_status,        &verb_ping,
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

const verb *verb_find(int argc, char **argv, int *words) {
  for (size_t i = 0; i < VERB_COUNT; i++) {
    const char *name = verbs[i]->name;
    const char *blank = strchr(name, ' ');
    size_t first_size = blank == NULL ? strlen(name) : (size_t)(blank - name);
    if (argc < 2 || strlen(argv[1]) != first_size || strncmp(argv[1], name, first_size) != 0) continue;
    if (blank != NULL && (argc < 3 || strcmp(argv[2], blank + 1) != 0)) continue;
    *words = blank == NULL ? 1 : 2;
    return verbs[i];
  }
  return NULL;
}

static void s_print_summary(const verb *verb, FILE *out) {
  (void)fprintf(out, "  %-15s %s\n", verb->name, verb->summary);
}

void verb_print_all(FILE *out) {
  (void)fputs("usage: hbus VERB [ARGUMENT ...] [OPTION ...]\n\n", out);
  for (size_t i = 0; i < VERB_COUNT; i++)
    s_print_summary(verbs[i], out);
  (void)fputs(
      "\n\"hbus help VERB\" says more, \"hbus --version\" which version this is.\n"
      "Exit status: 0 done, 1 refused, 2 wrong usage, 3 not reachable or no answer in time, 4 outcome unknown.\n",
      out);
}

bool verb_print_group(const char *word, FILE *out) {
  size_t size = strlen(word);
  bool is_any = false;
  for (size_t i = 0; i < VERB_COUNT; i++) {
    if (strncmp(verbs[i]->name, word, size) != 0 || verbs[i]->name[size] != ' ') continue;
    if (!is_any) (void)fprintf(out, "usage: hbus %s VERB [ARGUMENT ...] [OPTION ...]\n\n", word);
    is_any = true;
    s_print_summary(verbs[i], out);
  }
  if (is_any) (void)fprintf(out, "\n\"hbus help %s VERB\" says more.\n", word);
  return is_any;
}

void verb_print_help(const verb *self, FILE *out) {
  (void)fprintf(out, "usage: hbus %s%s%s [OPTION ...]\n\n%s.\n", self->name, *self->parameters == '\0' ? "" : " ",
                self->parameters, self->summary);
  if (self->details != NULL) (void)fprintf(out, "\n%s\n", self->details);
  (void)fputs("\n", out);
  arguments_print_help(self->options, out);
}
