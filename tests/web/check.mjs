// Open each page in headless Chromium, in dark and light, at phone and desktop width, with and without JavaScript; print what
// axe-core, the console, the Content-Security-Policy and the network had to say, as JSON.
// usage: node check.mjs CHROMIUM PLAYWRIGHT_CORE AXE FOLDER_FOR_PICTURES PAGE...
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createRequire } from "node:module";

const [chromium, playwright, axe, pictures, ...pages] = process.argv.slice(2);
const { chromium: browserType } = createRequire(import.meta.url)(playwright);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const source = readFileSync(axe, "utf8");
const browser = await browserType.launch({ executablePath: chromium, args: flags });
const results = [];

async function look(file, scheme, width, script) {
  const context = await browser.newContext({
    colorScheme: scheme, viewport: { width, height: 900 }, javaScriptEnabled: script, bypassCSP: false,
  });
  const tab = await context.newPage();
  const seen = { page: basename(file), scheme, width, script, errors: [], requests: [], violations: [], overflow: 0 };
  tab.on("console", (m) => { if (["error", "warning"].includes(m.type())) seen.errors.push(m.text()); });
  tab.on("pageerror", (e) => seen.errors.push(String(e)));
  tab.on("request", (r) => { if (r.url() !== `file://${file}`) seen.requests.push(r.url()); });
  await tab.goto(`file://${file}`);
  await tab.screenshot({ path: join(pictures, `${basename(file, ".html")}-${scheme}-${width}${script ? "" : "-noscript"}.png`), fullPage: true });
  // Evaluated through the debugger, so that the page's own policy stays as it is.
  seen.overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (script) {
    await tab.evaluate(source);
    const report = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    seen.violations = report.violations.map((v) => ({ id: v.id, impact: v.impact, at: v.nodes.map((n) => n.target.join(" ")).slice(0, 5), why: v.nodes[0].failureSummary }));
  }
  const all = await tab.locator(".case:visible").count();
  const folds = await tab.locator(".fold").count();
  if (folds) { // opened one by one, as a reader does, with or without a script
    seen.folded = await tab.locator(".fold .case").count();
    seen.foldedShown = await tab.locator(".fold .case:visible").count();
    for (const line of await tab.locator(".fold > summary").all()) await line.click();
    seen.opened = await tab.locator(".fold .case:visible").count();
    for (const line of await tab.locator(".fold > summary").all()) await line.click();
  }
  seen.empty = await tab.evaluate(() => Array.from(document.querySelectorAll("h1, h2, h3")).filter((h) => !h.textContent.trim() ||
    (h.nextElementSibling === null && h.parentElement.children.length === 1)).length);
  seen.cases = await tab.locator(".case").count();
  seen.times = await tab.locator("time").allTextContents();
  const filter = await tab.locator("#text").count(); // a comparison has none
  if (script && filter) {
    await tab.locator("#text").fill("happy.status_200");
    seen.found = await tab.locator(".case:visible").count();
    await tab.locator("#text").fill("");
  } else if (filter) {
    seen.searchShown = await tab.locator("#text").isVisible();
  }
  seen.all = all;
  await context.close();
  results.push(seen);
}

for (const file of pages) {
  const name = basename(file, ".html");
  await look(file, "light", 390, true);
  await look(file, "dark", 1200, true);
  if (name === "no-go" || name === "validate-bad") { // all four for the two that show most
    await look(file, "light", 1200, true);
    await look(file, "dark", 390, true);
  }
  await look(file, "light", 1200, false);
}
await browser.close();
console.log(JSON.stringify(results));
