// Single keys. They can be switched off, as they get in the way of speech input.
import { find, findAll, recall, remember } from "./page.js";

const areKeysOn = () => recall("keys") !== "off";
const follow = (key) => find(`[data-key=${key}]`)?.click();

const moveInList = (step) => {
  const links = findAll("tr[data-row] a.order-id");
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const start = step > 0 ? 0 : links.length - 1;
  const next = links[here < 0 ? start : here + step];
  next?.focus();
  next?.closest("tr").scrollIntoView({ block: "nearest" });
  return links.length > 0;
};

const search = () => {
  const field = find("#search");
  if (!field) return follow("l");
  field.focus();
  field.select();
};

const openCancel = () => {
  const details = find("#cancel");
  if (!details) return;
  details.open = true;
  find("textarea", details).focus();
};

// What the end of an address leads to on the page of an order.
const PLACES = { "#approve": () => find("#approve")?.focus(), "#cancel": openCancel };

export const goTo = (hash) => PLACES[hash]?.();

const tick = () => document.activeElement.closest("tr[data-row]")?.querySelector("input[name=order_id]")?.click();

// g, then a second key, leads to a page.
const GO_MS = 1500;
let goUntil = 0;

const go = (key) => {
  const link = find(`[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return Boolean(link);
};

// Keys of one page alone; a key that is held down counts once.
const press = (event) => {
  const control = find(`[data-page-key~="${CSS.escape(event.key)}"]`);
  if (!control) return null;
  return () => event.repeat || control.click();
};

const ACTIONS = {
  g: () => {
    goUntil = performance.now() + GO_MS;
  },
  "/": search,
  "?": () => find("#keys-open")?.click(),
  j: () => moveInList(1) || follow("j"),
  k: () => moveInList(-1),
  l: () => follow("l"),
  n: () => follow("n"),
  x: tick,
  a: () => find("#approve")?.focus(),
  c: openCancel,
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("#search")) event.target.blur();
  const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !areKeysOn() || find("dialog[open]")) return;
  const isGoing = performance.now() < goUntil;
  goUntil = 0;
  const action = isGoing ? () => go(event.key) : press(event) ?? ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

goTo(location.hash);

// The help is fetched when it is opened.
find("#keys-open")?.setAttribute("role", "button");

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target.id !== "keys") return;
  const isOn = find("#keys-on");
  isOn.checked = areKeysOn();
  isOn.addEventListener("change", () => remember("keys", isOn.checked ? "on" : "off"));
  target.showModal();
});
