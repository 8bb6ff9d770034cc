// The README's picture: node shot.mjs FILE
import { hears, open_browser, open_page, say } from "./browser.mjs";
import { sandbox } from "./host.mjs";

const host = await sandbox();
const browser = await open_browser();
const { page } = await open_page(browser, host.url, { viewport: { width: 1160, height: 640 } });
await page.locator("nav.menu").getByRole("button", { name: "关于" }).click();
await hears(page, "一间写在月亮上的茶馆");
await say(page, "你好");
await hears(page, "你好，我是微月");
await say(page, "新茶");
await page.locator(".item[data-type=news]").waitFor();
await page.locator(".inspector .row", { hasText: "你好" }).click();
await page.locator("button[name=menu]").click();
await page.locator("nav.menu").getByRole("button", { name: "更多" }).click();
await page.screenshot({ path: process.argv[2] });
await browser.close();
await host.close();
