"""Times that must tell nothing: faults of an envelope (E019), the signature compare (E020)."""
import base64
import os
import random
import re
import statistics
import subprocess
import time

import crowd
import rows_push
import wechat
from hostile_common import running

TIMES = 1000


def classes(account):
    """One envelope per fault class, all of the same length to a few bytes."""
    faults = rows_push.fault_classes(account)
    length = len(base64.b64decode(faults["E013"]["another account"]))
    return {
        "E009": faults["E009"]["illegal char"],
        "E010": base64.b64encode(os.urandom(length + 1)).decode(),
        "E011": faults["E011"]["inconsistent"],
        "E012": faults["E012"]["0xFFFFFFFF"],
        "E013": faults["E013"]["another account"],
    }


def oracle(report, path, row):
    times, answers = {}, set()
    with running(report, row["id"], path, "safe") as server, crowd.connect(server.port) as sock:
        for n in range(TIMES + 50):
            texts = list(classes(server.account).items())
            random.shuffle(texts)
            for name, text in texts:
                push = wechat.sealed_push(server.account, text)
                began = time.perf_counter_ns()
                sock.sendall(push)
                got = crowd.receive(sock)
                took = time.perf_counter_ns() - began
                answers.add(re.sub(rb"(?i)\r\ndate:[^\r]*", b"", got))
                if n >= 50:                                     # the first ones warm up
                    times.setdefault(name, []).append(took)
    medians = {name: statistics.median(t) for name, t in times.items()}
    for name, median in sorted(medians.items()):
        report.line(f"E019.{name}.median_us", median / 1000)
    report.equal("E019.different_answers", len(answers), 1)
    limit = float(re.search(r"differs <(\d+)%", row["expected"])[1])
    report.line("E019.medians_differ_percent",
                100 * (max(medians.values()) / min(medians.values()) - 1), limit)


def welch(report, path, row):
    out = subprocess.run([path, "--welch"], capture_output=True, text=True, timeout=120)
    match = re.search(r"^t=(-?[\d.]+(?:e[-+]?\d+)?)$", out.stdout, re.M)
    limit = float(re.search(r"\|t\|<([\d.]+)", row["expected"])[1])
    if match:
        report.line("E020.abs_t", abs(float(match[1])), limit)
    else:
        report.line("E020.abs_t", f"none(exit_{out.returncode})", limit, False)


ROWS = {"E019": oracle, "E020": welch}
