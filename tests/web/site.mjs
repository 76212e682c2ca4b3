// Open each page of the site at desktop and phone width; print console errors, failed requests and sideways scrolling, as JSON.
// On the first page each name of a JSON list is searched for, too: the titles of what is found first are printed.
// usage: node site.mjs CHROMIUM PLAYWRIGHT_CORE FOLDER NAMES
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";

const [chromium, playwright, root, names] = process.argv.slice(2);
const { chromium: browserType } = createRequire(import.meta.url)(playwright);
const browser = await browserType.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"] });
const pages = (folder) => readdirSync(folder).flatMap((name) => {
  const path = join(folder, name);
  return statSync(path).isDirectory() ? pages(path) : path.endsWith(".html") ? [path] : [];
});
const tab = await (await browser.newContext()).newPage();
let errors = [];
tab.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
tab.on("pageerror", (e) => errors.push(String(e)));
tab.on("requestfailed", (r) => errors.push(`not loaded: ${r.url()}`));
const results = [];

function search(names) { // in the page: as if each name were typed
  let asked = () => {};
  let answered = () => {};
  const ask = window.searchWorker.postMessage.bind(window.searchWorker);
  window.searchWorker.postMessage = (message) => { asked(); ask(message); };
  const shown = window.displayResults;
  window.displayResults = (found) => { shown(found); answered(); };
  const box = document.getElementById("mkdocs-search-query");
  const type = (name) => { box.value = name; box.dispatchEvent(new Event("keyup")); };
  const find = (name) => new Promise((resolve) => {
    const again = setInterval(() => type(name), 1000); // nobody listens before the index is made
    asked = () => clearInterval(again); // a name asked for twice would answer in the next one's place
    answered = () => resolve(Array.from(document.querySelectorAll("#mkdocs-search-results h3 a"), (a) => a.textContent).slice(0, 3));
    type(name);
  });
  return names.reduce(async (before, name) => ({ ...(await before), [name]: await find(name) }), Promise.resolve({}));
}

// Made by one function, or of one form: every tenth is opened, and of the decisions every fourth.
const alike = [["/reference/codes/", 10], ["/decisions/", 4]];
const all = pages(root);
const few = alike.flatMap(([part, every]) => all.filter((file) => file.includes(part)).filter((_, at) => at % every === 0));
for (const file of [...all.filter((file) => !alike.some(([part]) => file.includes(part))), ...few]) {
  const seen = { page: file.slice(root.length + 1), overflow: {}, scheme: "" };
  for (const width of [1280, 375]) {
    await tab.setViewportSize({ width, height: 900 });
    if (width === 1280) await tab.goto(`file://${file}`);
    seen.overflow[width] = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }
  if (seen.page === "index.html") { // the switch of colours works
    await tab.setViewportSize({ width: 1280, height: 900 });
    await tab.evaluate(() => document.querySelector('[data-bs-theme-value="dark"]').click());
    seen.search = await tab.evaluate(search, JSON.parse(readFileSync(names)));
    await tab.emulateMedia({ media: "print" });
    seen.print = await tab.evaluate(() => ({
      wide: document.querySelector('[role="main"]').offsetWidth / window.innerWidth, bar: document.querySelector(".navbar").offsetHeight,
    }));
    await tab.emulateMedia({ media: "screen" });
    seen.scheme = await tab.evaluate(() => document.documentElement.getAttribute("data-bs-theme"));
  }
  results.push({ ...seen, errors });
  errors = [];
}
await browser.close();
console.log(JSON.stringify(results));
