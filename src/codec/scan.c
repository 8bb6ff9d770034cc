/* scan: see scan.h. Reads spans of the input, copies and allocates nothing (up to the doc's inline
 * nodes). Values are skipped eight bytes at a time to the next byte that means something. */
#include "codec/scan.h"

#include "base/utf8.h"

enum { MAX_ELEMENTS = 64 }; /* more than any flat push; bounds the search for repeated names */

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

static inline uint64_t load(const char *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  return w;
}

/* The high bit is set in bytes of w below n (n <= 0x80). Exact up to and including the first. */
static inline uint64_t below(uint64_t w, uint64_t n) { return (w - EACH(n)) & ~w & EACH(0x80); }
static inline uint64_t equal(uint64_t w, uint64_t c) { return below(w ^ EACH(c), 1); }

/* Bytes that end or spoil a value, or need a look: control bytes, ']', beyond ASCII, and outside of
 * CDATA '<' and '&'. */
static inline uint64_t special(uint64_t w, bool cdata) {
  uint64_t hit = (w & EACH(0x80)) | below(w, 0x20) | equal(w, ']');
  if (!cdata) hit |= equal(w, '<') | equal(w, '&');
  return hit;
}

/* Where the characters beyond ASCII at p end; NULL: bad UTF-8, or U+FFFE, U+FFFF. */
static const char *skip_wide(const char *p, const char *end) {
  do {
    const unsigned char *s = (const unsigned char *)p;
    /* nearly all Chinese: E1..EC, or EF (wide punctuation), and two tail bytes */
    if (end - p >= 3 && (s[0] - 0xE1u < 12 || (s[0] == 0xEF && s[1] != 0xBF)) &&
        (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80) {
      p += 3;
      continue;
    }
    size_t n = wy_utf8_char(p, (size_t)(end - p));
    if (n == 0 || (n == 3 && s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE)) return NULL;
    p += n;
  } while (p < end && (*p & 0x80));
  return p;
}

/* The end of the value at p: at `]]>`, or at '<' outside of CDATA. NULL: not the flat subset. */
static inline __attribute__((always_inline)) const char *skip_value(const char *p, const char *end,
                                                                    bool cdata) {
  for (;;) {
    if (end - p >= 8) {
      uint64_t hit = special(load(p), cdata);
      if (!hit) {
        p += 8;
        continue;
      }
      p += __builtin_ctzll(hit) / 8;
    } else if (p == end) {
      return NULL;
    }
    if (*p & 0x80) {
      if (!(p = skip_wide(p, end))) return NULL;
    } else if (*p == ']') {
      if (end - p >= 3 && p[1] == ']' && p[2] == '>') return cdata ? p : NULL;
      p++;
    } else if (!cdata && *p == '<') {
      return p;
    } else if ((!cdata && *p == '&') || (*p < 0x20 && *p != '\n' && *p != '\t')) {
      return NULL; /* CR too: XML makes CR LF one LF, a span cannot */
    } else {
      p++;
    }
  }
}

/* 1: letters and '_' (may begin a name), 2: digits */
static const unsigned char NAME[256] = {
    ['0'] = 2, ['1'] = 2, ['2'] = 2, ['3'] = 2, ['4'] = 2, ['5'] = 2, ['6'] = 2, ['7'] = 2,
    ['8'] = 2, ['9'] = 2, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
    ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1,
    ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1,
    ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1,
    ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
    ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['_'] = 1};

static inline const char *skip_blanks(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

static inline bool starts(const char *p, const char *end, wy_str with) {
  return (size_t)(end - p) >= with.n && memcmp(p, with.p, with.n) == 0;
}

/* A name seen before? A bit per length and outer letters spares nearly every comparison. */
static bool repeated(const wy_doc *doc, wy_str name, uint64_t *seen) {
  unsigned first = (unsigned char)name.p[0], last = (unsigned char)name.p[name.n - 1];
  uint64_t bit = UINT64_C(1) << ((name.n * 7 + first * 3 + last) & 63);
  if (*seen & bit)
    for (size_t i = 0; i < doc->n; i++)
      if (wy_str_eq(doc->nodes[i].name, name)) return true;
  *seen |= bit;
  return false;
}

static bool scan(const char *p, const char *end, wy_doc *doc) {
  uint64_t seen = 0;
  p = skip_blanks(p, end);
  if (!starts(p, end, WY_STR("<xml>"))) return false;
  p += 5;
  for (;;) {
    p = skip_blanks(p, end);
    if (end - p < 2 || *p++ != '<') return false;
    if (*p == '/') return starts(p, end, WY_STR("/xml>")) && skip_blanks(p + 5, end) == end;

    wy_str name = {p, 0};
    if (NAME[(unsigned char)*p] != 1) return false;
    while (p < end && NAME[(unsigned char)*p]) p++;
    name.n = (size_t)(p - name.p);
    if (p == end || *p++ != '>') return false;

    bool cdata = starts(p, end, WY_STR("<![CDATA["));
    if (cdata) p += 9;
    const char *value_end = cdata ? skip_value(p, end, true) : skip_value(p, end, false);
    if (!value_end) return false;
    wy_str value = {p, (size_t)(value_end - p)};
    p = cdata ? value_end + 3 : value_end;

    if ((size_t)(end - p) < name.n + 3 || p[0] != '<' || p[1] != '/') return false;
    if (memcmp(p + 2, name.p, name.n) != 0 || p[2 + name.n] != '>') return false;
    p += name.n + 3;

    if (doc->n == MAX_ELEMENTS || repeated(doc, name, &seen)) return false;
    int at = wy_doc_add(doc, WY_DOC_NONE, name);
    if (at < 0) return false;
    doc->nodes[at].text = value;
  }
}

bool wy_scan(wy_str in, wy_doc *doc) {
  wy_doc_clear(doc);
  doc->form = WY_FORM_XML;
  if (in.n && scan(in.p, in.p + in.n, doc)) return true;
  wy_doc_clear(doc);
  return false;
}
