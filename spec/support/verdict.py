"""What WeChat makes of an answer to a push: what the user sees of it, or which rule it breaks."""
import json
from dataclasses import dataclass, field

import wechat

FAULT = "该公众号提供的服务出现故障"         # the error bubble that WeChat shows in the account's place
SECONDS_END = 10 ** 11                       # a later CreateTime is one in milliseconds

# What a reply of each MsgType must say, as paths of names; what is shown of it when it is no text.
MEDIA = {"image": "Image", "voice": "Voice", "video": "Video"}
REQUIRED = {"text": [("Content",)], "music": [("Music",)], "news": [("Articles",)],
            **{name: [(wrap, "MediaId")] for name, wrap in MEDIA.items()}}
SILENT = ("transfer_customer_service", "device_text", "device_event", "device_status", "hardware")


@dataclass
class Verdict:
    outcome: str            # "answer", "success" (nothing to say) or "bad"
    seen: str | None = None         # a text, "[image]" for what is no text, None, or FAULT
    fields: dict | None = None      # the decoded reply
    why: str = ""           # of "bad"


@dataclass(frozen=True)
class Expected:
    """What an answer is held against."""
    account: wechat.Account = field(default_factory=wechat.Account)
    mode: str = "plain"
    form: str = "xml"
    openid: str = wechat.OPENID         # FromUserName of the push
    username: str = "gh_weiyuetest"     # and ToUserName


def judge(want, status, body):
    """The verdict on a complete response; a broken rule is a verdict, never an exception."""
    if status != 200:
        return Verdict("bad", FAULT, why=f"status {status}")
    if body in (b"", b"success"):
        return Verdict("success")
    try:
        fields = _open(want, body)
        _head(want, fields)
        return Verdict("answer", _shown(fields), fields)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        return Verdict("bad", FAULT, why=f"{type(error).__name__}: {error}")


def _read(want, body):
    """The fields of a message in the form of the push. Nothing stands before its first byte."""
    if body[:1] != (b"{" if want.form == "json" else b"<"):
        raise ValueError(f"no {want.form}: {body[:20]!r}")
    return wechat.parse(body) if want.form == "xml" else json.loads(body)


def _open(want, body):
    fields = _read(want, body)
    sealed = "Encrypt" in fields
    if sealed and want.mode == "plain":
        raise ValueError("encrypted in plain mode")
    if not sealed and want.mode == "safe":
        raise ValueError("not encrypted in safe mode")
    if not sealed:
        return fields
    _seconds(fields["TimeStamp"])
    return _read(want, wechat.open_sealed(fields, want.account))


def _seconds(value):
    if not str(value).isdecimal() or not 0 < int(value) < SECONDS_END:
        raise ValueError(f"not a time in seconds: {value}")


def _head(want, fields):
    if (fields["ToUserName"], fields["FromUserName"]) != (want.openid, want.username):
        raise ValueError("ToUserName and FromUserName are not the push's, swapped")
    _seconds(fields["CreateTime"])


def _shown(fields):
    """What the user sees of a reply, after a look at its shape."""
    kind = fields["MsgType"]
    if kind in SILENT:
        return None
    for path in REQUIRED[kind]:
        value = fields
        for name in path:
            value = value[name]
        if not value:
            raise ValueError(f"{'.'.join(path)} is empty")
    if kind == "news":
        articles = fields["Articles"]
        items = articles["item"] if isinstance(articles, dict) else articles
        if str(fields["ArticleCount"]) != str(len(items)):
            raise ValueError(f"ArticleCount is {fields['ArticleCount']} of {len(items)}")
    if kind != "text":
        return f"[{kind}]"
    if not isinstance(fields["Content"], str):
        raise ValueError("markup in Content")
    return fields["Content"]
