"""What power's hosts do: writers whose Kth write is the same each time, so that what a store has tells
how many of them it knows."""
import os
import sqlite3
import subprocess
import time

import servers
import wechat
from asking import Client
from servers import Failure

ACCOUNT = wechat.Account()

CONFIG = """return {
  workers = 2, admin = false, c_modules = { "kv_door" }, store = { url = "sqlite:store.db", durability = "%s" },
  accounts = { { id = "power", path = "/wx", mode = "plain", appid = "%s", token = "%s", username = "%s" } },
  plugins = { "power.lua" }, log = { level = "warn" },
}
"""

PLUGIN = """local wx = require "weiyue"
local kv = require "kv_door"

local function value(k) return ("%d:"):format(k) .. ("x"):rep(k % 11 == 0 and 9000 or k * 37 % 40 * 75) end

local function write(w, k)
  if w == "0" and k % 120 == 19 then return kv:del_prefix("u/power/0/") end
  if k % 5 == 0 then return kv:set(("u/power/%s/%d"):format(w, k // 5 % 20), value(k)) end
  return kv:set(("p/power/%s/%d"):format(w, k % 7), value(k))
end

wx.text(wx.pattern "^write (%d+) (%d+)$", function(_, w, k)
  local ok, err = write(w, tonumber(k))
  return ok and ("kept %s/%s"):format(w, k) or "failed: " .. err.code .. ": " .. err.message
end)
wx.text(wx.pattern "^read (.+)$", function(_, key)
  local v, err = kv:get(key)
  if err then return "failed: " .. err.code .. ": " .. err.message end
  return v and v:match "^%d+" .. " " .. #v or "nothing"
end)
"""


def size(k):
    return len("%d:" % k) + (9000 if k % 11 == 0 else k * 37 % 40 * 75)


def write(state, w, k):
    """What the Kth write makes of {key: number of the write it is from}."""
    if w == 0 and k % 120 == 19:
        for key in [key for key in state if key.startswith("u/")]:
            del state[key]
    elif k % 5 == 0:
        state["u/power/%d/%d" % (w, k // 5 % 20)] = k
    else:
        state["p/power/%d/%d" % (w, k % 7)] = k


def states(w, count):
    """state (frozen) → how many writes have made it."""
    found, state = {frozenset(): 0}, {}
    for k in range(count):
        write(state, w, k)
        found[frozenset(state.items())] = k + 1
    return found


class Damage(Exception):
    pass


def read(path, writers, tables, query=""):
    """How many writes of each writer are in it, each of which is followed by none that is not."""
    try:
        db = sqlite3.connect("file:%s%s" % (path, query), uri=True)
        rows = db.execute("select k, v from kv").fetchall()
        db.close()
    except sqlite3.Error as err:
        raise Damage(str(err)) from None
    found = [{} for _ in range(writers)]
    for key, value in rows:
        key, digits = bytes(key).decode(), bytes(value).split(b":")[0]
        if len(value) != size(int(digits)) or not key.startswith(("p/power/", "u/power/")):
            raise Damage("the value of " + key)
        found[int(key.split("/")[2])][key] = int(digits)
    counts = [table.get(frozenset(one.items())) for table, one in zip(tables, found)]
    if None in counts:
        raise Damage("writer %d: %s" % (counts.index(None), found[counts.index(None)]))
    return counts


class Place:
    """A folder with a configuration and perhaps a store."""

    def __init__(self, folder, weiyue, out, durability="full"):
        self.folder, self.weiyue, self.out = folder, weiyue, out
        self.log = os.path.join(folder, "log")
        os.makedirs(folder, exist_ok=True)
        for name, text in (("weiyue.lua", CONFIG % (durability, ACCOUNT.appid, ACCOUNT.token, ACCOUNT.username)),
                           ("power.lua", PLUGIN)):
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)

    def file(self, name):
        return os.path.join(self.folder, name)

    def shim(self, fail=None):
        return ["LD_PRELOAD=%s/power.so" % self.out, "WY_POWER=" + self.folder, "WY_POWER_LOG=" + self.log,
                *(["WY_POWER_FAIL=" + fail] if fail else [])]

    def host(self, shim=()):
        """A host; None when it ended before it could be reached."""
        server = servers.Server("host", lambda port: [
            self.weiyue, "serve", "weiyue.lua", "--no-supervisor", "--listen", "127.0.0.1:%d" % port],
            self.folder, "plain")
        server.start(["env", "LUA_CPATH=%s/?.so" % self.out, *shim])
        while True:
            try:
                self.client(server, "oProbe").close()
                return server
            except OSError:
                if server.process.poll() is not None:
                    return self.ended(server)
                if time.monotonic() - server.started > 20:
                    raise Failure("a host does not start: " + server.complaint()) from None
                time.sleep(0.003)

    def ended(self, server):
        self.status, self.complaint = server.process.returncode, server.complaint()
        server.stop()

    @staticmethod
    def client(server, openid):
        return Client(ACCOUNT, server.port, openid)

    def stop(self, server):
        """Its exit status."""
        server.stop()
        self.status, self.complaint = server.process.returncode, ""
        with open(os.path.join(self.folder, "host.log"), "rb") as f:
            self.complaint = f.read()[-1000:].decode("utf-8", "replace").strip()
        return self.status

    def command(self, *words, shim=()):
        done = subprocess.run(["env", *shim, self.weiyue, "store", *words], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout.strip()
