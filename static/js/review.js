// Review mode: after a verdict the next order is there at once, and the answer brings the one after that. Whoever wants
// time to undo has five seconds before a decision is sent; when the page goes away before, it is sent at once.
import { find, findAll } from "./page.js";
import { ask } from "./trouble.js";

const UNDO_MS = 5000;
// A second press or click that was meant for the order before decides nothing.
const SEEN_MS = 400;

const review = find("#review");
const panel = () => find("#review-panel");
const shownId = () => panel().dataset.order ?? "";
const [title, brand] = document.title.split(" · ");
const addressOf = (order, step) => `${review.dataset.review}?${new URLSearchParams({ [step]: order, decided })}`;

let decided = Number(review && panel().dataset.decided);
let ahead = null; // the next order: { after, text }
let last = ""; // the last order that was shown; behind it comes the end
let shownAt = 0;
let turn = 0; // of answers that arrive late, only the last one that was asked for is shown
let sent = Promise.resolve(true);
const held = new Map(); // decisions that can be undone, by order

const read = (text) => new DOMParser().parseFromString(text, "text/html");

const place = (next) => {
  last = shownId() || last;
  panel().replaceWith(next);
  shownAt = performance.now();
  htmx.process(next);
  htmx.trigger(next, "htmx:load", { elt: next });
  if (next.dataset.here) history.replaceState(null, "", next.dataset.here);
  document.title = `${next.dataset.title ?? title} · ${brand}`;
  scrollTo(0, 0);
  const wrong = find("[aria-invalid=true], .field-wrong :is(select, textarea)", next);
  (wrong ?? find("#review-title", next)).focus({ preventScroll: !wrong });
};

const say = (part) => {
  const said = find("#review-said", part);
  if (said) find("#review-said").replaceChildren(...said.childNodes);
};

const show = (text) => place(document.adoptNode(find("#review-panel", read(text))));

// Brings the next order before it is wanted.
const look = async () => {
  const after = shownId();
  if (!after || ahead?.after === after) return;
  const answer = await ask(addressOf(after, "after"), { isSilent: true });
  if (answer && shownId() === after) ahead = { after, text: answer.text };
};

const go = async (address) => {
  const mine = ++turn;
  const url = new URL(address, location);
  url.searchParams.set("decided", decided);
  const answer = await ask(url);
  if (!answer || mine !== turn) return;
  say(read(answer.text));
  show(answer.text);
  look();
};

const takeAhead = () => {
  const next = ahead?.after === shownId() ? ahead : null;
  ahead = null;
  return next;
};

const goNext = () => {
  const next = takeAhead();
  if (!next) return go(addressOf(shownId(), "after"));
  turn += 1;
  show(next.text);
  return look();
};

const post = async (order, body, isLeaving) => {
  const shown = shownId();
  const here = shown || last;
  body.set("decided", decided);
  body.set("shown", here === order ? "" : here);
  const mine = turn;
  const answer = await ask(review.dataset.review, { method: "POST", body, keepalive: isLeaving });
  if (!answer) return false;
  if (answer.status === 200) decided += 1;
  say(read(answer.text));
  const isNext = (shown === order && mine === turn) || (!shown && !shownId());
  if (isNext || answer.status === 422) {
    show(answer.text);
    look();
  } else if (shownId() === shown) {
    ahead = { after: shown, text: answer.text };
  }
  return true;
};

// One after the other, so that each counts those before it. A page that goes away waits for nothing.
const send = (order, body, { isLeaving = false } = {}) => {
  if (isLeaving) return post(order, body, true);
  sent = sent.then(() => post(order, body, false));
  return sent;
};

// Undoing: what is held is listed with the button that takes it back.
const list = () => {
  find("#review-held").replaceChildren(
    ...[...held].map(([order, { kind }], number, all) => {
      const line = find("#review-undo").content.firstElementChild.cloneNode(true);
      const words = find("[data-words]", line);
      words.textContent = words.dataset[kind].replace("#", order);
      const button = find("button", line);
      button.dataset.undo = order;
      if (number === all.length - 1) button.dataset.pageKey = "u";
      return line;
    }),
  );
};

const release = async (order, options) => {
  const { body, timer } = held.get(order);
  clearTimeout(timer);
  held.delete(order);
  list();
  const isDone = await send(order, body, options);
  if (!isDone && !options?.isLeaving) go(addressOf(order, "order"));
};

const undo = async (order) => {
  const { body, timer } = held.get(order);
  clearTimeout(timer);
  held.delete(order);
  list();
  ahead = null;
  await go(addressOf(order, "order"));
  if (body.get("kind") !== "cancel" || shownId() !== order) return;
  find("#review-cancel").open = true;
  for (const field of findAll("#review-cancel :is(select, textarea)")) field.value = body.get(field.name);
};

const hold = (order, body, kind) => {
  clearTimeout(held.get(order)?.timer);
  held.set(order, { body, kind, timer: setTimeout(() => release(order), UNDO_MS) });
  list();
  goNext();
};

const saysEnough = (form) => {
  const code = find("[name=reason_code]", form)?.value;
  return Boolean(find("[name=reason]", form)?.value.trim()) || (Boolean(code) && code !== "OTHER");
};

const decide = async (form) => {
  const order = shownId();
  const kind = form.dataset.verdict;
  const body = new URLSearchParams(new FormData(form));
  const isSure = kind === "approve" || saysEnough(form);
  if (isSure && "canUndo" in review.dataset) {
    hold(order, body, kind);
    return;
  }
  const next = isSure ? takeAhead() : null;
  if (next) {
    turn += 1;
    show(next.text);
  }
  for (const button of findAll("button", form)) button.disabled = true;
  const isDone = await send(order, body);
  for (const button of findAll("button", form)) button.disabled = false;
  if (!isDone && next) go(addressOf(order, "order"));
};

if (review) {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-verdict]");
    if (!form) return;
    event.preventDefault();
    if (performance.now() - shownAt > SEEN_MS) decide(form);
  });
  document.addEventListener("click", (event) => {
    const way = event.target.closest("[data-review-go]");
    if (event.target.closest("[data-undo]")) undo(event.target.closest("[data-undo]").dataset.undo);
    if (!way || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (way.dataset.reviewGo === "next") goNext();
    else go(way.href);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.id === "review-cancel" && event.target.open) find("select, textarea", event.target)?.focus();
  }, true);
  window.addEventListener("pagehide", () => {
    for (const order of [...held.keys()]) release(order, { isLeaving: true });
  });
  look();
}
