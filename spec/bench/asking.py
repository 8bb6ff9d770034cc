"""A user who asks and waits for the answer. For store and power."""
import re
import socket

import wechat

CONTENT = re.compile(rb"<Content><!\[CDATA\[(.*?)\]\]>", re.S)


class Client:
    """One user: asks, and waits for the answer, on one connection."""

    def __init__(self, account, port, openid):
        self.account, self.openid = account, openid
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def says(self, text):
        body = wechat.message(self.account, FromUserName=wechat.cdata(self.openid),
                              Content=wechat.cdata(text))
        target = wechat.target(wechat.query(self.account, openid=self.openid), "/wx")
        self.socket.sendall(wechat.request("POST", target, body, host="127.0.0.1"))
        length = None
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError("closed")
            if line in (b"\r\n", b"\n"):
                break
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.file.read(length or 0)
        if not length or len(body) < length:
            raise ConnectionError("closed")
        found = CONTENT.search(body)
        return found.group(1).decode() if found else body.decode()

    def close(self):
        self.socket.close()
