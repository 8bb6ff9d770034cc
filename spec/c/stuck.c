/* A C library that hangs, or ends its process: preloaded in front of libcrypto (LD_PRELOAD), it
 * takes the place of one of its functions, the one behind `weiyue.crypto`'s digests. Two texts are
 * special: that of "stuck forever" never comes back, and that of "abort" ends the process. */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

typedef int digest_fn(const void *, size_t, unsigned char *, unsigned *, const EVP_MD *, ENGINE *);

static int is(const void *data, size_t n, const char *text) {
  return n == strlen(text) && memcmp(data, text, n) == 0;
}

__attribute__((visibility("default"))) int EVP_Digest(const void *data, size_t n, unsigned char *md,
                                                      unsigned *md_n, const EVP_MD *type,
                                                      ENGINE *impl) {
  static volatile int stuck = 1;
  while (is(data, n, "stuck forever") && stuck) continue;
  if (is(data, n, "abort")) abort();
  digest_fn *real;
  *(void **)&real = dlsym(RTLD_NEXT, "EVP_Digest");
  return real(data, n, md, md_n, type, impl);
}
