/* dict: keys and values in memory for all threads of a process: bounded in bytes, with time to
 * live.
 *
 * Split into shards by the key's hash, each with a mutex and an equal share of the bytes. Where a
 * shard has no room for a new entry, its least recently used ones go: every call that finds an
 * entry uses it. An entry whose time is over counts as absent; it goes when it is met, or when room
 * is wanted.
 *
 * Times are milliseconds on a monotonic clock of the caller's, the same one in all threads; a ttl
 * of 0: for ever. Keys and values are any bytes. A type is the caller's own, but for numbers. */
#ifndef WY_STORE_DICT_H
#define WY_STORE_DICT_H

#include "base/buf.h"

typedef struct wy_dict wy_dict;

/* Types whose value is a wy_dict_incr number; the caller's begin at WY_DICT_OTHER. */
enum { WY_DICT_INTEGER, WY_DICT_FLOAT, WY_DICT_OTHER };

typedef struct wy_dict_number {
  bool is_float;
  union {
    int64_t i;
    double f;
  };
} wy_dict_number;

typedef struct wy_dict_stats {
  size_t entries; /* those whose time is over and that nobody met since among them */
  size_t bytes;   /* never more than the dictionary was made for */
  uint64_t evicted;
} wy_dict_stats;

enum { WY_DICT_LEAST = 16 * 1024 }; /* bytes */

/* Never takes more than `bytes`, its own bookkeeping included (what malloc adds is estimated), and
 * takes them as entries come. 0; WY_E_ARG: fewer than WY_DICT_LEAST; WY_E_NOMEM. */
int wy_dict_new(wy_dict **out, size_t bytes);
void wy_dict_free(wy_dict *d); /* no thread may use it any more */

/* Most bytes that a key and its value may have together. */
size_t wy_dict_limit(const wy_dict *d);

/* Appends the value. 0, WY_E_DICT_ABSENT, or WY_E_NOMEM when the buffer has failed. */
int wy_dict_get(wy_dict *d, wy_str key, uint64_t now, wy_buf *value, uint8_t *type);

/* 0; WY_E_DICT_LARGE: over the limit, and nothing has changed; WY_E_NOMEM: the key is absent now.
 */
int wy_dict_set(wy_dict *d, wy_str key, wy_str value, uint8_t type, uint64_t ttl, uint64_t now);

/* As set, but only an absent key: else WY_E_DICT_EXISTS. */
int wy_dict_add(wy_dict *d, wy_str key, wy_str value, uint8_t type, uint64_t ttl, uint64_t now);

/* Adds *n to the number at key and gives the sum in *n, by the rules of Lua: integers wrap around,
 * a float makes a float. An absent key counts as the integer 0, and only then ttl is looked at. 0,
 * WY_E_DICT_NUMBER: something else stands there; or as set. */
int wy_dict_incr(wy_dict *d, wy_str key, wy_dict_number *n, uint64_t ttl, uint64_t now);

/* False: it was absent. */
bool wy_dict_delete(wy_dict *d, wy_str key, uint64_t now);

/* Milliseconds left, 0: for ever. 0 or WY_E_DICT_ABSENT. */
int wy_dict_ttl(wy_dict *d, wy_str key, uint64_t now, uint64_t *left);

/* Is told of each entry that lives and goes for want of room: its key, and the milliseconds it had
 * left (0: for ever). It must not call this dictionary. Before any other thread uses it. */
typedef void (*wy_dict_evict_fn)(void *data, wy_str key, uint64_t left, uint64_t now);
void wy_dict_on_evict(wy_dict *d, wy_dict_evict_fn fn, void *data);

wy_dict_stats wy_dict_stats_of(wy_dict *d);

#endif
