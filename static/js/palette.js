// The command palette: a dialog that leads anywhere by a few letters. The server finds; the keys choose.
import { goTo } from "./keyboard.js";
import { find, findAll } from "./page.js";

const dialog = find("#palette");
const field = find("#palette-text");
const findOptions = () => findAll("#palette [role=option]");
let moved = ""; // where the keys have led to; what comes later does not take it away

const choose = (option) => {
  for (const each of findOptions()) each.setAttribute("aria-selected", String(each === option));
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const move = (step) => {
  const options = findOptions();
  const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = options.at((here + step) % options.length);
  moved = next?.href ?? "";
  choose(next);
};

const open = () => {
  if (find("dialog[open]")) return;
  find("#palette-list").replaceChildren();
  find("#palette-said").textContent = "";
  field.value = moved = "";
  dialog.showModal(); // keeps the focus inside, and gives it back when Escape closes it
  field.focus();
  htmx.trigger(field, "opened");
};

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => find("#palette [aria-selected=true]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const isK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (isK && dialog) {
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  } else if (event.target === field && KEYS[event.key] && !event.isComposing) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

find("#palette-open")?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "palette-list") return;
  const options = findOptions();
  choose(options.find((option) => option.href === moved) ?? options[0]);
});

dialog?.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  const isBeside = event.target === dialog; // the backdrop belongs to the dialog
  if (isBeside || option || event.target.closest("[data-palette-close]")) dialog.close();
  if (!option?.hash || option.pathname !== location.pathname) return;
  event.preventDefault(); // it is on this page already
  goTo(option.hash);
});
