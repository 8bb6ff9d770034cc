/* multipart: boundaries, and what stands between them.
 *
 * A delimiter opens with CR and has no other: where a match breaks off, none but the byte that
 * broke it can begin the next. So nothing is ever read again, and the bytes of a match that breaks
 * off in a later piece need not be kept: they are the delimiter's own. */
#include "codec/multipart.h"

#include "base/err.h"
#include "base/hash.h"

enum {
  START,        /* before the first delimiter, whose CR LF may be absent */
  BEHIND,       /* of a delimiter: CR LF or -- */
  BEHIND_CR,    /* … LF */
  BEHIND_MINUS, /* … - */
  HEADER,
  BYTES,
  LAST, /* behind the last delimiter: CR LF or nothing */
  LAST_CR,
  OVER,
};

int wy_multipart_init(wy_multipart *m, wy_str content_type, const wy_multipart_limits *limits,
                      const wy_multipart_calls *calls, void *data) {
  wy_str boundary;
  *m = (wy_multipart){.calls = calls, .data = data, .limits = *limits, .state = START};
  wy_buf_init(&m->header, limits->header);
  wy_buf_init(&m->scratch, limits->header);
  wy_buf_init(&m->names, limits->parts * sizeof(uint64_t));
  m->err = wy_part_boundary(content_type, &boundary);
  if (m->err) return m->err;
  memcpy(m->delimiter, "\r\n--", 4);
  memcpy(m->delimiter + 4, boundary.p, boundary.n);
  m->delimiter_n = 4 + boundary.n;
  return 0;
}

void wy_multipart_deinit(wy_multipart *m) {
  wy_buf_deinit(&m->header);
  wy_buf_deinit(&m->scratch);
  wy_buf_deinit(&m->names);
}

/* Takes bytes while they are the delimiter's. True: it is whole. */
static bool match(wy_multipart *m, wy_str *in) {
  size_t most = m->delimiter_n - m->matched, n = 0;
  if (most > in->n) most = in->n;
  while (n < most && in->p[n] == m->delimiter[m->matched + n]) n++;
  m->matched += n;
  in->p += n;
  in->n -= n;
  return m->matched == m->delimiter_n;
}

static void behind(wy_multipart *m) {
  m->state = BEHIND;
  m->matched = 0;
}

static int start(wy_multipart *m, wy_str *in) {
  if (m->matched == 0 && *in->p != '\r') m->matched = 2;
  if (match(m, in)) behind(m);
  else if (in->n) return WY_E_MULTIPART_BOUNDARY;
  return 0;
}

/* One byte, of which `choice` says what may stand here. */
static int step(wy_multipart *m, wy_str *in, char choice, int next) {
  if (*in->p != choice) return WY_E_MULTIPART_BOUNDARY;
  in->p++;
  in->n--;
  m->state = next;
  return 0;
}

static int begin_header(wy_multipart *m, wy_str *in) {
  int err = step(m, in, '\n', HEADER);
  if (err) return err;
  if (++m->parts > m->limits.parts) return WY_E_MULTIPART_PARTS;
  wy_buf_clear(&m->header);
  m->fields = 0;
  return 0;
}

/* Fields of one name, or a field and a file. The hash stands for the name: who finds two names with
 * one hash has made a form that is refused. */
static int check_name(wy_multipart *m) {
  static const wy_hash_key key = {0, 0};
  const uint64_t file = 1;
  uint64_t name = wy_hash64(&key, m->part.name) & ~file, other;
  if (m->part.is_file) name |= file;
  for (size_t i = 0; i < m->names.n; i += sizeof other) {
    memcpy(&other, m->names.p + i, sizeof other);
    if ((other | file) != (name | file)) continue;
    if (other != name || !(m->part.is_file || m->limits.repeated)) return WY_E_MULTIPART_DUP;
  }
  return wy_buf_add(&m->names, &name, sizeof name);
}

static int begin_part(wy_multipart *m) {
  wy_str header = {m->header.p, m->header.n - 2}; /* without the empty line */
  int err = wy_part_parse(&m->part, header, &m->scratch);
  if (!err) err = check_name(m);
  if (err) return err;
  m->state = BYTES;
  m->matched = m->borrowed =
      2; /* the empty line's CR LF is a delimiter's, if that follows at once */
  return m->calls->begin(m->data, &m->part);
}

/* The rest of a line; an empty one is the last. */
static int header(wy_multipart *m, wy_str *in) {
  const char *end = memchr(in->p, '\n', in->n);
  size_t n = end ? (size_t)(end - in->p) + 1 : in->n;
  if (n > m->limits.header - m->header.n) return WY_E_MULTIPART_HEADER;
  if (wy_buf_add(&m->header, in->p, n)) return WY_E_NOMEM;
  in->p += n;
  in->n -= n;
  if (!end) return 0;
  wy_str all = wy_buf_view(&m->header);
  if (all.n < 2 || all.p[all.n - 2] != '\r') return WY_E_MULTIPART_HEADER;
  if (all.n == 2 || all.p[all.n - 3] == '\n') return begin_part(m);
  return ++m->fields > m->limits.fields ? WY_E_MULTIPART_HEADER : 0;
}

static int give(wy_multipart *m, const char *p, size_t n) {
  return n ? m->calls->bytes(m->data, (wy_str){p, n}) : 0;
}

/* Data up to the next delimiter, or all of it but for what may be one. What came in this piece is
 * given as one, near misses included. */
static int bytes(wy_multipart *m, wy_str *in) {
  const char *from = in->p;
  size_t before = m->matched; /* of the match, in earlier pieces */
  for (;;) {
    if (m->matched == 0) {
      const char *cr = memchr(in->p, '\r', in->n);
      if (!cr) break;
      in->n -= (size_t)(cr - in->p);
      in->p = cr;
    }
    bool whole = match(m, in);
    if (!whole && in->n == 0) break;
    if (whole) {
      int err = before ? 0 : give(m, from, (size_t)(in->p - from) - m->matched);
      behind(m);
      return err ? err : m->calls->end(m->data);
    }
    if (before) {
      int err = give(m, m->delimiter + m->borrowed, before - m->borrowed);
      if (err) return err;
      before = m->borrowed = 0;
    }
    m->matched = 0;
  }
  const char *end = m->matched ? in->p - (m->matched - before) : in->p + in->n;
  in->p += in->n;
  in->n = 0;
  return give(m, from, (size_t)(end - from));
}

static int read_some(wy_multipart *m, wy_str *in) {
  switch (m->state) {
    case START: return start(m, in);
    case BEHIND:
      return *in->p == '-' ? step(m, in, '-', BEHIND_MINUS) : step(m, in, '\r', BEHIND_CR);
    case BEHIND_CR: return begin_header(m, in);
    case BEHIND_MINUS: return step(m, in, '-', LAST);
    case HEADER: return header(m, in);
    case BYTES: return bytes(m, in);
    case LAST: return step(m, in, '\r', LAST_CR);
    case LAST_CR: return step(m, in, '\n', OVER);
    default: return WY_E_MULTIPART_BOUNDARY;
  }
}

int wy_multipart_feed(wy_multipart *m, wy_str in) {
  while (!m->err && in.n) m->err = read_some(m, &in);
  return m->err;
}

int wy_multipart_end(const wy_multipart *m) {
  if (m->err) return m->err;
  return m->state == LAST || m->state == OVER ? 0 : WY_E_MULTIPART_TRUNCATED;
}
