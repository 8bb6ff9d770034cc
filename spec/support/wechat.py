"""What WeChat would send: signatures, the AES frame, pushes as raw HTTP bytes; reading a reply.

Everything is built from an Account and returned as bytes, so that spec/hostile can spoil any part
of it before it goes out; pusher.py sends it as it is. Written on its own, apart from the C codec:
it is the second opinion.
"""
import base64
import hashlib
import itertools
import json
import os
import struct
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OPENID = "oWeiyueTestUser0000000000001"
PATH = "/wx/cb"
HOST = "a"

_serial = itertools.count(1)
_first = int.from_bytes(os.urandom(4), "big") << 24     # two runs share no nonce or MsgId


@dataclass(frozen=True)
class Account:
    token: str = "wxtesttoken"
    appid: str = "wxtest0123456789ab"
    aes_key: str = "wxtestEncodingAESKey0123456789ABCDEFGHIJKLM"
    username: str = "gh_weiyuetest"


OLD_AES_KEY = "wxtestOldEncodingAESKey0123456789ABCDEFGHIJ"


def unique():
    """A decimal number that this run has not used yet (nonces, MsgIds)."""
    return str(_first + next(_serial))


def now():
    return str(int(time.time()))


def sign(*parts):
    parts = [p.encode() if isinstance(p, str) else p for p in parts]
    return hashlib.sha1(b"".join(sorted(parts))).hexdigest()


# --- the AES frame -----------------------------------------------------------------------------

def _cipher(aes_key):
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def frame(message, appid, length=None):
    """random 16 | length | message | appid, not yet padded; `length` overrides the true one."""
    length = len(message) if length is None else length
    return os.urandom(16) + struct.pack(">I", length) + message + appid.encode()


def pad(data):
    n = 32 - len(data) % 32
    return data + bytes([n]) * n


def encrypt_raw(padded, aes_key):
    encryptor = _cipher(aes_key).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def encrypt(message, account, aes_key=None):
    """The text of <Encrypt> for a message."""
    padded = pad(frame(message, account.appid))
    return base64.b64encode(encrypt_raw(padded, aes_key or account.aes_key)).decode()


def decrypt(text, account, aes_key=None):
    decryptor = _cipher(aes_key or account.aes_key).decryptor()
    data = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
    n = data[-1] if data else 0
    if not 1 <= n <= 32 or data[-n:] != bytes([n]) * n:
        raise ValueError("bad padding")
    data = data[:-n]
    if len(data) < 20:
        raise ValueError("the frame is too short")
    length = struct.unpack(">I", data[16:20])[0]
    if data[20 + length:] != account.appid.encode():
        raise ValueError("reply is for another appid")
    return data[20:20 + length]


# --- messages ----------------------------------------------------------------------------------

def cdata(text):
    text = text.encode() if isinstance(text, str) else text
    return b"<![CDATA[" + text.replace(b"]]>", b"]]]]><![CDATA[>") + b"]]>"


def message(account, **change):
    """A text message; keywords replace or add elements by their raw inner bytes, None drops one."""
    fields = {
        "ToUserName": cdata(account.username),
        "FromUserName": cdata(OPENID),
        "CreateTime": now().encode(),
        "MsgType": cdata("text"),
        "Content": cdata("hello"),
        "MsgId": unique().encode(),
    }
    fields.update(change)
    inner = b"".join(b"<%s>%s</%s>" % (k.encode(), v, k.encode())
                     for k, v in fields.items() if v is not None)
    return b"<xml>" + inner + b"</xml>"


def event(account, name, extra=b""):
    return message(account, MsgType=cdata("event"), Content=None, MsgId=None,
                   Event=cdata(name), EventKey=cdata("k"))[:-len(b"</xml>")] + extra + b"</xml>"


def elements(fields):
    """XML of fields as WeChat writes it: numbers bare, texts in CDATA, a table nested, a list as
    one element repeated. A `]]>` in a text stays as it is: WeChat does not split it."""
    out = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                inner = elements(one)
            elif isinstance(one, str):
                inner = b"<![CDATA[" + one.encode() + b"]]>"
            else:
                inner = str(one).encode()
            out.append(b"<%s>%s</%s>" % (name.encode(), inner, name.encode()))
    return b"".join(out)


def compose(fields, form="xml"):
    """A whole message of these fields, XML or JSON."""
    if form == "json":
        return json.dumps(fields, ensure_ascii=False).encode()
    return b"<xml>" + elements(fields) + b"</xml>"


def envelope(account, text, form="xml"):
    """The body of a safe push."""
    text = text.encode() if isinstance(text, str) else text
    if form == "json":
        return compose({"ToUserName": account.username, "Encrypt": text.decode()}, form)
    return (b"<xml><ToUserName>" + cdata(account.username) + b"</ToUserName><Encrypt><![CDATA["
            + text + b"]]></Encrypt></xml>")


def both(plain, text, form="xml"):
    """The body of a compatible push: the message, and Encrypt at its end."""
    if form == "json":
        return plain[:-1] + b',"Encrypt":"' + text.encode() + b'"}'
    return (plain.removesuffix(b"</xml>") + b"<Encrypt><![CDATA[" + text.encode()
            + b"]]></Encrypt></xml>")


# --- HTTP --------------------------------------------------------------------------------------

def request(method, target, body=None, ctype="text/xml", host=HOST):
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"
    if body is None:
        return (head + "\r\n").encode()
    return (head + f"Content-Type: {ctype}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def chunked(target, pieces, ctype="text/xml", last=True):
    head = (f"POST {target} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {ctype}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    return (head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
            + (b"0\r\n\r\n" if last else b""))


def query(account, encrypted=None, timestamp=None, nonce=None, openid=OPENID):
    """The signed parameters of a push; `encrypted` is the Encrypt text when there is one."""
    timestamp = now() if timestamp is None else timestamp
    nonce = unique() if nonce is None else nonce
    q = {"signature": sign(account.token, timestamp, nonce), "timestamp": timestamp,
         "nonce": nonce, "openid": openid}
    if encrypted is not None:
        q["encrypt_type"] = "aes"
        q["msg_signature"] = sign(account.token, timestamp, nonce, encrypted)
    return q


def target(q, path=PATH):
    return path + "?" + urllib.parse.urlencode(q, quote_via=urllib.parse.quote)


def post(q, body, ctype="text/xml"):
    return request("POST", target(q), body, ctype)


def plain_push(account, body):
    return post(query(account), body)


def safe_push(account, body, aes_key=None):
    return sealed_push(account, encrypt(body, account, aes_key))


def sealed_push(account, text):
    """A safe push of any Encrypt text, correctly signed over that text."""
    return post(query(account, encrypted=text), envelope(account, text))


# --- replies -----------------------------------------------------------------------------------

def _inner(element):
    fields = {}
    for child in element:
        value = _inner(child) if len(child) else child.text or ""
        if child.tag == "item":
            fields.setdefault("item", []).append(value)
        elif child.tag in fields:
            raise ValueError(f"repeated: {child.tag}")
        else:
            fields[child.tag] = value
    return fields


def parse(body):
    """Element name -> text of a reply, or a table where elements are inside (`item`: a list of
    them); raises when it is not well formed or repeats a name."""
    root = ElementTree.fromstring(body)
    if root.tag != "xml":
        raise ValueError(f"root is {root.tag}")
    return _inner(root)


def open_sealed(fields, account, aes_key=None):
    """The bytes inside the envelope of an encrypted reply; raises when anything is wrong."""
    text, stamp = fields["Encrypt"], str(fields["TimeStamp"])
    if fields["MsgSignature"] != sign(account.token, stamp, fields["Nonce"], text):
        raise ValueError("MsgSignature is wrong")
    return decrypt(text, account, aes_key)


def open_reply(body, account, mode, aes_key=None):
    """The fields of a passive reply, opened when the account is in safe mode."""
    fields = parse(body)
    return fields if mode == "plain" else parse(open_sealed(fields, account, aes_key))
