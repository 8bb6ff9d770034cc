/* mod_url: the Lua module weiyue.url: absolute URLs by RFC 3986, strict.
 * Types and one-line docs: lua/meta/url.lua.
 *
 * Two programs that read one URL differently are how requests get smuggled to another host. So what
 * readers disagree about is refused and never repaired: control bytes, spaces, backslashes, raw
 * non-ASCII, a second "@", percent escapes in the host, IPv4 in any but the dotted form. No state
 * of its own. Functions that check return 0, or 2 with nil and the reason pushed. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/str.h"
#include "codec/query.h"
#include "script/modules.h"

enum { WY_SCHEME_MAX = 32, WY_HOST_MAX = 253, WY_LABEL_MAX = 63 };

/* RFC 3986 appendix B. A part that is absent has p == NULL; the path is always there. */
struct parts {
  wy_str scheme, authority, path, query, fragment;
};

struct authority {
  wy_str userinfo; /* p == NULL: none */
  wy_str host;     /* as written, without brackets */
  bool is_v6;
  uint64_t port; /* 0: none */
};

static int fail(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_pushfail(L);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  return 2;
}

static wy_str check_str(lua_State *L, int arg) {
  wy_str s;
  s.p = luaL_checklstring(L, arg, &s.n);
  return s;
}

/* ---- characters ---- */

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool escape_at(wy_str s, size_t i) {
  char byte[3];
  size_t n;
  return wy_percent_decode((wy_str){s.p + i, s.n - i < 3 ? s.n - i : 3}, false, byte, &n);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }

/* Whether one of the bytes of `set` stands in s; *at: where. */
static bool find_any(wy_str s, const char *set, size_t *at) {
  for (size_t i = 0; i < s.n; i++)
    if (s.p[i] && strchr(set, s.p[i])) return *at = i, true;
  return false;
}

static int check_text(lua_State *L, const char *what, wy_str s) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c <= 0x20 || c >= 0x7F || strchr("\\\"<>", s.p[i]))
      return fail(L, "%s: byte 0x%c%c at %d is not allowed; escape it with url.escape", what,
                  digits[c >> 4], digits[c & 15], (int)(i + 1));
    if (c == '%' && !escape_at(s, i))
      return fail(L, "%s: bad percent escape at %d: a literal %% is written %%25", what,
                  (int)(i + 1));
  }
  return 0;
}

/* ---- splitting and checking ---- */

/* Takes the bytes before the first one of `stops` off s. */
static wy_str until(wy_str *s, const char *stops) {
  size_t n = s->n;
  find_any(*s, stops, &n);
  wy_str head = {s->p, n};
  s->p += n;
  s->n -= n;
  return head;
}

static void skip(wy_str *s, size_t n) {
  s->p += n;
  s->n -= n;
}

static struct parts split(wy_str s) {
  struct parts u = {0};
  wy_str rest = s, head = until(&rest, ":/?#");
  if (rest.n && rest.p[0] == ':') {
    u.scheme = head;
    skip(&rest, 1);
    s = rest;
  }
  if (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/') {
    skip(&s, 2);
    u.authority = until(&s, "/?#");
  }
  u.path = until(&s, "?#");
  if (s.n && s.p[0] == '?') {
    skip(&s, 1);
    u.query = until(&s, "#");
  }
  if (s.n) {
    skip(&s, 1);
    u.fragment = s;
  }
  return u;
}

static int check_scheme(lua_State *L, wy_str s) {
  bool good = s.n >= 1 && s.n <= WY_SCHEME_MAX && is_alpha(s.p[0]);
  for (size_t i = 0; good && i < s.n; i++)
    good = is_alpha(s.p[i]) || is_digit(s.p[i]) || memchr("+-.", s.p[i], 3);
  if (good) return 0;
  return fail(L, "scheme: begins with a letter, then letters, digits, + - . (https)");
}

/* "1.2.3.4" must be written so: resolvers also read 0x7f.1 and 2130706433 as addresses. */
static bool looks_like_ipv4(wy_str label) {
  if (label.n >= 2 && label.p[0] == '0' && lower(label.p[1]) == 'x') return true;
  for (size_t i = 0; i < label.n; i++)
    if (!is_digit(label.p[i])) return false;
  return true;
}

static bool is_address(int family, wy_str s) {
  char text[INET6_ADDRSTRLEN + 1];
  unsigned char address[16];
  if (s.n >= sizeof text) return false;
  memcpy(text, s.p, s.n);
  text[s.n] = 0;
  return inet_pton(family, text, address) == 1;
}

static int check_name(lua_State *L, wy_str host) {
  wy_str label = {host.p, 0};
  for (size_t i = 0; i <= host.n; i++) {
    char c = i < host.n ? host.p[i] : '.';
    if (c == '%') return fail(L, "host: percent escapes are not allowed in a host name");
    if (c != '.' && c != '-' && c != '_' && !is_alpha(c) && !is_digit(c))
      return fail(L, "host: only letters, digits, - . _ (IPv6 in brackets, other scripts as xn--)");
    if (c != '.') continue;
    label = (wy_str){label.p, (size_t)(host.p + i - label.p)};
    if (label.n == 0 || label.n > WY_LABEL_MAX)
      return fail(L, "host: the parts between dots have 1 to 63 characters, the end no dot");
    if (i < host.n) label = (wy_str){host.p + i + 1, 0};
  }
  if (looks_like_ipv4(label) && !is_address(AF_INET, host))
    return fail(L, "host: an IPv4 address has four decimal numbers from 0 to 255 (192.0.2.1)");
  return 0;
}

static int check_host(lua_State *L, wy_str host, bool is_v6) {
  if (host.n == 0) return fail(L, "host: empty; write scheme://host/path");
  if (host.n > WY_HOST_MAX) return fail(L, "host: longer than 253 characters");
  if (!is_v6) return check_name(L, host);
  if (is_address(AF_INET6, host)) return 0;
  return fail(L, "host: not an IPv6 address (zones are not taken): [2001:db8::1]");
}

static int check_userinfo(lua_State *L, wy_str s) {
  size_t at;
  if (!find_any(s, "@/?#[]", &at)) return 0;
  return fail(L, "userinfo: '%c' must be escaped with url.escape", s.p[at]);
}

static int check_port(lua_State *L, wy_str s, uint64_t *port) {
  if (s.n <= 5 && wy_str_u64(s, port) && *port >= 1 && *port <= 65535) return 0;
  return fail(L, "port: 1 to 65535 after the colon; leave out both for the default");
}

static int parse_authority(lua_State *L, wy_str s, struct authority *a) {
  int failed;
  size_t at;
  *a = (struct authority){0};
  if (find_any(s, "@", &at)) {
    a->userinfo = (wy_str){s.p, at};
    skip(&s, at + 1);
    if (find_any(s, "@", &at)) return fail(L, "userinfo: a second '@' must be written %%40");
    if ((failed = check_userinfo(L, a->userinfo))) return failed;
  }
  a->is_v6 = s.n && s.p[0] == '[';
  if (a->is_v6) skip(&s, 1);
  a->host = until(&s, a->is_v6 ? "]" : ":");
  if (a->is_v6) {
    if (!s.n) return fail(L, "host: the closing ] of an IPv6 address is missing");
    skip(&s, 1);
  }
  if ((failed = check_host(L, a->host, a->is_v6))) return failed;
  if (!s.n) return 0;
  if (s.p[0] != ':') return fail(L, "host: only a port may follow an IPv6 address");
  skip(&s, 1);
  return check_port(L, s, &a->port);
}

static uint64_t default_port(wy_str scheme) {
  static const struct {
    wy_str scheme;
    uint64_t port;
  } ports[] = {
      {{"http", 4}, 80}, {{"https", 5}, 443},  {{"ws", 2}, 80},
      {{"wss", 3}, 443}, {{"redis", 5}, 6379},
  };
  for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
    if (wy_str_ieq(scheme, ports[i].scheme)) return ports[i].port;
  return 0;
}

/* An absolute URL with a host, checked in every part. */
static int parse_absolute(lua_State *L, wy_str s, struct parts *u, struct authority *a) {
  int failed = check_text(L, "url", s);
  if (failed) return failed;
  *u = split(s);
  if (!u->scheme.p || !u->authority.p)
    return fail(L, "not an absolute URL: write scheme://host/path");
  if ((failed = check_scheme(L, u->scheme))) return failed;
  return parse_authority(L, u->authority, a);
}

/* ---- parse ---- */

static void set_str(lua_State *L, const char *name, wy_str s) {
  if (!s.p) return;
  lua_pushlstring(L, s.p, s.n);
  lua_setfield(L, -2, name);
}

/* s.n <= WY_HOST_MAX */
static void set_lower(lua_State *L, const char *name, wy_str s) {
  char text[WY_HOST_MAX];
  for (size_t i = 0; i < s.n; i++) text[i] = lower(s.p[i]);
  set_str(L, name, (wy_str){text, s.n});
}

static int l_parse(lua_State *L) {
  struct parts u;
  struct authority a;
  int failed = parse_absolute(L, check_str(L, 1), &u, &a);
  if (failed) return failed;
  uint64_t port = a.port ? a.port : default_port(u.scheme);
  lua_createtable(L, 0, 7);
  set_lower(L, "scheme", u.scheme);
  set_str(L, "userinfo", a.userinfo);
  set_lower(L, "host", a.host);
  if (port) {
    lua_pushinteger(L, (lua_Integer)port);
    lua_setfield(L, -2, "port");
  }
  set_str(L, "path", u.path.n ? u.path : WY_STR("/"));
  set_str(L, "query", u.query);
  set_str(L, "fragment", u.fragment);
  return 1;
}

/* ---- build ---- */

static wy_str field(lua_State *L, const char *name, bool required) {
  wy_str s = {NULL, 0};
  int type = lua_getfield(L, 1, name); /* stays on the stack: it keeps the bytes alive */
  if (type == LUA_TSTRING) s.p = lua_tolstring(L, -1, &s.n);
  else if (type != LUA_TNIL || required)
    luaL_argerror(L, 1, lua_pushfstring(L, "%s is a string", name));
  return s;
}

static int field_port(lua_State *L, uint64_t *port) {
  int is_integer = 1;
  *port = 0;
  if (lua_getfield(L, 1, "port") == LUA_TNIL) return 0;
  lua_Integer v = lua_tointegerx(L, -1, &is_integer);
  if (!is_integer) luaL_argerror(L, 1, "port is an integer");
  if (v < 1 || v > 65535) return fail(L, "port: 1 to 65535; leave it out for the default");
  *port = (uint64_t)v;
  return 0;
}

static int check_tail(lua_State *L, const char *what, wy_str s, const char *refused) {
  size_t at;
  int failed = check_text(L, what, s);
  if (failed) return failed;
  if (!find_any(s, refused, &at)) return 0;
  return fail(L, "%s: '%c' must be escaped with url.escape", what, s.p[at]);
}

static void add(luaL_Buffer *b, const char *before, wy_str s) {
  if (!s.p) return;
  luaL_addstring(b, before);
  luaL_addlstring(b, s.p, s.n);
}

static int l_build(lua_State *L) {
  int failed;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  wy_str scheme = field(L, "scheme", true), userinfo = field(L, "userinfo", false);
  wy_str host = field(L, "host", true), path = field(L, "path", false);
  wy_str query = field(L, "query", false), fragment = field(L, "fragment", false);
  uint64_t port;
  bool is_v6 = host.n && memchr(host.p, ':', host.n);

  if ((failed = field_port(L, &port)) || (failed = check_scheme(L, scheme)) ||
      (failed = check_text(L, "userinfo", userinfo)) || (failed = check_userinfo(L, userinfo)) ||
      (failed = check_host(L, host, is_v6)) || (failed = check_tail(L, "path", path, "?#")) ||
      (failed = check_tail(L, "query", query, "#")) ||
      (failed = check_text(L, "fragment", fragment)))
    return failed;
  if (path.n && path.p[0] != '/') return fail(L, "path: begins with /");

  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add(&b, "", scheme);
  add(&b, "://", userinfo);
  add(&b, userinfo.p ? "@" : "://", is_v6 ? WY_STR("[") : WY_STR(""));
  add(&b, "", host);
  if (is_v6) luaL_addchar(&b, ']');
  if (port && port != default_port(scheme)) {
    lua_pushfstring(L, ":%d", (int)port);
    luaL_addvalue(&b);
  }
  add(&b, "", path.n ? path : WY_STR("/"));
  add(&b, "?", query);
  add(&b, "#", fragment);
  luaL_pushresult(&b);
  return 1;
}

/* ---- join (RFC 3986 section 5) ---- */

/* Section 5.2.4, in place: what is written never overtakes what is read. */
static size_t remove_dots(char *p, size_t n) {
  size_t o = 0;
  for (size_t i = 0; i < n;) {
    wy_str in = {p + i, n - i};
    size_t segment = 1;
    while (segment < in.n && in.p[segment] != '/') segment++;
    if (in.n >= 3 && memcmp(in.p, "../", 3) == 0) {
      i += 3;
    } else if (in.n >= 2 && memcmp(in.p, "./", 2) == 0) {
      i += 2;
    } else if (segment == 2 && memcmp(in.p, "/.", 2) == 0) {
      if (in.n == 2) p[o++] = '/';
      i += 2;
    } else if (segment == 3 && memcmp(in.p, "/..", 3) == 0) {
      while (o > 0 && p[--o] != '/') continue;
      if (in.n == 3) p[o++] = '/';
      i += 3;
    } else if (wy_str_eq(in, WY_STR(".")) || wy_str_eq(in, WY_STR(".."))) {
      i = n;
    } else {
      memmove(p + o, p + i, segment);
      o += segment;
      i += segment;
    }
  }
  return o;
}

/* The base's path up to its last slash, then the reference's; both bases have an authority. */
static wy_str merge(wy_str base, wy_str ref, char *scratch) {
  size_t n = base.n;
  while (n && base.p[n - 1] != '/') n--;
  if (n) memcpy(scratch, base.p, n);
  if (!base.n) scratch[n++] = '/';
  if (ref.n) memcpy(scratch + n, ref.p, ref.n);
  return (wy_str){scratch, n + ref.n};
}

static wy_str without_dots(wy_str path, char *scratch) {
  if (path.n) memmove(scratch, path.p, path.n);
  return (wy_str){scratch, remove_dots(scratch, path.n)};
}

/* Section 5.2.2. scratch has room for both paths and a slash. */
static struct parts resolve(struct parts base, struct parts ref, char *scratch) {
  struct parts out = ref;
  if (ref.scheme.p || ref.authority.p) {
    if (!ref.scheme.p) out.scheme = base.scheme;
    out.path = without_dots(ref.path, scratch);
    return out;
  }
  out.scheme = base.scheme;
  out.authority = base.authority;
  if (ref.path.n == 0) {
    out.path = base.path;
    if (!ref.query.p) out.query = base.query;
  } else if (ref.path.p[0] == '/') {
    out.path = without_dots(ref.path, scratch);
  } else {
    out.path = without_dots(merge(base.path, ref.path, scratch), scratch);
  }
  return out;
}

static int l_join(lua_State *L) {
  wy_str base_text = check_str(L, 1), ref_text = check_str(L, 2);
  struct parts base, ref;
  struct authority a;
  int failed = parse_absolute(L, base_text, &base, &a);
  if (failed) return failed;
  if ((failed = check_text(L, "reference", ref_text))) return failed;
  ref = split(ref_text);
  if (ref.scheme.p && (failed = check_scheme(L, ref.scheme))) return failed;
  if (ref.authority.p && (failed = parse_authority(L, ref.authority, &a))) return failed;

  char *scratch = lua_newuserdatauv(L, base.path.n + ref.path.n + 1, 0);
  struct parts out = resolve(base, ref, scratch);
  if (!out.authority.p && out.path.n >= 2 && memcmp(out.path.p, "//", 2) == 0)
    return fail(L, "reference: its path would be read as a host");
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add(&b, "", out.scheme);
  luaL_addchar(&b, ':');
  add(&b, "//", out.authority);
  add(&b, "", out.path);
  add(&b, "?", out.query);
  add(&b, "#", out.fragment);
  luaL_pushresult(&b);
  return 1;
}

/* ---- escape ---- */

static int l_escape(lua_State *L) {
  static const char digits[] = "0123456789ABCDEF";
  wy_str s = check_str(L, 1);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (unreserved(s.p[i])) {
      luaL_addchar(&b, s.p[i]);
    } else {
      luaL_addchar(&b, '%');
      luaL_addchar(&b, digits[c >> 4]);
      luaL_addchar(&b, digits[c & 15]);
    }
  }
  luaL_pushresult(&b);
  return 1;
}

static int l_unescape(lua_State *L) {
  wy_str s = check_str(L, 1);
  luaL_Buffer b;
  size_t n = 0, bad = 0;
  if (wy_percent_decode(s, false, luaL_buffinitsize(L, &b, s.n), &n)) {
    luaL_pushresultsize(&b, n);
    return 1;
  }
  while (s.p[bad] != '%' || escape_at(s, bad)) bad++;
  return fail(L, "bad percent escape at %d: a literal %% is written %%25", (int)(bad + 1));
}

static const luaL_Reg functions[] = {
    {"parse", l_parse},   {"build", l_build},       {"join", l_join},
    {"escape", l_escape}, {"unescape", l_unescape}, {NULL, NULL},
};

int wy_open_url(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
