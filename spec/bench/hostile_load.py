"""The op rows at full size: thousands of slow or idle connections, resets, no descriptors left."""
import multiprocessing
import re
import time

import crowd
import rows_http
import wechat
from hostile_common import exchange, running


def traffic(port, account, stop, answer):
    """Good requests until told to stop: new connection, kept connection, push. Its own process."""
    times, errors = [], 0
    kept = crowd.connect(port)
    while not stop.is_set():
        for way in ("new", "kept", "push"):
            began = time.perf_counter()
            try:
                if way == "new":
                    good = crowd.ping(port)
                elif way == "kept":
                    good = crowd.ask(kept) == 200
                else:
                    kept.sendall(wechat.plain_push(account, wechat.message(account)))
                    good = b"echo: hello" in crowd.receive(kept)
            except OSError:
                good = False
            times.append(time.perf_counter() - began)
            errors += not good
            if not good and way != "new":
                kept.close()
                kept = crowd.connect(port)
        stop.wait(0.005)
    times.sort()
    answer.put((len(times), errors, times[len(times) * 99 // 100] * 1000, times[-1] * 1000))


def close_at(row):
    return float(re.search(r"close at (\d+) s", row["expected"])[1])


def judge(report, name, members, earliest, latest, status):
    """Statuses and closing times of a crowd."""
    wanted = sum(m.status() == status for m in members)
    in_time = sum(m.closed is not None and earliest <= m.closed - m.since <= latest
                  for m in members)
    report.equal(f"{name}.status_{status or 'none'}", wanted, len(members))
    report.equal(f"{name}.closed_after_{earliest:g}_to_{latest:g}_s", in_time, len(members))


def crowded(report, path, row, members, earliest, status):
    """One crowd with real traffic beside it. `members(port)` makes the crowd."""
    name, limit = row["id"], close_at(row)
    with running(report, name, path, "plain") as server:
        context = multiprocessing.get_context("fork")
        stop, answer = context.Event(), context.Queue()
        other = context.Process(target=traffic, args=(server.port, server.account, stop, answer))
        other.start()
        result = members(server.port, limit + 10).run()
        stop.set()
        count, errors, p99, longest = answer.get(timeout=60)
        other.join()
        judge(report, name, result, limit - 1 if earliest is None else earliest, limit + 2, status)
        report.line(f"{name}.traffic_requests", count)
        report.equal(f"{name}.traffic_errors", errors, 0)
        report.line(f"{name}.traffic_p99_ms", p99)
        report.line(f"{name}.traffic_max_ms", longest)


def slow_headers(report, path, row):
    crowded(report, path, row, lambda port, until: crowd.Crowd(
        port, 10000, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a", 4,
        warm=lambda i: i % 2 == 1, until=until), None, 408)


def slow_bodies(report, path, row):
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n"
    crowded(report, path, row, lambda port, until: crowd.Crowd(
        port, 2000, head, b"a", 1, until=until), 0.5, 408)


def idle(report, path, row):
    crowded(report, path, row, lambda port, until: crowd.Crowd(
        port, 5000, b"", b"", None, warm=lambda i: True, until=until), None, None)


def resets(report, path, row):
    with running(report, row["id"], path, "plain") as server:
        crowd.ping(server.port)
        before = server.fds()
        for i in range(50000):
            rows_http.reset_once(server.port, (b"", b"GET / HT", crowd.PING)[i % 3])
            if i % 200 == 0:
                crowd.ping(server.port)
        good = crowd.ping(server.port)
        end = time.monotonic() + 5
        while server.fds() > before and time.monotonic() < end:
            time.sleep(0.01)
        report.equal("L010.fd_leak", max(0, server.fds() - before), 0)
        report.equal("L010.served_afterwards", int(good), 1)


def half_close(report, path, row):
    """2,000, one after another; each body whole."""
    with running(report, row["id"], path, "plain") as server:
        good = 0
        for _ in range(2000):
            with crowd.connect(server.port) as sock:
                sock.sendall(crowd.PING)
                sock.shutdown(1)
                good += crowd.receive(sock).endswith(b"ok")
        report.equal("L011.complete", good, 2000)


def no_descriptors(report, path, row):
    with running(report, row["id"], path, "plain", nofile=256) as server:
        found = crowd.exhaust(server, 400)
        for text in found.wrong:
            print(f"#   {text}")
        report.equal("L012.faults", len(found.wrong), 0)
        report.line("L012.cpu_share", found.cpu_share, 0.2)
        report.line("L012.recovery_s", 99.0 if found.recovery is None else found.recovery, 1.0)
        report.equal("L012.served_afterwards", exchange(server.port, crowd.PING), 200)


ROWS = {"L006": slow_headers, "L007": slow_bodies, "L009": idle, "L010": resets,
        "L011": half_close, "L012": no_descriptors}
