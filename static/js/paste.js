// Rows copied from a spreadsheet and pasted into a line's SKU become lines, as those in the field for them do.
import { find } from "./page.js";

const isSeveralCells = (text) => text.includes("\t") || /\n\s*\S/.test(text.trim());

document.addEventListener("paste", (event) => {
  if (!event.target.matches?.('.line input[name$="-sku"]')) return;
  const text = event.clipboardData.getData("text/plain");
  if (!isSeveralCells(text)) return;
  event.preventDefault();
  find("#id_pasted").value = text;
  find("#lines-paste").click();
});
