// Open the monitor's pages in headless Chromium, dark and light, at three widths, and with them a stranger's page; print as
// JSON what axe-core, the console, the policy and the network had to say, and what the stranger got.
// usage: node monitor.mjs CHROMIUM PLAYWRIGHT_CORE AXE FOLDER_FOR_PICTURES BASE EVIL PATH...
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";

const [chromium, playwright, axe, pictures, base, evil, ...paths] = process.argv.slice(2);
const { chromium: browserType } = createRequire(import.meta.url)(playwright);
const port = new URL(base).port;
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", `--host-resolver-rules=MAP rebound.example 127.0.0.1`];
const source = readFileSync(axe, "utf8");
const browser = await browserType.launch({ executablePath: chromium, args: flags });
const pages = [];

for (const path of paths) {
  for (const [scheme, width] of [["light", 1280], ["light", 768], ["dark", 375]]) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 } });
    const tab = await context.newPage();
    const seen = { path, scheme, width, errors: [], foreign: [], violations: [], bytes: 0 };
    tab.on("console", (m) => { if (["error", "warning"].includes(m.type())) seen.errors.push(m.text()); });
    tab.on("pageerror", (e) => seen.errors.push(String(e)));
    tab.on("request", (r) => { if (!r.url().startsWith(base)) seen.foreign.push(r.url()); });
    const answer = await tab.goto(base + path);
    seen.status = answer.status();
    seen.bytes = (await answer.body()).length;
    const name = path.replace(/[^a-z]+/gi, "-").replace(/^-|-$/g, "").slice(0, 20) || "overview";
    await tab.screenshot({ path: join(pictures, `${name}-${scheme}-${width}.png`), fullPage: true });
    seen.overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    await tab.evaluate(source);
    const report = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    seen.violations = report.violations.map((v) => ({ id: v.id, at: v.nodes.map((n) => n.target.join(" ")).slice(0, 5) }));
    await tab.keyboard.press("Tab");
    seen.first = await tab.evaluate(() => document.activeElement.textContent);
    await context.close();
    pages.push(seen);
  }
}

// A page of another origin in the same browser, and a name of its own that leads here.
const context = await browser.newContext();
const tab = await context.newPage();
await tab.goto(evil);
const stranger = await tab.evaluate(async (base) => {
  const got = {};
  for (const path of ["/status.json", "/metrics", "/probe?target=good"]) {
    try { const a = await fetch(base + path, { credentials: "include" }); got[path] = `${a.status} ${(await a.text()).length}`; }
    catch { got[path] = "refused"; }
  }
  try { await fetch(`${base}/targets/good/run`, { method: "POST", mode: "no-cors", body: "form=x" }); } catch {}
  try { await fetch(`${base}/probe?target=good`, { mode: "no-cors" }); } catch {}
  got.image = await new Promise((done) => {
    const image = new Image();
    image.onload = () => done("loaded"); image.onerror = () => done("refused");
    image.src = `${base}/badge/good.svg`;
  });
  const frame = document.createElement("iframe");
  frame.src = base;
  document.body.append(frame);
  await new Promise((done) => setTimeout(done, 1000));
  try { got.frame = frame.contentDocument ? "readable" : "refused"; } catch { got.frame = "refused"; }
  return got;
}, base);
const rebound = await context.newPage();
const answer = await rebound.goto(`http://rebound.example:${port}/status.json`);
stranger.rebound = answer.status();
await context.close();
await browser.close();
console.log(JSON.stringify({ pages, stranger }));
