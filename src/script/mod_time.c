/* mod_time: the Lua module weiyue.time: clocks, durations, HTTP dates, RFC 3339.
 * Types and one-line docs: lua/meta/time.lua.
 *
 * Inside a host the registry field "weiyue.clock" holds the host's wy_clock (a light userdata that
 * outlives the state), so that a virtual clock moves plugins too; elsewhere the OS clocks count.
 * Dates are computed here: strftime follows the locale, and gmtime has no say in what is valid. */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/clock.h"
#include "base/str.h"
#include "script/modules.h"

/* Unix seconds of 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits can say. */
#define WY_TIME_MIN (-62167219200)
#define WY_TIME_MAX 253402300799
#define WY_DAY 86400

static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct date {
  int64_t year;
  int month, day; /* from 1 */
  int hour, minute, second;
  int weekday; /* 0: Sunday; -1: not said */
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

/* ---- clocks ---- */

static wy_clock *host_clock(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_CLOCK);
  wy_clock *clock = lua_islightuserdata(L, -1) ? lua_touserdata(L, -1) : NULL;
  lua_pop(L, 1);
  return clock;
}

static lua_Number os_seconds(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9;
}

static lua_Number wall_seconds(lua_State *L) {
  wy_clock *clock = host_clock(L);
  return clock ? (lua_Number)wy_clock_wall_ms(clock) / 1000 : os_seconds(CLOCK_REALTIME);
}

static int l_now(lua_State *L) {
  lua_pushnumber(L, wall_seconds(L));
  return 1;
}

static int l_monotonic(lua_State *L) {
  wy_clock *clock = host_clock(L);
  lua_pushnumber(L,
                 clock ? (lua_Number)wy_clock_now_ms(clock) / 1000 : os_seconds(CLOCK_MONOTONIC));
  return 1;
}

/* ---- calendar (proleptic Gregorian, UTC) ---- */

/* Days since 1970-01-01. Years are counted from March, so that the leap day comes last. */
static int64_t days_of(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static struct date date_of(int64_t seconds) {
  struct date d;
  int64_t days = floor_div(seconds, WY_DAY);
  int rest = (int)(seconds - days * WY_DAY);
  d.hour = rest / 3600;
  d.minute = rest / 60 % 60;
  d.second = rest % 60;
  d.weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */

  days += 719468;
  int64_t era = floor_div(days, 146097);
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int from_march = (int)((5 * day_of_year + 2) / 153);
  d.day = (int)(day_of_year - (153 * from_march + 2) / 5) + 1;
  d.month = from_march < 10 ? from_march + 3 : from_march - 9;
  d.year = year_of_era + era * 400 + (d.month <= 2);
  return d;
}

static bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static bool valid(const struct date *d) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (d->month < 1 || d->month > 12 || d->day < 1) return false;
  if (d->day > days[d->month - 1] + (d->month == 2 && is_leap(d->year))) return false;
  if (d->hour > 23 || d->minute > 59 || d->second > 60) return false; /* 60: a leap second */
  if (d->weekday < 0) return true;
  return date_of(days_of(d->year, d->month, d->day) * WY_DAY).weekday == d->weekday;
}

static int64_t seconds_of(const struct date *d) {
  return days_of(d->year, d->month, d->day) * WY_DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

/* ---- reading dates ---- */

static bool digits(wy_str *s, size_t n, int *out) {
  uint64_t v;
  if (s->n < n || !wy_str_u64((wy_str){s->p, n}, &v)) return false;
  *out = (int)v;
  s->p += n;
  s->n -= n;
  return true;
}

static bool literal(wy_str *s, const char *z, size_t n) {
  if (s->n < n || memcmp(s->p, z, n) != 0) return false;
  s->p += n;
  s->n -= n;
  return true;
}

/* Which of the names s begins with (their first `length` bytes, 0: all of them), or -1. */
static int name(wy_str *s, const char *const *names, int count, size_t length) {
  for (int i = 0; i < count; i++)
    if (literal(s, names[i], length ? length : strlen(names[i]))) return i;
  return -1;
}

static bool year(wy_str *s, size_t n, int64_t *out) {
  int v;
  if (!digits(s, n, &v)) return false;
  *out = v;
  return true;
}

static bool field(wy_str *s, char code, struct date *d) {
  switch (code) {
    case 'a': return (d->weekday = name(s, weekdays, 7, 3)) >= 0;
    case 'A': return (d->weekday = name(s, weekdays, 7, 0)) >= 0;
    case 'b': return (d->month = name(s, months, 12, 3) + 1) > 0;
    case 'd': return digits(s, 2, &d->day);
    case 'e': return literal(s, " ", 1) ? digits(s, 1, &d->day) : digits(s, 2, &d->day);
    case 'm': return digits(s, 2, &d->month);
    case 'y': return year(s, 2, &d->year);
    case 'Y': return year(s, 4, &d->year);
    case 'H': return digits(s, 2, &d->hour);
    case 'M': return digits(s, 2, &d->minute);
    default: return digits(s, 2, &d->second); /* S */
  }
}

/* Takes from s what the format says: %x are the fields above (as in strftime), other bytes stand
 * for themselves. */
static bool scan(wy_str *s, const char *format, struct date *d) {
  for (; *format; format++) {
    if (*format != '%') {
      if (!literal(s, format, 1)) return false;
    } else if (!field(s, *++format, d)) {
      return false;
    }
  }
  return true;
}

static bool scan_all(wy_str s, const char *format, struct date *d) {
  *d = (struct date){.weekday = -1};
  return scan(&s, format, d) && s.n == 0;
}

/* RFC 9110 5.6.7: the three forms that a recipient must know. */
static int l_parse_http(lua_State *L) {
  wy_str s = check_str(L, 1);
  struct date d;
  bool read = scan_all(s, "%a, %d %b %Y %H:%M:%S GMT", &d);
  if (!read && scan_all(s, "%A, %d-%b-%y %H:%M:%S GMT", &d)) {
    /* Two digits: a year that seems over 50 years ahead was the one a century before. */
    int64_t this_year = date_of((int64_t)floor((double)wall_seconds(L))).year;
    d.year += floor_div(this_year, 100) * 100;
    if (d.year > this_year + 50) d.year -= 100;
    read = true;
  }
  if (!read) read = scan_all(s, "%a %b %e %H:%M:%S %Y", &d);
  if (!read || !valid(&d))
    return fail(L, "not an HTTP date such as \"Sun, 06 Nov 1994 08:49:37 GMT\"");
  lua_pushinteger(L, seconds_of(&d));
  return 1;
}

/* The digits after the point, in seconds; what is beyond nanoseconds is ignored. */
static bool fraction(wy_str *s, lua_Number *out) {
  lua_Number v = 0, unit = 1;
  size_t n = 0;
  for (int digit; digits(s, 1, &digit); n++) {
    if (n >= 9) continue;
    v = v * 10 + digit;
    unit *= 10;
  }
  *out = v / unit;
  return n > 0;
}

static bool offset(wy_str *s, int64_t *out) {
  struct date d = {.weekday = -1};
  *out = 0;
  if (literal(s, "Z", 1) || literal(s, "z", 1)) return true;
  bool west = literal(s, "-", 1);
  if (!west && !literal(s, "+", 1)) return false;
  if (!scan(s, "%H:%M", &d) || d.hour > 23 || d.minute > 59) return false;
  *out = (d.hour * 3600 + d.minute * 60) * (west ? -1 : 1);
  return true;
}

static int l_parse_iso(lua_State *L) {
  wy_str s = check_str(L, 1);
  struct date d = {.weekday = -1};
  lua_Number part = 0;
  int64_t ahead = 0;
  bool read = scan(&s, "%Y-%m-%d", &d) && (literal(&s, "T", 1) || literal(&s, "t", 1)) &&
              scan(&s, "%H:%M:%S", &d);
  bool has_part = read && literal(&s, ".", 1);
  read = read && (!has_part || fraction(&s, &part)) && offset(&s, &ahead) && s.n == 0;
  if (!read || !valid(&d))
    return fail(L,
                "not an RFC 3339 time such as \"2024-02-29T08:00:00Z\" or "
                "\"2024-02-29T16:00:00.5+08:00\"");
  int64_t seconds = seconds_of(&d) - ahead;
  if (part > 0) lua_pushnumber(L, (lua_Number)seconds + part);
  else lua_pushinteger(L, seconds);
  return 1;
}

/* ---- writing dates ---- */

static bool in_range(lua_Number t) { return t >= WY_TIME_MIN && t < (lua_Number)WY_TIME_MAX + 1; }

static int fail_range(lua_State *L) {
  return fail(L, "a time outside the years 0000 to 9999: unix seconds are expected, not ms");
}

static int l_http(lua_State *L) {
  char text[64];
  lua_Number t = luaL_checknumber(L, 1);
  if (!in_range(t)) return fail_range(L);
  struct date d = date_of((int64_t)floor(t));
  int n = snprintf(text, sizeof text, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[d.weekday],
                   d.day, months[d.month - 1], (int)d.year, d.hour, d.minute, d.second);
  lua_pushlstring(L, text, (size_t)n);
  return 1;
}

static int l_iso(lua_State *L) {
  char text[64], part[16] = "", zone[16] = "Z";
  lua_Number t = luaL_checknumber(L, 1);
  lua_Integer ahead = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, ahead > -WY_DAY && ahead < WY_DAY && ahead % 60 == 0, 2,
                "whole minutes in seconds, under a day: 8 * 3600");
  if (!in_range(t)) return fail_range(L);
  int64_t ms = (int64_t)llround((double)t * 1000); /* floor would turn .123 into .122 */
  int64_t seconds = floor_div(ms, 1000) + ahead;
  if (seconds < WY_TIME_MIN || seconds > WY_TIME_MAX) return fail_range(L);
  if (ms % 1000) snprintf(part, sizeof part, ".%03d", (int)(ms - floor_div(ms, 1000) * 1000));
  if (ahead) {
    int minutes = (int)(ahead < 0 ? -ahead : ahead) / 60;
    snprintf(zone, sizeof zone, "%c%02d:%02d", ahead < 0 ? '-' : '+', minutes / 60 % 24,
             minutes % 60);
  }
  struct date d = date_of(seconds);
  int n = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%s%s", (int)d.year, d.month,
                   d.day, d.hour, d.minute, d.second, part, zone);
  lua_pushlstring(L, text, (size_t)n);
  return 1;
}

/* ---- durations ---- */

#define WY_DURATION_MAX (36525.0 * WY_DAY) /* a century: longer is a mistake of units */

/* One step such as "1.5h" in seconds. *rank: the unit's place, from days down. */
static bool step(wy_str *s, size_t *rank, lua_Number *seconds) {
  static const struct {
    const char *name;
    lua_Number ms;
  } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
  lua_Number v = 0, part = 0;
  size_t n = 0, letters = 0;
  for (int digit; digits(s, 1, &digit); n++) v = v * 10 + digit;
  if (n == 0 || n > 15) return false;
  if (literal(s, ".", 1) && !fraction(s, &part)) return false;
  while (letters < s->n && s->p[letters] >= 'a' && s->p[letters] <= 'z') letters++;
  wy_str unit = {s->p, letters};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (!wy_str_eq(unit, wy_str_of(units[i].name))) continue;
    s->p += letters;
    s->n -= letters;
    *rank = i + 1;
    *seconds = (v + part) * units[i].ms / 1000;
    return true;
  }
  return false;
}

static bool read_duration(wy_str s, lua_Number *seconds) {
  size_t before = 0;
  *seconds = 0;
  if (s.n == 0) return false;
  while (s.n) {
    size_t rank;
    lua_Number part;
    if (!step(&s, &rank, &part) || rank <= before) return false;
    before = rank;
    *seconds += part;
  }
  return true;
}

static int l_duration(lua_State *L) {
  lua_Number seconds = 0;
  int type = lua_type(L, 1);
  if (type != LUA_TNUMBER && type != LUA_TSTRING) return luaL_typeerror(L, 1, "number or string");
  if (type == LUA_TSTRING && !read_duration(check_str(L, 1), &seconds))
    return fail(L,
                "not a duration: a number of seconds, or text such as \"10s\", \"1h30m\", "
                "\"500ms\", \"2d\" (d h m s ms, each at most once, in this order)");
  if (type == LUA_TNUMBER) seconds = lua_tonumber(L, 1);
  if (!(seconds >= 0 && seconds <= WY_DURATION_MAX)) return fail(L, "a duration is 0 to 100 years");
  if (seconds == floor(seconds)) lua_pushinteger(L, (lua_Integer)seconds);
  else lua_pushnumber(L, seconds);
  return 1;
}

static const luaL_Reg functions[] = {
    {"now", l_now},
    {"monotonic", l_monotonic},
    {"duration", l_duration},
    {"http", l_http},
    {"parse_http", l_parse_http},
    {"iso", l_iso},
    {"parse_iso", l_parse_iso},
    {NULL, NULL},
};

int wy_open_time(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
