"""Pushes as WeChat sends them: signed, encrypted, dropped after five seconds, sent three times.

    async with Pusher(port, wechat.Account(), mode="safe") as pusher:
        delivery = await pusher.push(messages.text("你好"))
        print(delivery.seen, delivery.unanswered)

One process carries thousands of pushes at once. What a user does is in messages.py and user.py,
what WeChat makes of an answer in verdict.py.
"""
import asyncio
import collections
import json
import re
import resource
import time
from dataclasses import dataclass, field

import verdict
import wechat
from response import Parser

PATIENCE = 5            # seconds that WeChat waits for a complete answer
ATTEMPTS = 3
KEEP = 5                # seconds an idle connection is used again; well below any server's limit
FAIL_WINDOW = 300       # MarkFail: so many unanswered attempts in so many seconds and WeChat blocks
FAIL_LIMIT = 30         # the URL for a minute
CTYPE = {"xml": "text/xml", "json": "application/json"}


def allow_connections(n):
    """Raises the limit of open files, for this process and those it starts, so that n connections
    fit; RuntimeError when the system allows fewer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n + 64:
        raise RuntimeError(f"{n} connections need {n + 64} open files, the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@dataclass
class Attempt:
    """One time that the push was sent. Times are of the monotonic clock: `started` when it had been
    written, or when the connection was asked for and did not come."""
    started: float
    ended: float = 0.0
    outcome: str = ""       # "answer", "success", "bad"; without answer: "timeout", "closed"
    status: int | None = None
    body: bytes = b""

    @property
    def answered(self):
        return self.outcome not in ("timeout", "closed")


@dataclass
class Delivery:
    """A push and what became of it."""
    message: bytes          # decoded, the same in each attempt
    openid: str
    username: str
    attempts: list = field(default_factory=list)
    answer: dict | None = None      # the decoded reply
    seen: str | None = None         # what the user sees: text, "[image]", None, verdict.FAULT
    why: str = ""                   # the rule that a bad answer breaks
    twin: "Delivery | None" = None  # with duplicate=True: the other of the two

    @property
    def outcome(self):
        return self.attempts[-1].outcome

    @property
    def unanswered(self):
        """Attempts that got no answer. WeChat counts each as a MarkFail."""
        return sum(not a.answered for a in self.attempts)


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. The end of waiting is told by data_received, by a lost
    connection or by a timer, whichever is first; of an answer and a timer that are due together the
    loop takes the answer first."""

    def __init__(self):
        self.parser = Parser()
        self.waiter = None
        self.lost = False
        self.idle_since = 0.0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.parser.feed(data)
        if self.parser.replies:
            self._settle("answered")
        elif self.parser.fault:
            self._settle("bad")

    def connection_lost(self, exc):
        self.lost = True
        self.parser.end()               # completes an answer without a length
        self._settle("answered" if self.parser.replies else "closed")

    def _settle(self, outcome):
        if self.waiter and not self.waiter.done():
            self.waiter.set_result(outcome)

    @property
    def reusable(self):
        """Nothing but one answer has come, and neither side wants to close."""
        parser = self.parser
        return (not self.lost and not self.transport.is_closing() and not parser.buffer
                and not parser.fault and len(parser.replies) == 1
                and (parser.replies[0].field("connection") or "").lower() != "close")

    async def ask(self, data, patience):
        """Sends a request; "answered", "bad" (no HTTP), "closed" or "timeout". When it was started,
        and the reply if there is one."""
        loop = asyncio.get_running_loop()
        self.parser = Parser()
        self.waiter = loop.create_future()
        if self.lost:
            self._settle("closed")
        self.transport.write(data)
        started = time.monotonic()
        timer = loop.call_later(patience, self._settle, "timeout")
        try:
            outcome = await self.waiter
        finally:
            timer.cancel()
        return outcome, started, self.parser.replies[0] if outcome == "answered" else None


class Pusher:
    """WeChat's side of one account's URL. `mode` and `form` are what the account has set at WeChat,
    `address` and `port` where the server listens, `host` the Host it is called by."""

    def __init__(self, port, account=wechat.Account(), mode="plain", form="xml", path="/wx",
                 address="127.0.0.1", host=None, patience=PATIENCE, attempts=ATTEMPTS):
        if mode not in ("plain", "compatible", "safe") or form not in CTYPE:
            raise ValueError(f"no such mode or form: {mode}, {form}")
        self.port, self.account, self.mode, self.form = port, account, mode, form
        self.path, self.address, self.host = path, address, host or f"{address}:{port}"
        self.patience, self.attempts = patience, attempts
        self._idle = collections.deque()        # connections, the one idle for longest first
        self._failures = collections.deque()    # times of unanswered attempts, those of the window
        self._most_failures = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()

    def close(self):
        """Closes the connections that are kept."""
        while self._idle:
            self._idle.pop().transport.abort()

    # --- MarkFail ---

    @property
    def mark_fail(self):
        """Unanswered attempts of the last five minutes."""
        while self._failures and self._failures[0] <= time.monotonic() - FAIL_WINDOW:
            self._failures.popleft()
        return len(self._failures)

    @property
    def blocked(self):
        """Whether WeChat would have blocked the URL by now. Only told: sending goes on."""
        return self._most_failures >= FAIL_LIMIT

    # --- pushing ---

    async def push(self, message, openid=None, duplicate=False):
        """Sends a message until it is answered or was sent often enough; the Delivery. `message`:
        fields as in messages.py, whose head is filled in where it is absent, or bytes. `openid`: of
        the sender. `duplicate`: the same request on two connections at once, each with its own
        attempts afterwards; the second is the delivery's twin."""
        delivery = self._delivery(message, openid)
        request = self._request(delivery)
        if not duplicate:
            await self._deliver(delivery, request)
            return delivery
        twin = delivery.twin = Delivery(delivery.message, delivery.openid, delivery.username)
        await asyncio.gather(self._deliver(delivery, request), self._deliver(twin, request))
        return delivery

    def _delivery(self, message, openid):
        if isinstance(message, bytes):
            return Delivery(message, *_names(message))
        fields = {"ToUserName": self.account.username, "FromUserName": openid or wechat.OPENID,
                  "CreateTime": int(time.time()), **message}
        if fields["MsgType"] != "event":
            fields.setdefault("MsgId", int(wechat.unique()))
        return Delivery(wechat.compose(fields, self.form), fields["FromUserName"],
                        fields["ToUserName"])

    def _request(self, delivery):
        """One attempt's bytes: its own time, nonce and, where it is encrypted, random."""
        message, body, text = delivery.message, delivery.message, None
        if self.mode != "plain":
            text = wechat.encrypt(message, self.account)
            body = (wechat.envelope(self.account, text, self.form) if self.mode == "safe"
                    else wechat.both(message, text, self.form))
        query = wechat.query(self.account, encrypted=text, openid=delivery.openid)
        return wechat.request("POST", wechat.target(query, self.path), body, CTYPE[self.form],
                              self.host)

    async def _deliver(self, delivery, request):
        want = verdict.Expected(self.account, self.mode, self.form, delivery.openid,
                                delivery.username)
        for left in reversed(range(self.attempts)):
            attempt = await self._attempt(request)
            delivery.attempts.append(attempt)
            if attempt.outcome == "answered":
                judged = verdict.judge(want, attempt.status, attempt.body)
                attempt.outcome, delivery.why = judged.outcome, judged.why
                delivery.answer, delivery.seen = judged.fields, judged.seen
                return
            if attempt.outcome == "bad":
                delivery.why, delivery.seen = "no HTTP", verdict.FAULT
                return
            self._failures.append(attempt.ended)
            self._most_failures = max(self._most_failures, self.mark_fail)
            if left:
                # until its time is over: after a time-out that is now, after a refusal it is not
                await asyncio.sleep(attempt.started + self.patience - time.monotonic())
                request = self._request(delivery)
        delivery.seen = verdict.FAULT

    async def _attempt(self, request):
        attempt = Attempt(time.monotonic())
        connection = None
        try:
            connection = await self._connect()
            attempt.outcome, attempt.started, reply = await connection.ask(request, self.patience)
            if reply:
                attempt.status, attempt.body = reply.status, reply.body
        except TimeoutError:
            attempt.outcome = "timeout"
        except OSError:
            attempt.outcome = "closed"
        finally:
            attempt.ended = time.monotonic()
            if connection:
                self._put_back(connection)
        return attempt

    # --- connections ---

    async def _connect(self):
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle_since > time.monotonic() - KEEP:
                return connection
            connection.transport.abort()
        async with asyncio.timeout(self.patience):
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection, self.address, self.port)
        return connection

    def _put_back(self, connection):
        now = time.monotonic()
        while self._idle and self._idle[0].idle_since <= now - KEEP:
            self._idle.popleft().transport.abort()
        if connection.reusable:
            connection.idle_since = now
            self._idle.append(connection)
        else:
            connection.transport.abort()


def _names(message):
    """FromUserName and ToUserName of a raw message. No parser for XML: WeChat sends control bytes
    that no parser takes."""
    if message[:1] == b"{":
        fields = json.loads(message)
        return fields["FromUserName"], fields["ToUserName"]
    found = [re.search(rb"<%s>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</%s>" % (name, name), message, re.S)
             for name in (b"FromUserName", b"ToUserName")]
    if None in found:
        raise ValueError("the message has no FromUserName or no ToUserName")
    return tuple(m[1].decode() for m in found)
