// What an exchange was about, and how it went, in a few words.
import { has, lang, t } from "./i18n.js";

export function subject(exchange) {
  const m = exchange.request?.decoded ?? {};
  const type = String(m.MsgType ?? m.type ?? "");
  if (type === "event") {
    const event = String(m.Event ?? m.event ?? "").toLowerCase();
    const word = "event_" + event;
    return [has(word) ? t(word) : event, m.EventKey].filter(Boolean).join(" ");
  }
  if (type === "text") return String(m.Content ?? "");
  return has(type) ? t(type) : type;
}

// Whose it was, where the list has several users.
export function name_of(exchange, users) {
  const openid = exchange.openid ?? exchange.request?.decoded?.FromUserName;
  return users.find((user) => user.openid === openid)?.nickname ?? openid ?? "";
}

export function way(exchange) {
  const faults = (exchange.attempts ?? []).filter((a) => a.fault);
  const name = exchange.way ?? (faults.length > 0 ? "fault" : "running");
  return has("way_" + name) ? t("way_" + name) : String(name);
}

export const failed = (exchange) => exchange.way === "fault" || (exchange.attempts ?? []).some((a) => a.fault);

export const begun = (exchange) => exchange.at ?? exchange.attempts?.[0]?.at ?? 0;

export const total = (exchange) => (exchange.attempts ?? []).reduce((sum, a) => sum + (a.ms ?? 0), 0);

export function ended(exchange) {
  const last = exchange.attempts?.at(-1);
  return last ? last.at + (last.ms ?? 0) / 1000 : Infinity;
}

// What WeChat would have had against the answer, in both languages.
export const fault_text = (fault) => fault[lang.value] ?? fault.code ?? String(fault);
