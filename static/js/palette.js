// The command palette: a dialog that leads anywhere by a few letters. The server finds; the keys choose.
import { goTo } from "./keyboard.js";
import { find, findAll } from "./page.js";

const opener = find("#palette-open");
const findOptions = () => findAll("#palette [role=option]");
let isOpening = false;

const choose = (option) => {
  for (const each of findOptions()) each.setAttribute("aria-selected", String(each === option));
  const field = find("#palette-text");
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const move = (step) => {
  const options = findOptions();
  const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(options.at((here + step) % options.length));
};

const open = async () => {
  if (isOpening || find("dialog[open]")) return;
  isOpening = true;
  try {
    await htmx.ajax("GET", opener.href, { source: opener, target: "body", swap: "beforeend" });
  } finally {
    isOpening = false;
  }
  const dialog = find("#palette");
  if (!dialog || dialog.open) return;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal(); // keeps the focus inside, and gives it back when Escape closes it
  find("#palette-text").focus();
  choose(findOptions()[0]);
};

const close = () => find("#palette")?.close();

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => find("#palette [aria-selected=true]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const isK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (isK && opener) {
    event.preventDefault();
    if (find("#palette")) close();
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
  if (event.detail.target.id === "palette-list") choose(findOptions()[0]);
});

document.addEventListener("click", (event) => {
  const isBeside = event.target.id === "palette"; // the backdrop belongs to the dialog
  if (isBeside || event.target.closest("[data-palette-close], #palette [role=option]")) close();
  const option = event.target.closest("#palette [role=option]");
  if (!option?.hash || option.pathname !== location.pathname) return;
  event.preventDefault(); // it is on this page already
  goTo(option.hash);
});
