"""The `expected` column of facts/hostile-inputs.tsv, read into a Want, and held against a Conn.

Fields that nothing here understands stay in `words`; the runner prints each that no row function
has claimed, so none is dropped silently.
"""
import re
from copy import copy
from dataclasses import dataclass, field

LOG_NAME = re.compile(r"[a-z0-9]+\.[a-z0-9_]+")
STATUSES = re.compile(r"\d{3}(?:\|\d{3})*(?: then \d{3}(?:\|\d{3})*)*")
SIZE = re.compile(r"(\d+)(KiB|MiB|)")
TIMED = re.compile(r"cpu|p99|rss|median time|\|t\|")       # measured by spec/bench/hostile


@dataclass
class Want:
    statuses: list = field(default_factory=list)    # one set of alternatives per response
    conn: str = None                                # "close", "keep" or None: either
    close_at: float = None                          # seconds
    logs: set = field(default_factory=set)          # any of these
    push_logs: set = field(default_factory=set)     # instead, when the body went into a push
    no_log: set = field(default_factory=set)        # statuses that need no log line
    body: bytes = None
    body_excludes: list = field(default_factory=list)
    ctype: str = None
    nosniff: bool = False
    no_interim: bool = False
    handler_runs: int = None
    max_read: int = None
    responses: int = None
    order: bool = False
    exact: bool = False                             # a 200 must carry the input's digits
    words: list = field(default_factory=list)       # not understood here
    timed: list = field(default_factory=list)       # left to spec/bench/hostile

    @property
    def count(self):
        return self.responses if self.responses is not None else len(self.statuses)

    def but(self, **change):
        other = copy(self)
        for name, value in change.items():
            setattr(other, name, value)
        return other

    def after_good(self):
        """The same, one good request ahead on the connection."""
        return self.but(statuses=[{200}] + self.expanded(), responses=self.count + 1)

    def expanded(self):
        n = self.count
        return (self.statuses + self.statuses[-1:] * n)[:n] if self.statuses else []


def _status(want, value):
    if value == "none":
        want.statuses = []
    elif STATUSES.fullmatch(value):
        want.statuses = [{int(s) for s in one.split("|")} for one in value.split(" then ")]
    else:
        want.statuses = [{int(value[:3])}]
        want.words.append("status=" + value)


def _log(want, value):
    both = re.fullmatch(r"(\S+) \(a push: (\S+)\)", value)
    if both:
        want.logs, want.push_logs = {both[1]}, {both[2]}
        return
    for item in re.split(r"\||\bor\b", value):
        item = item.strip()
        if LOG_NAME.fullmatch(item):
            want.logs.add(item)
        elif item == "id kept exact":
            want.no_log.add(200)
            want.exact = True
        elif re.match(r"200\b", item):
            want.no_log.add(200)
        else:
            want.words.append("log=" + item)
    want.statuses = [s | want.no_log for s in want.statuses]


def _conn(want, value):
    late = re.fullmatch(r"close at (\d+) s(?: or min-rate)?", value)
    want.conn = "close" if late else value
    want.close_at = float(late[1]) if late else None


def _size(text):
    number, unit = SIZE.fullmatch(text).groups()
    return int(number) * {"": 1, "KiB": 1024, "MiB": 1048576}[unit]


FIELDS = {
    "status": _status,
    "log": _log,
    "conn": _conn,
    "body": lambda w, v: setattr(w, "body", b"" if v == "empty" else v.encode()),
    "body_excludes": lambda w, v: w.body_excludes.append(v.encode()),
    "ct": lambda w, v: setattr(w, "ctype", v),
    "responses": lambda w, v: setattr(w, "responses", int(v)),
    "handler_runs": lambda w, v: setattr(w, "handler_runs", int(v)),
    "max_read": lambda w, v: setattr(w, "max_read", _size(v)),
}
FLAGS = {"nosniff": "nosniff", "order=kept": "order", "no 100 sent": "no_interim"}


def parse(text):
    want = Want()
    for item in filter(None, (i.strip() for i in text.split(";"))):
        name, _, value = item.partition("=")
        if item in FLAGS:
            setattr(want, FLAGS[item], True)
        elif TIMED.match(item):
            want.timed.append(item)
        elif name in FIELDS:
            FIELDS[name](want, value)
        else:
            want.words.append(item)
    return want


def problems(want, conn):
    """What is wrong with one finished conversation, its log lines apart."""
    wrong = []
    if conn.parser.fault:
        wrong.append(conn.parser.fault)
    if conn.late:
        wrong.append(f"waited in vain for {conn.late}")
    replies = conn.replies
    expected = want.expanded()
    if want.conn == "keep" and not conn.late:
        if conn.closed:
            wrong.append(f"the connection was closed ({conn.closed}), not kept")
        elif not (replies[want.count:] and replies[-1].status == 200 and replies[-1].body == b"ok"):
            wrong.append("the good request after it on the same connection was not answered")
        replies = replies[:want.count]
    got = [r.status for r in replies]
    if len(got) != len(expected) or any(g not in e for g, e in zip(got, expected)):
        names = " then ".join("|".join(map(str, sorted(e))) for e in expected) or "no answer"
        wrong.append(f"status {got}, expected {names}")
    if not replies:
        return wrong
    last = replies[-1]
    if want.body is not None and last.body != want.body:
        wrong.append(f"body {last.body[:80]!r}, expected {want.body!r}")
    for text in want.body_excludes:
        if any(text in r.body for r in replies):
            wrong.append(f"a body contains {text!r}")
    if want.ctype and (last.field("content-type") or "").split(";")[0].strip() != want.ctype:
        wrong.append(f"Content-Type {last.field('content-type')!r}, expected {want.ctype}")
    if want.nosniff and last.field("x-content-type-options") != "nosniff":
        wrong.append("X-Content-Type-Options: nosniff is missing")
    if want.no_interim and conn.parser.interim:
        wrong.append(f"interim responses {conn.parser.interim}")
    return wrong
