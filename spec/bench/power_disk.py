"""What a disk may have of a store's files after a power failure, from a log of spec/c/power.c.

What was written before a sync began is there once the sync has ended. Of what was written since, each
sector of 512 bytes may have any of the contents that it has had, the size of a file any of its
sizes; and any of the names made, moved and removed since the folder was synced may be so or not.
"""
import random
import re
import struct

MARK = b"\nrecord\0"
HEAD = struct.Struct("<cQqI")
SECTOR = 512


def read_log(path):
    """Records: (kind, inode, at, bytes); see power.c. A killed process may have left a part of its last
    one: what that was to tell of was not done."""
    with open(path, "rb") as f:
        data = f.read()
    records = []
    for one in data.split(MARK)[1:]:
        if len(one) >= HEAD.size:
            kind, inode, at, n = HEAD.unpack_from(one)
            if len(one) >= HEAD.size + n:
                records.append((kind.decode(), inode, at, one[HEAD.size:HEAD.size + n]))
    return records


def record(kind, data):
    return MARK + HEAD.pack(kind.encode(), 0, 0, len(data)) + data


def put(content, at, data):
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at:at + len(data)] = data


def cut(content, size):
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


class File:
    def __init__(self, name):
        self.name = name        # the first one
        self.durable = bytearray()
        self.pending = []       # (when, kind, at, bytes)
        self.pending_bytes = 0

    def add(self, when, kind, at, data):
        self.pending.append((when, kind, at, data))
        self.pending_bytes += len(data)

    def synced(self, when):
        """All before then is durable."""
        rest = [op for op in self.pending if op[0] >= when]
        for _, kind, at, data in self.pending[:len(self.pending) - len(rest)]:
            if kind == "W":
                put(self.durable, at, data)
            else:
                cut(self.durable, at)
        self.pending = rest
        self.pending_bytes = sum(len(op[3]) for op in rest)

    def maybe(self, rng, likely, torn):
        """One of the contents that it may have. likely: that a write has arrived; torn: that this is
        a matter of each of its sectors."""
        if not self.pending:
            return bytes(self.durable)
        found, now = bytearray(self.durable), bytearray(self.durable)
        size = len(found)
        sized = rng.choice((0, len(self.pending), rng.randint(0, len(self.pending))))
        for i, (_, kind, at, data) in enumerate(self.pending):
            if kind == "T":
                cut(now, at)
                if i < sized:
                    cut(found, at)
                    size = at
                continue
            put(now, at, data)
            end = at + len(data)
            if i < sized:
                size = max(size, end)
            whole = None if rng.random() < torn else rng.random() < likely
            for sector in range(at // SECTOR * SECTOR, end, SECTOR):
                if rng.random() < likely if whole is None else whole:
                    put(found, sector, now[sector:sector + SECTOR])
        cut(found, size)
        return bytes(found)


class Disk:
    def __init__(self):
        self.when = 0
        self.names, self.durable = {}, {}   # name → File
        self.moves = []                     # (when, kind, name, other name, File): not yet durable
        self.inodes, self.begun = {}, {}

    def apply(self, rec):
        """The file that a sync has ended for; True for the folder's."""
        kind, inode, at, data = rec
        self.when += 1
        if kind == "C":
            name = data.decode()
            self.inodes[inode] = File(name)
            self.move("L", None, name, self.inodes[inode])
        elif kind in "LR":
            old, new = data.decode().split("\0")
            self.move(kind, old, new, self.names[old])
        elif kind == "U":
            self.move("U", data.decode(), None, None)
        elif kind in "WT":
            file = self.inodes[inode]
            if not file.name.endswith(("-shm", "-lock")):
                file.add(self.when, kind, at, data)
        elif kind == "B":
            self.begun[at] = self.when
        elif kind == "E":
            return self.synced(inode, self.begun.pop(at))
        return None

    def move(self, kind, old, new, file):
        op = (self.when, kind, old, new, file)
        self.moves.append(op)
        self.moved(self.names, op)

    @staticmethod
    def moved(names, op):
        _, kind, old, new, file = op
        if kind in "RU":
            names.pop(old, None)
        if kind in "LR":
            names[new] = file

    def synced(self, inode, when):
        if inode:
            self.inodes[inode].synced(when)
            return self.inodes[inode]
        for op in self.moves:
            if op[0] < when:
                self.moved(self.durable, op)
        self.moves = [op for op in self.moves if op[0] >= when]
        return True

    def partings(self):
        """Of the changes of names: each alone, and all but each; with a description of it."""
        words = [re.sub(r"\d{2,}", "N", " ".join((op[1], op[2] or "", op[3] or ""))) for op in self.moves]
        for i in range(len(words)):
            for there in (False, True):
                yield "%s %d of %s" % (there, i, words), [(i == j) == there for j in range(len(words))]

    def image(self, seed, stale, moved=None):
        """name → bytes. stale: some index of the log, which no power failure need have removed.
        moved: which of the names' changes are so."""
        rng = random.Random(seed)
        likely = rng.choice((0, 0.05, 0.3, 0.5, 0.7, 0.95, 1))
        torn = rng.choice((0, 0, 0.3, 1))
        some = rng.choice((0, 0.5, 1))
        names = dict(self.durable)
        for i, op in enumerate(self.moves):
            if rng.random() < some if moved is None else moved[i]:
                self.moved(names, op)
        files = {name: file.maybe(rng, likely, torn) for name, file in names.items()
                 if not name.endswith(("-shm", "-lock"))}
        shm = rng.choice((None, b"", bytes(32768), rng.randbytes(32768), stale))
        if shm is not None and "store.db" in files:
            files["store.db-shm"] = shm
        return files
