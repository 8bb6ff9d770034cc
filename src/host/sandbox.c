#include "host/sandbox.h"

#include "host/host_impl.h"

void wy_host_sandbox(wy_host *h, const char *json) { h->sandbox = json; }

void wy_host_guest(wy_host *h, wy_guest *guest) { h->guest = guest; }

void wy_host_advance(wy_host *h, int64_t ms) { wy_clock_advance(&h->workers[0].clock, ms); }
