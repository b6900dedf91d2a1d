// A reason for cancelling proposes what to tell the customer; what somebody wrote themselves stays.
import { find } from "./page.js";

const textOf = (option) => option?.dataset.customerText ?? "";

document.addEventListener("change", (event) => {
  const select = event.target.closest("select[name=reason_code]");
  const field = select && find("textarea[data-customer-text]", select.form);
  if (!field) return;
  const isOwn = field.value !== "" && ![...select.options].some((option) => textOf(option) === field.value);
  if (!isOwn) field.value = textOf(select.selectedOptions[0]);
});
