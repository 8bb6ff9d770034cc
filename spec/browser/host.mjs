// `weiyue sandbox` for a copy of ./account, which specs may change.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WAIT = 20000; // milliseconds

// One process, serving: { child, url }.
async function serve(folder, listen) {
  const child = spawn(process.env.WEIYUE, ["sandbox", join(folder, "weiyue.lua"), "--listen", listen], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LANG: "C.UTF-8" },
  });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no address within ${WAIT} ms:\n${said}`)), WAIT);
    const hear = (bytes) => {
      said += bytes;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (!found) return;
      clearTimeout(timer);
      if (/left out/.test(said)) reject(new Error(`the account does not load:\n${said}`));
      resolve(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", (bytes) => (said += bytes));
    child.on("exit", (code) => reject(new Error(`weiyue sandbox ended (${code}):\n${said}`)));
    child.on("error", reject);
  });
  return { child, url };
}

async function end(child) {
  const gone = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

export async function sandbox() {
  const folder = await mkdtemp(join(tmpdir(), "weiyue-browser-"));
  await cp(new URL("account", import.meta.url).pathname, folder, { recursive: true });
  let { child, url } = await serve(folder, "127.0.0.1:0");
  return {
    url,
    async restart() { // at the same address
      await end(child);
      ({ child } = await serve(folder, new URL(url).host));
    },
    async edit(file, from, to) {
      const text = await readFile(join(folder, file), "utf8");
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      await writeFile(join(folder, file), text.replace(from, to));
    },
    async close() {
      await end(child);
      await rm(folder, { recursive: true });
    },
  };
}
