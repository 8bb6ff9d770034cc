"""The client side: raw sockets that send any bytes in any pieces and read whatever comes back.

A Conn outlives failed sends: a server that refuses early closes while we still write, and its
answer must be read all the same (asyncio's own transports would drop it).
"""
import asyncio
import re
import socket

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_PING = b"GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
EXCHANGE_TIME = 30      # seconds for one connection, all of it
CLOSE_TIME = 3          # seconds a server may take to close after its last answer
BARRIERS = 600          # so many pieces of one message are kept apart for certain

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [\x20-\x7e]*)?")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t\x80-\xff]*?)[ \t]*")


class Reply:
    def __init__(self, status, fields):
        self.status = status
        self.fields = fields        # [(lower-case name, value)] in the order received
        self.body = b""

    def field(self, name):
        return next((v for n, v in self.fields if n == name), None)

    def __str__(self):
        return f"{self.status} {self.body[:80]!r}"


class Parser:
    """Responses out of a byte stream; strict, so a malformed answer is a fault."""

    def __init__(self):
        self.buffer = bytearray()
        self.replies = []
        self.interim = []           # 1xx statuses
        self.fault = None
        self.open_ended = None      # a reply whose body ends with the connection

    def feed(self, data):
        self.buffer += data
        while self.fault is None and self.buffer and self._step():
            pass

    def end(self):
        if self.open_ended:
            self.open_ended.body = bytes(self.buffer)
            self.replies.append(self.open_ended)
            self.open_ended = None
        elif self.buffer and self.fault is None:
            self.fault = f"connection ended inside a response: {bytes(self.buffer[:80])!r}"

    def _step(self):
        if self.open_ended:
            return False
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = bytes(self.buffer[:end]).split(b"\r\n")
        first = STATUS_LINE.fullmatch(lines[0])
        matches = [FIELD_LINE.fullmatch(line) for line in lines[1:]]
        if not first or None in matches:
            self.fault = f"malformed response head: {bytes(self.buffer[:120])!r}"
            return False
        reply = Reply(int(first[1]), [(m[1].decode().lower(), m[2].decode("latin-1"))
                                      for m in matches])
        at = end + 4
        if reply.status < 200:
            self.interim.append(reply.status)
            del self.buffer[:at]
            return True
        length = reply.field("content-length")
        if reply.status in (204, 304):
            length = "0"
        if length is not None:
            stop = at + int(length)
            if len(self.buffer) < stop:
                return False
            reply.body = bytes(self.buffer[at:stop])
        elif (reply.field("transfer-encoding") or "").lower() == "chunked":
            stop = self._chunks(reply, at)
            if stop is None:
                return False
        else:
            del self.buffer[:at]
            self.open_ended = reply
            return False
        del self.buffer[:stop]
        self.replies.append(reply)
        return True

    def _chunks(self, reply, at):
        body = b""
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                return None
            size = int(bytes(self.buffer[at:end]), 16)
            at = end + 2
            if len(self.buffer) < at + size + 2:
                return None
            body += self.buffer[at:at + size]
            at += size + 2
            if size == 0:
                reply.body = bytes(body)
                return at


class Conn:
    def __init__(self, sock):
        self.sock = sock
        self.peer = "%s:%d" % sock.getsockname()
        self.parser = Parser()
        self.closed = None          # "fin" or "reset" once the server has closed
        self.late = None            # what we waited for in vain
        self.mark = 0               # where the server's log stood when we connected

    @classmethod
    async def open(cls, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.timeout(EXCHANGE_TIME):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    @property
    def replies(self):
        return self.parser.replies

    @property
    def statuses(self):
        return [r.status for r in self.parser.replies]

    async def send(self, data):
        """False when the server no longer takes bytes; what it has answered can still be read."""
        try:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)
            return True
        except OSError:
            return False

    async def read(self, count):
        """Until `count` responses are there (None: without end), or the server closes."""
        loop = asyncio.get_running_loop()
        while not self.closed and (count is None or len(self.replies) < count):
            if self.parser.fault:
                return
            try:
                data = await loop.sock_recv(self.sock, 65536)
            except OSError:
                data, self.closed = b"", "reset"
            if data:
                self.parser.feed(data)
                continue
            self.closed = self.closed or "fin"
            self.parser.end()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()


async def ask(port, data):
    """One request on a connection of its own; the reply, or None."""
    conn = None
    try:
        async with asyncio.timeout(EXCHANGE_TIME):
            conn = await Conn.open(port)
            await conn.send(data)
            await conn.read(1)
            return conn.replies[0] if conn.replies else None
    except (OSError, TimeoutError):
        return None
    finally:
        if conn:
            conn.close()


async def ping(port):
    """A good request on a new connection. It is also the barrier between two pieces: the server
    takes connections and readable sockets in order, so once it has answered this, it has read
    whatever we sent before."""
    reply = await ask(port, LAST_PING)
    return reply is not None and reply.status == 200 and reply.body == b"ok"


async def finish(conn, rest, want, port, at_end=None):
    """Send the other pieces while reading, then see whether the connection is kept or closed."""

    async def send_rest():
        for n, piece in enumerate(rest):
            answered = want.conn != "keep" and 0 < want.count <= len(conn.replies)
            if conn.closed or answered:
                return
            if 0 < n < BARRIERS:
                await ping(port)
            elif n % 16 == 0:
                await asyncio.sleep(0)
            if not await conn.send(piece):
                return
        if at_end:
            at_end(conn)

    sender = asyncio.create_task(send_rest())
    step = "an answer"
    try:
        async with asyncio.timeout(EXCHANGE_TIME):
            await conn.read(want.count)
            if want.conn == "close":
                if not want.count:
                    await sender
                step = "the server to close"
                async with asyncio.timeout(CLOSE_TIME):
                    await conn.read(None)
            elif want.conn == "keep" and not conn.closed:
                await sender
                step = "an answer to a good request on the same connection"
                await conn.send(PING)
                await conn.read(want.count + 1)
    except TimeoutError:
        conn.late = step
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        conn.close()


async def batch(server, cases, want, at_end=None):
    """Each case is (first piece, iterable of the rest); all cases run at once."""
    mark = server.log.mark()
    conns = await asyncio.gather(*(Conn.open(server.port) for _ in cases))
    for conn in conns:
        conn.mark = mark
    if any(first for first, _ in cases):
        await asyncio.gather(*(c.send(first) for c, (first, _) in zip(conns, cases)))
        await ping(server.port)
    await asyncio.gather(*(finish(c, rest, want, server.port, at_end)
                           for c, (_, rest) in zip(conns, cases)))
    return conns
