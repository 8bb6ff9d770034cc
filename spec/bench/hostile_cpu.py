"""CPU that one hostile input costs the server (all its threads, kernel time included), the median
of several; accepting and closing the connection is in it."""
import statistics

import check
import rows_body
import wechat
from hostile_common import exchange, milliseconds, running, statuses

TIMES = 15
CAP = 65536             # of a push body


def cost(server, make, pieces=None, times=TIMES):
    """(median ms, the statuses that came)"""
    spent, came = [], set()
    for _ in range(times):
        data = make()
        before = server.settled_cpu()
        came.add(exchange(server.port, data, pieces and pieces(data)))
        spent.append((server.settled_cpu() - before) / 1e6)
    return statistics.median(spent), came


def single_bytes(data):
    return (data[i:i + 1] for i in range(len(data)))


def measure(report, server, name, row, make, pieces=None):
    spent, came = cost(server, make, pieces)
    report.line(f"{name}.cpu_ms", spent, milliseconds(row, "cpu"))
    report.line(f"{name}.status", "|".join(map(str, came)), "|".join(map(str, statuses(row))),
                came <= statuses(row))


def _push(server, body):
    return lambda: wechat.plain_push(server.account, body)


def _chunked_push(server, body, size=8192):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return lambda: wechat.chunked(wechat.target(wechat.query(server.account)), pieces)


def http(report, path, row):
    data = check.evaluate(row["input"])
    with running(report, row["id"], path, "plain") as server:
        measure(report, server, row["id"], row, lambda: data)


def many_parameters(report, path, row):
    data = wechat.request("GET", wechat.PATH + "?" + "&".join(["a=1"] * 1500))
    with running(report, row["id"], path, "plain") as server:
        measure(report, server, row["id"], row, lambda: data)


def laughs(report, path, row):
    with running(report, row["id"], path, "plain") as server:
        measure(report, server, row["id"], row, _push(server, rows_body.laughs(server.account)))


def xml(report, path, row):
    body = check.evaluate(row["input"])
    with running(report, row["id"], path, "plain") as server:
        measure(report, server, row["id"], row, _push(server, body))
        if len(body) > CAP:         # the declared length is refused unread; chunks have to be read
            measure(report, server, row["id"] + ".chunked", row, _chunked_push(server, body))


def unfinished(report, path, row):
    xml(report, path, row)
    body = check.evaluate(row["input"])
    with running(report, row["id"], path, "plain") as server:
        measure(report, server, row["id"] + ".1_byte", row, _push(server, body), single_bytes)
        # just below the cap every byte is read: the parser must add little to what an echo costs
        small = body[:CAP - 1000]
        push, came = cost(server, _push(server, small), single_bytes, 5)
        echo, _ = cost(server, lambda: wechat.request("POST", "/echo", small, "text/plain"),
                       single_bytes, 5)
        report.equal(f"{row['id']}.below_cap.status", "|".join(map(str, came)), "400")
        report.line(f"{row['id']}.below_cap.1_byte_vs_echo", push / echo, 2.0)


ROWS = {"C014": http, "Q002": many_parameters, "X002": laughs, "X004": xml, "X006": xml,
        "X007": unfinished}
