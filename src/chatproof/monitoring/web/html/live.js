// What changed is told in words, and the page's own text is brought up to date; without this script, by a reload.
"use strict";
const live = document.getElementById("live");
let waiting = 0;

async function refresh() {
  waiting = 0;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  for (const place of ["main", "footer"]) {
    const now = document.querySelector(place), next = fresh.querySelector(place);
    if (now && next) now.replaceChildren(...next.childNodes);
  }
  document.title = fresh.title;
  if (focused) {
    const same = [...document.querySelectorAll("main a")].find((link) => link.getAttribute("href") === focused);
    if (same) same.focus({ preventScroll: true });
  }
}

function soon(delay) {
  if (!waiting) waiting = setTimeout(() => refresh().catch(() => {}), delay);
}

const events = new EventSource("/events");
events.addEventListener("state", (event) => {
  const told = JSON.parse(event.data);
  live.textContent = `${told.target} is ${told.state}${told.code ? `: ${told.code}` : ""}`;
  soon(500);
});
setInterval(() => { if (!document.hidden) soon(0); }, 30000);
