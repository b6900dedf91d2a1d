// Decisions on several orders: ticks are counted, and what became of the orders is where eyes and focus are.
import { find, findAll, whenLoaded } from "./page.js";

const findBoxes = () => findAll("input[name=order_id][type=checkbox]");
const findAnswer = () => find("#bulk-result");

const countTicks = () => {
  const boxes = findBoxes();
  const ticked = boxes.filter((box) => box.checked);
  for (const box of boxes) box.closest("tr").classList.toggle("is-ticked", box.checked);
  const all = find("[data-tick-all]");
  if (all) {
    all.hidden = boxes.length === 0;
    all.checked = boxes.length > 0 && ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
  }
  const bar = find("[data-bulk-bar]");
  if (bar) {
    bar.hidden = ticked.length === 0;
    find("[data-bulk-count]", bar).textContent = ticked.length;
  }
};

const tickAll = (isTicked) => {
  for (const box of findBoxes()) box.checked = isTicked;
};

const closeAnswer = () => {
  if (!findAnswer()?.firstElementChild) return;
  findAnswer().replaceChildren();
  (find("input[name=order_id]:checked") ?? find("tr[data-row] a.order-id"))?.focus();
};

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-tick-all], input[name=order_id]")) return;
  if (event.target.matches("[data-tick-all]")) tickAll(event.target.checked);
  findAnswer()?.replaceChildren(); // it was about other orders
  countTicks();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const answer = findAnswer();
  if (event.detail.target !== answer) return;
  for (const button of findAll("[data-close]", answer)) button.hidden = false;
  const first = find("#bulk-reason, #bulk-tag", answer) ?? find("[data-focus]", answer);
  first?.focus({ preventScroll: true });
  find("[data-focus]", answer)?.scrollIntoView({ block: "nearest" });
});

// What was decided is ticked no longer.
document.addEventListener("orders-changed", () => {
  tickAll(false);
  countTicks();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) closeAnswer();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest("#bulk-result")) closeAnswer();
});

whenLoaded(countTicks);
