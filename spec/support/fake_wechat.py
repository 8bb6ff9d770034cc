#!/usr/bin/env python3
"""WeChat's API as far as specs of late replies, files and users need it.

usage: fake_wechat.py FOLDER

Listens on 127.0.0.1, on a free port, and writes it to FOLDER/port. What was called stands in FOLDER/calls, a line of
JSON for each. Standard input has orders, a line of JSON each; FOLDER/told counts those that were taken. Ends when
standard input does.

orders: {"answer": PATH, "with": OBJECT, "times": N, "after": SECONDS}   the next N calls of PATH get this
        {"followers": [OPENID …], "page": N}                            whom user/get lists, so many at a time
        {"forget": true}                                                every media_id is unknown from now on
"""

import email.parser
import email.policy
import hashlib
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

folder = sys.argv[1]
lock = threading.Lock()
tokens, answers, media = [], {}, {}
state = {"n": 0, "followers": [], "page": 10000}
codes = set()  # of logins, that were used

JPEG = b"\xff\xd8\xff" + b"picture" * 1000
CONTENTS = {"IMAGE": ("image/jpeg", JPEG), "VOICE": ("audio/amr", b"#!AMR\nvoice"), "HUGE": ("image/jpeg", JPEG * 2000)}


def note(call):
    with lock, open(folder + "/calls", "a", encoding="utf-8") as file:
        file.write(json.dumps(call, ensure_ascii=False) + "\n")


def next_number():
    with lock:
        state["n"] += 1
        return state["n"]


def error(code, text):
    return {"errcode": code, "errmsg": text + " rid: 12345678-12345678-12345678"}


def parts_of(content_type, body):
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    list_of = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        list_of.append({
            "name": part.get_param("name", header="content-disposition"), "filename": part.get_filename(),
            "type": part.get_content_type(), "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        })
    return list_of


def token(call):
    with lock:
        tokens.append(f"wxtesttoken{len(tokens) + 1}")
        return {"access_token": tokens[-1], "expires_in": 7200}


def send(call):
    message = call["json"]
    content = message.get(message.get("msgtype", ""), {})
    for name in ("media_id", "thumb_media_id"):
        if name in content and content[name] not in media:
            return error(40007, "invalid media_id")
    return {"errcode": 0, "errmsg": "ok"}


def typing(call):
    return {"errcode": 0, "errmsg": "ok"}


def upload(call):
    kind = call["query"].get("type")
    if not call["parts"] or call["parts"][0]["name"] != "media" or not call["parts"][0]["filename"]:
        return error(41005, "media data missing")
    name = f"MEDIA{next_number()}"
    media[name] = kind
    return {"type": kind, "thumb_media_id" if kind == "thumb" else "media_id": name, "created_at": int(time.time())}


def upload_img(call):
    return {"url": f"http://mmbiz.example/{next_number()}"}


def get_media(call):
    name = call["query"].get("media_id")
    if name in ("VIDEO", "MOVED"):
        return {"video_url": f"http://127.0.0.1:{server.server_port}/{name.lower()}"}
    return CONTENTS.get(name) or error(40007, "invalid media_id")


def user_info(call):
    openid = call["query"]["openid"]
    return {"subscribe": 1, "openid": openid, "nickname": "", "language": call["query"].get("lang"), "remark": "甲",
            "tagid_list": [1, 2], "unionid": "u" + openid}


def user_list(call):
    everybody, page = state["followers"], state["page"]
    after = call["query"].get("next_openid")
    begin = everybody.index(after) + 1 if after else 0
    some = everybody[begin:begin + page]
    if not some:
        return {"total": len(everybody), "count": 0, "next_openid": ""}
    return {"total": len(everybody), "count": len(some), "data": {"openid": some}, "next_openid": some[-1]}


def ticket(call):
    return {"errcode": 0, "errmsg": "ok", "ticket": "wxtest-ticket-" + call["query"]["type"], "expires_in": 7200}


def login_token(call):
    code = call["query"]["code"]
    with lock:
        if code in codes:
            return error(40163, "code been used")
        codes.add(code)
    return {"access_token": "wxtest-of-" + code, "expires_in": 7200, "refresh_token": "wxtestrefresh",
            "openid": "oUser-" + code, "scope": "snsapi_base,snsapi_userinfo"}


def login_user(call):
    return {"openid": call["query"]["openid"], "nickname": "微月", "sex": 0, "headimgurl": "https://thirdwx.example/a/132",
            "privilege": []}


ROUTES = {
    "/cgi-bin/token": token, "/cgi-bin/stable_token": token, "/cgi-bin/message/custom/send": send,
    "/cgi-bin/message/custom/typing": typing, "/cgi-bin/media/upload": upload, "/cgi-bin/media/uploadimg": upload_img,
    "/cgi-bin/media/get": get_media, "/cgi-bin/user/info": user_info, "/cgi-bin/user/get": user_list,
    "/cgi-bin/ticket/getticket": ticket, "/sns/oauth2/access_token": login_token, "/sns/userinfo": login_user,
}
NO_TOKEN = {"/cgi-bin/token", "/cgi-bin/stable_token", "/video", "/moved", "/sns/oauth2/access_token", "/sns/userinfo"}


def ordered(path):
    with lock:
        queue = answers.get(path)
        if not queue:
            return None
        queue[0]["times"] = queue[0].get("times", 1) - 1
        return queue.pop(0) if queue[0]["times"] <= 0 else queue[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def give(self, content, status=200, content_type="text/plain", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content_type = self.headers.get("Content-Type") or ""
        used = query.pop("access_token", None)
        call = {"method": self.command, "path": url.path, "query": query, "parts": [], "at": time.time()}
        if content_type.startswith("multipart/"):
            call["parts"] = parts_of(content_type, body)
        elif body:
            call["json"] = json.loads(body)
        if url.path in ("/cgi-bin/token", "/cgi-bin/stable_token"):
            note({"path": url.path})
        else:
            note(call)
        order = ordered(url.path)
        if order and order.get("after"):
            time.sleep(order["after"])
        if url.path not in NO_TOKEN and (not tokens or used != tokens[-1]):
            result = error(40001, "invalid credential")
        elif order and order.get("with"):
            result = order["with"]
        elif url.path == "/video":
            return self.give(b"\0\0\0\x20ftypisom" + b"video" * 100, content_type="video/mp4")
        elif url.path == "/moved":
            return self.give(b"", 302, headers=[("Location", "/video")])
        elif url.path in ROUTES:
            result = ROUTES[url.path](call)
        else:
            result = error(40066, "invalid url")
        if isinstance(result, tuple):
            return self.give(result[1], content_type=result[0])
        return self.give(json.dumps(result, ensure_ascii=False).encode())

    do_GET = do_POST = answer


def take(order):
    with lock:
        if "answer" in order:
            answers.setdefault(order["answer"], []).append(order)
        if "followers" in order:
            state.update(followers=order["followers"], page=order.get("page", 10000))
        if order.get("forget"):
            media.clear()


def put(name, text):
    with open(f"{folder}/{name}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}")


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that has left


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
put("told", "0")
put("port", str(server.server_port))
for number, line in enumerate(sys.stdin):
    take(json.loads(line))
    put("told", str(number + 1))
