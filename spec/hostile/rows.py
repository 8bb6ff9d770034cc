"""The registry of row functions, and what a py row of each layer does with its bytes.

A function registered for a desc or op row checks that row. One registered for a py row runs after
the ways, for what the ways cannot see.
"""
import check
import wechat

FUNCTIONS = {}


def row(*ids):
    def register(function):
        for one in ids:
            if one in FUNCTIONS:
                raise KeyError(f"{one} registered twice")
            FUNCTIONS[one] = function
        return function
    return register


async def _http(c, data):
    await c.ways(c.plain, lambda: data)
    if "body_read=0" in c.want.words:
        if not data.endswith(b"\r\n\r\n"):
            raise ValueError(f"{c.id} sends body bytes")
        c.claim("body_read=0")      # answered although none was ever sent


async def _xml(c, data):
    await c.ways(c.plain, lambda: wechat.plain_push(c.account, data), name="in a plain push")
    if "also in 1-byte segments" in c.want.words:
        c.claim("also in 1-byte segments")
    sealed = wechat.encrypt(data, c.account)
    fits = len(wechat.envelope(c.account, sealed)) <= 65536
    want = c.want.but(statuses=[{403 if fits else 413}], body=b"" if fits else None,
                      conn="keep" if fits else None, logs=c.want.logs if fits else set())
    await c.whole("in a safe push", c.safe, wechat.sealed_push(c.account, sealed), want)


async def _json(c, data):
    await c.ways(c.plain, lambda: wechat.request("POST", "/json", data, "application/json"),
                 name="to /json")
    if not data.startswith(b"{") and not c.want.push_logs:
        return
    want = c.want.but(logs=c.want.push_logs or c.want.logs)
    if c.want.no_log:           # good JSON, but no message
        want = want.but(logs=want.logs | {"push.incomplete"})
    elif 400 in c.want.statuses[0]:
        want = want.but(body=b"")
    await c.ways(c.plain, lambda: wechat.post(wechat.query(c.account), data, "application/json"),
                 want, name="in a plain push")


LAYERS = {"http": _http, "http-limits": _http, "uri": _http, "xml": _xml, "json": _json}


async def run(c):
    if c.kind == "py":
        await LAYERS[c.layer](c, check.evaluate(c.input))
    elif c.id not in FUNCTIONS:
        c.result("has no function", ["a desc row without a function in rows_*.py"])
    if c.id in FUNCTIONS:
        await FUNCTIONS[c.id](c)
    await c.finish()
