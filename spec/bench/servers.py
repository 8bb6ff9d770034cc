"""The servers under measurement: build, start, sample, stop. Used by ./run only."""
import contextlib
import glob
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

ACCOUNT = {
    "TOKEN": "perftoken",
    "APPID": "wx1234567890abcdef",
    "AESKEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}

CONFIG = """return {
  workers = %d, admin = false,
  accounts = { {
    id = "bench", path = "/wx", mode = "%s",
    appid = "wx1234567890abcdef", token = "perftoken",
    aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
  } },
  plugins = { "echo.lua" },
  log = { level = "warn" },
}
"""

PLUGIN = """local wx = require "weiyue"

wx.text(function(msg) return "echo: " .. msg.content end)
"""


class Failure(Exception):
    """Something that ends the run with one line."""


def build(command, what, env=None):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    if done.returncode != 0:
        raise Failure("cannot build %s:\n%s" % (what, done.stdout[-4000:]))


def build_tools(out):
    build(["make", "-C", HERE, "OUT=" + out], "the ceiling and the load generator")


def build_weiyue(out, name="weiyue", *options):
    folder = os.path.join(out, name)
    build(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", *options], name)
    build(["cmake", "--build", folder, "-j2"], name)
    return os.path.join(folder, "weiyue")


def build_guided(out):
    """The build for production: guided by a profile. It is made anew each time, in two minutes."""
    folder = os.path.join(out, "guided")
    build([os.path.join(HERE, "profile"), folder], "the guided build", {**os.environ, "OUT": out})
    return os.path.join(folder, "weiyue")


def free_port():
    """Below the ephemeral range: a client that keeps dialling a free port inside it would in the
    end be connected to itself."""
    while True:
        port = random.randrange(18000, 29000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def tree(root):
    """The process and its descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


class Server:
    """One server process (and what it starts), answering pushes of one mode on self.port."""

    running = []

    def __init__(self, name, command, folder, mode):
        self.name, self.mode, self.folder = name, mode, folder
        self.command = command  # a function of the port
        self.process = self.port = None
        self.started = 0.0

    def start(self, prefix=(), port=None):
        self.port = port or free_port()
        self.log = open(os.path.join(self.folder, self.name + ".log"), "ab")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, *self.command(self.port)], cwd=self.folder, env={**os.environ, **ACCOUNT},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)
        Server.running.append(self)

    def stop(self):
        if self not in Server.running:
            return
        Server.running.remove(self)
        pids = tree(self.process.pid) if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:  # whoever did not follow; the session tells ours from a reused number
            try:
                if os.getsid(pid) == self.process.pid:
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()
        self.log.close()

    def complaint(self):
        """What the server said last, for an error message."""
        self.log.flush()
        with open(self.log.name, "rb") as f:
            return f.read()[-1000:].decode("utf-8", "replace").strip()

    def processes(self):
        if self.process.poll() is not None:
            raise Failure("it ended by itself (exit %d)" % self.process.returncode)
        return tree(self.process.pid)

    def cpu_ns(self):
        """CPU time of all threads, from the scheduler: nanoseconds."""
        total = 0
        for pid in self.processes():
            for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
                with contextlib.suppress(OSError), open(path) as f:  # a thread may just have ended
                    total += int(f.read().split()[0])
        return total

    def memory_kib(self, field, pids=None):
        """Sum of Rss, Pss or Private (clean and dirty) over the processes, or some of them."""
        total = 0
        for pid in pids or self.processes():
            with contextlib.suppress(OSError), open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(map(int, re.findall(r"^%s(?:_\w+)?:\s+(\d+)" % field, f.read(), re.M)))
        return total

    def settled_kib(self, field):
        """The same once it stands still, so that what a push left behind is not in it."""
        last = -1
        for _ in range(50):
            value = self.memory_kib(field)
            if value == last:
                break
            last = value
            time.sleep(0.1)
        return value


def stop_all():
    for server in list(Server.running):
        server.stop()


def ceiling(out, folder, mode, name="ceiling"):
    handler = os.path.join(HERE, "ceiling", "handler.lua")
    return Server(name, lambda port: [os.path.join(out, "ceiling"), str(port), handler],
                  folder, mode)


def weiyue(binary, folder, mode, workers=1, name="weiyue", options=()):
    folder = os.path.join(folder, "%s-%s-%d" % (name, mode, workers))
    os.makedirs(folder, exist_ok=True)
    for file, text in (("weiyue.lua", CONFIG % (workers, mode)), ("echo.lua", PLUGIN)):
        with open(os.path.join(folder, file), "w") as f:
            f.write(text)
    return Server(name, lambda port: [binary, "serve", "weiyue.lua", "--listen",
                                          "127.0.0.1:%d" % port, *options], folder, mode)


def api(folder):
    """WeChat's API for specs, on a port of its own. Ends when its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, "spec", "support", "wechat_api.py"), folder], stdin=subprocess.PIPE)
    port = os.path.join(folder, "port")
    for _ in range(200):
        if os.path.exists(port) and os.path.getsize(port):
            with open(port) as f:
                return process, int(f.read())
        time.sleep(0.05)
    process.kill()
    raise Failure("spec/support/wechat_api.py does not start")


class Load:
    """A running load generator."""

    def __init__(self, out, port, mode, *options, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, os.path.join(out, "wxload"), "--port", str(port), "--mode", mode, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        """The next JSON line; a run with any error is a failure."""
        text = self.process.stdout.readline()
        if not text:
            raise Failure("the load generator gave no figures")
        figures = json.loads(text)
        if figures.get("errors"):
            raise Failure("%d wrong answers, the first: %s" % (figures["errors"],
                                                               figures["first_error"]))
        return figures

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:  # the run is being given up
            self.process.kill()
            self.process.wait()
