// A click anywhere in a row opens the order, unless it marks text or meets something of its own.
import { find } from "./page.js";

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, input, button, label, .col-tick") || !getSelection().isCollapsed) return;
  const link = find("a.order-id", row);
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});
