// Buttons that copy an id. Where the browser lets no page write to the clipboard, they stay hidden.
import { find, findAll, whenLoaded } from "./page.js";

const SHOWN_MS = 2000;

whenLoaded((root) => {
  if (!navigator.clipboard) return;
  for (const button of findAll("button[data-copy]", root)) button.hidden = false;
});

// What the page has for it, by a name; a # stands for the id.
const say = (name, id) => {
  const place = find("#announcement");
  if (place) place.textContent = place.dataset[name].replace("#", id);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return say("uncopied", button.dataset.copy);
  }
  say("copied", button.dataset.copy);
  button.classList.add("is-copied");
  setTimeout(() => button.classList.remove("is-copied"), SHOWN_MS);
});
