"""One row of facts/hostile-inputs.tsv while it is checked: its servers, its ways, its results.

A *way* is one manner of sending the input (whole, split at every offset ...); each gives one result
with as many conversations behind it as it took.
"""
import contextlib
import csv
import os

import engine
import expect
import wechat
from server import Server

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVER = os.path.join(ROOT, "build", "spec", "hostile_server")
FACTS = os.path.join(ROOT, "spec", "facts", "hostile-inputs.tsv")
LAYERS = ("http", "http-limits", "uri", "query", "sig", "envelope", "xml", "json")
LATER = {"L008", "J006"}                            # features that come later
TIMED_ONLY = {"E020"}                               # not to be seen from a socket
# no static files yet
OVERRIDE = {row: "status=404;conn=keep" for row in ("U010", "U011", "U012")}
AT_ONCE = 200
SHOWN = 5               # failing conversations shown per way


def load():
    """The rows that are checked here, in the order of the file: dicts of the columns."""
    with open(FACTS, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [r for r in rows if r["layer"] in LAYERS and r["id"] not in LATER]
    for row in rows:
        row["expected"] = OVERRIDE.get(row["id"], row["expected"])
    return rows


def evaluate(text):
    """The bytes of a py row. The rows are our own; `range` is all they need."""
    value = eval(text, {"__builtins__": {"range": range}})
    if not isinstance(value, bytes):
        raise TypeError(f"not bytes: {text[:60]}")
    return value


def brief(data):
    data = bytes(data)
    return repr(data) if len(data) <= 300 else f"{data[:200]!r}... ({len(data)} bytes)"


class Check:
    def __init__(self, row, plain, safe, path, full):
        self.id = row["id"]
        self.layer = row["layer"]
        self.kind = row["kind"]
        self.input = row["input"]
        self.want = expect.parse(row["expected"])
        self.plain, self.safe, self.path, self.full = plain, safe, path, full
        self.account = wechat.Account()
        self.results = []           # (good, name, [diagnostic])
        self.claimed = set()

    def claim(self, *words):
        """These parts of `expected` are checked by the row's own function."""
        for word in words:
            if word not in self.want.words:
                raise KeyError(f"{self.id} does not say {word!r}")
            self.claimed.add(word)

    @property
    def unchecked(self):
        return [w for w in self.want.words if w not in self.claimed]

    def result(self, name, wrong=()):
        wrong = list(wrong)
        self.results.append((not wrong, f"{self.id} {name}", wrong))

    async def converse(self, name, server, cases, want=None, at_end=None, logs=True):
        """Run the cases [(label, first piece, rest)], each on its own connection, as one result.
        Returns the finished connections, in order."""
        want = want or self.want
        cases = list(cases)
        runs = server.log.count("plugin.log")
        wrong, all_conns = [], []
        for start in range(0, len(cases), AT_ONCE):
            part = cases[start:start + AT_ONCE]
            try:
                conns = await engine.batch(server, [c[1:] for c in part], want, at_end)
            except (OSError, TimeoutError) as error:
                wrong.append(f"no connection: {error!r}")
                break
            if not await engine.ping(server.port):
                wrong.append(f"GET /ping fails after: {part[-1][0]}")
            silent = set()
            if logs and want.logs:
                due = [c for c in conns if not want.no_log.intersection(c.statuses[-1:])]
                silent = set(await server.log.missing(due, want.logs))
            for (label, _, _), conn in zip(part, conns):
                bad = expect.problems(want, conn)
                if conn in silent:
                    bad.append(f"log has {server.log.of(conn) or 'nothing'} for {conn.peer}, "
                               f"expected {'|'.join(sorted(want.logs))}")
                if bad:
                    came = ", ".join(map(str, conn.replies)) or "nothing"
                    wrong.append(f"{'; '.join(bad)} [came: {came}; {conn.closed or 'open'}] "
                                 f"[sent: {label}]")
            all_conns += conns
        if want.handler_runs is not None:
            ran = server.log.count("plugin.log") - runs
            if ran != want.handler_runs:
                wrong.append(f"{ran} handler runs, expected {want.handler_runs}")
        if len(wrong) > SHOWN:
            wrong[SHOWN:] = [f"... and {len(wrong) - SHOWN} more"]
        count = f" ({len(cases)})" if len(cases) != 1 else ""
        self.result(f"{name}{count}", wrong)
        return all_conns

    async def whole(self, name, server, inputs, want=None, **more):
        """inputs: bytes, or {label: bytes}."""
        if isinstance(inputs, bytes):
            inputs = {"": inputs}
        cases = [(f"{label} {brief(data)}".strip(), b"", [data]) for label, data in inputs.items()]
        return await self.converse(name, server, cases, want, **more)

    async def ways(self, server, make, want=None, name=""):
        """One input in all the ways: make() gives its bytes, freshly signed where that matters."""
        want = want or self.want
        lead = name + " " if name else ""
        data = make()
        await self.whole(lead + "whole", server, data, want)
        if len(data) <= 4096:
            data = make()
            await self.converse(lead + "split at every offset", server,
                                [(f"split at {i}: {brief(data)}", data[:i], [data[i:]])
                                 for i in range(1, len(data))], want)
        data = make()
        await self.converse(lead + "in 1-byte segments", server,
                            [(brief(data), b"", self._bytes(data))], want)
        await self.whole(lead + "after a good request", server, engine.PING + make(),
                         want.after_good())
        if self.full and len(data) <= 4096:
            data = engine.PING + make()
            await self.converse(lead + "after a good request, split at every offset", server,
                                [(f"split at {i}: {brief(data)}", data[:i], [data[i:]])
                                 for i in range(1, len(data))], want.after_good())
        if want.max_read is not None:
            await self.whole(f"{lead}decided within {want.max_read} bytes", server,
                             make()[:want.max_read], want)

    @staticmethod
    def _bytes(data):
        return (data[i:i + 1] for i in range(len(data)))

    async def good_push(self, server, content="hello", aes_key=None):
        """None when a good push is answered as it should be, else what is wrong."""
        body = wechat.message(self.account, Content=wechat.cdata(content))
        push = (wechat.plain_push(self.account, body) if server.mode == "plain"
                else wechat.safe_push(self.account, body, aes_key))
        reply = await engine.ask(server.port, push)
        if reply is None or reply.status != 200:
            return f"a good push to the {server.mode} server got {reply}"
        try:
            fields = wechat.open_reply(reply.body, self.account, server.mode, aes_key)
        except (ValueError, KeyError, SyntaxError) as error:
            return f"the reply to a good push is bad: {error!r} {reply}"
        if fields.get("Content") != "echo: " + content:
            return f"the reply to a good push says {fields!r}"
        return None

    async def finish(self):
        """Good pushes succeed after each row, on both servers."""
        wrong = [await self.good_push(server) for server in (self.plain, self.safe)]
        self.result("a good push afterwards", filter(None, wrong))

    @contextlib.contextmanager
    def server(self, mode, *more, **options):
        """A server of the row's own; what is wrong at its end is a result."""
        server = Server(self.path, mode, *more, **options)
        try:
            yield server.start()
        finally:
            self.result(f"its own {mode} server stops clean", server.stop())
