// Buttons that copy an id. Where the browser lets no page write to the clipboard, they stay hidden.
import { find, findAll, whenLoaded } from "./page.js";

const SHOWN_MS = 2000;

whenLoaded((root) => {
  if (!navigator.clipboard) return;
  for (const button of findAll("button[data-copy]", root)) button.hidden = false;
});

const say = (text) => {
  const place = find("#announcement");
  if (place) place.textContent = text;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return say("This browser does not let the page copy. Select the text and copy it.");
  }
  say(`Copied ${button.dataset.copy}`);
  button.classList.add("is-copied");
  setTimeout(() => button.classList.remove("is-copied"), SHOWN_MS);
});
