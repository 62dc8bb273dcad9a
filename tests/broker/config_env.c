#include "broker/config_env.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/broker/config_stage.h"

static char *s_getenv(const char *name) {
  return getenv(name);
}

/* ---- Hummingbot's place ---- */

Test(config_env, takes_the_place_from_the_environment) {
  static const struct {
    const char *url, *host, *port, *expected;
  } cases[] = {
      {"ws://a:1/ws", "b", NULL, "ws://b:1/ws"},
      {"ws://a:1/ws", NULL, "2", "ws://a:2/ws"},
      {"wss://a/x?y", "b.c", "443", "wss://b.c/x?y"},
      {"ws://a:1/ws", "::1", "2", "ws://[::1]:2/ws"},
      {"ws://a:1/ws", "[::1]", "", "ws://[::1]:1/ws"},
      {"ws://a:1/ws", "", "", "ws://a:1/ws"},
      {"ws://a:1/ws", "b/c", NULL, NULL},
      {"ws://a:1/ws", "b:2", NULL, NULL},
      {"ws://a:1/ws", "u@b", NULL, NULL},
      {"ws://a:1/ws", NULL, "0", NULL},
      {"ws://a:1/ws", NULL, "65536", NULL},
      {"ws://a:1/ws", NULL, "x", NULL},
      {"ws://a:1/ws", NULL, "1x", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsetenv("HUMMINGBOT_HOST");
    unsetenv("HUMMINGBOT_PORT");
    if (cases[i].host) setenv("HUMMINGBOT_HOST", cases[i].host, 1);
    if (cases[i].port) setenv("HUMMINGBOT_PORT", cases[i].port, 1);
    char yaml[128];
    snprintf(yaml, sizeof yaml, "upstream: {url: \"%s\"}\n", cases[i].url);
    config *config = NULL;
    hbus_error error = {0};
    hbus_status status = config_stage_load(yaml, s_getenv, &config, &error);
    cr_expect_eq(status, cases[i].expected ? HBUS_OK : HBUS_INVALID_REQUEST, "case %zu: %s", i, error.text);
    if (cases[i].expected && config) cr_expect_str_eq(config->upstream.url, cases[i].expected);
    if (!cases[i].expected) cr_expect_not_null(strstr(error.text, "HUMMINGBOT_"), "%s", error.text);
    config_destroy(&config);
  }
}

/* ---- the API key ---- */

static config *s_load_with_key_file(const char *key, size_t size, hbus_error *error) {
  char key_path[64], yaml[128];
  snprintf(key_path, sizeof key_path, "%s", config_stage_write(key, size));
  snprintf(yaml, sizeof yaml, "upstream: {api_key_file: %s}\n", key_path);
  config *config = NULL;
  config_stage_load(yaml, s_getenv, &config, error);
  unlink(key_path);
  return config;
}

Test(config_env, takes_the_key_from_a_file) {
  static const struct {
    const char *file, *key;
  } cases[] = {{"secret", "secret"},
               {"secret\n", "secret"},
               {"secret\r\n", "secret"},
               {"secret\nmore\n", "secret"},
               {" s p ", " s p "},
               {"", NULL},
               {"\n", NULL},
               {"a\tb", NULL}};
  unsetenv("HUMMINGBOT_API_KEY");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    hbus_error error = {0};
    config *config = s_load_with_key_file(cases[i].file, strlen(cases[i].file), &error);
    if (cases[i].key) {
      cr_assert_not_null(config, "%s", error.text);
      cr_expect_str_eq(config->upstream.api_key, cases[i].key);
      cr_expect_not(config->upstream.api_key_from_environment);
    } else {
      cr_expect_null(config);
      cr_expect_not_null(strstr(error.text, "API key"), "%s", error.text);
    }
    config_destroy(&config);
  }
}

Test(config_env, bounds_the_key) {
  char key[CONFIG_API_KEY_MAX + 8];
  memset(key, 'k', sizeof key);
  unsetenv("HUMMINGBOT_API_KEY");
  for (size_t size = CONFIG_API_KEY_MAX - 1; size <= CONFIG_API_KEY_MAX + 3; size++)
    for (unsigned newline = 0; newline < 2; newline++) {
      if (newline) key[size] = '\n';
      hbus_error error = {0};
      config *config = s_load_with_key_file(key, size + newline, &error);
      key[size] = 'k';
      cr_expect_eq(config != NULL, size <= CONFIG_API_KEY_MAX, "%zu: %s", size, error.text);
      if (config) cr_expect_eq(strlen(config->upstream.api_key), size);
      config_destroy(&config);
    }
}

Test(config_env, prefers_the_key_of_the_environment_and_never_prints_it) {
  setenv("HUMMINGBOT_API_KEY", "from-the-environment", 1);
  hbus_error error = {0};
  config *config = s_load_with_key_file("from-the-file", 13, &error);
  cr_assert_not_null(config, "%s", error.text);
  cr_expect_str_eq(config->upstream.api_key, "from-the-environment");
  char *printed = config_stage_print(config);
  cr_expect_eq(strncmp(printed, "# api key: set (from HUMMINGBOT_API_KEY)\n", 41), 0, "%s", printed);
  cr_expect_null(strstr(printed, "from-the-environment"));
  free(printed);
  config_destroy(&config);

  /* then the file need not even be there */
  cr_assert_eq(config_stage_load("upstream: {api_key_file: /no/such/key}\n", s_getenv, &config, &error), HBUS_OK);
  config_destroy(&config);
  unsetenv("HUMMINGBOT_API_KEY");
  cr_assert_eq(config_stage_load("upstream: {api_key_file: /no/such/key}\n", s_getenv, &config, &error),
               HBUS_INVALID_REQUEST);
  cr_expect_not_null(strstr(error.text, "cannot open the API key file /no/such/key: "), "%s", error.text);

  config = s_load_with_key_file("from-the-file", 13, &error);
  printed = config_stage_print(config);
  cr_expect_eq(strncmp(printed, "# api key: set (from api_key_file)\n", 35), 0, "%s", printed);
  cr_expect_null(strstr(printed, "from-the-file"));
  free(printed);
  config_destroy(&config);
}
