"""Row functions of the layers xml and json: what a signed body may do."""
import contextlib
import ctypes
import os
import socket
import tempfile
from xml.sax.saxutils import escape

import engine
import wechat
from rows import row
from wechat import cdata, message

IN_ACCESS, IN_OPEN = 0x1, 0x20


@contextlib.contextmanager
def watched_file():
    """A file's path, and a function that says whether anybody has opened it (inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.NamedTemporaryFile(prefix="weiyue-secret-") as file:
        file.write(b"secret")
        file.flush()
        watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if libc.inotify_add_watch(watch, file.name.encode(), IN_ACCESS | IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch")

            def touched():
                try:
                    return bool(os.read(watch, 4096))
                except BlockingIOError:
                    return False

            yield file.name, touched
        finally:
            os.close(watch)


@contextlib.contextmanager
def listener():
    """A port, and a function that counts the connections that came."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)

        def connections():
            count = 0
            while True:
                try:
                    sock.accept()[0].close()
                    count += 1
                except BlockingIOError:
                    return count

        yield sock.getsockname()[1], connections


async def refused_everywhere(c, name, body):
    """In a plain push as the row says, in a safe push 403; the size is below every cap."""
    await c.whole(f"{name} in a plain push", c.plain, wechat.plain_push(c.account, body))
    await c.whole(f"{name} in a safe push", c.safe, wechat.safe_push(c.account, body),
                  c.want.but(statuses=[{403}], conn="keep", body=b""))


# --- entities ----------------------------------------------------------------------------------

@row("X001")
async def external_entity(c):
    c.claim("no file or socket opened")
    with watched_file() as (path, touched), listener() as (port, connections):
        for url in (f"file://{path}", path, f"http://127.0.0.1:{port}/x"):
            body = (f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}">]>'.encode()
                    + message(c.account, Content=b"&e;"))
            await refused_everywhere(c, url.partition(":")[0], body)
        c.result("opens no file", ["the file was opened"] if touched() else [])
        c.result("opens no socket", ["a connection came"] if connections() else [])


def laughs(account):
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 11))
    return b"<!DOCTYPE xml [" + entities + b"]>" + message(account, Content=b"&a10;")


@row("X002")
async def billion_laughs(c):
    await refused_everywhere(c, "10 levels of 10", laughs(c.account))


@row("X003")
async def parameter_entity(c):
    c.claim("connections=0")
    with listener() as (port, connections):
        url = b"http://127.0.0.1:%d/x" % port
        text = message(c.account)
        for name, head in (
                ("parameter entity", b'<!DOCTYPE xml [<!ENTITY %% p SYSTEM "%s"> %%p;]>' % url),
                ("external DTD", b'<!DOCTYPE xml SYSTEM "%s">' % url),
                ("public DTD", b'<!DOCTYPE xml PUBLIC "-//x" "%s">' % url)):
            await refused_everywhere(c, name, head + text)
        came = connections()
        c.result("connections", [f"{came} connections came"] if came else [])


# --- fields ------------------------------------------------------------------------------------

@row("X017")
async def two_senders(c):
    good = message(c.account)
    extra = b"<FromUserName><![CDATA[oWeiyueSomebodyElse]]></FromUserName>"
    await refused_everywhere(c, "at the end", good.replace(b"</xml>", extra + b"</xml>"))
    await refused_everywhere(c, "in front", good.replace(b"<xml>", b"<xml>" + extra))


@row("X018")
async def unknown_type(c):
    event, = c.want.logs
    for server in (c.plain, c.safe):
        body, before = message(c.account, MsgType=cdata("weiyue_unheard_of")), server.log.count(event)
        # the line is the handler's, not the connection's: it names no peer
        await c.whole(f"in a {server.mode} push", server, push(c, server, body),
                      c.want.but(logs=set()))
        told = server.log.count(event) - before
        c.result(f"told once, {server.mode} mode", [] if told == 1 else [f"{told} lines"])


def push(c, server, body):
    make = wechat.plain_push if server.mode == "plain" else wechat.safe_push
    return make(c.account, body)


def reply_fields(c, server, conns):
    """(fields, wrong) of the first reply on the one connection."""
    if not conns or not conns[0].replies:
        return None, ["no reply"]
    body = conns[0].replies[0].body
    try:
        return wechat.open_reply(body, c.account, server.mode), []
    except (ValueError, KeyError, SyntaxError) as error:
        return None, [f"{error!r} in {body[:400]!r}"]


EVIL = "]]><ToUserName>evil</ToUserName><![CDATA["


@row("X019")
async def cdata_split(c):
    c.claim("reply is well formed", "one ToUserName")       # wechat.parse refuses a second one
    want = c.want.but(statuses=[{200}])
    for label, content in (("split CDATA", cdata(EVIL)),
                           ("entities", escape(EVIL).encode()),
                           ("entities and CDATA", escape(EVIL[:5]).encode() + cdata(EVIL[5:]))):
        for server in (c.plain, c.safe):
            body = message(c.account, Content=content)
            conns = await c.whole(f"{label}, {server.mode} mode", server,
                                  push(c, server, body), want)
            fields, wrong = reply_fields(c, server, conns)
            if fields and fields["Content"] != "echo: " + EVIL:
                wrong.append(f"Content {fields['Content']!r}")
            if fields and fields["ToUserName"] != wechat.OPENID:
                wrong.append(f"ToUserName {fields['ToUserName']!r}")
            c.result(f"{label}: the echo, {server.mode} mode", wrong)


@row("X020")
async def control_bytes_in_reply(c):
    c.claim("reply stays valid XML 1.0 UTF-8")
    want = c.want.but(statuses=[{200}])
    controls = bytes(b for b in range(1, 32) if b not in (9, 10, 13))
    for server in (c.plain, c.safe):
        body = message(c.account, Content=b"<![CDATA[a" + controls + b"b]]>")
        conns = await c.whole(f"raw control bytes echoed, {server.mode} mode", server,
                              push(c, server, body), want)
        fields, wrong = reply_fields(c, server, conns)
        expected = "echo: a" + "\ufffd" * len(controls) + "b"
        if fields and fields["Content"] != expected:
            wrong.append(f"Content {fields['Content']!r}, expected {expected!r}")
        c.result(f"the reply, {server.mode} mode", wrong)


@row("X021")
async def bad_integers(c):
    for name, values in (("CreateTime", (b"", b"x", b"-1", b"9" * 20, b"1e9", b" ")),
                         ("MsgId", (b"9" * 25, b"x", b"-1"))):
        for value in values:
            await refused_everywhere(c, f"{name} {value.decode()!r}",
                                     message(c.account, **{name: value}))


@row("X022")
async def false_counts(c):
    item = b"<PicList><item><PicMd5Sum><![CDATA[0]]></PicMd5Sum></item></PicList>"
    many = b"<Count>1000000000</Count>"
    await refused_everywhere(c, "SendPicsInfo of 10^9", wechat.event(
        c.account, "pic_sysphoto", b"<SendPicsInfo>" + many + item + b"</SendPicsInfo>"))
    await refused_everywhere(c, "SendPicsInfo of 10^9, no list", wechat.event(
        c.account, "pic_weixin", b"<SendPicsInfo>" + many + b"</SendPicsInfo>"))
    await refused_everywhere(c, "ArticleCount of 10^9", message(
        c.account, ArticleCount=b"1000000000"))
    deep = b"<ScanCodeInfo>" * 20 + b"x" + b"</ScanCodeInfo>" * 20
    body = wechat.event(c.account, "scancode_push", deep)
    want = c.want.but(logs=c.want.logs | {"xml.depth"})
    await c.whole("ScanCodeInfo nested 20 times", c.plain, wechat.plain_push(c.account, body), want)


@row("X023")
async def markup_in_fields(c):
    good = {"ToUserName": c.account.username, "FromUserName": wechat.OPENID,
            "CreateTime": None, "MsgType": "text", "Content": "hello", "MsgId": None}
    refused = c.want.but(statuses=[{400}], no_log=set())
    for name, text in good.items():
        def body(markup):
            value = (text or (wechat.now() if name == "CreateTime" else wechat.unique())).encode()
            return message(c.account, **{name: value[:3] + markup + value[3:]})

        for label, markup, want in (("&#0;", b"&#0;", refused), ("&#xD800;", b"&#xD800;", refused),
                                    ("&#xFFFF;", b"&#xFFFF;", refused), ("&e;", b"&e;", refused),
                                    ("comment", b"<!-- x -->", c.want), ("PI", b"<?x y?>", c.want)):
            await c.whole(f"{label} in {name}", c.plain,
                          wechat.plain_push(c.account, body(markup)), want)


# --- json --------------------------------------------------------------------------------------

@row("J011")
async def digits_kept(c):
    """Where the number is taken, /json gives it back digit for digit."""
    body = b'{"id":9007199254740993}'
    data = wechat.request("POST", "/json", body, "application/json")
    reply = await engine.ask(c.plain.port, data)
    exact = reply is not None and (reply.status != 200 or reply.body == body)
    c.result("id refused or kept exact", [] if exact else [f"came: {reply}"])
