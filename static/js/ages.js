// Ages and deadlines keep ticking, by the server's clock: it sends times once, and no page asks how late it is.
// Without this file the words stay as they were when the page was made. They are those of console/labels.py.
import { find, findAll } from "./page.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let ahead = 0; // milliseconds by which the server's clock is ahead of this machine's

const span = (seconds) => {
  const left = Math.max(0, Math.floor(seconds));
  const days = Math.floor(left / DAY);
  const hours = Math.floor((left % DAY) / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  if (days) return hours && days < 10 ? `${days} d ${hours} h` : `${days} d`;
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes ? `${minutes} min` : `${left} s`;
};

const describe = (time, now) => {
  const seconds = (now - Date.parse(time.dateTime)) / 1000;
  if ("age" in time.dataset) return seconds >= MINUTE ? `${span(seconds)} ago` : "just now";
  return seconds < 0 ? `in ${span(-seconds)}` : time.dataset.until || "overdue";
};

const tick = () => {
  const now = Date.now() + ahead;
  for (const time of findAll("time[data-age], time[data-until]")) {
    const text = describe(time, now);
    if (time.textContent !== text) time.textContent = text;
  }
};

const setClock = (root) => {
  const clock = root.matches?.("[data-now]") ? root : find("[data-now]", root);
  if (clock) ahead = Date.parse(clock.dataset.now) - Date.now();
  tick();
};

document.addEventListener("htmx:load", (event) => setClock(event.detail.elt));
document.addEventListener("visibilitychange", tick);
setClock(document);
setInterval(tick, 1000);
