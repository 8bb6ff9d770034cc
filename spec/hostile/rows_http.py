"""Row functions of the layers http and http-limits; the op rows in their small form (at most 500
connections; spec/bench/hostile runs them in full)."""
import asyncio
import socket
import struct
import time

import crowd
import engine
import wechat
from rows import row


@row("H059")
async def order_kept(c):
    """64 distinguishable requests in one segment come back in their order."""
    bodies = [b"%04d" % i for i in range(64)]
    data = b"".join(wechat.request("POST", "/echo", b, "text/plain") for b in bodies)
    conns = await c.whole("64 distinct requests", c.plain, data)
    got = [r.body for r in conns[0].replies[:64]] if conns else []
    c.result("responses in the order of the requests",
             [] if got == bodies else [f"bodies came as {got[:70]}"])


@row("C017")
async def truncated_chunk(c):
    """The push would be a good one: only the missing three bytes keep its handler from running."""
    body = wechat.message(c.account)
    for name, target, whole in (("to /echo", "/echo", b"hello"),
                                ("in a plain push", None, body)):
        target = target or wechat.target(wechat.query(c.account))
        head = wechat.chunked(target, [], last=False)
        size = b"%x\r\n" % (5 if name == "to /echo" else len(whole))
        cut = whole[:2] if name == "to /echo" else whole[:-3]
        data = head + size + cut
        await c.converse(name, c.plain, [(repr(data[-60:]), b"", [data])],
                         at_end=lambda conn: conn.half_close())


def check_crowd(c, result, earliest, latest, statuses):
    """Everyone was closed in time with one of the answers; b"" stands for none."""
    wrong = []
    for member in result:
        after = member.closed and member.closed - member.since
        got = member.status()
        if got not in statuses:
            wrong.append(f"status {got}, expected {statuses}")
        elif after is None or not earliest <= after <= latest:
            wrong.append(f"closed after {after} s, expected {earliest} to {latest}")
    return wrong[:5] + ([f"... and {len(wrong) - 5} more"] if len(wrong) > 5 else [])


async def beside_traffic(c, members):
    """Run a crowd in a thread; meanwhile good requests and pushes, one after another."""
    running = asyncio.create_task(asyncio.to_thread(members.run))
    errors, count = [], 0
    while not running.done():
        count += 1
        if not await engine.ping(c.plain.port):
            errors.append("GET /ping failed")
        errors += filter(None, [await c.good_push(c.plain)])
        await asyncio.wait([running], timeout=0.05)
    c.result(f"real traffic beside it ({2 * count})", errors[:5])
    return await running


@row("L006")
async def slow_headers(c):
    c.claim("real traffic 0 errors")
    members = crowd.Crowd(c.plain.port, 300, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a", 4,
                          warm=lambda i: i % 2 == 1, until=c.want.close_at + 5)
    result = await beside_traffic(c, members)
    c.result("small: 300 slow headers, every second on a used connection",
             check_crowd(c, result, c.want.close_at - 1, c.want.close_at + 3, {408}))


@row("L007")
async def slow_bodies(c):
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n"
    members = crowd.Crowd(c.plain.port, 200, head, b"a", 1, until=c.want.close_at + 5)
    result = await beside_traffic(c, members)
    c.result("small: 200 slow bodies", check_crowd(c, result, 0.5, c.want.close_at + 3, {408}))


@row("L009")
async def idle(c):
    members = crowd.Crowd(c.plain.port, 300, b"", b"", None, warm=lambda i: i % 2 == 1,
                          until=c.want.close_at + 5)
    result = await asyncio.to_thread(members.run)
    c.result("small: 300 idle connections, every second after a request",
             check_crowd(c, result, c.want.close_at - 2, c.want.close_at + 3, {None}))


def reset_once(port, data=b""):
    sock = socket.create_connection(("127.0.0.1", port))
    if data:
        sock.send(data)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@row("L010")
async def reset(c):
    c.claim("fd leak=0", "crash=0")
    await engine.ping(c.plain.port)
    before = c.plain.fds()
    for i in range(500):
        reset_once(c.plain.port, (b"", b"GET / HT", engine.PING)[i % 3])
    wrong = [] if await engine.ping(c.plain.port) else ["GET /ping fails"]
    end = time.monotonic() + 3
    while c.plain.fds() > before and time.monotonic() < end:
        await asyncio.sleep(0.01)
    if c.plain.fds() > before:
        wrong.append(f"{c.plain.fds()} descriptors open, {before} before")
    if not c.plain.alive():
        wrong.append("the server died")
    c.result("small: 500 connects with RST", wrong)


@row("L011")
async def half_close(c):
    c.claim("response complete")
    body = bytes(range(256)) * 240
    inputs = {"GET /ping": engine.PING,
              "POST /echo": wechat.request("POST", "/echo", body, "text/plain"),
              "push": wechat.plain_push(c.account, wechat.message(c.account))}
    want = c.want.but(conn="close")         # nothing more can come from us
    conns = await c.whole("half-close after the request", c.plain, inputs, want,
                          at_end=lambda conn: conn.half_close())
    bodies = [conn.replies[0].body if conn.replies else None for conn in conns]
    c.result("the response is complete",
             [] if bodies[:2] == [b"ok", body] and b"echo: hello" in (bodies[2] or b"")
             else [f"bodies {[b and (len(b), b[:40]) for b in bodies]}"])


@row("L012")
async def no_descriptors(c):
    c.claim("EMFILE: accept pauses with reserve fd, no 100% CPU, recovery<1 s")
    with c.server("plain", nofile=256) as server:
        found = await asyncio.to_thread(crowd.exhaust, server, 400)
    wrong = list(found.wrong)
    if found.cpu_share > 0.5:
        wrong.append(f"{found.cpu_share:.0%} of a CPU while out of descriptors")
    if found.recovery is None or found.recovery >= 1:
        wrong.append(f"recovery took {found.recovery} s")
    c.result("256 descriptors, 400 connections", wrong)


@row("L015")
async def split_invariance(c):
    """Each http row has a result per way, held against one and the same expectation; the runner
    adds them up at the end. Here: pieces of a good request do not matter either."""
    c.claim("same verdict as in one segment")
    want = c.want.but(statuses=[{200}], conn="keep")
    body = bytes(range(256))
    await c.ways(c.plain, lambda: wechat.request("POST", "/echo", body, "text/plain"), want,
                 name="a good request")
    await c.ways(c.plain, lambda: wechat.chunked("/echo", [body[:100], body[100:]], "text/plain"),
                 want, name="a good chunked request")
    await c.ways(c.plain, lambda: wechat.plain_push(c.account, wechat.message(c.account)), want,
                 name="a good push")
