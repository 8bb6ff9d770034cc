// What WeChat makes of a text: links are links (<a href="…">, and addresses that stand alone), links of
// weixin://bizmsgmenu are buttons that say something, all else is text and stays text.
import { emoji } from "./emoji.js";

const ANCHOR = /<a\s+([^<>]*)>([\s\S]*?)<\/a>/gi;
const BARE = /https?:\/\/[\w\-.~:/?#@!$&'()*+,;=%]+/gi;
const TAIL = /[.,;:!?')]+$/; // ends a sentence more often than an address

function attribute(attributes, name) {
  const found = attributes.match(new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i"));
  return found ? (found[1] ?? found[2] ?? found[3]).replaceAll("&amp;", "&") : null;
}

function web(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function menu(address) {
  if (!/^weixin:\/\/bizmsgmenu\?/i.test(address)) return null;
  const query = new URLSearchParams(address.slice(address.indexOf("?") + 1));
  const say = query.get("msgmenucontent");
  return say ? { say, id: query.get("msgmenuid") ?? "" } : null;
}

function plain(text, parts) {
  let from = 0;
  for (const found of text.matchAll(BARE)) {
    const address = found[0].replace(TAIL, "");
    const url = web(address);
    if (!url) continue;
    if (found.index > from) parts.push({ text: emoji(text.slice(from, found.index)) });
    parts.push({ text: address, url });
    from = found.index + address.length;
  }
  if (from < text.length) parts.push({ text: emoji(text.slice(from)) });
}

// parse(text) → list of { text }, { text, url }, { text, say, id }
export function parse(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(ANCHOR)) {
    const href = attribute(found[1], "href");
    const leads = href && (menu(href) ?? (web(href) && { url: web(href) }));
    if (!leads) continue;
    plain(text.slice(from, found.index), parts);
    parts.push({ text: emoji(found[2]), ...leads });
    from = found.index + found[0].length;
  }
  plain(text.slice(from), parts);
  return parts;
}
