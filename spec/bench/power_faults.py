"""power's faults: each call for the store's files fails once, the others work."""
import collections
import concurrent.futures
import errno
import os
import random
import shutil
import signal
import time

import power_disk
import power_work
from power_work import Damage
from servers import Failure

# name, errno (0: writes half), kinds of calls (spec/c/power.c)
FAULTS = (("EIO", errno.EIO, "orwtslum"), ("EINTR", errno.EINTR, "orwts"), ("ENOSPC", errno.ENOSPC, "owtslm"),
          ("half", 0, "w"))
BEFORE, FIRST, LAST = 16, 6, 24     # writes of the host that was killed; of the hosts under test, up to
TRIES, PAUSE = 40, 0.05             # of one write, and between them
QUICK = 56


class Wrong(Exception):
    pass


class Case:
    """One host that has one call fail."""

    def __init__(self, bench, folder, start, fail=None):
        self.place = power_work.Place(folder, bench.weiyue, bench.out)
        self.start, self.fail = start, fail
        self.acked = self.issued = start
        self.errors = 0
        self.refused = False

    def write(self, client, k):
        maybe = False
        for _ in range(TRIES):
            self.issued = k + 1
            answer = client.says("write 0 %d" % k)
            if answer == "kept 0/%d" % k:
                self.acked = k + 1
                return
            if not answer.startswith("failed: store."):
                raise Wrong("an answer: " + answer)
            self.errors += 1
            maybe = maybe or "may be" in answer
            key = "u/power/0/%d" % (k // 5 % 20) if k % 5 == 0 else "p/power/0/%d" % (k % 7)
            if not maybe and client.says("read " + key).startswith("%d " % k):
                raise Wrong("it was written all the same: " + answer)
            time.sleep(PAUSE)
        raise Wrong("it does not recover: " + answer)

    def read(self, client):
        """What the host says of what it has kept."""
        state = {}
        for k in range(self.acked):
            power_work.write(state, 0, k)
        for key in ("p/power/0/%d" % (self.acked % 7), "p/power/0/%d" % ((self.acked - 1) % 7), "u/power/0/2"):
            want = "%d %d" % (state[key], power_work.size(state[key])) if key in state else "nothing"
            answer = client.says("read " + key)
            if answer.startswith("failed: store."):
                self.errors += 1
            elif answer != want:
                raise Wrong("reading %s: %s, not %s" % (key, answer, want))

    def serve(self, shim, last, kills):
        """True: it has served. False: it has refused to start."""
        server = self.place.host(shim)
        if not server:
            if self.place.status != 1 or "weiyue" not in self.place.complaint:
                raise Wrong("a start ends with %d: %s" % (self.place.status, self.place.complaint))
            return False
        try:
            client = self.place.client(server, "oWriter")
            for k in range(self.acked, last):
                self.write(client, k)
                self.read(client)
        except OSError:
            time.sleep(0.2)
            raise Wrong("the host has ended: %s %s" % (server.process.poll(), server.complaint())) from None
        finally:
            if kills:
                server.process.kill()
            status = self.place.stop(server)
        if status != (-signal.SIGKILL if kills else 0):
            raise Wrong("it ends with %d: %s" % (status, self.place.complaint))
        return True

    def look(self):
        status, said = self.place.command("check")
        if status == 1 and "no store yet" in said:
            count = 0
        elif status:
            raise Wrong(said)
        else:
            try:
                count, = power_work.read(self.place.file("store.db"), 1, [power_work.states(0, 60)])
            except Damage as err:
                raise Wrong("damage: %s" % err) from None
        if not self.acked <= count <= self.issued:
            raise Wrong("it has %d writes; told were %d of %d" % (count, self.acked, self.issued))

    def run(self, last, kills):
        self.refused = not self.serve(self.place.shim(self.fail), last, kills)
        self.look()
        if self.refused:  # and starts when the disk works
            if not self.serve((), last, False):
                raise Wrong("it does not start any more: " + self.place.complaint)
            self.look()

    def calls(self):
        """The kinds of all of them, and whether one has failed."""
        records = power_disk.read_log(self.place.log)
        return ([data.decode() for kind, _, _, data in records if kind == "c"],
                any(kind == "F" for kind, *_ in records))


def prepare(bench):
    """A store whose host was killed."""
    case = Case(bench, os.path.join(bench.folder, "killed"), 0)
    case.run(BEFORE, True)
    folder = os.path.join(bench.folder, "template")
    case.serve((), BEFORE + 1, True)
    shutil.copytree(case.place.folder, folder, ignore=shutil.ignore_patterns(".weiyue"))
    return folder


def one(bench, template, name, fail, kills):
    folder = os.path.join(bench.folder, name)
    if template:
        shutil.copytree(template, folder)
        os.unlink(os.path.join(folder, "log"))
    case = Case(bench, folder, BEFORE + 1 if template else 0, fail)
    try:
        case.run(LAST if template else FIRST, kills)
        wrong = None
    except Wrong as err:
        wrong = str(err)
    calls, failed = case.calls()
    shutil.rmtree(folder)
    return case, wrong, calls, failed


def cases(bench, template):
    label = "killed" if template else "new"
    _, wrong, calls, _ = one(bench, template, "none-" + label, None, False)
    if wrong:
        raise Failure("without a fault: " + wrong)
    count = collections.Counter(calls)
    for name, number, kinds in FAULTS:
        most = sum(count[kind] for kind in kinds)
        for n in range(1, most + 1):
            kills = n % 2 == 1 and n < most * 0.7  # the last ones are of the end
            yield template, "%s-%s-%d" % (label, name, n), "%d %d %s" % (n, number, kinds), kills


def run(bench):
    template = prepare(bench)
    todo = [*cases(bench, None), *cases(bench, template)]
    if bench.o.quick:
        todo = random.Random(bench.o.seed).sample(todo, QUICK)
    bench.say("%d faults" % len(todo))
    reached = refused = errors = 0
    bad = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = {pool.submit(one, bench, *what): what[1] for what in todo}
        for i, future in enumerate(concurrent.futures.as_completed(waiting)):
            case, wrong, _, failed = future.result()
            reached += failed
            refused += case.refused
            errors += case.errors > 0
            if wrong:
                bad.append(wrong)
                bench.say("%s: %s" % (waiting[future], wrong))
            if i % 100 == 99:
                bench.say("%d faults to go" % (len(todo) - i - 1))
    bench.say("%d starts refused, %d hosts told of an error" % (refused, errors))
    bench.metric("faults_reached", reached, ">=%.0f" % (0.9 * len(todo)), reached >= 0.9 * len(todo))
    bench.metric("faults_told", refused + errors, ">0", refused + errors > 0)
    bench.metric("faults_wrong", len(bad), 0, not bad)
