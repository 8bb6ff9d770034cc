"""What the timed parts share: a server per part, goals out of the rows, blocking talk."""
import contextlib
import re
import socket

import crowd
from server import Server


@contextlib.contextmanager
def running(report, name, path, mode, **options):
    """A server of its own; that it stops clean is a figure like the others."""
    server = Server(path, mode, **options).start()
    try:
        yield server
    finally:
        wrong = server.stop()
        report.equal(f"{name}.faults_at_stop", len(wrong), 0)
        for text in wrong:
            print(f"#   {text}")


def milliseconds(row, name):
    """The goal `name<5ms` of a row."""
    return float(re.search(rf"{re.escape(name)}<(\d+)ms", row["expected"])[1])


def statuses(row):
    return {int(s) for s in re.search(r"status=([\d|]+)", row["expected"])[1].split("|")}


def exchange(port, data, pieces=None):
    """Send all of it, or `pieces` of it until an answer comes; the status, or None. An early answer
    that stops the sending is read like any other."""
    with crowd.connect(port) as sock:
        try:
            if pieces is None:
                sock.sendall(data)
            else:
                _trickle(sock, pieces)
        except socket.timeout:
            return None
        except OSError:
            pass
        try:
            got = crowd.receive(sock)
        except OSError:
            return None
    return int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else None


def _trickle(sock, pieces):
    sock.setblocking(False)
    for piece in pieces:
        try:
            sock.send(piece)
        except BlockingIOError:
            sock.settimeout(20)
            sock.sendall(piece)
            sock.setblocking(False)
        try:
            if sock.recv(1, socket.MSG_PEEK) is not None:
                break
        except BlockingIOError:
            continue
    sock.settimeout(20)
