// Colours: as the system, light, dark. theme.js has set what was chosen before the first paint.
import { find, remember } from "./page.js";

const root = document.documentElement;
const button = find("#theme");
const NAMES = { "": find("#theme-name").textContent, light: button.dataset.light, dark: button.dataset.dark };
const chosen = () => root.dataset.theme ?? "";

const showChosen = () => {
  find("#theme-name").textContent = NAMES[chosen()];
};

button.addEventListener("click", () => {
  const themes = Object.keys(NAMES);
  const next = themes[(themes.indexOf(chosen()) + 1) % themes.length];
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  remember("theme", next);
  showChosen();
});

button.hidden = false;
showChosen();
