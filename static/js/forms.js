// Forms: they send the present token, a lot of typing is not left by accident, and prices keep their currency.
import { find } from "./page.js";

const TOKEN = "csrfmiddlewaretoken";
let isTyped = false;

// Somebody who signed in again in another tab has a new token.
const currentToken = () => {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length);
};

const renewToken = (form) => {
  const field = find(`input[name=${TOKEN}]`, form);
  const token = currentToken();
  if (field && token) field.value = token;
};

document.addEventListener("htmx:configRequest", (event) => {
  const data = event.detail.formData;
  const token = currentToken();
  if (token && data.has(TOKEN)) data.set(TOKEN, token);
});

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-guard]")) isTyped = true;
});

document.addEventListener("submit", (event) => {
  isTyped = false;
  renewToken(event.target);
}, true);

window.addEventListener("beforeunload", (event) => {
  if (isTyped) event.preventDefault();
});

// An answer shows the form as it was when it was asked for; what was typed since is put back into it.
const typed = new Map();
const sentAt = new WeakMap();

const noteTyped = ({ name, value, checked }) => typed.set(name, { value, checked, at: performance.now() });

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  sentAt.set(detail.xhr, performance.now());
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  // Without a line, the names of those below it are other ones.
  if (String(detail.requestConfig?.parameters?.intent).startsWith("remove-")) return;
  for (const [name, { value, checked, at }] of typed) {
    const field = at > sentAt.get(detail.xhr) && find(`[data-guard] [name="${CSS.escape(name)}"]`);
    if (field) Object.assign(field, { value, checked });
  }
});

// The currency that prices are typed in: when it is another one by the time of submitting, the page asks.
document.addEventListener("input", (event) => {
  if (!event.target.closest("[data-guard]")) return;
  noteTyped(event.target);
  const pricedIn = find("#id_priced_in");
  if (pricedIn && !pricedIn.value && event.target.name?.endsWith("-unit_price")) {
    pricedIn.value = find("#id_currency").value;
    noteTyped(pricedIn);
  }
});
