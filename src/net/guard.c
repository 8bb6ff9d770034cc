#include "net/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"

typedef struct range {
  unsigned char b[16];
  unsigned bits;
  const char *name;
} range;

/* IANA's special-purpose registries. The first that fits counts. */
static const range v4[] = {
    {{0}, 8, "this-network"},
    {{10}, 8, "private"},
    {{100, 64}, 10, "cgnat"},
    {{127}, 8, "loopback"},
    {{169, 254}, 16, "link-local"},
    {{172, 16}, 12, "private"},
    {{192, 0, 0}, 24, "reserved"},
    {{192, 0, 2}, 24, "documentation"},
    {{192, 88, 99}, 24, "reserved"},
    {{192, 168}, 16, "private"},
    {{198, 18}, 15, "benchmark"},
    {{198, 51, 100}, 24, "documentation"},
    {{203, 0, 113}, 24, "documentation"},
    {{224}, 4, "multicast"},
    {{240}, 4, "reserved"},
};

static const range v6[] = {
    {{[15] = 1}, 128, "loopback"},
    {{0}, 128, "unspecified"},
    {{0xFC}, 7, "unique-local"},
    {{0xFE, 0x80}, 10, "link-local"},
    {{0xFE, 0xC0}, 10, "site-local"},
    {{0xFF}, 8, "multicast"},
    {{0x20, 0x01}, 23, "reserved"}, /* Teredo, ORCHID … */
    {{0x20, 0x01, 0x0D, 0xB8}, 32, "documentation"},
    {{0x3F, 0xFF}, 20, "documentation"},
};

/* Where an IPv4 address stands inside, from byte `at` on. */
static const struct inside {
  unsigned char b[16];
  unsigned bits, at;
} insides[] = {
    {{[10] = 0xFF, [11] = 0xFF}, 96, 12}, /* mapped */
    {{0}, 96, 12},                        /* compatible */
    {{[8] = 0xFF, [9] = 0xFF}, 96, 12},   /* translated, ::ffff:0:a.b.c.d */
    {{0x00, 0x64, 0xFF, 0x9B}, 96, 12},   /* NAT64 */
    {{0x20, 0x02}, 16, 2},                /* 6to4 */
};

static bool begins(const unsigned char *ip, const unsigned char *net, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(ip, net, whole) != 0) return false;
  return rest == 0 || (ip[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static const char *find(const range *list, size_t n, const unsigned char *ip) {
  for (size_t i = 0; i < n; i++)
    if (begins(ip, list[i].b, list[i].bits)) return list[i].name;
  return NULL;
}

const char *wy_ip_class(const wy_ip *ip) {
  const char *name = find(v6, sizeof v6 / sizeof *v6, ip->b);
  if (name) return name;
  for (size_t i = 0; i < sizeof insides / sizeof *insides; i++)
    if (begins(ip->b, insides[i].b, insides[i].bits))
      return find(v4, sizeof v4 / sizeof *v4, ip->b + insides[i].at);
  return ip->b[0] >> 5 == 1 ? NULL : "reserved"; /* global unicast is 2000::/3 */
}

const char *wy_guard_refuses(const wy_guard *g, const wy_ip *ip) {
  const char *name = wy_ip_class(ip);
  return name && g && wy_nets_has(&g->nets, ip) ? NULL : name;
}

const char *wy_guard_refuses_text(wy_guard *g, const char *address) {
  wy_ip ip;
  if (g && g->passed[0] && strcmp(address, g->passed) == 0) return NULL;
  if (!wy_ip_parse(wy_str_of(address), &ip)) return "not-internet";
  const char *why = wy_guard_refuses(g, &ip);
  if (!why && g) snprintf(g->passed, sizeof g->passed, "%s", address);
  return why;
}

static int add_host(wy_guard *g, wy_str name) {
  if (name.n == 0 || name.n > WY_HOST_NAME || memchr(name.p, '\0', name.n)) return WY_E_ARG;
  char **more = realloc(g->hosts, (g->n_hosts + 1) * sizeof *more);
  if (!more) return WY_E_NOMEM;
  g->hosts = more;
  more[g->n_hosts] = strndup(name.p, name.n);
  return more[g->n_hosts] ? (g->n_hosts++, 0) : WY_E_NOMEM;
}

/* Digits after the slash; all bits of the address without one. */
static int read_bits(wy_str what, const char *slash, bool is_v4, unsigned *bits) {
  *bits = is_v4 ? 32 : 128;
  if (!slash) return 0;
  const char *p = slash + 1, *end = what.p + what.n;
  if (p == end || end - p > 3) return WY_E_ARG;
  for (*bits = 0; p < end; p++) {
    if (*p < '0' || *p > '9') return WY_E_ARG;
    *bits = *bits * 10 + (unsigned)(*p - '0');
  }
  return 0;
}

int wy_guard_allow(wy_guard *g, wy_str what) {
  wy_ip ip;
  unsigned bits;
  char text[WY_PEER_NAME];
  const char *slash = memchr(what.p, '/', what.n);
  wy_str address = {what.p, slash ? (size_t)(slash - what.p) : what.n};
  if (!wy_ip_parse(address, &ip)) return slash ? WY_E_ARG : add_host(g, what);
  bool is_v4 = !memchr(address.p, ':', address.n);
  int err = read_bits(what, slash, is_v4, &bits);
  if (err) return err;
  wy_ip_name(&ip, 0, text);
  return wy_nets_add(&g->nets, text, bits);
}

bool wy_guard_has_host(const wy_guard *g, wy_str host) {
  for (size_t i = 0; g && i < g->n_hosts; i++)
    if (strlen(g->hosts[i]) == host.n && strncasecmp(g->hosts[i], host.p, host.n) == 0) return true;
  return false;
}

void wy_guard_deinit(wy_guard *g) {
  for (size_t i = 0; i < g->n_hosts; i++) free(g->hosts[i]);
  free(g->hosts);
  wy_nets_deinit(&g->nets);
  *g = (wy_guard){0};
}
