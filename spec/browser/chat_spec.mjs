// The newcomer's way through the chat page. One sandbox and one browser for all, a page for each.
import assert from "node:assert/strict";
import test from "node:test";
import axe from "axe-core";
import { answers, hears, new_user, open_browser, open_page, overflow, say } from "./browser.mjs";
import { sandbox } from "./host.mjs";

const host = await sandbox();
const browser = await open_browser();

// Each has a user of its own. What the browser complained of fails a spec too.
let users = 0;
async function spec(name, run, options) {
  await test(name, async () => {
    const opened = await open_page(browser, host.url, options);
    try {
      users += 1;
      await new_user(opened.page, `嫦娥${users}号`);
      await run(opened.page, opened.faults);
      assert.deepEqual(opened.faults, []);
    } catch (error) {
      if (process.env.SHOTS) await opened.page.screenshot({ path: `${process.env.SHOTS}/${name.replace(/\W+/g, "-")}.png` });
      throw error;
    } finally {
      await opened.context.close();
    }
  });
}

const tab = (page, name) => page.locator(`.inspector [data-tab=${name}]`).click();
const frame = (page) => page.frameLocator(".browser iframe");

await spec("a text is answered, and the inspector has the push", async (page) => {
  await say(page, "你好");
  await hears(page, "你好，我是微月");
  await page.locator(".inspector .row", { hasText: "你好" }).first().click();
  const view = page.locator(".inspector .view");
  await view.getByText("msg_signature").waitFor();
  assert.match(await view.locator("section").first().locator("pre").first().innerText(), /你好/);
  assert.match(await view.locator("section.attempt").innerText(), /HTTP 200[\s\S]*你好，我是微月/);
  await view.locator("summary", { hasText: "解密后" }).first().click();
  await view.getByText("<Content><![CDATA[你好]]></Content>").first().waitFor();
  await view.locator("summary", { hasText: /^原文/ }).first().click();
  await view.getByText(/<Encrypt>/).first().waitFor();
});

await spec("texts are text, and WeChat's links in them are buttons", async (page) => {
  await say(page, "菜单");
  await hears(page, "<b>不是粗体</b>");
  assert.equal(await answers(page).last().locator("b").count(), 0);
  await answers(page).last().getByRole("button", { name: "问好" }).click();
  await hears(page, "你好，我是微月");
});

await spec("the account's menu: a click is answered", async (page) => {
  await page.locator("nav.menu").getByRole("button", { name: "关于" }).click();
  await hears(page, "一间写在月亮上的茶馆");
});

await spec("the menu leads through OAuth to a page that knows the openid", async (page) => {
  const openid = await page.locator("select[name=user]").inputValue();
  await page.locator("nav.menu").getByRole("button", { name: "更多" }).click();
  await page.getByRole("menuitem", { name: "我的" }).click();
  await frame(page).locator("#openid").waitFor();
  assert.equal(await frame(page).locator("#openid").innerText(), openid);
  await page.locator("button[name=close-page]").click();
  await page.locator("nav.menu").waitFor();
});

await spec("a page with JS-SDK is told config:ok", async (page) => {
  await page.locator("nav.menu").getByRole("button", { name: "更多" }).click();
  await page.getByRole("menuitem", { name: "扫一扫" }).click();
  await frame(page).locator("#state", { hasText: "config:ok" }).waitFor();
  await page.locator(".browser h3", { hasText: "扫一扫" }).waitFor(); // the page's own title
});

await spec("what a page wants of the phone is made up", async (page) => {
  await page.locator("nav.menu").getByRole("button", { name: "更多" }).click();
  await page.getByRole("menuitem", { name: "手机" }).click();
  await frame(page).locator("#state", { hasText: "config:ok" }).waitFor();
  const call = (name, options = {}) =>
    frame(page).locator("body").evaluate((_, [name, options]) => new Promise((done) => wx[name]({ ...options, complete: done })), [name, options]);
  const picture = await call("chooseImage");
  assert.equal(picture.errMsg, "chooseImage:ok");
  const localId = picture.localIds[0];
  assert.match((await call("getLocalImgData", { localId })).localData, /^data:image\/png;base64,/);
  const { serverId } = await call("uploadImage", { localId });
  assert.ok(serverId);
  assert.ok((await call("downloadImage", { serverId })).localId);
  assert.equal((await call("getLocation")).latitude, 31.2304);
  const link = await frame(page).locator("body").evaluate(() => location.href);
  for (const [name, options] of [
    ["previewImage", { urls: [localId] }], ["openLocation", {}], ["getNetworkType", {}], ["hideMenuItems", { menuList: ["menuItem:copyUrl"] }],
    ["showMenuItems", { menuList: ["menuItem:copyUrl"] }], ["hideOptionMenu", {}], ["showOptionMenu", {}],
    ["updateAppMessageShareData", { title: "月", desc: "亮", link }], ["updateTimelineShareData", { title: "月", link }],
  ]) {
    assert.equal((await call(name, options)).errMsg, `${name}:ok`);
  }
  assert.match((await call("updateTimelineShareData", { title: "月", link: "https://elsewhere.example/" })).errMsg, /another domain/);
  assert.match((await call("startRecord")).errMsg, /fail/);
  const signed = JSON.parse(await frame(page).locator("#signed").textContent());
  assert.equal((await call("chooseInvoice", signed.chooseInvoice)).errMsg, "chooseInvoice:fail, the user has no invoice");
  assert.equal((await call("chooseInvoice", { ...signed.chooseInvoice, cardSign: "0" })).errMsg, "chooseInvoice:fail, invalid signature");
  const ends = Date.now() + 10000; // the card is looked at by WeChat first
  let taken;
  do taken = await call("addCard", signed.addCard);
  while (taken.errMsg !== "addCard:ok" && Date.now() < ends && (await page.waitForTimeout(300)) === undefined);
  assert.equal(taken.errMsg, "addCard:ok");
  assert.equal(JSON.parse((await call("chooseCard", signed.chooseCard)).cardList).length, 1);
  const scanned = call("scanQRCode", { needResult: 1 });
  await page.locator("dialog input[name=value]").fill("https://example.com/tea");
  await page.locator("dialog button[name=submit]").click();
  assert.deepEqual(await scanned, { errMsg: "scanQRCode:ok", resultStr: "https://example.com/tea" });
  const cancelled = call("scanQRCode");
  await page.locator("dialog").waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await cancelled).errMsg, "scanQRCode:cancel");
  await frame(page).locator("#subscribe").click(); // the user agrees to one message
  assert.equal(await frame(page).locator("wx-open-launch-weapp").getAttribute("data-wx-open"), "refused");
  await tab(page, "levers");
  await page.locator(".levers li", { hasText: "T1 还能发 1 条" }).waitFor(); // one press, one message
});

await spec("a page that wants more than the openid asks the user first", async (page) => {
  const openid = await page.locator("select[name=user]").inputValue();
  await page.locator("nav.menu").getByRole("button", { name: "更多" }).click();
  await page.getByRole("menuitem", { name: "会员" }).click();
  await frame(page).locator("a, button").first().click();
  await frame(page).getByRole("button", { name: "允许" }).click();
  await frame(page).locator("#openid").waitFor();
  assert.equal(await frame(page).locator("#openid").innerText(), openid);
});

await spec("the same push once more gets the same answer", async (page) => {
  await say(page, "好茶");
  await hears(page, "你说：好茶");
  const rows = page.locator(".inspector .row", { hasText: "好茶" });
  await rows.first().click();
  await page.locator("button[name=again]").click();
  await rows.nth(1).waitFor();
  await rows.first().click();
  await page.locator(".inspector .view section.attempt", { hasText: "你说：好茶" }).waitFor();
});

await spec("news are articles that open", async (page) => {
  await say(page, "新茶");
  await page.locator(".item[data-type=news] .article").last().waitFor();
  await page.locator(".item[data-type=news]").last().getByRole("link", { name: "明前龙井到店" }).click();
  await frame(page).locator("#openid").waitFor();
});

await spec("a picture arrives, and is shown", async (page) => {
  await page.locator("button[name=keyboard]").click();
  await page.locator("button[name=plus]").click();
  await page.locator("button[name=image]").click();
  await page.locator("dialog button[name=submit]").click();
  await hears(page, "好看");
  const picture = page.locator(".item[data-from=user][data-type=image] img").last();
  await picture.waitFor();
  await page.waitForFunction((img) => img.complete && img.naturalWidth > 0, await picture.elementHandle());
});

await spec("an answer that takes seven seconds arrives", async (page) => {
  await say(page, "报告");
  await hears(page, "报告好了", { timeout: 30000 });
  const pushes = page.locator(".inspector .row", { hasText: "报告" });
  assert.equal(await pushes.count(), 1);
});

await spec("a handler's error is told with file and line", async (page) => {
  await say(page, "出错");
  const line = page.locator(".inspector .line[data-level=error]", { hasText: "plugins/tea.lua:9" });
  await tab(page, "log");
  await line.first().waitFor();
  await answers(page).last().getByRole("button", { name: "看这次推送" }).click();
  await page.locator(".inspector .view h3", { hasText: "出错" }).waitFor();
  await page.locator(".inspector .view .line", { hasText: "plugins/tea.lua:9" }).first().waitFor();
});

await spec("another user has a chat of his own, and the first one's is kept", async (page) => {
  const first = await page.locator("select[name=user]").inputValue();
  await say(page, "你好");
  await hears(page, "你好，我是微月");
  await new_user(page, "吴刚");
  assert.equal(await answers(page).count(), 1);
  await page.locator("select[name=user]").selectOption(first);
  await hears(page, "你好，我是微月");
});

await spec("who unfollows says nothing more, until he follows again", async (page) => {
  await page.locator("button[name=more]").click();
  await page.locator("dialog button[name=unfollow]").click();
  await page.locator(".stranger button[name=follow]").click();
  await page.locator("nav.menu").waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".item[data-from=account]").length === 2);
});

await spec("a state that arrives late does not undo what happened since", async (page) => {
  let release;
  let asked;
  const held = new Promise((resolve) => (release = resolve));
  const made = new Promise((resolve) => (asked = resolve));
  const hold = async (route) => {
    const response = await route.fetch();
    asked();
    await held;
    await route.fulfill({ response });
  };
  await page.route("**/-/state?*", hold, { times: 1 });
  const openid = await page.locator("select[name=user] option").first().getAttribute("value");
  await page.locator("select[name=user]").selectOption(openid); // asks for the state
  await made;
  await page.evaluate(
    ([appid, openid]) => fetch("/-/unfollow", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ appid, openid }) }),
    [await page.locator("select[name=account]").inputValue(), openid],
  );
  await page.locator(".stranger").waitFor();
  let answers = 0;
  page.on("response", (response) => (answers += response.url().includes("/-/state") ? 1 : 0));
  release();
  for (let i = 0; answers < 2 && i < 100; i++) await page.waitForTimeout(50); // the late one, and one that it asks for
  assert.equal(answers, 2);
  await page.locator(".stranger button[name=follow]").click();
  await page.locator("nav.menu").waitFor();
});

await spec("a scene that is scanned is pushed", async (page) => {
  await page.locator("button[name=more]").click();
  await page.locator("dialog button[name=scan]").click();
  await page.locator("dialog input[name=value]").fill("table-7");
  await page.locator("dialog button[name=submit]").click();
  await hears(page, "table-7 号桌");
});

await spec("the clock goes forward, and a fault comes true", async (page) => {
  await tab(page, "clock");
  await page.locator("[data-seconds='3600']").click();
  await page.locator(".clock small").waitFor();
  await tab(page, "faults");
  await page.locator("input[name=pattern]").fill("user.*");
  await page.locator("button[name=set-fault]").click();
  await page.getByRole("listitem").filter({ hasText: "user.*" }).waitFor();
});

await spec("the account may have JSON pushed, and the user consents to messages", async (page) => {
  await tab(page, "levers");
  await page.locator("select[name=format]").selectOption("json");
  await say(page, "好茶");
  await hears(page, "你说：好茶");
  await page.locator("input[name=template]").fill("T9");
  await page.locator("button[name=consent]").click();
  await page.locator(".levers li", { hasText: "T9 还能发 1 条" }).waitFor();
  await tab(page, "pushes");
  await page.locator(".inspector .row", { hasText: "好茶" }).first().click();
  await page.locator(".inspector .view summary", { hasText: "解密后" }).first().click();
  await page.getByText('"Content": "好茶"').first().waitFor();
  await tab(page, "levers");
  await page.locator("select[name=format]").selectOption("xml");
});

await spec("an edited plugin gives the new answer", async (page) => {
  await host.edit("plugins/tea.lua", "你好，我是微月", "你好，我换了新茶");
  const ends = Date.now() + 15000;
  do {
    await say(page, "你好");
    await page.waitForTimeout(300); // a handler's turn; the file is seen when the system tells
  } while ((await answers(page).filter({ hasText: "我换了新茶" }).count()) === 0 && Date.now() < ends);
  await hears(page, "你好，我换了新茶");
});

for (const [size, width, height] of [["phone", 360, 740], ["small phone", 320, 568], ["desktop", 1280, 800]]) {
  for (const colorScheme of ["light", "dark"]) {
    await spec(
      `${size}, ${colorScheme}: nothing stands out to the side`,
      async (page) => {
        await say(page, "一个很长的词" + "x".repeat(200));
        await hears(page, "x".repeat(200));
        assert.equal(await overflow(page), 0);
        const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(/rgb\(1?\d, 1?\d, 1?\d\)/.test(dark), colorScheme === "dark");
        if (size === "desktop") return;
        await page.getByRole("tab", { name: "检查" }).click();
        await page.locator(".inspector .row").first().click();
        await page.locator(".inspector .view").waitFor();
        assert.equal(await overflow(page), 0);
        await tab(page, "levers");
        await page.locator(".levers").waitFor();
        assert.equal(await overflow(page), 0);
      },
      { viewport: { width, height }, colorScheme },
    );
  }
}

for (const [size, width, height] of [["phone", 360, 740], ["desktop", 1280, 800]]) {
  await spec(
    `${size}: dialogs stand in the middle of the window`,
    async (page) => {
      for (const name of ["more", "scan"]) {
        await page.locator(`button[name=${name}]`).click();
        const { left, right, top, bottom } = await page.locator("dialog").evaluate((d) => {
          const { left, right, top, bottom } = d.getBoundingClientRect();
          return { left, right, top, bottom };
        });
        assert.ok(Math.abs(left + right - width) < 2 && Math.abs(top + bottom - height) < 2, `${left} ${right} ${top} ${bottom}`);
      }
    },
    { viewport: { width, height } },
  );

  await spec(
    `${size}: a line of the log is compact, and words stay whole`,
    async (page) => {
      await say(page, "出错");
      await answers(page).last().waitFor();
      if (size === "phone") await page.getByRole("tab", { name: "检查" }).click();
      await page.locator(".inspector .row", { hasText: "出错" }).first().click();
      const how = await page.locator(".view header .how").evaluate((one) => [one.clientHeight, one.textContent]);
      assert.ok(how[0] < 30, how.join(" "));
      if (size === "phone") await page.locator(".view .back").click();
      await page.locator(".inspector .row", { hasText: "嫦娥" }).first().waitFor(); // whose it was
      await tab(page, "log");
      const line = page.locator(".list .line[data-level=error]").first();
      await line.waitFor();
      const facts = await line.locator(".fact").evaluateAll((list) => list.map((f) => f.getBoundingClientRect().top));
      assert.ok(facts.length > 1 && new Set(facts).size < facts.length, facts.join(" "));
      assert.equal(await line.locator(".fact").first().evaluate((f) => getComputedStyle(f).borderTopWidth), "0px");
    },
    { viewport: { width, height } },
  );
}

await spec(
  "English for who reads English, Chinese by a button, and it is remembered",
  async (page) => {
    await page.getByRole("tab", { name: "Pushes" }).waitFor();
    await page.locator("button[name=lang]").click();
    await page.getByRole("tab", { name: "推送" }).waitFor();
    await page.reload();
    await page.getByRole("tab", { name: "推送" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  },
  { locale: "en-US" },
);

await spec("all goes by the keyboard alone", async (page) => {
  await page.locator("nav.menu").getByRole("button", { name: "更多" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "扫一扫");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "更多");
  await page.locator(".inspector [data-tab=pushes]").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".inspector [data-tab=calls]").getAttribute("aria-selected"), "true");
});

for (const colorScheme of ["light", "dark"]) {
  await spec(
    `${colorScheme}: names, roles and contrasts are what WCAG asks for`,
    async (page) => {
      const accessible = async (where) => {
        const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
        assert.deepEqual(violations.map(({ id, nodes }) => [where, id, nodes.map((node) => node.html)]), []);
      };
      await page.evaluate(axe.source); // as scripts of the page itself may not
      await say(page, "新茶");
      await page.locator(".item[data-type=news]").last().waitFor();
      await page.locator(".inspector .row").first().click();
      await accessible("pushes");
      for (const name of ["calls", "log", "faults", "levers", "clock"]) {
        await tab(page, name);
        await accessible(name);
      }
      await page.locator("button[name=plus]").click();
      await page.locator("button[name=location]").click();
      await accessible("form");
    },
    { colorScheme },
  );
}

await spec("the page finds the sandbox again that was started anew", async (page, faults) => {
  await host.restart();
  await page.locator("select[name=user] option").nth(2).waitFor({ state: "detached" }); // users of before are gone
  await page.locator(".link[data-link=open]").waitFor();
  await page.locator("nav.menu").waitFor();
  await say(page, "你说");
  await hears(page, "你说：你说");
  assert.equal(await page.locator(".item").count(), 2);
  assert.deepEqual(faults.splice(0).filter((fault) => !fault.includes("net::ERR_")), []); // a try while it was away
});

await browser.close();
await host.close();
