// The browser, and the chat page in it as its reader has it.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function open_browser() {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  if (!executablePath) throw new Error("no chromium: apt-get install chromium, or CHROMIUM=PATH");
  const root = process.getuid() === 0; // whose chromium has no sandbox
  return chromium.launch({ executablePath, args: root ? ["--no-sandbox"] : [] });
}

// A page of its own: { page, faults }: what the browser complained of, and each request that left for elsewhere.
export async function open_page(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "zh-CN", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:$/.test(protocol) && hostname !== "127.0.0.1") faults.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  await page.getByRole("region", { name: /手机|Phone/ }).waitFor();
  return { context, page, faults };
}

// A user whom nobody has talked to, made and chosen as a reader does it; he follows the account.
export async function new_user(page, nickname) {
  await page.locator("button[name=new-user]").click();
  await page.locator("input[name=nickname]").fill(nickname);
  await page.locator("input[name=nickname]").press("Enter");
  await page.locator("select[name=user] option:checked", { hasText: nickname }).waitFor({ state: "attached" });
  await page.locator(".stranger button[name=follow]").click();
  await hears(page, "欢迎来到微月茶馆");
  await page.locator("nav.menu").waitFor();
}

export async function say(page, text) {
  const keyboard = page.locator("button[name=keyboard]");
  if (await keyboard.isVisible()) await keyboard.click();
  await page.locator("textarea[name=text]").fill(text);
  await page.locator("textarea[name=text]").press("Enter");
}

export const answers = (page) => page.locator(".item[data-from=account]");

// The text stands in what the account said last, or comes to.
export const hears = (page, text, options) => answers(page).filter({ hasText: text }).last().waitFor(options);

export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
