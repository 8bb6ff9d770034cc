"""Many connections that do next to nothing: slow senders, idlers, more than there are descriptors.

One thread and one epoll for all of them, so that 10,000 cost little; used in small by the op rows
and in full by spec/bench/hostile. Nothing here judges: it reports what each connection saw.
"""
import collections
import re
import selectors
import socket
import time
from types import SimpleNamespace

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
TOGETHER = 200          # connections opened between two barriers, well below any backlog
FULL_TIME = 1.0         # seconds spent out of descriptors


class Member:
    __slots__ = ("sock", "data", "since", "closed")

    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.since = None       # when its clock began
        self.closed = None      # when the server closed it

    def status(self):
        """Of what came after the first good request; None: nothing; bytes: no HTTP."""
        if not self.data:
            return None
        match = re.match(rb"HTTP/1\.1 (\d{3}) ", self.data)
        return int(match[1]) if match else self.data[:40]


def connect(port, timeout=20):
    sock = socket.create_connection(("127.0.0.1", port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def receive(sock):
    """One whole response with a Content-Length, as bytes; shorter when the server closed."""
    got = b""
    while True:
        head, found, body = got.partition(b"\r\n\r\n")
        if found:
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if len(body) >= int(length[1] if length else 0):
                return got
        more = sock.recv(65536)
        if not more:
            return got
        got += more


def ask(sock, data=PING):
    """One blocking request; the status, or None."""
    try:
        sock.sendall(data)
        got = receive(sock)
    except OSError:
        return None
    return int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else None


def ping(port, timeout=20):
    try:
        with connect(port, timeout) as sock:
            return ask(sock) == 200
    except OSError:
        return False


class Crowd:
    """`count` connections that send `first`, then `drop` every `interval` seconds (None: never),
    until the server has closed them all or `until` seconds have passed since the last was opened.
    warm(i): that one makes a good request before its `first`."""

    def __init__(self, port, count, first, drop, interval, warm=lambda i: False, until=60):
        self.port, self.count, self.first, self.drop = port, count, first, drop
        self.interval, self.warm, self.until = interval, warm, until
        self.members = []
        self.left = 0           # not closed by the server yet
        self.due = collections.deque()

    def run(self):
        with selectors.EpollSelector() as self.selector:
            for i in range(self.count):
                self._open(i)
                if i % TOGETHER == TOGETHER - 1:
                    ping(self.port)
                    self._turn(0)
            end = time.monotonic() + self.until
            while self.left and time.monotonic() < end:
                next_due = self.due[0][0] if self.due else end
                self._turn(max(0, min(end, next_due) - time.monotonic()))
        for member in self.members:
            member.sock.close()
        return self.members

    def _open(self, i):
        member = Member(connect(self.port))
        self.members.append(member)
        self.left += 1
        if self.warm(i) and ask(member.sock) != 200:
            member.data = b"the good request before it failed"
        member.since = time.monotonic()
        if self.first:
            member.sock.sendall(self.first)
        member.sock.setblocking(False)
        self.selector.register(member.sock, selectors.EVENT_READ, member)
        if self.interval:
            self.due.append((member.since + self.interval, member))

    def _turn(self, wait):
        for key, _ in self.selector.select(wait):
            self._read(key.data)
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, member = self.due.popleft()
            if member.closed:
                continue
            try:
                member.sock.send(self.drop)
            except OSError:
                pass                                    # reading will tell
            self.due.append((now + self.interval, member))

    def _read(self, member):
        try:
            data = member.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            member.data += data
            return
        member.closed = time.monotonic()
        self.left -= 1
        self.selector.unregister(member.sock)


def exhaust(server, count):
    """More connections than the server has descriptors for: its share of a CPU while they last,
    whether a connection it already had is still served, and the seconds until a new one is."""
    wrong, crowd = [], []
    with connect(server.port) as old:
        if ask(old) != 200:
            wrong.append("the first connection was not served")
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", server.port))
            crowd.append(sock)
        before, began = server.cpu(), time.monotonic()
        while time.monotonic() - began < FULL_TIME:
            if ask(old) != 200:
                wrong.append("an open connection is no longer served")
                break
            time.sleep(0.1)
        spent = (time.monotonic() - began) * 1e9
        share = (server.cpu() - before) / spent if spent else 0
    for sock in crowd:
        sock.close()
    closed, recovery = time.monotonic(), None
    while recovery is None and time.monotonic() - closed < 10:
        if ping(server.port, timeout=1):
            recovery = time.monotonic() - closed
    if not server.alive():
        wrong.append("the server died")
    return SimpleNamespace(wrong=wrong, cpu_share=share, recovery=recovery)
