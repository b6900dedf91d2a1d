"use strict";
// Loaded before the first paint, so that a chosen colour scheme does not flicker.
{
  let chosen = "";
  try { chosen = localStorage.getItem("theme") ?? ""; } catch { /* storage is switched off: the system decides */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
