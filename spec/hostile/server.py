"""The server under test as a process: start, its log by client port, CPU, stop, what it left."""
import asyncio
import glob
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time

import wechat

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:")
EVENT = re.compile(r"\bevent=(\S+)")
PEER = re.compile(r"\bpeer=(\S+)")


class Log:
    """The log file, read as it grows."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.lines = []
        self.part = ""
        self.by_peer = {}           # peer -> [(line number, event)]
        self.events = {}            # event -> count

    def read(self):
        if self.file is None:
            if not os.path.exists(self.path):
                return
            self.file = open(self.path, encoding="utf-8", errors="replace")
        text = self.part + self.file.read()
        *whole, self.part = text.split("\n")
        for line in whole:
            event, peer = EVENT.search(line), PEER.search(line)
            if event:
                self.events[event[1]] = self.events.get(event[1], 0) + 1
                if peer:
                    self.by_peer.setdefault(peer[1], []).append((len(self.lines), event[1]))
            self.lines.append(line)

    def mark(self):
        self.read()
        return len(self.lines)

    def of(self, conn):
        """Events logged for this connection since it was opened."""
        return [e for n, e in self.by_peer.get(conn.peer, ()) if n >= conn.mark]

    def count(self, event):
        self.read()
        return self.events.get(event, 0)

    async def missing(self, conns, names, seconds=2):
        """Those connections for which none of the named events turns up in time."""
        end = time.monotonic() + seconds
        while True:
            self.read()
            conns = [c for c in conns if not names.intersection(self.of(c))]
            if not conns or time.monotonic() > end:
                return conns
            await asyncio.sleep(0.005)


class StartError(Exception):
    pass


class Server:
    def __init__(self, path, mode, *more, aes_key=None, nofile=None, account=wechat.Account()):
        self.mode = mode
        self.account = account
        self.folder = tempfile.mkdtemp(prefix="weiyue-hostile-")
        self.log = Log(os.path.join(self.folder, "log"))
        self.problems = []
        self.nofile = nofile
        self.command = [path, "--port", "0", "--log", self.log.path, "--token", account.token,
                        "--appid", account.appid, "--username", account.username, "--mode", mode]
        if mode != "plain":
            self.command += ["--aes-key", aes_key or account.aes_key]
        self.command += more
        self._spawn()

    def _spawn(self):
        env = dict(os.environ)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1:exitcode=99:allocator_may_return_null=1")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1:exitcode=99")
        prefix = ["prlimit", f"--nofile={self.nofile}:{self.nofile}", "--"] if self.nofile else []
        self.errors = open(os.path.join(self.folder, "stderr"), "wb")
        self.process = subprocess.Popen(prefix + self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.errors, env=env)

    def start(self, seconds=20):
        """Wait for the port; raises StartError when there is none."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            ready = selector.select(seconds)
        line = self.process.stdout.readline().decode() if ready else ""
        match = re.match(r"listening (\d+)", line)
        if not match:
            if ready:
                self.process.wait(seconds)
            self.kill()
            raise StartError(f"no port from {' '.join(self.command)}: {line!r} exit "
                             f"{self.process.returncode}; {self.stderr()[-2000:]}")
        self.port = int(match[1])
        return self

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def stderr(self):
        with open(os.path.join(self.folder, "stderr"), errors="replace") as file:
            return file.read()

    def cpu(self):
        """Nanoseconds on a CPU so far, all threads."""
        total = 0
        for path in glob.glob(f"/proc/{self.pid}/task/*/schedstat"):
            with open(path) as file:
                total += int(file.read().split()[0])
        return total

    def settled_cpu(self):
        """The same once the server has gone back to sleep (until then the kernel's count lags)."""
        last = self.cpu()
        while True:
            time.sleep(0.002)
            value = self.cpu()
            if value == last:
                return value
            last = value

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM; the list of what was not as it should be."""
        wrong = []
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                wrong.append(f"still running {seconds} s after SIGTERM")
                self.kill()
        else:
            wrong.append("had died before SIGTERM")
        if self.process.returncode != 0:
            wrong.append(f"exit code {self.process.returncode}")
        self.log.read()
        for name, text in (("stderr", self.stderr()), ("log", "\n".join(self.log.lines))):
            if SANITIZER.search(text):
                at = SANITIZER.search(text).start()
                wrong.append(f"sanitizer report in {name}: {text[max(0, at - 200):at + 3000]}")
        if wrong:
            wrong.append(f"its log and stderr are kept in {self.folder}")
        else:
            self.discard()
        return wrong

    def discard(self):
        self.kill()
        self.process.stdout.close()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)
