"""The client side: raw sockets that send any bytes in any pieces and read whatever comes back.

A Conn outlives failed sends: a server that refuses early closes while we still write, and its
answer must be read all the same (asyncio's own transports would drop it).
"""
import asyncio
import socket

from response import Parser

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_PING = b"GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
EXCHANGE_TIME = 30      # seconds for one connection, all of it
CLOSE_TIME = 3          # seconds a server may take to close after its last answer
BARRIERS = 600          # so many pieces of one message are kept apart for certain


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
