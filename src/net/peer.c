#include "net/peer.h"

#include <stdlib.h>

#include "base/err.h"

struct wy_ip_count {
  wy_ip_count *next;
  wy_ip ip;
  size_t n;
};

static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};

static bool is_v4(const wy_ip *ip) { return memcmp(ip->b, mapped, sizeof mapped) == 0; }

bool wy_ip_of(const struct sockaddr_storage *a, wy_ip *ip, int *port) {
  if (a->ss_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)a;
    memcpy(ip->b, mapped, 12);
    memcpy(ip->b + 12, &in->sin_addr, 4);
    *port = ntohs(in->sin_port);
    return true;
  }
  if (a->ss_family != AF_INET6) return false;
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
  memcpy(ip->b, &in6->sin6_addr, 16);
  *port = ntohs(in6->sin6_port);
  return true;
}

bool wy_ip_parse(wy_str text, wy_ip *ip) {
  char z[WY_PEER_NAME];
  if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']') text.p++, text.n -= 2;
  if (text.n == 0 || text.n >= sizeof z || memchr(text.p, '\0', text.n)) return false;
  memcpy(z, text.p, text.n);
  z[text.n] = '\0';
  if (uv_inet_pton(AF_INET, z, ip->b + 12) == 0) {
    memcpy(ip->b, mapped, 12);
    return true;
  }
  return uv_inet_pton(AF_INET6, z, ip->b) == 0;
}

bool wy_ip_is_loopback(const wy_ip *ip) {
  static const unsigned char loop6[16] = {[15] = 1};
  return is_v4(ip) ? ip->b[12] == 127 : memcmp(ip->b, loop6, 16) == 0;
}

void wy_ip_name(const wy_ip *ip, int port, char out[WY_PEER_NAME]) {
  char text[48];
  bool v4 = is_v4(ip);
  if (uv_inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->b + 12 : ip->b, text, sizeof text))
    strcpy(text, "?");
  if (port) snprintf(out, WY_PEER_NAME, v4 ? "%s:%d" : "[%s]:%d", text, port);
  else snprintf(out, WY_PEER_NAME, "%s", text);
}

int wy_nets_add(wy_nets *s, const char *address, unsigned prefix) {
  wy_ip ip;
  if (!wy_ip_parse(wy_str_of(address), &ip) || prefix > (is_v4(&ip) ? 32 : 128)) return WY_E_ARG;
  void *more = realloc(s->nets, (s->n + 1) * sizeof *s->nets);
  if (!more) return WY_E_NOMEM;
  s->nets = more;
  s->nets[s->n].ip = ip;
  s->nets[s->n].bits = (is_v4(&ip) ? 96 : 0) + prefix;
  s->n++;
  return 0;
}

static bool same_bits(const wy_ip *a, const wy_ip *b, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(a->b, b->b, whole) != 0) return false;
  return rest == 0 || (a->b[whole] ^ b->b[whole]) >> (8 - rest) == 0;
}

bool wy_nets_has(const wy_nets *s, const wy_ip *ip) {
  for (size_t i = 0; i < s->n; i++)
    if (same_bits(&s->nets[i].ip, ip, s->nets[i].bits)) return true;
  return false;
}

void wy_nets_deinit(wy_nets *s) {
  free(s->nets);
  *s = (wy_nets){0};
}

int wy_forwarded_for(wy_str field, const wy_nets *trusted, wy_ip *client) {
  while (field.n) {
    size_t from = field.n;
    while (from > 0 && field.p[from - 1] != ',') from--;
    wy_str hop = wy_str_trim((wy_str){field.p + from, field.n - from});
    if (!wy_ip_parse(hop, client)) return -1;
    if (!wy_nets_has(trusted, client)) return 1;
    field.n = from ? from - 1 : 0;
  }
  return 0;
}

static wy_ip_count **slot_of(wy_ip_counts *c, const wy_ip *ip) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < sizeof ip->b; i++) hash = (hash ^ ip->b[i]) * 16777619u;
  wy_ip_count **slot = &c->slots[hash % (sizeof c->slots / sizeof *c->slots)];
  while (*slot && memcmp((*slot)->ip.b, ip->b, sizeof ip->b) != 0) slot = &(*slot)->next;
  return slot;
}

wy_ip_count *wy_ip_enter(wy_ip_counts *c, const wy_ip *ip, size_t max) {
  wy_ip_count **slot = slot_of(c, ip);
  if (max == 0) return NULL;
  if (!*slot) {
    *slot = calloc(1, sizeof **slot);
    if (!*slot) return NULL;
    (*slot)->ip = *ip;
  }
  if ((*slot)->n >= max) return NULL;
  (*slot)->n++;
  return *slot;
}

void wy_ip_leave(wy_ip_counts *c, wy_ip_count *count) {
  if (!count || --count->n) return;
  wy_ip_count **slot = slot_of(c, &count->ip);
  *slot = count->next;
  free(count);
}
