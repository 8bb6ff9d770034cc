/* peer: addresses of clients: their names in logs, how many connections each has, which of them are
 * proxies of ours, and who stands behind those. */
#ifndef WY_NET_PEER_H
#define WY_NET_PEER_H

#include <uv.h>

#include "base/str.h"

/* IPv6, or IPv4 mapped into it. */
typedef struct wy_ip {
  unsigned char b[16];
} wy_ip;

enum { WY_PEER_NAME = 64 }; /* bytes that any name fits into, with port and NUL */

/* False: not an internet address. */
bool wy_ip_of(const struct sockaddr_storage *a, wy_ip *ip, int *port);
bool wy_ip_parse(wy_str text, wy_ip *ip);
bool wy_ip_is_loopback(const wy_ip *ip);
void wy_ip_name(const wy_ip *ip, int port, char out[WY_PEER_NAME]); /* port 0: the address alone */

/* A set of networks. Zero it to begin. */
typedef struct wy_nets {
  struct {
    wy_ip ip;
    unsigned bits; /* of 128 */
  } * nets;
  size_t n;
} wy_nets;

/* address: IPv4 or IPv6 as text; prefix: bits of that family. 0, WY_E_ARG or WY_E_NOMEM. */
int wy_nets_add(wy_nets *s, const char *address, unsigned prefix);
bool wy_nets_has(const wy_nets *s, const wy_ip *ip);
void wy_nets_deinit(wy_nets *s);

/* The client behind proxies: the right-most address of an X-Forwarded-For that is not in `trusted`.
 * 1: *client is set; 0: every address is trusted, so an earlier field decides; -1: no list of
 * addresses. */
int wy_forwarded_for(wy_str field, const wy_nets *trusted, wy_ip *client);

/* Connections by address. Zero it to begin; it is empty again when every enter was left. */
typedef struct wy_ip_count wy_ip_count;
typedef struct wy_ip_counts {
  wy_ip_count *slots[1024];
} wy_ip_counts;

/* Counts one more; NULL when there are max already, or no memory. */
wy_ip_count *wy_ip_enter(wy_ip_counts *c, const wy_ip *ip, size_t max);
void wy_ip_leave(wy_ip_counts *c, wy_ip_count *count); /* NULL is allowed */

#endif
