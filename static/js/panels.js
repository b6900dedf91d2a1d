// Panels that htmx renews: a hidden tab does not ask for them, and one that is swapped in stays as open as it was.
import { find, findAll } from "./page.js";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
});

// After one's own decision the list is not to be told what somebody else's poll has read before.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.triggeringEvent?.type === "orders-changed") event.detail.formData.set("fresh", "1");
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  for (const details of findAll("details[id][open]", event.detail.target)) {
    const next = find(`#${CSS.escape(details.id)}`, event.detail.fragment);
    if (next) next.open = true;
  }
});
