// The page's own modules that need no browser.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

const lib = (name) =>
  import(pathToFileURL(join(process.env.WEIYUE_ROOT, "plugins/sandbox/page/src/lib", name)));
const { parse } = await lib("text.js");
const { pretty } = await lib("pretty.js");
const { buttons_of } = await lib("items.js");
const { words } = await lib("words.js");

test("text: links lead to web addresses and nowhere else", () => {
  const parts = parse('看<a href="https://wx.example.cn/a?b=1&amp;c=2">这里</a>，<a href="javascript:alert(1)">不</a>');
  assert.deepEqual(parts, [
    { text: "看" },
    { text: "这里", url: "https://wx.example.cn/a?b=1&c=2" },
    { text: '，<a href="javascript:alert(1)">不</a>' },
  ]);
  for (const href of ["data:text/html,x", "file:///etc/passwd", "//wx.example.cn", "weixin://dl/chat", "vbscript:x"]) {
    assert.deepEqual(parse(`<a href="${href}">x</a>`), [{ text: `<a href="${href}">x</a>` }]);
  }
});

test("text: an address that stands alone is a link, without the sentence's end", () => {
  assert.deepEqual(parse("去 https://wx.example.cn/a."), [
    { text: "去 " },
    { text: "https://wx.example.cn/a", url: "https://wx.example.cn/a" },
    { text: "." },
  ]);
});

test("text: links of bizmsgmenu say their text", () => {
  const [part] = parse("<a href='weixin://bizmsgmenu?msgmenucontent=%E5%A5%BD&msgmenuid=7'>满意</a>");
  assert.deepEqual(part, { text: "满意", say: "好", id: "7" });
});

test("text: WeChat's codes are drawn, all else stays as it is", () => {
  assert.deepEqual(parse("好[微笑]/::)[1] <b>x</b>"), [{ text: "好🙂🙂[1] <b>x</b>" }]);
});

test("pretty: XML has a line for each element, CDATA as it came", () => {
  assert.equal(
    pretty("<xml><A><![CDATA[a <b> c]]></A><B>1</B><C><D>x</D></C><E/></xml>"),
    "<xml>\n  <A><![CDATA[a <b> c]]></A>\n  <B>1</B>\n  <C>\n    <D>x</D>\n  </C>\n  <E/>\n</xml>",
  );
});

test("pretty: JSON is indented, and what is broken stays as it came", () => {
  assert.equal(pretty('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(pretty('{"a":'), '{"a":');
  assert.equal(pretty("success"), "success");
  assert.equal(pretty("<xml><a>"), "<xml>\n  <a>");
});

test("menu: the forms in which WeChat has menus", () => {
  const button = [{ name: "a", sub_button: { list: [{ name: "b" }] } }];
  for (const menu of [button, { button }, { menu: { button } }]) assert.equal(buttons_of(menu)[0].sub[0].name, "b");
  assert.deepEqual(buttons_of(null), []);
});

test("words: each has Chinese and English, with the same places to fill in", () => {
  for (const [name, pair] of Object.entries(words)) {
    assert.equal(pair.length, 2, name);
    const places = pair.map((text) => (text.match(/\{\w+\}/g) ?? []).sort().join());
    assert.equal(places[0], places[1], name);
  }
});
