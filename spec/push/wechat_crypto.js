// The npm package wechat-crypto against a served account: it decrypts our replies, and we decrypt its
// pushes. usage: node wechat_crypto.js URL TOKEN AESKEY APPID  (prints TAP)
"use strict";
const assert = require("assert");
const crypto = require("crypto");
const http = require("http");
const WXBizMsgCrypt = require(require.resolve("wechat-crypto", { paths: [process.cwd()] }));

const [url, token, aesKey, appid] = process.argv.slice(2);
const peer = new WXBizMsgCrypt(token, aesKey, appid);

function sha1(...parts) {
  return crypto.createHash("sha1").update(parts.sort().join("")).digest("hex");
}

function element(xml, name) {
  const m = new RegExp(`<${name}>(?:<!\\[CDATA\\[([^]*?)\\]\\]>|([^<]*))</${name}>`).exec(xml);
  return m && (m[1] !== undefined ? m[1] : m[2]);
}

function post(text) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(crypto.randomInt(1e9));
  const xml =
    `<xml><ToUserName><![CDATA[gh_wxtest]]></ToUserName><FromUserName><![CDATA[o_wxtest_user]]></FromUserName>` +
    `<CreateTime>${timestamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>` +
    `<Content><![CDATA[${text}]]></Content><MsgId>${crypto.randomInt(1e12)}</MsgId></xml>`;
  const encrypt = peer.encrypt(xml);
  const query = new URLSearchParams({
    signature: sha1(token, timestamp, nonce), timestamp, nonce, encrypt_type: "aes",
    msg_signature: peer.getSignature(timestamp, nonce, encrypt),
  });
  const body = `<xml><ToUserName><![CDATA[gh_wxtest]]></ToUserName><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`;
  return new Promise((resolve, reject) => {
    const req = http.request(`${url}?${query}`, { method: "POST", headers: { "Content-Type": "text/xml" } }, (res) => {
      let data = "";
      res.setEncoding("utf8");
      res.on("data", (d) => (data += d));
      res.on("end", () => resolve({ status: res.statusCode, body: data }));
    });
    req.on("error", reject);
    req.end(body);
  });
}

async function check(text) {
  const answer = await post(text);
  assert.strictEqual(answer.status, 200);
  const encrypt = element(answer.body, "Encrypt");
  const signature = peer.getSignature(element(answer.body, "TimeStamp"), element(answer.body, "Nonce"), encrypt);
  assert.strictEqual(element(answer.body, "MsgSignature"), signature);
  const reply = peer.decrypt(encrypt);
  assert.strictEqual(reply.id, appid);
  assert.strictEqual(element(reply.message, "ToUserName"), "o_wxtest_user");
  assert.strictEqual(element(reply.message, "FromUserName"), "gh_wxtest");
  assert.strictEqual(element(reply.message, "Content"), `echo: ${text}`);
}

(async () => {
  // every length of padding, and what is hard on the way
  const texts = ["微信 & <tag>", "a".repeat(2000), "😀"];
  for (let n = 1; n <= 33; n++) texts.push("x".repeat(n));
  let failed = 0;
  for (let i = 0; i < texts.length; i++) {
    try {
      await check(texts[i]);
      console.log(`ok ${i + 1} - wechat-crypto exchanges ${Buffer.byteLength(texts[i])} bytes with us`);
    } catch (e) {
      failed++;
      console.log(`not ok ${i + 1} - wechat-crypto exchanges ${Buffer.byteLength(texts[i])} bytes with us`);
      console.log(`# ${String(e.message).replace(/\n/g, "\n# ")}`);
    }
  }
  console.log(`1..${texts.length}`);
  process.exitCode = failed ? 1 : 0;
})();
