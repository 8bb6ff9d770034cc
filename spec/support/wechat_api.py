#!/usr/bin/env python3
"""WeChat's API for specs: tokens that are checked, every request kept, whatever else is asked answered kindly.

usage: wechat_api.py FOLDER     writes its port to FOLDER/port; ends when its stdin does

  /cgi-bin/stable_token /cgi-bin/token and the tokens of third-party platforms as WeChat has them
  /_set     POST an object: fields of the state below
  /_state   GET: the state and the counts
  /_seen    GET: requests since it was asked last, as a list
Every other path wants a token that is good, and answers what state["answers"][path] has, the first of a list each
time until one is left; else {"errcode":0,"errmsg":"ok"}.
"""
import json
import os
import sys
import threading
import time
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

lock = threading.Lock()
state = {
    "expires_in": 7200, "delay": 0, "bad": False, "check": True, "answers": {}, "token_error": None, "keep": True,
    "distrusted": [],
    "plain": False,  # everything is answered with ok
}
counts = {"stable": 0, "forced": 0, "classic": 0, "calls": 0, "refused": 0, "component": 0, "authorizer": 0, "tickets": 0}
tokens = {}  # appid → the good one
serial = [0]
seen = []


def new_token(appid):
    serial[0] += 1
    tokens[appid] = "wxtest-%s-%d" % (appid[-4:], serial[0])
    return tokens[appid]


def stable(body):
    counts["stable"] += 1
    appid, force = body.get("appid", ""), body.get("force_refresh") is True
    counts["forced"] += force
    if force or appid not in tokens:
        new_token(appid)
    return {"access_token": tokens[appid], "expires_in": state["expires_in"]}


def classic(query):
    counts["classic"] += 1
    return {"access_token": new_token(query["appid"][0]), "expires_in": state["expires_in"]}


def component(body):
    counts["component"] += 1
    if body.get("component_verify_ticket") != state.get("ticket"):
        return {"errcode": 61006, "errmsg": "component ticket is invalid"}
    return {"component_access_token": new_token(body["component_appid"]), "expires_in": 7200}


def query_auth(body):
    appid = state.get("authorizer", "wxtestauthorizer")
    return {"authorization_info": {
        "authorizer_appid": appid, "authorizer_access_token": new_token(appid), "expires_in": 7200,
        "authorizer_refresh_token": "wxtest-refresh-1", "func_info": []}}


def authorizer(body):
    counts["authorizer"] += 1
    if not str(body.get("authorizer_refresh_token", "")).startswith("wxtest-refresh-"):
        return {"errcode": 61023, "errmsg": "refresh_token is invalid"}
    return {"authorizer_access_token": new_token(body["authorizer_appid"]), "expires_in": 7200,
            "authorizer_refresh_token": "wxtest-refresh-%d" % (counts["authorizer"] + 1)}


def info(body):
    return {"authorizer_info": {"nick_name": "测试", "user_name": "gh_authorizer", "service_type_info": {"id": 2},
                                "verify_type_info": {"id": 0}}}


def ticket(query):
    counts["tickets"] += 1
    return {"errcode": 0, "errmsg": "ok", "ticket": "wxtest-ticket-" + query["type"][0], "expires_in": 7200}


def is_good(query):
    for name in ("access_token", "component_access_token"):
        if name in query:
            value = query[name][0]
            return not state["bad"] and value in tokens.values() and value not in state["distrusted"]
    return True


def answer_of(path, query, body):
    if state["plain"]:
        return {"errcode": 0, "errmsg": "ok"}
    if state["token_error"] and "token" in path and "component" not in path:
        counts["stable"] += path.endswith("stable_token")
        return state["token_error"]
    if path == "/cgi-bin/stable_token":
        return stable(body)
    if path == "/cgi-bin/token":
        return classic(query)
    if path == "/cgi-bin/component/api_component_token":
        return component(body)
    counts["calls"] += 1
    if state["check"] and not is_good(query):
        counts["refused"] += 1
        return {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest rid: 1-2-3"}
    if path in state["answers"]:
        given = state["answers"][path]
        return (given.pop(0) if len(given) > 1 else given[0]) if isinstance(given, list) else given
    if path == "/cgi-bin/component/api_query_auth":
        return query_auth(body)
    if path == "/cgi-bin/component/api_authorizer_token":
        return authorizer(body)
    if path == "/cgi-bin/component/api_get_authorizer_info":
        return info(body)
    if path == "/cgi-bin/component/api_create_preauthcode":
        return {"pre_auth_code": "wxtest-preauth", "expires_in": 1800}
    if path == "/cgi-bin/ticket/getticket":
        return ticket(query)
    return {"errcode": 0, "errmsg": "ok"}


def parts_of(kind, body):
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = []
    for part in message.get_payload():
        disposition = part["Content-Disposition"] or ""
        parts.append({"name": part.get_param("name", header="content-disposition"),
                      "filename": 'filename="' in str(disposition) and "given" or None})
    return parts


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536  # one write for an answer

    def log_message(self, *args):
        pass

    def reply(self, value):
        data = value.encode() if isinstance(value, str) else json.dumps(value, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        if target.path == "/_set":
            with lock:
                change = json.loads(raw)
                if change.pop("kill", None):
                    tokens.clear()
                if change.pop("distrust", None):
                    change["distrusted"] = list(tokens.values())
                if change.pop("zero", None):
                    for name in counts:
                        counts[name] = 0
                state.update(change)
            return self.reply({})
        if target.path == "/_state":
            with lock:
                return self.reply({"counts": counts, "tokens": tokens})
        if target.path == "/_seen":
            with lock:
                taken = seen[:]
                seen.clear()
            return self.reply(taken)
        kind = self.headers.get("Content-Type") or ""
        one = {"method": self.command, "path": target.path, "query": target.query,
               "host": self.headers.get("X-Wxtest-Host") or self.headers.get("Host"), "type": kind}
        body = {}
        if kind.startswith("multipart/"):
            one["parts"] = parts_of(kind, raw)
        elif raw:
            one["body"] = raw.decode("utf-8", "replace")
            try:
                body = json.loads(raw)
            except ValueError:
                body = {}
        if state["delay"]:
            time.sleep(state["delay"])
        with lock:
            if state["keep"]:
                seen.append(one)
            value = answer_of(target.path, parse_qs(target.query), body if isinstance(body, dict) else {})
        self.reply(value)

    do_GET = do_POST = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 2048


def main():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = os.path.join(sys.argv[1], "port")
    with open(path + ".new", "w") as out:
        out.write(str(server.server_port))
    os.rename(path + ".new", path)
    sys.stdin.read()


main()
