"""HTTP responses out of a byte stream. No sockets here: whoever reads one feeds it."""
import re

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
        try:
            while self.fault is None and self.buffer and self._step():
                pass
        except ValueError as error:             # a length that is no number
            self.fault = str(error)

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
