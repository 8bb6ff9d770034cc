// Two WeChat clients of npm's, as they are but for the address, against the fake WeChat: prints TAP.
// usage: node clients.js BASE APPID SECRET OPENID FOLDER
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');

const [base, appid, secret, openid, folder] = process.argv.slice(2);
const load = createRequire(path.join(folder, 'package.json'));

const MENU = { button: [
  { name: '关于', type: 'click', key: 'about' },
  { name: '更多', sub_button: [{ name: '首页', type: 'view', url: 'https://wx.example.cn/' }] },
] };

// A picture of one dot.
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

// co-wechat-api: promises; its address is a handful of prefixes.
function modern() {
  const API = load('co-wechat-api');
  const api = new API(appid, secret);
  api.prefix = `${base}/cgi-bin/`;
  api.snsPrefix = `${base}/sns/`;
  api.mpPrefix = `${base}/cgi-bin/`;
  api.fileServerPrefix = `${base}/cgi-bin/`;
  api.customservicePrefix = `${base}/customservice/`;
  return api;
}

// wechat-api: callbacks; its address is one.
function classic() {
  const API = load('wechat-api');
  const api = new API(appid, secret);
  api.endpoint = base;
  api.mpPrefix = `${base}/cgi-bin/`;
  api.fileServerPrefix = `${base}/cgi-bin/`;
  return new Proxy(api, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function' || name === 'showQRCodeURL') return value;
      return (...args) => new Promise((resolve, reject) => {
        value.call(target, ...args, (err, result) => (err ? reject(err) : resolve(result)));
      });
    },
  });
}

const steps = {
  async 'a token'(api) {
    const token = await (api.ensureAccessToken || api.getLatestToken).call(api);
    assert.ok((token.accessToken || '').length > 20);
  },
  async 'a menu that is created, read and removed'(api) {
    assert.strictEqual((await api.createMenu(MENU)).errcode, 0);
    const menu = (await api.getMenu()).menu;
    assert.strictEqual(menu.button[0].key, 'about');
    assert.strictEqual(menu.button[1].sub_button[0].url, 'https://wx.example.cn/');
    assert.strictEqual((await api.removeMenu()).errcode, 0);
    await assert.rejects(api.getMenu(), (err) => err.code === 46003);
  },
  async 'followers, a user and a remark'(api) {
    const followers = await api.getFollowers();
    assert.ok(followers.data.openid.includes(openid));
    assert.strictEqual((await api.updateRemark(openid, '老王')).errcode, 0);
    const user = await api.getUser(openid);
    assert.strictEqual(user.subscribe, 1);
    assert.strictEqual(user.remark, '老王');
    const many = await api.batchGetUsers([openid]);
    assert.strictEqual(many.user_info_list[0].openid, openid);
  },
  async 'a user that nobody is'(api) {
    await assert.rejects(api.getUser('oNobodyNobodyNobodyNobodyNob'), (err) => err.code === 40003);
  },
  async 'tags'(api, name) {
    const create = api.createTags || api.createTag, list = api.getTags;
    const tag = (await create.call(api, `标签${name}`)).tag;
    assert.ok(tag.id >= 100);
    assert.ok((await list.call(api)).tags.some((one) => one.id === tag.id));
    const put = api.batchTagging ? (x) => api.batchTagging([openid], x) : (x) => api.membersBatchtagging(x, [openid]);
    assert.strictEqual((await put(tag.id)).errcode, 0);
  },
  async 'customer service messages'(api) {
    assert.strictEqual((await api.sendText(openid, '你好')).errcode, 0);
    const news = [{ title: '标题', description: '摘要', url: 'https://wx.example.cn/a', picurl: '' }];
    assert.strictEqual((await api.sendNews(openid, news)).errcode, 0);
  },
  async 'media up and down'(api) {
    const file = path.join(folder, 'dot.png');
    fs.writeFileSync(file, PICTURE);
    const media = await api.uploadMedia(file, 'image');
    assert.strictEqual(media.type, 'image');
    const bytes = await api.getMedia(media.media_id);
    assert.ok(PICTURE.equals(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)));
  },
  async 'a QR code'(api) {
    const made = await api.createTmpQRCode(7, 600);
    assert.ok(made.ticket && made.url);
    const limit = await api.createLimitQRCode('desk:7');
    const url = api.showQRCodeURL(limit.ticket);
    assert.ok(url.includes(encodeURIComponent(limit.ticket)));
    const picture = await get(url);
    assert.match(picture.headers['content-type'], /^image\//);
  },
  async 'a ticket and the configuration of JS-SDK'(api) {
    const ticket = await api.getTicket();
    assert.ok(ticket.ticket);
    const config = await api.getJsConfig({ jsApiList: ['scanQRCode'], url: 'https://wx.example.cn/' });
    assert.strictEqual(config.appId, appid);
    assert.strictEqual(config.signature.length, 40);
  },
};

function get(url) {
  return new Promise((resolve, reject) => {
    require('http').get(url, { agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response));
    }).on('error', reject);
  });
}

async function main() {
  let n = 0, failed = 0;
  for (const [name, make] of [['co-wechat-api', modern], ['wechat-api', classic]]) {
    const api = make();
    for (const [what, run] of Object.entries(steps)) {
      n += 1;
      try {
        await run(api, name);
        console.log(`ok ${n} - ${name} runs ${what}`);
      } catch (err) {
        failed = 1;
        console.log(`not ok ${n} - ${name} runs ${what}`);
        console.log(String(err.stack || err).split('\n').slice(0, 6).join('\n').replace(/^/gm, '# '));
      }
    }
  }
  console.log(`1..${n}`);
  process.exit(failed);
}

main();
