// What the page knows: who is there, what was said, what went over the wire. The sandbox tells it (state once, then
// events); nothing here is made up.
import { computed, reactive } from "vue";
import { api } from "./api.js";
import { keep, recall } from "./kept.js";
import { live } from "./live.js";

const MOST = { items: 500, exchanges: 300, calls: 500, logs: 500 };
const KINDS = ["item", "exchange", "call", "log", "menu", "clock", "user", "fault"];

export const state = reactive({
  ready: false,
  link: "opening", // opening | open | lost
  accounts: [],
  users: [],
  appid: recall("appid"),
  openid: recall("openid"),
  chats: {}, // "APPID OPENID" → items
  unread: {},
  exchanges: [],
  calls: [],
  logs: [],
  faults: [],
  ahead: 0, // of this machine's clock, in seconds
  notice: null, // what went wrong with the reader's last wish
});

const key_of = (appid, openid) => `${appid} ${openid}`;
const here = () => key_of(state.appid, state.openid);

export const account = computed(() => state.accounts.find((a) => a.appid === state.appid));
export const user = computed(() => state.users.find((u) => u.openid === state.openid));
export const follows = computed(() => user.value?.subscribed?.[state.appid] === true);
export const items = computed(() => state.chats[here()] ?? []);

export function find_exchange(id) {
  return state.exchanges.find((x) => x.id === id);
}

// By id: a later event about the same thing stands in for the earlier one.
function put(list, one, most) {
  const i = one.id === undefined ? -1 : list.findIndex((other) => other.id === one.id);
  if (i >= 0) list[i] = { ...list[i], ...one };
  else list.push(one);
  if (list.length > most) list.splice(0, list.length - most);
  return i < 0;
}

let changes = 0; // events about what a state has, too

const arrives = {
  item(item) {
    const key = key_of(item.appid, item.openid);
    const chat = (state.chats[key] ??= []);
    const fresh = put(chat, item, MOST.items);
    if (fresh && key !== here() && item.from !== "user") state.unread[key] = (state.unread[key] ?? 0) + 1;
  },
  exchange(exchange) {
    put(state.exchanges, exchange, MOST.exchanges);
    for (const call of exchange.calls ?? []) put(state.calls, call, MOST.calls);
  },
  call(call) {
    put(state.calls, call, MOST.calls);
    const exchange = find_exchange(call.exchange);
    if (exchange && call.left_out) exchange.left_out = call.left_out;
    else if (exchange) put((exchange.calls ??= []), call, MOST.calls);
  },
  log: (line) => put(state.logs, line, MOST.logs),
  menu() {
    changes += 1;
    refresh_users(); // a conditional one is not everybody's
  },
  clock: ({ now }) => set_clock(now),
  user(one) {
    changes += 1;
    put_user(one);
  },
  fault({ faults }) {
    changes += 1;
    state.faults = faults;
  },
};

function set_clock(now) {
  if (typeof now === "number") state.ahead = now - Date.now() / 1000;
}

function put_user(one) {
  const i = state.users.findIndex((u) => u.openid === one.openid);
  if (i >= 0) state.users[i] = one;
  else state.users.push(one);
}

export const unread = (appid, openid) => state.unread[key_of(appid, openid)] ?? 0;

// --- asking ---

export async function attempt(promise) {
  try {
    const result = await promise;
    state.notice = null;
    return result ?? true;
  } catch (fault) {
    state.notice = fault.message;
    return null;
  }
}

// The state as it is for this user. One that was asked for before an event came may be older than that event.
async function ask_state() {
  for (;;) {
    const before = `${changes} ${state.openid}`;
    const now = await attempt(api.state(state.openid));
    if (!now || before === `${changes} ${state.openid}`) return now;
  }
}

async function load_history() {
  const { appid, openid } = state;
  if (!appid || !openid) return;
  const history = await attempt(api.history(appid, openid));
  if (!history) return;
  const chat = (state.chats[key_of(appid, openid)] ??= []);
  for (const item of history) put(chat, item, MOST.items);
  chat.sort((a, b) => a.id - b.id);
}

export async function refresh() {
  const now = await ask_state();
  if (!now) return;
  state.accounts = now.accounts;
  state.users = now.users;
  state.faults = now.faults;
  set_clock(now.now);
  const appid = state.accounts.some((a) => a.appid === state.appid) ? state.appid : state.accounts[0]?.appid;
  const openid = state.users.some((u) => u.openid === state.openid) ? state.openid : state.users[0]?.openid;
  await choose(appid ?? null, openid ?? null);
  state.ready = true;
}

export async function choose(appid, openid) {
  const another = openid !== state.openid;
  state.appid = appid;
  state.openid = openid;
  keep("appid", appid ?? "");
  keep("openid", openid ?? "");
  delete state.unread[here()];
  if (openid) await attempt(api.enter(openid)); // whom the login page takes the reader for
  if (another) await refresh_users();
  await load_history();
}

export async function refresh_users() {
  const now = await ask_state();
  if (!now) return;
  state.accounts = now.accounts;
  state.users = now.users;
  state.faults = now.faults;
}

export function start() {
  return live("/-/events", KINDS, {
    on_event: (kind, data) => arrives[kind](data),
    on_open() {
      // A sandbox that has begun again counts from 1; what is still true of the old one is told once more.
      Object.assign(state, { chats: {}, exchanges: [], calls: [], logs: [] });
      state.link = "open";
      refresh();
    },
    on_lost: () => (state.link = "lost"),
  });
}
