// The command palette: a dialog that leads anywhere by a few letters. The server finds; the keys choose.
import { goTo } from "./keyboard.js";
import { find, findAll } from "./page.js";

const opener = find("#palette-open");
const findDialog = () => find("#palette");
const findField = () => find("#palette-text");
const findOptions = () => findAll("#palette [role=option]");
let moved = ""; // where the keys have led to; what comes later does not take it away

const choose = (option) => {
  for (const each of findOptions()) each.setAttribute("aria-selected", String(each === option));
  if (!option) return findField().removeAttribute("aria-activedescendant");
  findField().setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const move = (step) => {
  const options = findOptions();
  const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = options.at((here + step) % options.length);
  moved = next?.href ?? "";
  choose(next);
};

const follow = (event) => {
  const dialog = findDialog();
  const option = event.target.closest("[role=option]");
  const isBeside = event.target === dialog; // the backdrop belongs to the dialog
  if (isBeside || option || event.target.closest("[data-palette-close]")) dialog.close();
  if (!option?.hash || option.pathname !== location.pathname) return;
  event.preventDefault(); // it is on this page already
  goTo(option.hash);
};

const open = async () => {
  if (find("dialog[open]")) return;
  const dialog = document.createElement("dialog");
  Object.assign(dialog, { id: "palette", className: "palette", ariaLabel: opener.textContent.trim() });
  // What is typed before the server has answered is typed into the field.
  let early = "";
  dialog.addEventListener("keydown", (event) => {
    if (!findField() && event.key.length === 1 && !event.ctrlKey && !event.metaKey) early += event.key;
  });
  dialog.addEventListener("click", follow);
  dialog.addEventListener("close", () => dialog.remove());
  moved = "";
  document.body.append(dialog);
  dialog.showModal(); // keeps the focus inside, and gives it back when Escape closes it
  await htmx.ajax("GET", opener.href, { source: opener, target: dialog, swap: "innerHTML" });
  const field = findField();
  if (!field) return dialog.close();
  field.focus();
  choose(findOptions()[0]);
  if (!early) return;
  field.value = early;
  htmx.trigger(field, "typed");
};

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => find("#palette [aria-selected=true]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const isK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (isK && opener) {
    event.preventDefault();
    if (findDialog()) findDialog().close();
    else open();
  } else if (event.target.id === "palette-text" && KEYS[event.key] && !event.isComposing) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

opener?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "palette-list") return;
  const options = findOptions();
  choose(options.find((option) => option.href === moved) ?? options[0]);
});
