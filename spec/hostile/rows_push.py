"""Row functions of the layers query, sig and envelope: what is decided before the XML."""
import asyncio
import base64
import os
import time

import server as servers
import wechat
from rows import row
from wechat import (OLD_AES_KEY, encrypt, encrypt_raw, frame, message, pad, post, query, request,
                    sign)

SCRIPT = "<script>alert(1)</script>"


def get(q):
    return request("GET", wechat.target(q))


def both(c):
    """(server, how to make a push of it from spoilt parameters) for each mode."""
    body = message(c.account)
    text = encrypt(body, c.account)
    return ((c.plain, body, lambda **more: query(c.account, **more)),
            (c.safe, wechat.envelope(c.account, text),
             lambda **more: query(c.account, encrypted=text, **more)))


def without(q, name):
    return {k: v for k, v in q.items() if k != name}


def flip_last(hexadecimal):
    return hexadecimal[:-1] + ("0" if hexadecimal[-1] != "0" else "1")


# --- query -------------------------------------------------------------------------------------

@row("Q001")
async def duplicates(c):
    for server, body, make in both(c):
        inputs = {}
        for name in without(make(), "openid"):
            q = make()
            extra = "&" + name + "=" + q[name]
            inputs[f"POST {name} twice"] = request("POST", wechat.target(q) + extra, body)
            inputs[f"POST {name} twice, the other first"] = request(
                "POST", wechat.target({name: "A"}) + "&" + wechat.target(q).partition("?")[2], body)
        await c.whole(f"each twice, {server.mode} mode", server, inputs)
    q = query(c.account) | {"echostr": "hello"}
    inputs = {f"GET {name} twice": request("GET", f"{wechat.target(q)}&{name}=A")
              for name in ("signature", "timestamp", "nonce", "echostr")}
    await c.whole("each twice, GET", c.plain, inputs)


@row("Q002")
async def many_parameters(c):
    many = "&".join(["a=1"] * 1500)
    q = wechat.target(query(c.account))
    await c.whole("1,500 parameters", c.plain, {
        "alone": request("GET", f"{wechat.PATH}?{many}"),
        "behind signed ones": request("POST", f"{q}&{many}", message(c.account)),
        "all different": request("GET", wechat.PATH + "?" + "&".join(
            f"{i:x}=" for i in range(1500)))})


@row("Q003")
async def bad_bytes(c):
    q = query(c.account)
    base = "&".join(f"{k}={v}" for k, v in without(q, "nonce").items())
    await c.whole("nonce=%00%ff%zz and each of them", c.plain, {
        bad + method: request(method, f"{wechat.PATH}?{base}&nonce={bad}", body)
        for bad in ("%00%ff%zz", "%00", "%zz", "%", "%4")
        for method, body in (("GET", None), ("POST", message(c.account)))})


@row("Q004")
async def script_echo(c):
    for server in (c.plain, c.safe):
        conns = await c.whole(f"echoed, {server.mode} mode", server,
                              get(query(c.account) | {"echostr": SCRIPT}))
        got = conns[0].replies[0].body if conns and conns[0].replies else None
        c.result(f"the bytes of echostr and nothing else, {server.mode} mode",
                 [] if got == SCRIPT.encode() else [f"body {got!r}"])


@row("Q005")
async def long_echo(c):
    await c.whole("echostr of 7 KiB", c.plain, get(query(c.account) | {"echostr": "a" * 7168}))


# --- sig ---------------------------------------------------------------------------------------

@row("E001")
async def missing(c):
    for server, body, make in both(c):
        inputs = {}
        for name in ("signature", "timestamp", "nonce"):
            inputs[f"POST without {name}"] = post(without(make(), name), body)
            q = without(query(c.account), name)
            inputs[f"GET without {name}"] = get(q | {"echostr": "hello"})
        inputs["POST without any"] = request("POST", wechat.PATH, message(c.account))
        if server.mode == "safe":
            inputs.pop("POST without any")          # E021
        await c.whole(f"{server.mode} mode", server, inputs)


@row("E002")
async def last_nibble(c):
    for server, body, make in both(c):
        inputs = {}
        for name in make().keys() & {"signature", "msg_signature"}:
            q = make()
            inputs[f"POST {name}"] = post(q | {name: flip_last(q[name])}, body)
        q = query(c.account)
        inputs["GET"] = get(q | {"signature": flip_last(q["signature"]), "echostr": "hello"})
        await c.whole(f"{server.mode} mode", server, inputs)


@row("E003")
async def odd_signatures(c):
    for server, body, make in both(c):
        inputs = {}
        for name in make().keys() & {"signature", "msg_signature"}:
            q = make()
            while q[name] == q[name].upper():       # forty digits: upper case would be right
                q = make()
            s = q[name]
            for label, bad in {"39": s[:39], "41": s + "0", "0": "", "2000": s * 50,
                               "upper case": s.upper(), "non hex": "g" + s[1:],
                               "blank before": " " + s[1:]}.items():
                inputs[f"{name} {label}"] = post(q | {name: bad}, body)
        await c.whole(f"{server.mode} mode", server, inputs)


@row("E004")
async def stale(c):
    for server, body, make in both(c):
        for offset in (-301, 301, -86400, 86400):
            for _ in range(5):
                second, before = int(time.time()), len(c.results)
                await c.whole(f"{offset:+d} s, {server.mode} mode", server,
                              post(make(timestamp=str(second + offset)), body))
                if int(time.time()) == second or offset != 301:
                    break
                del c.results[before:]      # the second turned meanwhile: 301 may have been 300
    want = c.want.but(statuses=[{200}], logs=set(), body=None)
    for server in (c.plain, c.safe):
        inputs = {}
        for offset in (-295, 295):
            stamp = str(int(time.time()) + offset)
            body, text = message(c.account, CreateTime=stamp.encode()), None
            if server.mode == "safe":
                text = encrypt(body, c.account)
                body = wechat.envelope(c.account, text)
            inputs[f"{offset:+d} s"] = post(query(c.account, text, stamp), body)
        await c.whole(f"within the window, {server.mode} mode", server, inputs, want)


@row("E005")
async def bad_timestamps(c):
    for server, body, make in both(c):
        second = wechat.now()
        await c.whole(f"{server.mode} mode", server, {
            repr(bad): post(make(timestamp=bad), body)
            for bad in ("", "-1", "1e9", "99999999999999999999", " 123", " " + second, second + " ",
                        "+" + second, "0x6553f100", second + ".0")})


REPLAYS = 1000
REPLAY_TIME = 60        # seconds, in the full form; else all at once


@row("E006")
async def replayed(c):
    c.claim("status=200 each", "same reply body")
    bursts = 10 if c.full else 1
    want = c.want.but(statuses=[{200}], handler_runs=None)
    for server, body, make in both(c):
        push, runs = post(make(), body), server.log.count("plugin.log")
        answers = set()
        for burst in range(bursts):
            if burst:
                await asyncio.sleep(REPLAY_TIME / bursts)
            inputs = {f"replay {i}": push for i in range(REPLAYS // bursts)}
            for conn in await c.whole(f"{server.mode} mode", server, inputs, want):
                for reply in conn.replies:
                    fields = wechat.open_reply(reply.body, c.account, server.mode)
                    answers.add(tuple(sorted(fields.items())))
        c.result(f"the same reply to all, {server.mode} mode",
                 [] if len(answers) == 1 else [str(answer) for answer in answers])
        ran = server.log.count("plugin.log") - runs
        c.result(f"one run, {server.mode} mode",
                 [] if ran == c.want.handler_runs else [f"{ran} runs"])


@row("E007")
async def nonce_reused(c):
    c.claim("handler_runs<=1")
    for server in (c.plain, c.safe):
        nonce, stamp = wechat.unique(), wechat.now()

        def push(content):
            body, text = message(c.account, Content=wechat.cdata(content)), None
            if server.mode == "safe":
                text = encrypt(body, c.account)
                body = wechat.envelope(c.account, text)
            return post(query(c.account, text, stamp, nonce), body)

        runs = server.log.count("plugin.log")
        await c.whole(f"a push, {server.mode} mode", server, push("one"),
                      c.want.but(statuses=[{200}], logs=set()))
        await c.whole(f"others with its signature, {server.mode} mode", server,
                      {other: push(other) for other in ("two", "one", "")},
                      c.want.but(statuses=[{403}], conn="keep", body=b""))
        ran = server.log.count("plugin.log") - runs
        c.result(f"none of them runs, {server.mode} mode", [] if ran == 1 else [f"{ran} runs"])


@row("E021")
async def downgrade(c):
    body = message(c.account)
    old = query(c.account, timestamp=str(int(time.time()) - 86400))
    bare = {"openid": wechat.OPENID}
    await c.whole("plain XML to the safe account", c.safe, {
        "no parameters": request("POST", wechat.PATH, body, "text/xml"),
        "only openid": post(bare, body),
        "old signature": post(old, body),
        "fresh signature": post(query(c.account), body),
        "encrypt_type=raw": post(query(c.account) | {"encrypt_type": "raw"}, body)})


@row("E022")
async def unsigned_echo(c):
    c.claim("echo absent")
    want = c.want.but(body_excludes=[b"<b>", b"x</b>"])
    for server in (c.plain, c.safe):
        await c.whole(f"{server.mode} mode", server, get({"echostr": "<b>x</b>"}), want)


# --- envelope ----------------------------------------------------------------------------------

@row("E008")
async def plain_body_as_encrypted(c):
    body = message(c.account)
    await c.whole("with both signatures", c.safe, post(query(c.account, encrypted=""), body))
    only = without(query(c.account, encrypted=""), "msg_signature")
    await c.whole("without msg_signature", c.safe, post(only, body),
                  c.want.but(logs=c.want.logs | {"sig.missing"}))


def fault_classes(account, content="hello"):
    """{row: {label: Encrypt text}}: to be signed rightly, each bad in one way."""
    def text(padded):
        return base64.b64encode(encrypt_raw(padded, account.aes_key)).decode()

    while True:         # a message whose base64 ends in "=" and whose padding has several bytes
        body = message(account, Content=wechat.cdata(content))
        unpadded = frame(body, account.appid)
        good = text(pad(unpadded))
        room = 32 - len(unpadded) % 32
        if good.endswith("=") and room > 2:
            break
        content += "."
    middle = len(good) // 2
    base = good.rstrip("=")

    def padded_by(tail):
        return text(unpadded + tail)

    return {
        "E009": {
            "newline": good[:middle] + "\n" + good[middle:],
            "space": good[:middle] + " " + good[middle:],
            "illegal char": good[:middle] + "*" + good[middle + 1:],
            "url alphabet": good[:middle] + "-_" + good[middle + 2:],
            "padding missing": base,
            "padding too long": base + "====",
            "padding inside": good[:middle] + "=" + good[middle + 1:],
        },
        "E010": {f"{n} bytes": base64.b64encode(os.urandom(n)).decode()
                 for n in (0, 15, 16, 17, 31, 33)},
        "E011": {
            "0": padded_by(bytes([room]) * (room - 1) + b"\0"),
            "33": padded_by(bytes([room]) * (room - 1) + bytes([33])),
            "255": padded_by(bytes([room]) * (room - 1) + bytes([255])),
            "inconsistent": padded_by(b"\1" + bytes([room]) * (room - 1)),
            "nothing but padding": text(bytes([32]) * 32),
            "all of 33": text(pad(unpadded)[:-room] + bytes([33]) * room),
            "longer than the data": text(bytes([32]) * 16 + bytes([33]) * 16),
        },
        "E012": {
            **{f"0x{n:08X}": text(pad(frame(body, account.appid, n)))
               for n in (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x00FFFFFF)},
            **{f"len{n:+d}": text(pad(frame(body, account.appid, len(body) + n)))
               for n in (1, -1)},
        },
        "E013": {
            "another account": text(pad(frame(body, account.appid[::-1]))),
            "empty": text(pad(frame(body, ""))),
            "longer": text(pad(frame(body, account.appid + "x"))),
            "shorter": text(pad(frame(body, account.appid[:-1]))),
            "NUL behind": text(pad(frame(body, account.appid + "\0"))),
        },
    }


@row("E009", "E010", "E011", "E012", "E013")
async def faulty_envelopes(c):
    classes = fault_classes(c.account)[c.id]
    for label, text in classes.items():
        # one byte more or less of message moves a byte into or out of the appid: either name fits
        near = c.id == "E012" and label.startswith("len")
        want = c.want.but(logs=c.want.logs | {"sig.appid"}) if near else c.want
        await c.whole(label, c.safe, wechat.sealed_push(c.account, text), want)


@row("E014")
async def one_signature_wrong(c):
    text = encrypt(message(c.account), c.account)
    q = query(c.account, encrypted=text)
    body = wechat.envelope(c.account, text)
    other = sign(c.account.token, "1", "2", "3")
    await c.whole("one right, one wrong", c.safe, {
        "outer wrong": post(q | {"signature": other}, body),
        "msg_signature wrong": post(q | {"msg_signature": other}, body),
        "exchanged": post(q | {"signature": q["msg_signature"],
                               "msg_signature": q["signature"]}, body)})


@row("E015")
async def rotation(c):
    c.claim("status=200 while the grace key is set, then 403")
    both_keys = f"{c.account.aes_key},{OLD_AES_KEY}"
    with c.server("safe", aes_key=both_keys) as server:
        for name, key in (("new", None), ("old", OLD_AES_KEY)):
            wrong = await c.good_push(server, aes_key=key)
            c.result(f"{name} key while the grace key is set, answered with the same key",
                     filter(None, [wrong]))
    push = wechat.safe_push(c.account, message(c.account), OLD_AES_KEY)
    await c.whole("old key once it is gone", c.safe, push,
                  c.want.but(statuses=[{403}], conn="keep", body=b""))


@row("E016")
async def bad_keys(c):
    c.claim("start refused", "exit=1")
    key = c.account.aes_key
    for label, bad in (("42 characters", key[:42]), ("44 characters", key + "A"),
                       ("44 with =", key + "="), ("illegal", "*" + key[1:])):
        server = servers.Server(c.path, "safe", aes_key=bad)
        wrong = []
        try:
            server.start()
            wrong.append("it started")
        except servers.StartError:
            if server.process.returncode != 1:
                wrong.append(f"exit code {server.process.returncode}")
        server.log.read()
        said = server.stderr() + "\n".join(server.log.lines)
        if not any(name in said for name in c.want.logs):
            wrong.append(f"no {c.want.logs} in log or stderr: {said[:200]!r}")
        server.discard()
        c.result(f"aes_key: {label}", wrong)


@row("E017")
async def unknown_account(c):
    body = message(c.account, ToUserName=wechat.cdata("gh_somebodyelse"))
    await c.whole("safe mode", c.safe, wechat.safe_push(c.account, body))
    await c.whole("plain mode", c.plain, wechat.plain_push(c.account, body))


def flips(data):
    for i in range(len(data)):
        for bit in range(8):
            yield data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1:]


@row("E018")
async def bit_flips(c):
    c.claim("accepted=0", "sanitizer=0")        # a sanitizer report ends the server
    body = message(c.account, Content=wechat.cdata("x" * 500))
    raw = encrypt_raw(pad(frame(body, c.account.appid)), c.account.aes_key)
    while len(base64.b64encode(raw)) != 1024:
        body = message(c.account, Content=wechat.cdata("x" * (500 + 768 - len(raw))))
        raw = encrypt_raw(pad(frame(body, c.account.appid)), c.account.aes_key)
    text = base64.b64encode(raw)
    q = query(c.account, encrypted=text.decode())
    refused = c.want.but(statuses=[{403}], conn=None, body=b"")
    await c.whole("every bit of the Encrypt text", c.safe,
                  {f"flip {i}": post(q, wechat.envelope(c.account, bad))
                   for i, bad in enumerate(flips(text))}, refused)
    inputs = {}
    for i, bad in enumerate(flips(raw)):
        if c.full or i % 4 == 0 or i < 8 * 64:
            inputs[f"flip {i}"] = wechat.sealed_push(c.account, base64.b64encode(bad).decode())
    await c.whole("bits of the ciphertext, signed anew: any verdict, no harm", c.safe, inputs,
                  c.want.but(statuses=[{200, 403}], conn=None))


@row("E019")
async def one_answer(c):
    """All faults of an envelope look the same from outside; their times: spec/bench/hostile."""
    c.claim("identical status, headers, body")
    seen = {}
    for kind, classes in fault_classes(c.account).items():
        inputs = {f"{kind} {label}": wechat.sealed_push(c.account, text)
                  for label, text in classes.items()}
        conns = await c.whole(f"{kind} faults", c.safe, inputs, c.want.but(statuses=[{403}]))
        for label, conn in zip(inputs, conns):
            for reply in conn.replies:
                fields = tuple(f for f in reply.fields if f[0] != "date")
                seen.setdefault((reply.status, fields, reply.body), []).append(label)
    c.result("one answer for all of them", [] if len(seen) == 1 else
             [f"{answer}: {labels}" for answer, labels in seen.items()])
