// Ages and deadlines keep ticking, by the server's clock: it sends times once, and no page asks how late it is.
// Without this file the words stay as they were when the page was made. They are the server's, in the page's language.
import { find, findAll } from "./page.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const [NOW, AGO, AHEAD, OVER, DAYS, HOURS, MINUTES, SECONDS] = document.body.dataset.times.split("|");
let ahead = 0; // milliseconds by which the server's clock is ahead of this machine's

const put = (words, value) => words.replace("#", value);

const span = (seconds) => {
  const left = Math.max(0, Math.floor(seconds));
  const days = Math.floor(left / DAY);
  const hours = Math.floor((left % DAY) / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  const parts = [];
  if (days) parts.push(put(DAYS, days));
  if (hours && days < 10) parts.push(put(HOURS, hours));
  if (minutes && !days) parts.push(put(MINUTES, minutes));
  return parts.join(" ") || put(SECONDS, left);
};

const describe = (time, now) => {
  const seconds = (now - Date.parse(time.dateTime)) / 1000;
  if ("age" in time.dataset) return seconds >= MINUTE ? put(AGO, span(seconds)) : NOW;
  return seconds < 0 ? put(AHEAD, span(-seconds)) : time.dataset.until || OVER;
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
