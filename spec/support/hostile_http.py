#!/usr/bin/env python3
"""A web server that does what servers should not: for specs of the HTTP client.

usage: hostile_http.py FOLDER [TLS_FOLDER]

Listens on 127.0.0.1, on a free port, and writes it to FOLDER/port; with a TLS_FOLDER it serves each NAME.pem of it
(key and certificates) on a port of its own, FOLDER/port.NAME. Ends when its standard input does.
"""

import gzip
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import zlib

counts = {"connections": 0, "requests": 0}
lock = threading.Lock()
over = threading.Event()


def count(name):
    with lock:
        counts[name] += 1


def answer(body=b"", status=200, headers=(), length=True):
    head = [f"HTTP/1.1 {status} X"] + list(headers)
    if length:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Request:
    def __init__(self, line, headers):
        self.method, self.target, _ = line.split(" ", 2)
        url = urllib.parse.urlsplit(self.target)
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.headers = headers
        self.length = int(headers.get("content-length", 0))


def echo(conn, file, r):
    body = file.read(r.length)
    told = {
        "method": r.method, "target": r.target, "headers": r.headers, "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(), "text": body[:4096].decode("utf-8", "replace"),
    }
    conn.sendall(answer(json.dumps(told).encode(), headers=["Content-Type: application/json"]))
    return True


def upload(conn, file, r):
    left, digest = r.length, hashlib.sha256()
    while left:
        piece = file.read(min(left, 1 << 16))
        if not piece:
            return False
        digest.update(piece)
        left -= len(piece)
    conn.sendall(answer(json.dumps({"length": r.length, "sha256": digest.hexdigest()}).encode()))
    return True


def slow(conn, file, r):
    conn.sendall(answer(length=False, headers=["Content-Length: 1000"]))
    while not over.wait(1):
        conn.sendall(b"x")


def hole(conn, file, r):
    over.wait()


def bomb(conn, file, r):
    """Gzip of zeros: a thousand times as large when it is decoded."""
    conn.sendall(answer(length=False, headers=["Content-Encoding: gzip", "Connection: close"]))
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    for _ in range(int(r.query.get("mb", 10000))):
        conn.sendall(pack.compress(zeros))
    conn.sendall(pack.flush())


def zeros(conn, file, r):
    n = int(r.query["mb"]) << 20
    head = [f"Content-Length: {n}" if "known" in r.query else "Connection: close"]
    conn.sendall(answer(length=False, status=int(r.query.get("status", 200)), headers=head))
    piece = bytes(1 << 16)
    for _ in range(n >> 16):
        conn.sendall(piece)
    return "known" in r.query


def redirect(conn, file, r):
    file.read(r.length)
    to = r.query.get("to")
    conn.sendall(answer(b"moved", int(r.query.get("status", 302)), ["Location: " + to] if to else []))
    return True


def many_headers(conn, file, r):
    conn.sendall(answer(b"ok", headers=[f"X-Filler-{i}: " + "y" * 1000 for i in range(int(r.query["kb"]))]))


def cut(conn, file, r):
    """Half of what it says: then the end, or a reset."""
    conn.sendall(answer(length=False, headers=["Content-Length: 100"]) + b'{"half":1' + b" " * 41)
    if r.query.get("how") == "reset":
        time.sleep(0.05)
        reset(conn)


def reset_after_head(conn, file, r):
    conn.sendall(answer(length=False, headers=["Content-Length: 100"]))
    time.sleep(0.05)
    reset(conn)


def wrong_length(conn, file, r):
    conn.sendall(answer(length=False, headers=["Content-Length: 10"]) + b'{"whole": "but longer than it says"}')


def bad_chunk(conn, file, r):
    conn.sendall(answer(length=False, headers=["Transfer-Encoding: chunked"]) + b"zz\r\nhello\r\n0\r\n\r\n")


def coding(conn, file, r):
    conn.sendall(answer(b"(\xb5/\xfd", headers=["Content-Encoding: " + r.query["name"]]))


def zipped(conn, file, r):
    conn.sendall(answer(gzip.compress(b'{"zipped": true}'), headers=["Content-Encoding: gzip"]))
    return True


def text(conn, file, r):
    file.read(r.length)
    conn.sendall(answer(bytes.fromhex(r.query["hex"]), int(r.query.get("status", 200)), ["X-One: 1", "x-one: 2"]))
    return True


def told(conn, file, r):
    conn.sendall(answer(json.dumps(counts).encode()))
    return True


def closing(conn, file, r):
    """Says that the connection stays, and ends it."""
    conn.sendall(answer(b"bye"))


def nothing(conn, file, r):
    pass


def garbage(conn, file, r):
    conn.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def deep(conn, file, r):
    conn.sendall(answer(b"[" * 5000 + b"]" * 5000))
    return True


def cookie(conn, file, r):
    conn.sendall(answer(b"ok", headers=["Set-Cookie: a=b"]))
    return True


# A function that says True keeps the connection.
pages = {
    "/echo": echo, "/upload": upload, "/slow": slow, "/hole": hole, "/bomb": bomb, "/zeros": zeros, "/redirect": redirect,
    "/headers": many_headers, "/cut": cut, "/reset": reset_after_head, "/length": wrong_length, "/chunk": bad_chunk,
    "/coding": coding, "/zipped": zipped, "/text": text, "/counts": told, "/closing": closing, "/nothing": nothing,
    "/garbage": garbage, "/deep": deep, "/cookie": cookie,
}


def read_request(file):
    line = file.readline(65536).decode("latin-1").rstrip("\r\n")
    headers = {}
    while line:
        field = file.readline(65536).decode("utf-8", "replace").rstrip("\r\n")
        if not field:
            return Request(line, headers)
        name, _, value = field.partition(":")
        headers[name.lower()] = value.strip()
    return None


def serve(conn, context=None):
    count("connections")
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with conn, conn.makefile("rb") as file:
            while True:
                r = read_request(file)
                if not r:
                    return
                if r.path != "/counts":
                    count("requests")
                page = pages.get(r.path)
                if page is None:
                    conn.sendall(answer(b"not here", 404))
                elif not page(conn, file, r):
                    return
    except (OSError, ValueError):
        pass


def listen(folder, name, context=None):
    server = socket.create_server(("127.0.0.1", 0), backlog=2048)

    def accept():
        while True:
            conn, _ = server.accept()
            threading.Thread(target=serve, args=(conn, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with open(os.path.join(folder, name + ".new"), "w") as f:
        f.write(str(server.getsockname()[1]))
    os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name))


def main():
    threading.stack_size(256 * 1024)
    folder = sys.argv[1]
    for entry in sorted(os.listdir(sys.argv[2])) if len(sys.argv) > 2 else []:
        if entry.endswith(".pem"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(sys.argv[2], entry))
            listen(folder, "port." + entry[:-4], context)
    listen(folder, "port")
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    main()
