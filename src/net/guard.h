/* guard: where a call on behalf of a plugin, or of somebody's picture address, may go: to addresses
 * of the internet, and to what the operator has opened. It looks at addresses as they were
 * resolved, never at names alone: a name may lead anywhere, and elsewhere a moment later. */
#ifndef WY_NET_GUARD_H
#define WY_NET_GUARD_H

#include "net/peer.h"

enum { WY_HOST_NAME = 253 /* bytes of a host's name in DNS */ };

/* What an address is when it is not one of the internet: "loopback", "private", "link-local" …;
 * NULL: it is one. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as itself. */
const char *wy_ip_class(const wy_ip *ip);

/* What an operator has opened. Zero it to begin. */
typedef struct wy_guard {
  wy_nets nets;
  char **hosts;
  size_t n_hosts;
  char passed[WY_PEER_NAME]; /* the address that was asked for last and is open, as text */
} wy_guard;

/* "10.0.0.5", "10.1.0.0/16", "fd00::/8" or a host's name. 0, WY_E_ARG or WY_E_NOMEM. */
int wy_guard_allow(wy_guard *g, wy_str what);
bool wy_guard_has_host(const wy_guard *g, wy_str host); /* by name, in any case */
void wy_guard_deinit(wy_guard *g);

/* Why this address is closed, as wy_ip_class; NULL: it is open. g NULL: nothing was opened. */
const char *wy_guard_refuses(const wy_guard *g, const wy_ip *ip);

/* The same of an address as text, quick for one that is asked for again and again. */
const char *wy_guard_refuses_text(wy_guard *g, const char *address);

#endif
