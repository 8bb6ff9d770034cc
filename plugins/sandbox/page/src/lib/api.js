// What the page asks of the sandbox: JSON under /-/ of its own address.
import { lang } from "./i18n.js";

export class Refused extends Error {}

async function ask(path, init) {
  let response;
  try {
    response = await fetch(`/-/${path}`, init);
  } catch {
    throw new Refused("offline");
  }
  const text = await response.text();
  let body = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    body = null;
  }
  if (!response.ok) throw new Refused(body?.[lang.value] ?? `HTTP ${response.status}`);
  return body;
}

const get = (path) => ask(path, { headers: { accept: "application/json" } });

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const api = {
  state: (openid) => get(`state?${new URLSearchParams(openid ? { openid } : {})}`), // menus as this user has them
  history: (appid, openid) => get(`history?${new URLSearchParams({ appid, openid })}`),
  send: (message) => post("send", message),
  click: (appid, openid, button) => post("click", { appid, openid, button }),
  scan: (appid, openid, what) => post("scan", { appid, openid, ...what }),
  follow: (appid, openid) => post("follow", { appid, openid }),
  unfollow: (appid, openid) => post("unfollow", { appid, openid }),
  user: (nickname) => post("user", { nickname }),
  enter: (openid) => post("enter", { openid }),
  advance: (seconds) => post("clock", { advance: seconds }),
  fault: (fault) => post("fault", fault),
  again: (exchange) => post("again", { exchange }),
  levers: (appid, openid) => get(`levers?${new URLSearchParams({ appid, openid })}`),
  pull: (lever, appid, openid, what) => post(lever, { appid, openid, ...what }), // gives the levers as they are then
};
