/* The contract of a store, against those that need no server. */
#include "kv_contract.h"

typedef struct run {
  const char *url;
  const contract_case *one;
} run;

static void run_case(void **state) {
  const run *it = *state;
  kv_rig r;
  rig_init(&r, it->url);
  rig_open(&r);
  it->one->run(&r);
  rig_close(&r);
  rig_deinit(&r);
}

int main(void) {
  static const char *const urls[] = {"memory", "sqlite:kv.db"};
  enum { URLS = sizeof urls / sizeof *urls };
  static run runs[URLS][CONTRACT];
  static char names[URLS][CONTRACT][96];
  static struct CMUnitTest tests[URLS * CONTRACT];
  for (size_t u = 0; u < URLS; u++) {
    for (size_t i = 0; i < CONTRACT; i++) runs[u][i] = (run){urls[u], &contract[i]};
    contract_tests(tests + u * CONTRACT, urls[u], names[u], run_case, runs[u], sizeof(run));
  }
  return _cmocka_run_group_tests("kv", tests, URLS * CONTRACT, NULL, NULL);
}
